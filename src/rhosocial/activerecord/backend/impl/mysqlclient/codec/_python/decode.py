"""Cells (bytes of the text protocol) -> Python values. Twin of csrc/decode.pyx."""

import re
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal, InvalidOperation
from functools import partial
from struct import unpack
from typing import Any, Callable, Dict, Iterable, List, Optional, Sequence, Union
from uuid import UUID

from ..abc import Code, ZeroDates, decode_error
from ..plan import Plan

Cell = Optional[bytes]
Loader = Callable[[bytes], Any]

_UTC = timezone.utc
_INTEGER = re.compile(rb"-?[0-9]{1,20}").fullmatch
_FLOAT = re.compile(rb"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?").fullmatch
_DECIMAL = re.compile(rb"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)").fullmatch
_DATE = re.compile(rb"([0-9]{4})-([0-9]{2})-([0-9]{2})").fullmatch
_DATETIME = re.compile(
    rb"([0-9]{4})-([0-9]{2})-([0-9]{2}) ([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9])(?:\.([0-9]{1,6}))?"
).fullmatch
_TIME = re.compile(rb"(-?)([0-9]{2,3}):([0-5][0-9]):([0-5][0-9])(?:\.([0-9]{1,6}))?").fullmatch
_MAX_TIME_HOURS = 838


def _microseconds(fraction: Optional[bytes]) -> int:
    return int(fraction.ljust(6, b"0")) if fraction else 0


class _Column:
    """One column's loaders: a method for each Code, taking a cell that is not NULL."""

    def __init__(self, plan: Plan, i: int) -> None:
        self.name = plan.names[i]
        self.adapter = plan.fallbacks[i] if plan.fallbacks is not None else None
        self.zero_dates = plan.zero_dates
        self.json_loads: Any = plan.json_loads

    def fallback(self, value: Any) -> Any:
        """The adapter itself, where a fused code met what it does not cover."""
        if self.adapter is None:
            raise ValueError(f"column {self.name!r} has a fused code but no adapter to fall back on")
        from_database, annotation = self.adapter
        return from_database(value, annotation)

    def text(self, cell: bytes) -> str:
        try:
            return cell.decode("utf-8")
        except UnicodeDecodeError as error:
            raise decode_error(self.name, "utf-8 text", cell) from error

    def integer(self, cell: bytes) -> int:
        if _INTEGER(cell):
            value = int(cell)
            if -(2**63) <= value < 2**64:
                return value
        raise decode_error(self.name, "a 64-bit integer", cell)

    def number(self, cell: bytes) -> float:
        if not _FLOAT(cell):
            raise decode_error(self.name, "a floating-point number", cell)
        return float(cell)

    def decimal(self, cell: bytes) -> Decimal:
        if not _DECIMAL(cell):
            raise decode_error(self.name, "a decimal number", cell)
        try:
            return Decimal(cell.decode("ascii"))
        except InvalidOperation:
            raise decode_error(self.name, "a decimal number", cell) from None

    def zero_date(self, cell: bytes) -> Optional[str]:
        """MySQL keeps days that no calendar has (manual 13.2.2); zero_dates says what they become."""
        if self.zero_dates == ZeroDates.NONE:
            return None
        if self.zero_dates == ZeroDates.TEXT:
            return cell.decode("ascii")
        raise decode_error(self.name, "a day that Python's calendar has (see zero_dates)", cell)

    def date(self, cell: bytes) -> Union[date, str, None]:
        found = _DATE(cell)
        if found is None:
            raise decode_error(self.name, "a DATE", cell)
        try:
            year, month, day = map(int, found.groups())
            return date(year, month, day)
        except ValueError:
            return self.zero_date(cell)

    def datetime(self, cell: bytes, tz: Optional[timezone] = None) -> Union[datetime, str, None]:
        found = _DATETIME(cell)
        if found is None:
            raise decode_error(self.name, "a DATETIME", cell)
        *parts, fraction = found.groups()
        try:
            year, month, day, hour, minute, second = map(int, parts)
            return datetime(year, month, day, hour, minute, second, _microseconds(fraction), tz)
        except ValueError:
            return self.zero_date(cell)

    def timedelta(self, cell: bytes) -> timedelta:
        found = _TIME(cell)
        if found is None or int(found[2]) > _MAX_TIME_HOURS:
            raise decode_error(self.name, "a TIME", cell)
        value = timedelta(
            hours=int(found[2]), minutes=int(found[3]), seconds=int(found[4]), microseconds=_microseconds(found[5])
        )
        return -value if found[1] else value

    def time(self, cell: bytes) -> Any:
        value = self.timedelta(cell)
        if value.days != 0 or cell[:1] == b"-":
            return self.fallback(value)
        minutes, second = divmod(value.seconds, 60)
        return time(*divmod(minutes, 60), second, value.microseconds)

    def bit(self, cell: bytes) -> int:
        if not 1 <= len(cell) <= 8:
            raise decode_error(self.name, "a BIT of 1 to 64", cell)
        return int.from_bytes(cell, "big")

    def set(self, cell: bytes) -> set:
        return set(self.text(cell).split(",")) if cell else set()

    def boolean(self, cell: bytes) -> Any:
        if cell == b"0" or cell == b"1":
            return cell == b"1"
        return self.fallback(self.integer(cell))

    def uuid(self, cell: bytes) -> Any:
        text = self.text(cell)
        if len(cell) == 36 and cell[8:24:5] == b"----":
            try:
                return UUID(text)
            except ValueError:
                return self.fallback(text)
        return self.fallback(text)

    def json(self, cell: bytes) -> Any:
        text = self.text(cell)
        try:
            return self.json_loads(text)
        except ValueError:
            return self.fallback(text)

    def vector(self, cell: bytes) -> List[float]:
        if len(cell) % 4:
            raise decode_error(self.name, "a VECTOR of 4-byte floats", cell)
        return list(unpack(f"<{len(cell) // 4}f", cell))


