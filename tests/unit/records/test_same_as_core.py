"""Generated model classes and rows: what the mixin makes of them is what core makes of them."""

import asyncio
import inspect
import os

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from rhosocial.activerecord.backend.result import QueryResult
from rhosocial.activerecord.interface.model import ActiveRecordBase
from rhosocial.activerecord.model import ActiveRecord, AsyncActiveRecord

from rhosocial.activerecord.backend.impl.mysqlclient import AsyncMySQLBackend, MySQLBackend
from rhosocial.activerecord.backend.impl.mysqlclient.records.bulk import bulk_of

from .generated import twins_and_rows
from .same import assert_own, assert_same, copied, exactly, outcome

SETTINGS = settings(max_examples=int(os.environ.get("RECORDS_EXAMPLES", "250")))


def load(cls, row):
    """The instance, or what was raised instead: (instance, outcome)."""
    loaded = []
    return outcome(lambda: loaded.append(cls.create_from_database(row))), loaded


def called(instance, name):
    """What calling a method without arguments comes to."""

    def call():
        result = getattr(instance, name)()
        return asyncio.run(result) if asyncio.iscoroutine(result) else result

    return outcome(call)


def pairs(twins, rows):
    """Both twins' instances of each row that both accept."""
    for row in rows:
        (expected, core), (found, fast) = load(twins.core, copied(row)), load(twins.fast, copied(row))
        assert found == expected
        if core:
            yield core[0], fast[0], row


@SETTINGS
@given(twins_and_rows())
def test_loading(builders, made):
    twins, rows = made
    plan = twins.fast._load_plan()
    event("core's way" if plan.builder is None else "exact" if builder_is_exact(twins.fast, rows) else "validated")
    for core, fast, row in pairs(twins, rows):
        assert_same(core, fast)
        assert_own(fast, row)
        again = twins.fast.create_from_database(copied(row))
        # NaN is not equal to itself
        assert (again == fast) == (twins.core.create_from_database(copied(row)) == core)


def builder_is_exact(cls, rows):
    builder = cls._load_plan().builder
    return any(builder.snapshot(vars(load(cls, row)[1][0])) is not None for row in rows if load(cls, row)[1])


@SETTINGS
@given(twins_and_rows(rows=1))
def test_changing_and_saving(builders, made):
    twins, rows = made
    for core, fast, _ in pairs(twins, rows):
        for name in ("last", "document", "text", "unknown"):
            if name in twins.core.model_fields or name == "unknown":
                assert outcome(setattr, core, name, None) == outcome(setattr, fast, name, None)
        for name in ("document", "items", "anything"):
            if hasattr(core, name) and isinstance(getattr(core, name), (dict, list)):
                getattr(core, name).clear()
                getattr(fast, name).clear()
        assert_same(core, fast)
        for call in ("validate_fields", "_prepare_save_data", "validate_fields"):
            assert called(core, call) == called(fast, call), call
            assert_same(core, fast)
        core._after_save(False), fast._after_save(False)
        core.reset_tracking(), fast.reset_tracking()
        assert_same(core, fast)


@SETTINGS
@given(twins_and_rows(rows=2))
def test_new_records(builders, made):
    twins, rows = made
    for row in rows:
        found = [], []
        results = [outcome(lambda: kept.append(cls(**copied(row)))) for kept, cls in zip(found, twins)]  # noqa: B023
        assert results[0] == results[1]
        for core, fast in zip(*found):
            assert_same(core, fast)
            assert core.is_new_record == fast.is_new_record
            for call in ("validate_fields", "_prepare_save_data"):
                assert called(core, call) == called(fast, call), call


# Not connected: what bulk_create() asks of it is known without a server.
BACKENDS = {ActiveRecord: MySQLBackend(version=(9, 7, 0)), AsyncActiveRecord: AsyncMySQLBackend(version=(9, 7, 0))}


