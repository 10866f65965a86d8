"""Which classes load how, and that a class is looked at again when it changes."""

import copy
import datetime
import decimal
import gc
import uuid
import weakref
from typing import Any, Generic, List, Optional, TypeVar

import pytest
from pydantic import Field
from rhosocial.activerecord.base import BaseActiveRecord, ColumnNameMixin
from rhosocial.activerecord.field import IntegerPKMixin, OptimisticLockMixin, SoftDeleteMixin, TimestampMixin, UUIDMixin
from rhosocial.activerecord.interface import ModelEvent
from rhosocial.activerecord.interface.model import ActiveRecordBase
from rhosocial.activerecord.model import ActiveRecord, AsyncActiveRecord
from rhosocial.activerecord.query import ActiveQuery, AsyncActiveQuery

from rhosocial.activerecord.backend.impl.mysqlclient.records import AsyncFastLoadMixin, FastLoadMixin
from rhosocial.activerecord.backend.impl.mysqlclient.records.queries import AsyncFastLoadQuery, FastLoadQuery

from . import generated
from .generated import KINDS, PLAIN, Color, Lenient, Level, build
from .same import assert_same

SAMPLES = {
    "text": "x", "number": 1, "ratio": 1.5, "flag": True, "blob": b"x", "amount": decimal.Decimal(1),
    "day": datetime.date(2024, 1, 2), "moment": datetime.datetime(2024, 1, 2), "clock": datetime.time(1),
    "span": datetime.timedelta(1), "identity": uuid.UUID(int=1), "color": Color.RED, "level": Level.LOW,
    "lenient": Lenient.ONE, "either": "a", "union": 1, "document": {"a": [1]}, "typed_document": {}, "items": [{}],
    "typed_items": [], "numbers": [1], "anything": {"a": 1}, "address": {"city": "x"}, "pair": (1, 2), "tags": {"a"},
    "positive": 1, "short": "x", "digits": decimal.Decimal("1.5"), "strict": 1, "aliased": 1, "hidden": "x",
    "fixed": "x", "renamed": "x", "adapted": "x", "node": {"children": []}, "pet": {"kind": "cat"}, "read_as": 1,
    "written_as": 1, "hidden_if": 1,
}  # fmt: skip
NOW = datetime.datetime.now(datetime.timezone.utc)


def way(cls, **row):
    """'exact', 'validated' or 'core': how a row of the class is loaded."""
    builder = cls._load_plan().builder
    if builder is None:
        return "core"
    exact = builder.snapshot(vars(cls.create_from_database(row)))
    return "validated" if exact is None else "exact"


@pytest.mark.parametrize("name", sorted(KINDS))
def test_fields(builders, name):
    twins = build({name: KINDS[name].annotation})
    row = {"id": 1, "other" if name in ("aliased", "read_as") else name: SAMPLES[name], "last": None}
    assert way(twins.fast, **row) == ("exact" if name in {*PLAIN, "lenient", "fixed"} else "validated")
    assert_same(twins.core.create_from_database(row), twins.fast.create_from_database(row))


@pytest.mark.parametrize(
    "config, expected",
    [
        ({}, "exact"),
        ({"title": "x"}, "exact"),
        ({"frozen": True}, "exact"),
        ({"from_attributes": True}, "exact"),
        ({"populate_by_name": True}, "exact"),
        ({"validate_assignment": True}, "exact"),
        ({"extra": "ignore"}, "exact"),
        ({"extra": "allow"}, "validated"),
        ({"extra": "forbid"}, "validated"),
        ({"strict": True}, "validated"),
        ({"str_max_length": 9}, "validated"),
        ({"str_strip_whitespace": True}, "validated"),
        ({"coerce_numbers_to_str": True}, "validated"),
    ],
)
def test_configurations(builders, config, expected):
    assert way(build({"text": str}, config).fast, id=1, text="x", last=None) == expected


@pytest.mark.parametrize(
    "feature, expected",
    [
        ("harmless", "exact"),
        ("related", "exact"),
        ("computed", "validated"),
        ("checked_field", "validated"),
        ("looking_back", "validated"),
        ("serialized_field", "validated"),
        *((name, "core") for name in (
            "checked_before", "checked_after", "checked_around", "private", "post_init", "own_init", "own_dump",
            "own_reset", "own_creation", "own_setattr", "tracking_attribute", "own_new", "own_getattribute",
            "own_mapping", "own_names", "own_collection", "derived",
        )),
        ("serialized_model", "validated"),
    ],
)  # fmt: skip
def test_class_bodies(builders, feature, expected):
    twins = build({}, features=[getattr(generated, feature)])
    assert way(twins.fast, id=1, last=None) == expected
    assert_same(*(cls.create_from_database({"id": 1, "last": None}) for cls in twins))


