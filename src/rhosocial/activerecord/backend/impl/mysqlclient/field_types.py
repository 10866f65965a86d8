"""Comparisons that the server would make as numbers though the field of a model is text, or another way around.

`WHERE token = 0` is true of every token that does not start with a digit: MySQL compares text with a number as
numbers (manual, "Type Conversion in Expression Evaluation"). The dialect asks here before it writes a comparison.
"""

from decimal import Decimal
from enum import Enum
from types import UnionType
from typing import Any, Dict, Iterator, Literal, Optional, Sequence, Set, Tuple, Type, Union, get_args, get_origin
from uuid import UUID

from rhosocial.activerecord.interface.model import ActiveRecordBase

from .errors import ParameterTypeError

_COLLECTIONS = (list, tuple, dict, set, frozenset)
_NUMBERS = (int, float, Decimal)
_TEXTS = (str, bytes, bytearray, UUID)
# What a field is -> what it is not compared with.
_REFUSED: Dict[str, Tuple[type, ...]] = {"text": (*_NUMBERS, *_COLLECTIONS), "number": _COLLECTIONS}
_SUSPECT = (*_NUMBERS, *_COLLECTIONS)

# Columns that some model has as no text: nothing that is defined later makes them text for all models.
_no_text: Set[Tuple[str, str]] = set()


def _kind(annotation: Any) -> Optional[str]:
    """'text', 'number' or None: neither, or both."""
    origin = get_origin(annotation)
    if origin in (Union, UnionType):
        kinds = {_kind(item) for item in get_args(annotation) if item is not type(None)}
    elif origin is Literal:
        kinds = {_kind(type(value)) for value in get_args(annotation)}
    elif isinstance(annotation, type) and issubclass(annotation, Enum):
        kinds = {_kind(type(member.value)) for member in annotation}
    elif isinstance(annotation, type):
        kinds = {"text" if issubclass(annotation, _TEXTS) else "number" if issubclass(annotation, _NUMBERS) else None}
    else:
        kinds = {None}
    return kinds.pop() if len(kinds) == 1 else None


def _models(base: Type[ActiveRecordBase] = ActiveRecordBase) -> Iterator[Any]:
    for model in base.__subclasses__():
        yield model
        yield from _models(model)


def _field_kind(model: Any, table: str, column: str) -> Optional[str]:
    """What ``model`` has ``column`` as; '' where it is no model of the table, or not of this column."""
    try:
        if model.table_name() != table:
            return ""
        field = model.get_column_to_field_map().get(column)
    except Exception:
        return ""  # an abstract model, or one whose table has no name yet
    if field is None:
        return ""
    return None if model._get_adapter_for_field(field) else _kind(model.model_fields[field].annotation)


def check_comparison(tables: Sequence[str], column: str, value: Any) -> None:
    """Refuse ``column`` of one of ``tables`` being compared with a ``value`` of another kind.

    Raises ParameterTypeError where every model that has the column says so; without a model nothing is known.
    """
    if not isinstance(value, _SUSPECT):
        return
    if isinstance(value, _NUMBERS) and any((table, column) in _no_text for table in tables):
        return
    kinds = {kind for table in tables for model in _models() if (kind := _field_kind(model, table, column)) != ""}
    if len(kinds) != 1:
        return
    kind = kinds.pop()
    if kind is not None and isinstance(value, _REFUSED[kind]):
        raise ParameterTypeError(
            f"column {column!r} of {' or '.join(sorted(tables))} is {kind}: it cannot be compared with "
            f"{type(value).__name__}; pass a value of the field's type"
        )
    if kind != "text" and len(tables) == 1:
        _no_text.add((tables[0], column))
