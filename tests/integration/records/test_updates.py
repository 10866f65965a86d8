"""save() of a changed record: a plain class's update is cut short, who else has a say in it is asked as by core."""

import logging
from types import SimpleNamespace

import pytest
from rhosocial.activerecord.backend.errors import DatabaseError
from rhosocial.activerecord.backend.expression import Column
from rhosocial.activerecord.interface.model import ActiveRecordBase
from rhosocial.activerecord.interface.update import IUpdateBehavior
from rhosocial.activerecord.logging import LoggingMixin

from .models import WriterFields
from .test_sync import both


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    """Models log INFO unless told otherwise, and then the update is core's."""
    monkeypatch.setattr(LoggingMixin, "__logger__", logging.getLogger("test.models"))


class Touched(IUpdateBehavior):
    """Core asks only classes that have these themselves."""

    def get_update_conditions(self):
        return [Column(self.backend().dialect, "active") == True]  # noqa: E712

    def get_update_expressions(self):
        return {"score": Column(self.backend().dialect, "id") + 1}


OTHERWISE_UPDATED = {
    "_update_internal": lambda self, data: SimpleNamespace(affected_rows=len(data)),
    "_get_pk_value": lambda self: 2,
    "_build_pk_where_predicate": classmethod(lambda cls, key: Column(cls.backend().dialect, "id") > key),
    "_map_fields_to_columns": classmethod(lambda cls, data: {"color": "red"}),
    "get_column_to_field_map": classmethod(lambda cls: {"name": "name"}),
    "table_name": classmethod(lambda cls: "nowhere"),
    "schema_name": classmethod(lambda cls: "nowhere"),
    "primary_key_columns": classmethod(lambda cls: ("name",)),
    "_trigger_event": lambda self, event, **named: named.get("data", {}).update(color="green"),
    "log": classmethod(lambda cls, level, message, **named: TOLD.append(message)),
    "prepare_save_data": lambda self, data, is_new: {**data, "score": 2.5},
}
TOLD = []


def updated(used, backend, statements):
    """What a save() of a change of the record in the table comes to."""
    backend.execute("TRUNCATE TABLE writers")
    backend.execute("INSERT INTO writers (name) VALUES ('before'), ('other')")
    statements.taken()
    TOLD.clear()
    row = {**dict.fromkeys(WriterFields.__annotations__), "id": 1, "name": "before", "active": True}
    record = used.create_from_database(row)
    record.name = "after"
    try:
        result = record.save(), record.name, record.dirty_fields
    except DatabaseError as error:
        result = type(error)
    sent = [line for line in statements.taken() if "UPDATE" in line]
    # core tells the bases of the class too
    told = [message for message in TOLD if "MRO" not in message]
    return repr(result), sent, told, backend.fetch_all("SELECT * FROM writers ORDER BY id")


@pytest.mark.parametrize("name", sorted(OTHERWISE_UPDATED))
@pytest.mark.parametrize("where", ["own", "patched", "patched in core"])
def test_update_of_a_class_with_a_method_of_its_own(twins, backend, statements, monkeypatch, name, where):
    results = []
    for model in both(twins, "writer"):
        used = model
        plain = updated(model, backend, statements)
        if where == "own":
            used = type(model)("Writer", (model,), {"__module__": __name__, name: OTHERWISE_UPDATED[name]})
        with monkeypatch.context() as patch:
            if where == "patched":
                patch.setattr(used, name, OTHERWISE_UPDATED[name], raising=False)
            elif where == "patched in core":
                owner = next((k for k in reversed(model.__mro__) if name in vars(k)), ActiveRecordBase)
                patch.setattr(owner, name, OTHERWISE_UPDATED[name], raising=False)
            results.append((plain, updated(used, backend, statements)))
        assert updated(model, backend, statements) == plain
    assert results[0] == results[1]


def test_classes_that_add_to_an_update(twins, backend, statements):
    results = []
    for model in both(twins, "writer"):
        used = type(model)("Writer", (Touched, model), {"__module__": __name__})
        results.append(updated(used, backend, statements))
    assert results[0] == results[1]
    assert results[0][1] != updated(twins.core.writer, backend, statements)[1]


def test_an_update_is_logged_as_core_logs_it(twins, backend, caplog):
    logger = logging.getLogger("test.models")
    logged = []
    for model in both(twins, "writer"):
        backend.execute("TRUNCATE TABLE writers")
        record = model(name="x")
        record.save()
        for level in (logging.WARNING, logging.INFO):
            with caplog.at_level(level, logger.name):
                caplog.clear()
                record.score = float(level)
                record.save()
                logged.append([one.getMessage() for one in caplog.records if one.name == logger.name])
    assert logged[:2] == logged[2:]
    assert [len(messages) for messages in logged[:2]] == [0, 4]
    assert twins.fast.writer.find_one(record.id)._plain_update({"name": "y"}) is not None


async def test_updates_to_which_something_is_added(async_twins, statements, monkeypatch):
    sent = []
    for model in both(async_twins, "writer"):
        touched = type(model)("Writer", (Touched, model), {"__module__": __name__})
        await model.backend().execute("TRUNCATE TABLE writers")
        await model(name="before").save()
        statements.taken()
        for used in (model, touched):
            record = await used.find_one(1)
            record.name += "x"
            assert await record.save() == 1
        record = await model.find_one(1)
        record.name = "after"
        with monkeypatch.context() as patch:
            patch.setattr(model, "_build_pk_where_predicate", OTHERWISE_UPDATED["_build_pk_where_predicate"])
            assert await record.save() == 0
        sent.append([line for line in statements.taken() if "UPDATE" in line])
    assert sent[0] == sent[1] and len(set(sent[0])) == 3
    assert (await async_twins.fast.writer.find_one(1))._plain_update({"name": "y"}) is not None