@pytest.mark.parametrize(
    "mixin, columns, expected",
    [
        (TimestampMixin, {"created_at": NOW, "updated_at": NOW}, "exact"),
        (SoftDeleteMixin, {"deleted_at": None}, "exact"),
        (IntegerPKMixin, {}, "exact"),
        (OptimisticLockMixin, {"version": 3}, "core"),
    ],
)
def test_the_mixins_of_core(builders, mixin, columns, expected):
    twins = build({}, mixins=(mixin,))
    row = {**columns, "id": 1, "last": None}
    assert way(twins.fast, **row) == expected
    assert_same(*(cls.create_from_database(row) for cls in twins))


def test_uuid_keys(builders):
    twins = build({}, mixins=(UUIDMixin,))
    row = {"id": uuid.UUID(int=4), "last": None}
    assert way(twins.fast, **row) == "exact"
    assert_same(*(cls.create_from_database(row) for cls in twins))
    assert twins.fast.create_from_database({"last": 1}).id.version == 4


def test_an_integer_key_that_was_not_read(builders):
    twins = build({}, {"validate_assignment": True}, mixins=(IntegerPKMixin,))
    assert_same(*(cls.create_from_database({"last": 1}) for cls in twins))


Payload = TypeVar("Payload")


class Box(FastLoadMixin, ActiveRecord, Generic[Payload]):
    __table_name__ = "boxes"
    id: Optional[int] = None
    payload: Payload


class Plain(FastLoadMixin, ActiveRecord):
    __table_name__ = "users"
    id: Optional[int] = None
    name: str


class Tree(FastLoadMixin, ActiveRecord):
    __table_name__ = "trees"
    id: Optional[int] = None
    children: List["Tree"] = []


def test_generic_classes(builders):
    assert way(Box[int], id=1, payload=2) == "exact"
    assert way(Box[List[int]], id=1, payload=[2]) == "validated"


def test_classes_that_refer_to_themselves(builders):
    tree = Tree.create_from_database({"id": 1, "children": [{"id": 2, "children": []}]})
    assert way(Tree, id=1, children=[]) == "validated"
    assert type(tree.children[0]) is Tree and not tree.children[0].is_from_db


def test_rows_that_are_not_exact_are_validated_one_by_one(builders):
    plan = Plain._load_plan()
    one, two, three = plan.builder.build([{"id": 1, "name": "a"}, {"id": "2", "name": "b"}, {"name": "c"}])
    assert (one.id, two.id, three.id) == (1, 2, None)
    assert three.model_fields_set == {"name"}
    with pytest.raises(ValueError, match="validation error for Plain"):
        plan.builder.build([{"id": 1, "name": "a"}, {"id": 2}])


def test_long_results(builders):
    rows = [{"id": i, "name": str(i)} for i in range(1000)]
    assert gc.isenabled()
    built = Plain._load_plan().builder.build(rows)
    assert gc.isenabled()
    assert [record.id for record in built] == list(range(1000))
    assert len({id(record._dirty_fields) for record in built}) == 1000


def test_the_collector_stays_off_where_it_was_off(builders):
    gc.disable()
    try:
        Plain._load_plan().builder.build([{"id": 1, "name": "a"}])
        assert not gc.isenabled()
    finally:
        gc.enable()


# -- a class that changes --


def fresh():
    class User(FastLoadMixin, ActiveRecord):
        __table_name__ = "users"
        id: Optional[int] = None
        name: str

    return User


def marked(self, *arguments, **named):
    self.__dict__["marked"] = True
    return {}


PATCHES = {
    "reset_tracking": marked,
    "model_dump": lambda self, **named: {"patched": True},
    "__setattr__": lambda self, name, value: self.__dict__.__setitem__(name, [value]),
    "create_from_database": classmethod(lambda cls, row: "patched"),
    "on": marked,
    "__derived_fields__": {"extra": None},
}


@pytest.mark.parametrize(
    "owner, name",
    [
        *((None, name) for name in PATCHES),
        *((BaseActiveRecord, name) for name in PATCHES if name != "__derived_fields__"),
        *((ActiveRecordBase, name) for name in ("reset_tracking", "__setattr__", "on")),
    ],
)
def test_a_patched_class_goes_its_own_way_until_it_is_patched_back(builders, monkeypatch, name, owner):
    cls = fresh()
    assert way(cls, id=1, name="x") == "exact"
    with monkeypatch.context() as patch:
        patch.setattr(cls if owner is None else owner, name, PATCHES[name], raising=False)
        assert cls._load_plan().builder is None
        if name == "create_from_database":
            assert cls.create_from_database({"id": 1, "name": "x"}) == "patched"
        elif name == "reset_tracking":
            assert "marked" in vars(cls.create_from_database({"id": 1, "name": "x"}))
    assert way(cls, id=1, name="x") == "exact"


