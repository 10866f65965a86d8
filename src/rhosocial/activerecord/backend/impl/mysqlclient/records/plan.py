"""What pydantic's schema and the class itself allow: a LoadPlan for each model class.

Read from ``__pydantic_core_schema__``, never from annotations: every constraint, validator, alias and
serializer ends up there.
"""

import os
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from operator import attrgetter
from typing import Any, Dict, FrozenSet, Iterator, List, NamedTuple, Optional, Sequence, Tuple
from uuid import UUID

from pydantic import BaseModel
from pydantic_core import SchemaValidator, core_schema
from rhosocial.activerecord.base import (
    AsyncBaseActiveRecord,
    AsyncQueryMixin,
    BaseActiveRecord,
    ColumnNameMixin,
    DerivedFieldMixin,
    FieldAdapterMixin,
    QueryMixin,
)
from rhosocial.activerecord.base.bulk_operations import AsyncBulkOperationsMixin, BulkOperationsMixin
from rhosocial.activerecord.field import IntegerPKMixin, SoftDeleteMixin, TimestampMixin, UUIDMixin
from rhosocial.activerecord.interface import IActiveRecord, IAsyncActiveRecord, ModelEvent
from rhosocial.activerecord.interface.model import ActiveRecordBase
from rhosocial.activerecord.logging import LoggingMixin

from ..codec import VARIABLE, _native
from . import _python
from ._python import Field, Kind
from .known import Known

_compiled = _native is not None and os.environ.get(VARIABLE) != "python"
_builders: Any = _native if _compiled else _python

_MOST_BACKENDS = 256

Handlers = Tuple[Tuple[ModelEvent, str], ...]

# What each __init__ of core does besides ActiveRecordBase's: (event, method) that it registers.
_HANDLERS: Dict[Any, Handlers] = {
    ActiveRecordBase.__init__: (),
    BaseModel.__init__: (),
    IntegerPKMixin.__init__: (),
    UUIDMixin.__init__: (),
    TimestampMixin.__init__: (
        (ModelEvent.BEFORE_INSERT, "_set_timestamps_on_insert"),
        (ModelEvent.BEFORE_UPDATE, "_set_updated_at"),
    ),
    SoftDeleteMixin.__init__: ((ModelEvent.BEFORE_DELETE, "_mark_as_deleted"),),
}
# These __init__ do something only where the primary key is not given: what they call to know its name.
_KEY_ASKED: Dict[Any, str] = {IntegerPKMixin.__init__: "primary_key_field", UUIDMixin.__init__: "primary_key"}

# What decides how an instance comes about.
_HOOKS = (
    "__new__", "__setattr__", "__getattribute__", "model_dump", "model_validate", "on", "_get_field_name",
    "get_column_to_field_map", "_get_column_name", "primary_key", "primary_key_field", "primary_key_fields",
    "create_collection_from_database", "create_from_database", "_map_columns_to_fields", "reset_tracking",
)  # fmt: skip
# What the mixin overrides, and the methods whose answers it takes to be core's when it cuts one short.
_OVERRIDDEN: Dict[str, Tuple[str, ...]] = {
    "create_from_database": (),
    "reset_tracking": (),
    "validate_fields": (),
    "bulk_create": (),
    "_after_save": (),
    "_trigger_event": (),
    "_update_internal": (
        "backend", "table_name", "schema_name", "primary_key_columns", "is_composite_pk", "_get_pk_value",
        "_build_pk_where_predicate", "get_column_to_field_map", "get_logger", "_get_logger_name",
        "get_logging_config", "log",
    ),
    "_prepare_save_data": (),
    "is_new_record": ("primary_key", "primary_key_field", "primary_key_fields"),
    "_map_fields_to_columns": ("_get_column_name",),
    "_map_columns_to_fields": ("_get_field_name", "get_column_to_field_map"),
    "get_column_adapters": ("_get_column_name", "_get_adapter_for_field"),
    "get_logger": ("get_logger", "_get_logger_name", "get_logging_config", "log"),
    "find_one": (
        "backend",
        "query",
        "is_composite_pk",
        "_apply_derived_to_query",
        "primary_key",
        "table_name",
        "schema_name",
    ),
}
_ASKED = tuple(dict.fromkeys(name for names in _OVERRIDDEN.values() for name in names))
_STATE = (
    "__init__", "__pydantic_validator__", "__pydantic_serializer__", "__pydantic_fields__", "__derived_fields__",
    "__private_attributes__", "__primary_key__", "__field_column_names__", "__field_adapters__", "__query_class__",
    "__table_name__", "__schema_name__", "__logger__", "__logger_name__",
)  # fmt: skip
# What bulk_create() asks of a record, and takes the answers of to be core's.
_BULK = (
    "validate_fields", "validate_record", "_trigger_event", "_prepare_save_data", "is_new_record",
    "_map_fields_to_columns", "primary_key_columns", "is_composite_pk",
)  # fmt: skip
_SAVERS = {"bulk_create", "validate_fields", "_prepare_save_data", "is_new_record", "_map_fields_to_columns"}
# Core calls these of every base that has them around a save.
_SAVE_HOOKS = {
    "prepare_save_data": "_prepare_save_data",
    "after_save": "_after_save",
    "get_update_conditions": "_update_internal",
    "get_update_expressions": "_update_internal",
}
_TRACKING = ("_dirty_fields", "_original_values", "_is_from_db", "_event_handlers")
_CORE = (
    object, BaseModel, ActiveRecordBase, IActiveRecord, IAsyncActiveRecord, BaseActiveRecord, AsyncBaseActiveRecord,
    ColumnNameMixin, FieldAdapterMixin, DerivedFieldMixin, QueryMixin, AsyncQueryMixin, LoggingMixin,
    BulkOperationsMixin, AsyncBulkOperationsMixin,
)  # fmt: skip
# The functions that are core's, as they were when this was imported.
_PRISTINE = {
    (k, name): getattr(k.__dict__[name], "__func__", k.__dict__[name])
    for k in _CORE
    for name in (*_HOOKS, *_OVERRIDDEN, *_ASKED, *_BULK)
    if name in k.__dict__
}

