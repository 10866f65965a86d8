"""Model classes made of every feature that has a say in how a row becomes an instance, and rows for them."""

import datetime
import decimal
import enum
import uuid
from typing import Annotated, Any, ClassVar, Dict, List, Literal, NamedTuple, Optional, Union

from hypothesis import reject
from hypothesis import strategies as st
from pydantic import (
    BaseModel,
    Field,
    PrivateAttr,
    computed_field,
    field_serializer,
    field_validator,
    model_serializer,
    model_validator,
)
from pydantic_core import SchemaError
from rhosocial.activerecord.backend.type_adapter import SQLTypeAdapter
from rhosocial.activerecord.base import DerivedField, FieldProxy
from rhosocial.activerecord.base.fields import UseAdapter, UseColumn
from rhosocial.activerecord.field import (
    IntegerPKMixin,
    OptimisticLockMixin,
    SoftDeleteMixin,
    TimestampMixin,
    UUIDMixin,
)
from rhosocial.activerecord.model import ActiveRecord, AsyncActiveRecord
from rhosocial.activerecord.relation import HasMany
from rhosocial.activerecord.relation.async_descriptors import AsyncHasMany

from rhosocial.activerecord.backend.impl.mysqlclient.records import AsyncFastLoadMixin, FastLoadMixin

UTC = datetime.timezone.utc


class Color(enum.Enum):
    RED = "red"
    GREEN = "green"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Lenient(enum.Enum):
    ONE = 1

    @classmethod
    def _missing_(cls, value):
        return cls.ONE


class Address(BaseModel):
    city: str
    number: int = 0


class Node(BaseModel):
    """Refers to itself: its schema is a definition."""

    value: Any = None
    children: List["Node"] = []


class Cat(BaseModel):
    kind: Literal["cat"]


class Dog(BaseModel):
    kind: Literal["dog"]


class Wrapped(SQLTypeAdapter):
    """An adapter of a field's own: it is the backend's to use, and says nothing of how an instance is made."""

    supported_types: ClassVar[dict] = {str: {str}}

    def to_database(self, value, target_type, options=None):
        return f"<{value}>"

    def from_database(self, value, target_type, options=None):
        return value[1:-1]


class Kind(NamedTuple):
    """A kind of field: its annotation, and values: those a column gives, and those it should not."""

    annotation: Any
    good: st.SearchStrategy
    odd: st.SearchStrategy = st.nothing()


text = st.text(max_size=8)
json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=6,
)
moments = st.datetimes() | st.datetimes(timezones=st.just(UTC))
numbers = st.decimals(allow_nan=False, allow_infinity=False, places=2)