def test_a_patched_initialiser(builders, monkeypatch):
    cls = fresh()
    original = ActiveRecordBase.__init__

    def counted(self, **data):
        original(self, **data)
        self.__dict__["counted"] = True

    assert way(cls, id=1, name="x") == "exact"
    monkeypatch.setattr(ActiveRecordBase, "__init__", counted)
    assert "counted" in vars(cls.create_from_database({"id": 1, "name": "x"}))


def test_a_rebuilt_class(builders):
    cls = fresh()
    assert way(cls, id=1, name="x") == "exact"
    cls.model_fields["name"].annotation = int
    cls.model_rebuild(force=True)
    assert cls.create_from_database({"id": 1, "name": "5"}).name == 5


def test_a_class_is_not_kept_alive_by_its_plan(builders):
    cls = fresh()
    cls._load_plan()
    gone = weakref.ref(cls)
    del cls
    # core's own cache, kept for good
    vars(ColumnNameMixin)["get_column_to_field_map"].__func__.cache_clear()
    for _ in range(3):
        gc.collect()
    assert gone() is None


def test_a_subclass_has_a_plan_of_its_own(builders):
    parent = fresh()
    parent._load_plan()

    class Child(parent):
        more: int = Field(3, ge=0)

    assert way(Child, id=1, name="x", more=4) == "validated"
    assert way(parent, id=1, name="x") == "exact"


# -- queries --


def test_query_classes():
    class AsyncUser(AsyncFastLoadMixin, AsyncActiveRecord):
        __table_name__ = "users"

    class Mine(ActiveQuery):
        pass

    class Base(ActiveRecord):
        __query_class__ = Mine

    class Inherits(FastLoadMixin, Base):
        __table_name__ = "users"

    class Own(FastLoadMixin, ActiveRecord):
        __query_class__ = Mine

    assert Plain.__query_class__ is FastLoadQuery and issubclass(FastLoadQuery, ActiveQuery)
    assert AsyncUser.__query_class__ is AsyncFastLoadQuery and issubclass(AsyncFastLoadQuery, AsyncActiveQuery)
    assert Inherits.__query_class__ is Mine and Own.__query_class__ is Mine


def test_each_mixin_names_the_other():
    with pytest.raises(TypeError, match="use AsyncFastLoadMixin"):
        type(ActiveRecord)("Wrong", (FastLoadMixin, AsyncActiveRecord), {})
    with pytest.raises(TypeError, match="use FastLoadMixin"):
        type(ActiveRecord)("Wrong", (AsyncFastLoadMixin, ActiveRecord), {})


# -- events --


@pytest.fixture
def stamped(builders):
    return build({}, mixins=(TimestampMixin, SoftDeleteMixin))


@pytest.fixture
def loaded(stamped):
    row = {"created_at": NOW, "updated_at": NOW, "deleted_at": None, "id": 1, "last": None}
    return [cls.create_from_database(row) for cls in stamped]


def test_handlers_are_made_when_asked_for(loaded):
    core, fast = loaded
    assert "_event_handlers" not in vars(fast)
    assert fast._event_handlers is fast._event_handlers
    assert list(fast._event_handlers) == list(core._event_handlers) == list(ModelEvent)


def test_handlers_fire(loaded):
    for instance in loaded:
        seen = []
        data = {}
        instance.on(ModelEvent.BEFORE_UPDATE, lambda record, seen=seen, **named: seen.append(record))
        instance._trigger_event(ModelEvent.BEFORE_UPDATE, data=data)
        assert seen == [instance] and list(data) == ["updated_at"] and instance.is_dirty
        instance.off(ModelEvent.BEFORE_UPDATE, instance._event_handlers[ModelEvent.BEFORE_UPDATE][-1])
        assert len(instance._event_handlers[ModelEvent.BEFORE_UPDATE]) == 1


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda record: record.model_copy()])
def test_copies_have_handlers(loaded, duplicate):
    for instance in loaded:
        twin = duplicate(instance)
        twin.on(ModelEvent.AFTER_UPDATE, print)
        assert twin._event_handlers[ModelEvent.AFTER_UPDATE] == [print]
        assert twin == instance


def test_an_instance_nobody_initialised_has_no_handlers(stamped):
    for cls in stamped:
        instance = cls.model_construct(id=1)
        assert not hasattr(instance, "_event_handlers")
        instance._trigger_event(ModelEvent.BEFORE_INSERT)
        assert not hasattr(cls, "_event_handlers")


def test_values_are_the_rows_own_where_pydantic_leaves_them(builders):
    twins = build({"document": dict, "anything": Any})
    row = {"id": 1, "document": {"a": {"b": 1}}, "anything": {"c": []}, "last": None}
    for cls in twins:
        record = cls.create_from_database(row)
        assert record.document is not row["document"] and record.document["a"] is row["document"]["a"]
        assert record.anything is row["anything"]
        assert record._original_values["document"]["a"] is not row["document"]["a"]
        record.document["a"]["b"] = 2
        assert record.get_old_attribute("document") == {"a": {"b": 1}}
        row["document"]["a"]["b"] = 1