_look = attrgetter(*dict.fromkeys((*_HOOKS, *_ASKED, *_BULK, *_STATE)))
_look_below = attrgetter(*_OVERRIDDEN)

Guard = Tuple[Any, ...]


def _guard(cls: Any, mixin: type) -> Guard:
    """What of ``cls`` its plan was made from: a plan holds as long as this is equal."""
    return (_look(cls), _look_below(super(mixin, cls)), *(hasattr(cls, name) for name in _SAVE_HOOKS))


class LoadPlan(NamedTuple):
    """How instances of one class are made.

    builder:   None: the class's own way
    validate:  pydantic's fields validator: what validate_fields() has to find no fault with
    columns:   column -> field
    renames:   the same; None where all are equal
    handlers:  the events its constructor registers
    required:  fields without which the constructor does something else
    keys:      the fields of the primary key, known where is_new_record is core's
    core:      what the mixin overrides and is core's below it; without the savers that have hooks to call
    bulk:      whether bulk_create() has nothing to ask of an exact record without handlers
    known:     what the class and a backend come to together, by the backend's id()
    logger:    the class's logger, after what says that it is still this
    """

    builder: Optional[Any]
    validate: Optional[Any]
    columns: Dict[str, str]
    renames: Optional[Dict[str, str]]
    handlers: Handlers
    required: Tuple[str, ...]
    keys: FrozenSet[str]
    core: FrozenSet[str]
    bulk: bool
    known: Dict[int, Known]
    logger: List[Any]

    def remember(self, known: Known) -> Known:
        """Keep it, and let go of those whose backends are gone."""
        if len(self.known) >= _MOST_BACKENDS:
            self.known.clear()
        self.known[id(known.backend())] = known
        return known


class PlanHolder:
    """The plan of ``cls``, a model class with ``mixin``, the base of the mixins, among its bases."""

    __slots__ = ("_cls", "_mixin", "_version", "_seen", "_plan")

    def __init__(self, cls: Any, mixin: type) -> None:
        self._cls, self._mixin = cls, mixin
        self._version = 0
        self._seen: Optional[Guard] = None

    def plan(self) -> LoadPlan:
        """The plan, made anew where the class is no longer what it was made from, so that a patch is honoured."""
        version = _builders.class_version(self._cls)
        if version != self._version or version == 0:
            seen = _guard(self._cls, self._mixin)
            if seen != self._seen:
                self._plan = _plan_for(self._cls, self._mixin)
                self._seen = seen
            self._version = version
        return self._plan