KINDS = {
    "text": Kind(str, text, st.integers() | st.binary(max_size=3) | st.just("\udc80")),
    "number": Kind(int, st.integers(), st.sampled_from(["7", "x", 2.0, 2.5, True, decimal.Decimal(3)])),
    "ratio": Kind(float, st.floats(allow_nan=False), st.sampled_from([1, "1.5", "x", float("inf"), True])),
    "flag": Kind(bool, st.booleans(), st.sampled_from([0, 1, 2, "yes", "x", 1.0])),
    "blob": Kind(bytes, st.binary(max_size=8), st.sampled_from(["x", bytearray(b"x"), 3])),
    "amount": Kind(decimal.Decimal, numbers, st.sampled_from([1, 1.5, "2.50", decimal.Decimal("NaN"), "x"])),
    "day": Kind(datetime.date, st.dates(), st.sampled_from(["2024-02-29", "x", datetime.datetime(2024, 1, 2)])),
    "moment": Kind(datetime.datetime, moments, st.sampled_from(["2024-02-29T01:02:03Z", datetime.date(2024, 1, 2), 0])),
    "clock": Kind(datetime.time, st.times(), st.sampled_from(["01:02:03", datetime.timedelta(seconds=4), 90])),
    "span": Kind(datetime.timedelta, st.timedeltas(), st.sampled_from([90, "PT1M", datetime.time(1), "x"])),
    "identity": Kind(uuid.UUID, st.uuids(), st.sampled_from([str(uuid.UUID(int=5)), "x", bytes(16)])),
    "color": Kind(Color, st.sampled_from(Color), st.sampled_from(["red", "blue", 1])),
    "level": Kind(Level, st.sampled_from(Level), st.sampled_from([1, 9, "1"])),
    "lenient": Kind(Lenient, st.sampled_from(Lenient), st.sampled_from([1, 9])),
    "either": Kind(Literal["a", "b"], st.sampled_from("ab"), st.just("c")),
    "union": Kind(Union[int, str], st.integers() | text, st.sampled_from([1.5, b"x"])),
    "document": Kind(dict, st.dictionaries(text, json, max_size=3), st.sampled_from([{1: 2}, [("a", 1)], "{}"])),
    "typed_document": Kind(
        Dict[str, Any],
        st.dictionaries(text, json, max_size=3),
        st.sampled_from([{1: 2}, {"\ud800": 1}, {"a": {1: 2}}, {"a": {1, 2}}, {"a": Color.RED}]),
    ),
    "items": Kind(list, st.lists(json, max_size=3), st.sampled_from([(1, 2), "ab", [Address(city="x")]])),
    "typed_items": Kind(List[Any], st.lists(json, max_size=3), st.sampled_from([(1, 2), {1}])),
    "numbers": Kind(list[int], st.lists(st.integers(), max_size=3), st.just(["1", "x"])),
    "anything": Kind(
        Any, json | moments | st.uuids() | numbers, st.sampled_from([Color.RED, Address(city="x"), {1}, (1,)])
    ),
    "address": Kind(Address, st.just({"city": "Wien"}), st.sampled_from([Address(city="x", number=2), {"number": 1}])),
    "pair": Kind(tuple[int, int], st.just((1, 2)), st.just([1, "2"])),
    "tags": Kind(set[str], st.just({"a", "b"}), st.just(["a"])),
    "positive": Kind(Annotated[int, Field(ge=0)], st.integers(0), st.just(-1)),
    "short": Kind(Annotated[str, Field(max_length=3)], st.text(max_size=3), st.just("long enough")),
    "digits": Kind(Annotated[decimal.Decimal, Field(max_digits=4, decimal_places=2)], st.just(decimal.Decimal("1.50")),
                   st.just(decimal.Decimal("123456.789"))),
    "strict": Kind(Annotated[int, Field(strict=True)], st.integers(), st.sampled_from(["7", True])),
    "aliased": Kind(Annotated[Optional[int], Field(alias="other")], st.integers(), st.just("x")),
    "hidden": Kind(Annotated[str, Field(exclude=True)], text, st.just(1)),
    "fixed": Kind(Annotated[str, Field(frozen=True)], text, st.just(1)),
    "renamed": Kind(Annotated[str, UseColumn("col_renamed")], text, st.just(1)),
    "adapted": Kind(Annotated[str, UseAdapter(Wrapped(), str)], text, st.just(1)),
    "node": Kind(Node, st.just({"value": 1, "children": [{"value": [2]}]}),
                 st.sampled_from([Node(value=3), {"children": 1}])),
    "pet": Kind(Annotated[Union[Cat, Dog], Field(discriminator="kind")], st.just({"kind": "cat"}),
                st.just({"kind": "x"})),
    "read_as": Kind(Annotated[Optional[int], Field(validation_alias="other")], st.integers(), st.just("x")),
    "written_as": Kind(Annotated[Optional[int], Field(serialization_alias="other")], st.integers(), st.just("x")),
    "hidden_if": Kind(Annotated[int, Field(exclude_if=lambda value: value == 0)], st.integers(0, 1), st.just("x")),
}  # fmt: skip

# Of these a row can be exactly what the model wants.
PLAIN = (
    "text", "number", "ratio", "flag", "blob", "amount", "day", "moment", "clock", "span", "identity", "color", "level",
    "document", "typed_document", "items", "typed_items", "anything", "renamed", "adapted",
)  # fmt: skip
# What is said about these is said about the field, and lost in Optional[...].
WHOLE = {"aliased", "hidden", "fixed", "renamed", "adapted", "read_as", "written_as", "hidden_if"}
DEFAULTS = {
    "text": "x", "number": 0, "document": {}, "numbers": Field(default_factory=list), "color": Color.RED,
    "moment": Field(default=datetime.datetime(2020, 1, 1), validate_default=True), "items": [],
}  # fmt: skip

