"""Parameters -> SQL literals -> statements, in plain Python. Its twin is csrc/literal.pyx, which
comes here for every value that is not of the common exact types, and for every error."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from math import isfinite
from typing import Any, Callable, Dict, List, Tuple, Union
from uuid import UUID

from ..abc import MAX_DECIMAL_DIGITS, MAX_TIME_SECONDS, EncodingError

# CPython refuses to print longer ones (sys.set_int_max_str_digits), and not in every version.
_INT_LIMIT = 10**4300
# The exponent a literal may have: without a limit '1E+999999999' is a gigabyte of zeros.
_MAX_DECIMAL_EXPONENT = MAX_DECIMAL_DIGITS
_MAX_TIME = timedelta(seconds=MAX_TIME_SECONDS, microseconds=999999)

_Writer = Callable[[Any], bytes]
Rows = Union[list, tuple]


def bind(parts: Tuple[bytes, ...], params: Any, backslash: bool) -> bytes:
    """The statement: ``parts`` of a Template with the literals of ``params`` between them.

    params: a sequence of as many values as there are placeholders.
    backslash: whether the session takes a backslash in a string as an escape.
    Raises TypeError for a type that has no literal, EncodingError for a str with a lone surrogate,
    ValueError for any other value without one and for a wrong number of parameters.
    """
    return _bind(parts, params, _WRITERS[bool(backslash)], 0)


def bind_rows(
    parts: Tuple[bytes, ...], rows: Rows, start: int, limit: int, backslash: bool, before: int = 0
) -> Tuple[bytes, int]:
    """``rows[start]`` and the rows after it, each bound into ``parts``, joined by commas.

    limit: the bytes the text may have; a first row that is longer is returned alone.
    before: how many rows there were before these, for the numbers in errors
    Returns the text and the index of the first row that is not in it. Raises as ``bind``, naming
    row and parameter, both counted from 1.
    """
    check_rows(rows, start)
    writers = _WRITERS[bool(backslash)]
    bound: List[bytes] = []
    length = -1
    index = start
    while index < len(rows):
        text = _bind(parts, rows[index], writers, before + index + 1)
        length += 1 + len(text)
        if bound and length > limit:
            break
        bound.append(text)
        index += 1
    return b",".join(bound), index


def _bind(parts: Tuple[bytes, ...], params: Any, writers: "_Writers", row: int) -> bytes:
    if type(params) is not tuple:
        params = as_tuple(params, row)
    if len(params) != len(parts) - 1:
        raise miscount(len(parts) - 1, len(params), row)
    out = []
    try:
        for part, value in zip(parts, params):
            out.append(part)
            out.append(writers[type(value)](value))
    except (TypeError, ValueError) as error:
        raise placed(error, row, len(out) // 2 + 1) from error.__cause__
    out.append(parts[-1])
    return b"".join(out)


def literal(value: Any, backslash: bool) -> bytes:
    """The literal of one value. Raises as ``bind`` does, without naming a parameter."""
    return _WRITERS[bool(backslash)][type(value)](value)


def as_tuple(params: Any, row: int) -> tuple:
    """The parameters as a tuple; ``row`` (from 1, 0: none) is for the error."""
    if type(params) is list:
        return tuple(params)
    if not isinstance(params, Sequence) or isinstance(params, (str, bytes, bytearray, memoryview)):
        raise TypeError(
            f"{_place(row)}parameters must be a list or tuple of values for the %s placeholders, "
            f"not a {type(params).__name__}"
        )
    return tuple(params)


def check_rows(rows: Any, start: int) -> None:
    if not isinstance(rows, (list, tuple)):
        raise TypeError(f"rows must be a list or tuple of rows, not a {type(rows).__name__}")
    if not 0 <= start < len(rows):
        raise ValueError(f"start must be the index of one of {len(rows)} rows, not {start}")


def miscount(placeholders: int, params: int, row: int) -> ValueError:
    wanted = f"{placeholders} placeholder" + ("" if placeholders == 1 else "s")
    given = f"{params} parameter" + (" was" if params == 1 else "s were")
    return ValueError(f"{_place(row)}the statement has {wanted}, {given} given")


def placed(error: Exception, row: int, parameter: int) -> Exception:
    """``error`` with the place it happened at, both counted from 1 (row 0: no rows)."""
    message = f"{_place(row, parameter)}{error}"
    for kind in (EncodingError, TypeError):
        if isinstance(error, kind):
            return kind(message).with_traceback(error.__traceback__)
    return ValueError(message).with_traceback(error.__traceback__)


def _place(row: int, parameter: int = 0) -> str:
    named = (("row", row), ("parameter", parameter))
    place = ", ".join(f"{name} {number}" for name, number in named if number)
    return place + ": " if place else ""


# Writers: one for each exact type. Within '...' the server needs only the quote doubled, and the
# backslash where it escapes (MySQL manual 11.1.1); the connection is utf8mb4, so bytes are safe.


def _none(value: None) -> bytes:
    return b"NULL"


def _bool(value: bool) -> bytes:
    return b"1" if value else b"0"


def _int(value: int) -> bytes:
    if not -_INT_LIMIT < value < _INT_LIMIT:
        raise ValueError("an int of more than 4300 digits cannot be bound")
    return b"%d" % value


def _float(value: float) -> bytes:
    if not isfinite(value):
        raise ValueError(f"MySQL has no {value!r}: a float must be finite")
    text = repr(value)
    if "e" not in text:  # without an exponent it is a DECIMAL literal (MySQL manual 11.1.2)
        text += "e0"
    return text.encode()


def _decimal(value: Decimal) -> bytes:
    if not value.is_finite():
        raise ValueError("MySQL has no NaN or Infinity: a Decimal must be finite")
    digits = len(value.as_tuple().digits)
    if digits > MAX_DECIMAL_DIGITS or abs(value.adjusted()) > _MAX_DECIMAL_EXPONENT:
        raise ValueError(
            f"a Decimal of {digits} digits and exponent {value.adjusted()}: MySQL's DECIMAL holds "
            f"{MAX_DECIMAL_DIGITS} digits"
        )
    return format(value, "f").encode()


def _utf8(value: str) -> bytes:
    try:
        return value.encode()
    except UnicodeEncodeError as error:
        raise EncodingError(
            f"a str with a lone surrogate at position {error.start}: utf-8 cannot hold it"
        ) from None


def _str(value: str) -> bytes:
    return b"'" + _utf8(value).replace(b"'", b"''") + b"'"


def _str_backslash(value: str) -> bytes:
    return b"'" + _utf8(value).replace(b"\\", b"\\\\").replace(b"'", b"''") + b"'"


def _bytes(value: bytes) -> bytes:
    return b"_binary'" + bytes(value).replace(b"'", b"''") + b"'"


def _bytes_backslash(value: bytes) -> bytes:
    return b"_binary'" + bytes(value).replace(b"\\", b"\\\\").replace(b"'", b"''") + b"'"


def _datetime(value: datetime) -> bytes:
    if value.tzinfo is not None:
        offset = value.utcoffset()
        value = value.replace(tzinfo=None)
        if offset is not None:
            try:
                value -= offset
            except OverflowError:
                raise ValueError("a datetime outside of the years 1 to 9999 in UTC") from None
    return b"'%b'" % value.isoformat(" ").encode()


def _date(value: date) -> bytes:
    return b"'%b'" % value.isoformat().encode()


def _time(value: time) -> bytes:
    if value.tzinfo is not None:
        raise ValueError("MySQL's TIME has no time zone: pass a time without tzinfo")
    return b"'%b'" % value.isoformat().encode()


def _timedelta(value: timedelta) -> bytes:
    if not -_MAX_TIME <= value <= _MAX_TIME:
        raise ValueError("a timedelta beyond 838:59:59, the most that MySQL's TIME holds")
    sign = b"-" if value.days < 0 else b""
    value = abs(value)
    minutes, seconds = divmod(value.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = b".%06d" % value.microseconds if value.microseconds else b""
    return b"'%b%02d:%02d:%02d%b'" % (sign, value.days * 24 + hours, minutes, seconds, fraction)


def _uuid(value: UUID) -> bytes:
    return _str(str(value))


# Instances of a subclass are bound by their content: its methods may say anything.
# fmt: off
_CONTENT: Tuple[Tuple[type, Callable[[Any], Any]], ...] = (
    (str, str.__str__),
    (int, int.__int__),
    (float, float.__float__),
    (Decimal, Decimal),
    (bytes, lambda value: bytes.__getitem__(value, slice(None))),
    (bytearray, lambda value: bytearray.__getitem__(value, slice(None))),
    (datetime, lambda value: datetime.combine(datetime.date(value), datetime.timetz(value))),
    (date, lambda value: date.fromordinal(date.toordinal(value))),
    (time, lambda value: datetime.combine(date.min, value).timetz()),
    (timedelta, lambda value: timedelta.__add__(value, timedelta())),
    (UUID, lambda value: UUID(int=vars(UUID)["int"].__get__(value))),
)
# fmt: on


class _Writers(Dict[type, _Writer]):
    """The writer of each type. A subclass's is made each time: a cache would keep classes alive."""

    def __missing__(self, cls: type) -> _Writer:
        if issubclass(cls, Enum):
            raise TypeError(
                f"cannot bind a {cls.__name__}: pass the Enum member's value or register a type "
                "adapter"
            )
        for base, content in _CONTENT:
            if issubclass(cls, base):
                write = self[base]
                return lambda value: write(content(value))
        raise TypeError(
            f"cannot bind a {cls.__name__}; pass None, bool, int, float, Decimal, str, bytes, "
            "bytearray, memoryview, datetime, date, time, timedelta or UUID, or register a type "
            "adapter"
        )


def _writers(text: _Writer, binary: _Writer) -> _Writers:
    return _Writers({
        type(None): _none, bool: _bool, int: _int, float: _float, Decimal: _decimal,
        str: text, bytes: binary, bytearray: binary, memoryview: binary,
        datetime: _datetime, date: _date, time: _time, timedelta: _timedelta, UUID: _uuid,
    })  # fmt: skip


_WRITERS = (_writers(_str, _bytes), _writers(_str_backslash, _bytes_backslash))