def _plan_for(cls: Any, mixin: type) -> LoadPlan:
    below = cls.__mro__[cls.__mro__.index(mixin) + 1 :]
    core = frozenset(
        name
        for name, asked in _OVERRIDDEN.items()
        if _is_core(below, name) and all(_is_core(cls.__mro__, other) for other in asked)
    ) - {caller for hook, caller in _SAVE_HOOKS.items() if hasattr(cls, hook)}
    keys = frozenset(cls.primary_key_fields()) if "is_new_record" in core else frozenset()
    columns = cls.get_column_to_field_map()
    renames = None if all(column == field for column, field in columns.items()) else columns
    slow = LoadPlan(None, None, columns, renames, (), (), keys, core, False, {}, [None, None])
    model = _model_schema(cls)
    initialisers = [k.__dict__["__init__"] for k in cls.__mro__[:-1] if "__init__" in k.__dict__]
    if model is None or not _is_plain(cls, mixin) or not all(function in _HANDLERS for function in initialisers):
        return slow
    fields = model["schema"]
    names = tuple(fields["fields"])
    required = tuple(getattr(cls, _KEY_ASKED[function])() for function in initialisers if function in _KEY_ASKED)
    # "self" is the constructor's own parameter
    if "self" in names or not all(isinstance(name, str) for name in required):
        return slow
    schema = _with_definitions(cls, fields)
    validate = SchemaValidator(schema, config=model.get("config")).validate_python
    base = AsyncBaseActiveRecord if issubclass(cls, AsyncBaseActiveRecord) else BaseActiveRecord
    exact = _exact_fields(model) if schema is fields and set(required) <= set(names) else None
    builder = _builders.ModelBuilder(
        cls, names, tuple(cls._get_column_name(name) for name in names), exact, required, validate,
        cls.__pydantic_serializer__.to_python, base.create_from_database.__func__.__get__(cls),
        "serialization" not in model and _is_quiet(schema),
    )  # fmt: skip
    handlers = tuple(handler for function in reversed(initialisers) for handler in _HANDLERS[function])
    bulk = exact is not None and not handlers and _is_plain_bulk(cls, mixin, core, fields["fields"])
    return slow._replace(builder=builder, validate=validate, handlers=handlers, required=required, bulk=bulk)


# -- the class --


def _is_core(mro: Sequence[type], name: str) -> bool:
    definer = next((k for k in mro if name in k.__dict__), None)
    if definer is None:
        return False
    found = definer.__dict__[name]
    return _PRISTINE.get((definer, name)) is getattr(found, "__func__", found)


def _is_plain(cls: Any, mixin: type) -> bool:
    """Whether nothing but core and the mixin has a hand in making instances."""
    others = [k for k in cls.__mro__ if mixin not in k.__mro__ or issubclass(k, ActiveRecordBase)]
    return (
        type(cls).__call__ is type.__call__
        and not cls.__abstractmethods__
        and not cls.__derived_fields__
        and not cls.__private_attributes__
        and all(_is_core(others, name) for name in _HOOKS)
        and not any(name in k.__dict__ for name in _TRACKING for k in others)
    )


def _is_plain_bulk(cls: Any, mixin: type, core: FrozenSet[str], fields: Dict[str, Any]) -> bool:
    """Whether nothing but core has a hand in bulk_create(), which sets a key of one column."""
    key = None if cls.is_composite_pk() else fields.get(cls._get_field_name(cls.primary_key()))
    others = [k for k in cls.__mro__ if mixin not in k.__mro__ or issubclass(k, ActiveRecordBase)]
    return (
        key is not None
        and not key.get("frozen")
        and not cls.model_config.get("frozen")
        and not cls.model_config.get("validate_assignment")
        and core.issuperset(_SAVERS)
        and all(_is_core(others, name) for name in _BULK)
    )


# -- the schema --

# Nothing in these runs Python code, whatever the row holds.
_QUIET_TYPES = frozenset((
    "model", "model-fields", "model-field", "default", "nullable", "definitions", "definition-ref", "union",
    "tagged-union", "literal", "any", "none", "bool", "int", "float", "decimal", "str", "bytes", "date", "time",
    "datetime", "timedelta", "uuid", "enum", "list", "dict", "set", "tuple",
))  # fmt: skip
_LOUD_KEYS = ("default_factory", "serialization", "missing", "post_init", "custom_init", "computed_fields")
_HARMLESS_CONFIG = frozenset((
    "title", "from_attributes", "validate_by_name", "validate_by_alias", "populate_by_name", "revalidate_instances",
    "validate_default", "extra_fields_behavior",
))  # fmt: skip
_SCALARS: Dict[str, Tuple[type, Kind]] = {
    "int": (int, Kind.SAME),
    "float": (float, Kind.SAME),
    "str": (str, Kind.TEXT),
    "bool": (bool, Kind.SAME),
    "bytes": (bytes, Kind.SAME),
    "decimal": (Decimal, Kind.DECIMAL),
    "date": (date, Kind.SAME),
    "datetime": (datetime, Kind.SAME),
    "time": (time, Kind.SAME),
    "timedelta": (timedelta, Kind.SAME),
    "uuid": (UUID, Kind.SAME),
}
_SCALAR_KEYS = {"type", "microseconds_precision"}
_DEFAULT_KEYS = {
    "type", "schema", "default", "default_factory", "default_factory_takes_data", "validate_default", "copy_default",
}  # fmt: skip
_ENUM_KEYS = {"type", "cls", "members", "sub_type", "missing", "ref", "metadata"}
_ANY = {"type": "any"}