CONFIGS = (
    {}, {"extra": "allow"}, {"extra": "forbid"}, {"extra": "ignore"}, {"frozen": True}, {"strict": True},
    {"str_strip_whitespace": True}, {"use_enum_values": True}, {"validate_assignment": True},
    {"populate_by_name": True}, {"from_attributes": True}, {"revalidate_instances": "always"},
    {"arbitrary_types_allowed": True}, {"validate_default": True},
    {"coerce_numbers_to_str": True}, {"allow_inf_nan": True}, {"title": "Other"},
    {"defer_build": True}, {"hide_input_in_errors": True}, {"str_max_length": 5}, {"ser_json_timedelta": "float"},
)  # fmt: skip


# -- what a class body may add --


def computed(ns):
    def total(self) -> str:
        return f"{self.id}!"

    ns["total"] = computed_field(property(total))


def checked_field(ns):
    def check(cls, value):
        if value == 13:
            raise ValueError("13")
        return value

    ns["check"] = field_validator("id")(classmethod(check))


def looking_back(ns):
    def look(cls, value, info):
        return value if "id" in info.data else None

    ns["look"] = field_validator("last", mode="before")(classmethod(look))


def checked_before(ns):
    def before(cls, values):
        return {**values, "id": 77}

    ns["before"] = model_validator(mode="before")(classmethod(before))


def checked_after(ns):
    def after(self):
        if self.id == 13:
            raise ValueError("13")
        return self

    ns["after"] = model_validator(mode="after")(after)


def checked_around(ns):
    def around(cls, values, handler):
        return handler(values)

    ns["around"] = model_validator(mode="wrap")(classmethod(around))


def private(ns):
    ns["_secret"] = PrivateAttr(default=3)


def post_init(ns):
    def model_post_init(self, context):
        self.__dict__["seen"] = True

    ns["model_post_init"] = model_post_init


def serialized_field(ns):
    ns["as_text"] = field_serializer("id")(lambda self, value: f"<{value}>")


def serialized_model(ns):
    def dump(self, handler):
        return {"dumped": handler(self)}

    ns["dump"] = model_serializer(mode="wrap")(dump)


def own_init(ns):
    def __init__(self, **data):
        super(type(self), self).__init__(**data)
        self.__dict__["initialised"] = True

    ns["__init__"] = __init__


def own_dump(ns):
    def model_dump(self, **kwargs):
        return {**super(type(self), self).model_dump(**kwargs), "more": 1}

    ns["model_dump"] = model_dump


def own_reset(ns):
    def reset_tracking(self):
        super(type(self), self).reset_tracking()
        self.__dict__["resets"] = self.__dict__.get("resets", 0) + 1

    ns["reset_tracking"] = reset_tracking


def own_creation(ns):
    def create_from_database(cls, row):
        instance = super(cls, cls).create_from_database(row)
        instance.__dict__["created"] = True
        return instance

    ns["create_from_database"] = classmethod(create_from_database)


def own_setattr(ns):
    def __setattr__(self, name, value):
        super(type(self), self).__setattr__(name, value)
        self.__dict__["last_set"] = name

    ns["__setattr__"] = __setattr__


def own_new(ns):
    def __new__(cls, *arguments, **data):
        instance = object.__new__(cls)
        object.__setattr__(instance, "__dict__", {"new": True})
        return instance

    ns["__new__"] = __new__


def own_getattribute(ns):
    def __getattribute__(self, name):
        value = object.__getattribute__(self, name)
        return value + 1 if name == "id" and type(value) is int else value

    ns["__getattribute__"] = __getattribute__


def own_mapping(ns):
    def _map_columns_to_fields(cls, row):
        return {**super(cls, cls)._map_columns_to_fields(row), "last": 99}

    ns["_map_columns_to_fields"] = classmethod(_map_columns_to_fields)


def own_names(ns):
    def get_column_to_field_map(cls):
        return {"last": "last", **dict.fromkeys(["col_renamed"], "renamed")}

    ns["get_column_to_field_map"] = classmethod(get_column_to_field_map)


def own_collection(ns):
    def create_collection_from_database(cls, rows):
        return [cls.create_from_database(row) for row in rows][::-1]

    ns["create_collection_from_database"] = classmethod(create_collection_from_database)


def derived(ns):
    ns["__annotations__"]["shouted"] = ClassVar[Annotated[str, DerivedField(lambda: None)]]


def related(ns):
    ns["others"] = HasMany(foreign_key="model_id")
    ns["__annotations__"]["others"] = ClassVar[Any]
    ns["c"] = FieldProxy()
    ns["__annotations__"]["c"] = ClassVar[FieldProxy]


def tracking_attribute(ns):
    ns["_is_from_db"] = property(lambda self: True, lambda self, value: None)


