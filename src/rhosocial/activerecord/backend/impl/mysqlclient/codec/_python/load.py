"""Rows -> lines of LOAD DATA's text format. Nothing is written that the server would not store as INSERT stores it."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Dict, FrozenSet, List, Tuple
from uuid import UUID

from ..abc import Load
from .literal import Rows, as_tuple, check_rows, literal, miscount, placed

_NUMBERS = frozenset((int, bool))
_TEXTS = frozenset((str, datetime, date, time, timedelta, UUID))
_BYTES = frozenset((bytes, bytearray, memoryview))
# INSERT writes other values as literals of another type than the text that LOAD DATA reads.
_TAKEN: Dict[Load, FrozenSet[type]] = {
    Load.INTEGER: _TEXTS | _NUMBERS,
    Load.DECIMAL: _TEXTS | _NUMBERS | {Decimal},
    Load.FLOAT: _TEXTS | _NUMBERS | {Decimal, float},
    Load.YEAR: _TEXTS | _NUMBERS,
    Load.BIT: _NUMBERS,
    Load.TEXT: _TEXTS | _NUMBERS | {Decimal},
    Load.MEMBER: _TEXTS,
    Load.BINARY: _TEXTS | _BYTES,
}
_ESCAPES = ((b"\\", b"\\\\"), (b"\t", b"\\t"), (b"\n", b"\\n"))


def load_rows(kinds: bytes, rows: Rows, start: int, limit: int, before: int = 0) -> Tuple[bytes, int]:
    """``rows[start]`` and the rows after it as lines for LOAD DATA.

    kinds: a codec.abc.Load for each column
    limit: the bytes the text may have; a first row that is longer is returned alone.
    before: how many rows there were before these, for the numbers in errors
    Returns the text and the index of the first row that is not in it. Raises as ``bind``, and TypeError for a value
    that LOAD DATA would not store in such a column as INSERT does.
    """
    check_kinds(kinds)
    check_rows(rows, start)
    lines: List[bytes] = []
    length = 0
    index = start
    while index < len(rows):
        line = _line(kinds, rows[index], before + index + 1)
        length += len(line)
        if lines and length > limit:
            break
        lines.append(line)
        index += 1
    return b"".join(lines), index


def check_kinds(kinds: bytes) -> None:
    if not kinds or max(kinds) >= len(Load):
        raise ValueError("kinds must be a codec.abc.Load for each column")


def _line(kinds: bytes, row: Any, number: int) -> bytes:
    values = row if type(row) is tuple else as_tuple(row, number)
    if len(values) != len(kinds):
        raise miscount(len(kinds), len(values), number)
    fields: List[bytes] = []
    try:
        for value, kind in zip(values, kinds):
            fields.append(field(value, kind))
    except (TypeError, ValueError) as error:
        raise placed(error, number, len(fields) + 1) from error.__cause__
    return b"\t".join(fields) + b"\n"


def field(value: Any, kind: int) -> bytes:
    """One value as a field of a column of a codec.abc.Load."""
    if value is None:
        return b"\\N"
    base = next((base for base in type(value).__mro__ if base in _KNOWN), None)
    written = literal(value, False)
    if base not in _TAKEN[Load(kind)]:
        raise TypeError(
            f"bulk_load cannot store a {type(value).__name__} in a column of kind {Load(kind).name} as INSERT does: "
            "convert it, or use execute_many"
        )
    if base in _NUMBERS:
        return b"%04d" % int(written) if kind == Load.YEAR and written.isdigit() else written
    if base in (Decimal, float):
        return written
    content = written.partition(b"'")[2][:-1].replace(b"''", b"'")
    if kind == Load.BINARY:
        return content.hex().encode()
    for char, escaped in _ESCAPES:
        content = content.replace(char, escaped)
    return content


_KNOWN = frozenset().union(*_TAKEN.values())