@SETTINGS
@given(twins_and_rows(rows=2), st.integers(1, 99))
def test_what_is_created_in_bulk(builders, made, first_id):
    """What bulk_create() sends for a record, and what the record is then: step by step as core has it."""
    twins, rows = made
    backend = next(backend for base, backend in BACKENDS.items() if issubclass(twins.fast, base))
    for cls in twins:
        cls.__backend__ = backend
    accepted = [row for row in rows if outcome(lambda: twins.core(**copied(row)))[0] == "returned"]  # noqa: B023
    core, fast = ([cls(**copied(row)) for row in accepted] for cls in twins)
    bulk = bulk_of(twins.fast, twins.fast._load_plan(), fast)
    event("core's way" if bulk is None else "at once")
    if bulk is None:
        return
    [batch] = bulk.batches(backend, None)
    for record, values in zip(core, batch.options.rows):
        assert record.is_new_record and called(record, "validate_fields") == ("returned", "None")
        data = twins.core._map_fields_to_columns(record._prepare_save_data())
        assert exactly(dict(zip(batch.options.columns, values)), data)
    bulk.take_keys(batch, QueryResult(last_insert_id=first_id))
    bulk.saved()
    for number, record in enumerate(core, first_id):
        if record.id is None:
            record.id = number
        record._is_from_db = True
        record.reset_tracking()
    for one, other in zip(core, fast):
        assert_same(one, other)


@SETTINGS
@given(twins_and_rows(rows=3))
def test_a_whole_result(builders, made):
    """What all() does: rows by column, built in one call; the first bad row is raised as core raises it."""
    twins, rows = made
    plan = twins.fast._load_plan()
    if plan.builder is None:
        return
    columns = twins.core.get_field_to_column_map()
    rows = [{columns.get(name, name): value for name, value in row.items()} for row in rows]

    def by_core(rows):
        return [twins.core.create_from_database(twins.core._map_columns_to_fields(row)) for row in rows]

    def in_one_call(rows):
        return plan.builder.build(rows, plan.renames)

    assert outcome(by_core, copied(rows)) == outcome(in_one_call, copied(rows))
    if outcome(by_core, copied(rows))[0] == "returned":
        for core, fast in zip(by_core(copied(rows)), in_one_call(copied(rows))):
            assert_same(core, fast)


# Which core asks on a row's way to an instance, and of the instance afterwards.
HOOKS = (
    "__init__", "__setattr__", "model_dump", "on", "reset_tracking", "create_from_database", "_map_columns_to_fields",
    "get_column_to_field_map", "_get_field_name", "create_collection_from_database", "validate_fields",
    "_prepare_save_data", "_trigger_event", "primary_key",
)  # fmt: skip


def telling(owner, name, told):
    """The method of this name, saying each time that it was called, and on whom."""
    found = inspect.getattr_static(owner, name)
    function = getattr(found, "__func__", found)

    def method(first, *arguments, **named):
        told.add(name)
        if not isinstance(first, type):
            first.__dict__.setdefault("told", []).append(name)
        return function(first, *arguments, **named)

    return classmethod(method) if isinstance(found, classmethod) else method


@SETTINGS
@given(twins_and_rows(rows=1), st.lists(st.sampled_from(HOOKS), min_size=1, max_size=2, unique=True), st.booleans())
def test_patched_hooks(builders, made, names, below):
    """Loaded, patched, loaded, patched back, loaded: patches of the class, or of core's, are called as core would."""
    twins, rows = made
    list(pairs(twins, rows))
    with pytest.MonkeyPatch.context() as patch:
        for cls, seen in zip(twins, (set(), set())):
            for name in names:
                owner = ActiveRecordBase if below and name in vars(ActiveRecordBase) else cls
                patch.setattr(owner, name, telling(owner, name, seen))
        for core, fast, _ in pairs(twins, rows):
            assert_same(core, fast)
            for call in ("validate_fields", "_prepare_save_data"):
                assert called(core, call) == called(fast, call), call
    for core, fast, _ in pairs(twins, rows):
        assert "told" not in vars(fast)
        assert_same(core, fast)