def harmless(ns):
    ns["LIMIT"] = 3
    ns["__annotations__"]["LIMIT"] = ClassVar[int]
    ns["shout"] = property(lambda self: f"{self.id}!")


FEATURES = (
    computed, checked_field, looking_back, checked_before, checked_after, checked_around, private, post_init,
    serialized_field, serialized_model, own_init, own_dump, own_reset, own_creation, own_setattr, tracking_attribute,
    own_new, own_getattribute, own_mapping, own_names, own_collection, derived, related, harmless,
)  # fmt: skip
MIXINS = {
    TimestampMixin: {"created_at": moments, "updated_at": moments},
    SoftDeleteMixin: {"deleted_at": st.none() | moments},
    OptimisticLockMixin: {"version": st.integers(1, 9)},
    IntegerPKMixin: {},
}


class Twins(NamedTuple):
    """One class body on core alone and with our mixin."""

    core: Any
    fast: Any


def build(fields, config=None, features=(), mixins=(), bases=(ActiveRecord, FastLoadMixin), defaults=None):
    """The twins of a class with the annotated ``fields``."""
    record, ours = bases
    return Twins(*(
        _class((*front, *mixins, record), fields, config, features, defaults or {}) for front in ((), (ours,))
    ))  # fmt: skip


def _class(bases, fields, config, features, defaults):
    namespace = {
        "__module__": __name__,
        "__qualname__": "Model",
        "__table_name__": "models",
        "__annotations__": {"id": Optional[int], **fields, "last": Optional[int]},
        "id": None,
        "last": None,
        **defaults,
    }
    if UUIDMixin in bases:
        del namespace["__annotations__"]["id"], namespace["id"]
    if config:
        namespace["model_config"] = dict(config)
    for feature in features:
        feature(namespace)
    if related in features and AsyncActiveRecord in bases:
        namespace["others"] = AsyncHasMany(foreign_key="model_id")
    return type(ActiveRecord)("Model", bases, namespace)


ASYNC = (AsyncActiveRecord, AsyncFastLoadMixin)


@st.composite
def twins_and_rows(draw, rows=3):
    """Twins, and rows by field name: most as a column gives them, some with what no column should."""
    plain = draw(st.booleans())
    names = draw(st.lists(st.sampled_from(PLAIN if plain else sorted(KINDS)), unique=True, max_size=5))
    optional = {name for name in names if name not in WHOLE and draw(st.booleans())}
    fields = {name: Optional[KINDS[name].annotation] if name in optional else KINDS[name].annotation for name in names}
    # core lets a field with a default come before one without, as all are given by name
    defaults = {name: DEFAULTS[name] for name in names if name in DEFAULTS and draw(st.booleans())}
    mixins = tuple(mixin for mixin in MIXINS if draw(st.integers(0, 8 if plain else 4)) == 0)
    some = st.lists(st.sampled_from(FEATURES), unique=True, max_size=2)
    features = () if plain or draw(st.booleans()) else draw(some)
    config = {} if plain or draw(st.booleans()) else draw(st.sampled_from(CONFIGS))
    bases = ASYNC if draw(st.integers(0, 3)) == 0 else (ActiveRecord, FastLoadMixin)
    try:
        made = build(fields, config, features, mixins, bases, defaults)
    except SchemaError:  # options that pydantic does not let stand together
        reject()
    return made, [draw(row_of(names, optional, mixins)) for _ in range(rows)]


@st.composite
def row_of(draw, names, optional, mixins):
    row = {"id": draw(st.integers(1, 15)), "last": draw(st.none() | st.integers())}
    for name in names:
        values = KINDS[name].good
        if draw(st.integers(0, 5)) == 0:
            values = KINDS[name].odd
        if draw(st.integers(0, 5)) == 0:
            values = st.none()
        row["other" if name in ("aliased", "read_as") and draw(st.booleans()) else name] = draw(values)
    for mixin in mixins:
        for column, values in MIXINS[mixin].items():
            row[column] = draw(values)
    if draw(st.integers(0, 5)) == 0:
        # a missing time would be now
        del row[draw(st.sampled_from(sorted(row.keys() - {"created_at", "updated_at"})))]
    if draw(st.integers(0, 5)) == 0:
        row["unknown"] = 1
    keys = list(row)
    if draw(st.booleans()):
        keys = draw(st.permutations(keys))
    return {key: row[key] for key in keys}