_LOADERS: Dict[int, Callable[..., Any]] = {
    Code.TEXT: _Column.text,
    Code.INT: _Column.integer,
    Code.FLOAT: _Column.number,
    Code.DECIMAL: _Column.decimal,
    Code.DATE: _Column.date,
    Code.TIMEDELTA: _Column.timedelta,
    Code.DATETIME: _Column.datetime,
    Code.DATETIME_UTC: partial(_Column.datetime, tz=_UTC),
    Code.BIT: _Column.bit,
    Code.SET: _Column.set,
    Code.BOOL: _Column.boolean,
    Code.TIME: _Column.time,
    Code.UUID: _Column.uuid,
    Code.JSON: _Column.json,
    Code.VECTOR: _Column.vector,
}


def _loader(plan: Plan, i: int) -> Callable[[Cell], Any]:
    """The function from a cell of column i, NULL included, to its value."""
    code = plan.codes[i]
    column = _Column(plan, i)
    if code == Code.BYTES:
        load: Optional[Loader] = None
    elif code in _LOADERS:
        load = partial(_LOADERS[code], column)
    else:
        raise ValueError(f"the plan's code {code} for column {column.name!r} is unknown")
    call = plan.calls[i] if plan.calls is not None else None

    def value(cell: Cell) -> Any:
        if cell is None:
            return None
        if type(cell) is not bytes:
            raise TypeError(f"column {column.name!r}: a cell is bytes or None, not {type(cell).__name__}")
        return cell if load is None else load(cell)

    if call is None:
        return value
    from_database, annotation = call
    return lambda cell: from_database(value(cell), annotation)


def decode_rows(plan: Plan, rows: Iterable[Sequence[Cell]]) -> List[Any]:
    """Rows of cells (each a sequence of bytes or None, as wide as the plan) -> list of dict or tuple.

    Raises DecodeError naming the column for a cell its code does not cover, ValueError for a row of
    another width, TypeError for a cell that is neither bytes nor None.
    """
    width = len(plan.names)
    if len(plan.codes) != width:
        raise ValueError("a plan needs one code for each column")
    for part in (plan.calls, plan.fallbacks):
        if part is not None and len(part) != width:
            raise ValueError("a plan needs one adapter or None for each column")
    if plan.keys is not None and len(plan.keys) != width:
        raise ValueError("a plan needs one key for each column")
    loaders = [_loader(plan, i) for i in range(width)]
    decoded: List[Any] = []
    for cells in rows:
        if len(cells) != width:
            raise ValueError(f"a row of {len(cells)} cells does not fit a plan of {width} columns")
        values = [load(cell) for load, cell in zip(loaders, cells)]
        decoded.append(tuple(values) if plan.keys is None else dict(zip(plan.keys, values)))
    return decoded
