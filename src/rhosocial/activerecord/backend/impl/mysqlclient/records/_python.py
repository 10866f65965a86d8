"""Rows -> instances of one model class, in pure Python. Twin of csrc/models.pyx."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import IntEnum
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple
from uuid import UUID


class Kind(IntEnum):
    """What validation and model_dump() do with a value that is exactly of its field's type."""

    SAME = 0  # nothing
    TEXT = 1  # refuse what utf-8 cannot hold
    DECIMAL = 2  # refuse NaN and infinities
    DICT = 3  # str keys; the field is a shallow copy, the dump a deep one
    LIST = 4  # the same of a list
    ANY = 5  # the field is the row's own object, the dump a deep copy


Field = Tuple[Optional[type], bool, Kind]
Row = Dict[str, Any]

_UNCHANGED = frozenset((type(None), bool, int, float, str, bytes, Decimal, datetime, date, time, timedelta, UUID))
# pydantic's serializer gives up at 255 levels
_MAX_DEPTH = 200


def _encodable(text: str) -> bool:
    """Whether utf-8 holds it: pydantic takes no lone surrogate."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def _copy(value: Any, depth: int = 0) -> Any:
    """What model_dump() makes of a plain value: containers anew. NotImplemented for any other."""
    kind = type(value)
    if kind in _UNCHANGED:
        return value
    if depth > _MAX_DEPTH:
        return NotImplemented
    if kind is dict:
        copied = {}
        for key, inner in value.items():
            inner = _copy(inner, depth + 1)
            if type(key) is not str or inner is NotImplemented:
                return NotImplemented
            copied[key] = inner
        return copied
    if kind is list:
        items = []
        for inner in value:
            inner = _copy(inner, depth + 1)
            if inner is NotImplemented:
                return NotImplemented
            items.append(inner)
        return items
    return NotImplemented


def _renamed(row: Row, renames: Optional[Dict[str, str]]) -> Row:
    if renames is None:
        return row
    return {renames.get(key, key): value for key, value in row.items()}


def class_version(model: type) -> int:
    """A number that changes whenever an attribute of a class or of one of its bases is set; 0: not known."""
    return 0


class ModelBuilder:
    """Builds instances of ``model`` with the state its constructor and reset_tracking() would give them.

    model:     the class; its metaclass, __new__ and __init__ do nothing that is not repeated here
    names:     its fields, in the model's order
    columns:   the column of each
    fields:    (type or None for any, nullable, Kind) of each: a row that matches exactly needs no
               validation; None: every row does
    required:  fields without which __init__ does something else
    validate:  row -> (values, extra, fields_set), as pydantic's fields validator
    dump:      instance -> its model_dump()
    fallback:  row -> instance, the way of the class itself; for what the others cannot do
    quiet:     whether validate and dump run no Python code (the compiled twin then pauses the
               garbage collector for them)
    """

    def __init__(
        self,
        model: type,
        names: Tuple[str, ...],
        columns: Tuple[str, ...],
        fields: Optional[Sequence[Field]],
        required: Tuple[str, ...],
        validate: Callable[[Row], Tuple[Row, Any, Any]],
        dump: Callable[[Any], Row],
        fallback: Callable[[Row], Any],
        quiet: bool,
    ) -> None:
        self._model = model
        self._names = names
        self._columns = columns
        self._fields = None if fields is None else tuple(fields)
        self._required = required
        self._validate = validate
        self._dump = dump
        self._fallback = fallback

    def build(self, rows: List[Row], renames: Optional[Dict[str, str]] = None) -> List[Any]:
        """The instances of ``rows``, dicts by field, or by column where ``renames`` (column -> field) is given.

        Raises what the class itself raises for the first bad row.
        """
        keys = self._names if renames is None else self._columns
        built = []
        for row in rows:
            instance = None if self._fields is None else self._exact(row, keys)
            if instance is None:
                row = _renamed(row, renames)
                instance = self._validated(row)
                if instance is None:
                    instance = self._fallback(row)
            built.append(instance)
        return built

    def snapshot(self, values: Row) -> Optional[Row]:
        """model_dump() of an instance whose __dict__ is ``values``; None where only pydantic can tell."""
        if self._fields is None or len(values) < len(self._names):
            return None
        dumped = {}
        for name, field, (key, value) in zip(self._names, self._fields, values.items()):
            if key != name:
                return None
            value = _dumped(field, value)
            if value is NotImplemented:
                return None
            dumped[key] = value
        return dumped

    def _exact(self, row: Row, keys: Tuple[str, ...]) -> Any:
        """The instance of a row that has just the fields, each exactly of its type; else None."""
        values, original = {}, {}
        if type(row) is not dict or len(row) != len(keys):
            return None
        for name, key, field in zip(self._names, keys, self._fields or ()):
            value = row.get(key, NotImplemented)
            dumped = _dumped(field, value)
            if dumped is NotImplemented:
                return None
            original[name] = dumped
            values[name] = value if value is None or field[2] not in _COPIED else value.copy()
        return self._instance(values, original, None, set(self._names))

    def _validated(self, row: Row) -> Any:
        """The instance of a row that pydantic's fields validator accepts; else None."""
        if not all(name in row for name in self._required):
            return None
        try:
            values, extra, fields_set = self._validate(row)
            instance = self._instance(values, {}, extra, fields_set)
            values["_original_values"] = self._dump(instance)
        except Exception:  # the class says it in its own words
            return None
        return instance

    def _instance(self, values: Row, original: Row, extra: Any, fields_set: Any) -> Any:
        instance: Any = object.__new__(self._model)
        values["_dirty_fields"] = set()
        values["_original_values"] = original
        values["_is_from_db"] = True
        for name, value in zip(_STATE, (values, extra, fields_set, None)):
            object.__setattr__(instance, name, value)
        return instance


_COPIED = (Kind.DICT, Kind.LIST)
_STATE = ("__dict__", "__pydantic_extra__", "__pydantic_fields_set__", "__pydantic_private__")


def _dumped(field: Field, value: Any) -> Any:
    """What model_dump() makes of a field; NotImplemented where its value is not exactly of the field's type."""
    expected, nullable, kind = field
    if value is None:
        return None if nullable or kind is Kind.ANY else NotImplemented
    if kind is Kind.ANY:
        return _copy(value)
    found: type = type(value)
    if found is not expected:
        return NotImplemented
    if kind is Kind.SAME:
        return value
    if kind is Kind.TEXT:
        return value if _encodable(value) else NotImplemented
    if kind is Kind.DECIMAL:
        return value if value.is_finite() else NotImplemented
    if kind is Kind.DICT and not all(type(key) is str and _encodable(key) for key in value):
        return NotImplemented
    return _copy(value)