def _model_schema(cls: Any) -> Optional[Dict[str, Any]]:
    """The class's own model schema; None where more than its fields have a say in an instance."""
    if not cls.__pydantic_complete__ or type(cls.__pydantic_validator__) is not SchemaValidator:
        return None  # unbuilt, or a plugin's
    schema = cls.__pydantic_core_schema__
    if schema["type"] == "definitions":
        inner = schema["schema"]
        named = {definition["ref"]: definition for definition in schema["definitions"] if "ref" in definition}
        schema = named.get(inner["schema_ref"], inner) if inner["type"] == "definition-ref" else inner
    if schema["type"] != "model" or schema["cls"] is not cls or "post_init" in schema or schema.get("root_model"):
        return None
    return schema if schema["schema"]["type"] == "model-fields" else None


def _with_definitions(cls: Any, fields: Any) -> Any:
    whole = cls.__pydantic_core_schema__
    if whole["type"] != "definitions":
        return fields
    return core_schema.definitions_schema(fields, whole["definitions"])


def _exact_fields(model: Dict[str, Any]) -> Optional[Tuple[Field, ...]]:
    """What a row must be to need no validation; None where no row can be."""
    fields, config = model["schema"], model.get("config", {})
    if (
        fields.get("computed_fields")
        or "serialization" in model
        or not set(config) <= _HARMLESS_CONFIG
        or config.get("extra_fields_behavior", "ignore") != "ignore"
        or not set(fields) <= {"type", "fields", "model_name", "computed_fields"}
    ):
        return None
    exact = tuple(_exact_field(field) for field in fields["fields"].values())
    return exact if None not in exact else None  # type: ignore[return-value]


def _exact_field(field: Dict[str, Any]) -> Optional[Field]:
    if not set(field) <= {"type", "schema", "metadata", "frozen"}:
        return None
    schema, nullable = field["schema"], False
    if schema["type"] == "default":
        if not set(schema) <= _DEFAULT_KEYS:
            return None
        schema = schema["schema"]
    if schema["type"] == "nullable":
        if set(schema) != {"type", "schema"}:
            return None
        schema, nullable = schema["schema"], True
    kind = schema["type"]
    if kind in _SCALARS and set(schema) <= _SCALAR_KEYS:
        expected, how = _SCALARS[kind]
        return expected, nullable, how
    if kind == "enum" and set(schema) <= _ENUM_KEYS:
        return schema["cls"], nullable, Kind.SAME
    if kind == "any" and schema == _ANY:
        return None, nullable, Kind.ANY
    if kind == "list" and set(schema) <= {"type", "items_schema"} and schema.get("items_schema", _ANY) == _ANY:
        return list, nullable, Kind.LIST
    if kind == "dict" and set(schema) <= {"type", "keys_schema", "values_schema"}:
        if schema.get("keys_schema", _ANY) in (_ANY, {"type": "str"}) and schema.get("values_schema", _ANY) == _ANY:
            return dict, nullable, Kind.DICT
    return None


def _nodes(schema: Any) -> Iterator[Dict[str, Any]]:
    """Every schema within a schema."""
    if isinstance(schema, dict):
        if isinstance(schema.get("type"), str):
            yield schema
        for key, inner in schema.items():
            if key not in ("metadata", "default", "expected", "members"):
                yield from _nodes(inner)
    elif isinstance(schema, (list, tuple)):
        for inner in schema:
            yield from _nodes(inner)


def _is_quiet(schema: Dict[str, Any]) -> bool:
    """Whether validating and dumping run no Python code."""
    return all(node["type"] in _QUIET_TYPES and not any(node.get(key) for key in _LOUD_KEYS) for node in _nodes(schema))
