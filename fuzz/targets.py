"""What is fuzzed: functions of bytes that both codecs must answer alike, and with nothing but ValueError or TypeError.

A wrong answer is an AssertionError; so is any other exception, and a crash speaks for itself.
"""

import struct
import uuid
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from typing import Any

from rhosocial.activerecord.backend.impl.mysqlclient import json_text, type_converters
from rhosocial.activerecord.backend.impl.mysqlclient.codec import _native, _python
from rhosocial.activerecord.backend.impl.mysqlclient.codec.abc import ZeroDates
from rhosocial.activerecord.backend.impl.mysqlclient.codec.plan import Column, Planner


class Color(Enum):
    RED = "red"
    ONE = 1


ANNOTATIONS = {
    "Enum": Color, "Decimal": Decimal, "Date": date, "Time": time, "Datetime": datetime, "UUID": uuid.UUID,
    "Boolean": bool, "Buffer": bytearray,
}  # fmt: skip
ADAPTERS = [
    None,
    *(
        {"c": (adapter, ANNOTATIONS.get(type(adapter).__name__[5:-7], object))}
        for adapter in type_converters.ADAPTERS
    ),
]

DECODE = struct.Struct("<BHBBB")  # column type, flags, charset 63 | utc << 1, zero_dates, adapter
BACKSLASH, KIND = 0x80, 0x7F


def shown(answer: Any) -> str:
    """repr, with sets in order: that of two sets with NaNs in them may differ."""
    if isinstance(answer, list):
        return f"[{', '.join(map(shown, answer))}]"
    if isinstance(answer, dict):
        return f"{{{', '.join(f'{key!r}: {shown(value)}' for key, value in answer.items())}}}"
    if isinstance(answer, (set, frozenset)):
        return f"{type(answer).__name__}({sorted(map(shown, answer))})"
    return repr(answer)


def outcome(function: Callable[..., Any], *arguments: Any) -> Any:
    """The result or the exception, such that 1, 1.0 and True, or 0.0 and -0.0, differ."""
    try:
        return shown(function(*arguments))
    except (ValueError, TypeError) as error:
        return type(error), str(error)
    except Exception as error:
        raise AssertionError(f"{type(error).__name__} is no answer to {arguments!r}") from error


def same(name: str, *arguments: Any) -> Any:
    """The answer of both codecs to ``name(*arguments)``."""
    expected, found = (outcome(getattr(codec, name), *arguments) for codec in (_python, _native))
    assert found == expected, f"{name}{arguments!r}: python {expected!r}, compiled {found!r}"
    return expected


def decode(data: bytes) -> Any:
    """(type, flags, charset, settings, adapter, cell) -> value."""
    if len(data) < DECODE.size:
        return None
    kind, flags, charset, zero_dates, adapter = DECODE.unpack_from(data)
    planner = Planner(bool(charset & 2), ZeroDates(zero_dates % len(ZeroDates)), json_text.json_loads)
    plain = planner.plain(0, lambda: (Column("c", kind, flags, bool(charset & 1), 0),))
    plan = planner.adapted(plain, ADAPTERS[adapter % len(ADAPTERS)])
    return same("decode_rows", plan, [(data[DECODE.size :],)])


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _integers(data: bytes, count: int) -> tuple[int, ...]:
    return struct.unpack(f"<{count}i", data[: 4 * count].ljust(4 * count, b"\0"))


def _datetime(data: bytes) -> datetime:
    days, seconds, micro, offset = _integers(data, 4)
    zone = timezone(timedelta(minutes=offset % 2880 - 1440 or 1)) if offset & 1 else None
    return datetime.fromordinal(1 + days % 3652059).replace(tzinfo=zone) + timedelta(
        seconds=seconds % 86400, microseconds=micro % 10**6
    )


def _timedelta(data: bytes) -> timedelta:
    seconds, micro = _integers(data, 2)
    return timedelta(seconds=seconds % 7_000_000 - 3_500_000, microseconds=micro)


VALUES: list[Callable[[bytes], Any]] = [
    _text,
    bytes,
    bytearray,
    memoryview,
    lambda data: int.from_bytes(data, "little", signed=True),
    lambda data: struct.unpack("<d", data[:8].ljust(8, b"\0"))[0],
    lambda data: Decimal(data.decode("ascii")),
    _datetime,
    lambda data: _datetime(data).date(),
    lambda data: _datetime(data).timetz(),
    _timedelta,
    lambda data: uuid.UUID(bytes=data[:16].ljust(16, b"\0")),
    lambda data: bool(data),
    lambda data: [None, {}, [], object, Color.RED][len(data) % 5],
]


def bind(data: bytes) -> Any:
    """(kind | backslash, content) -> the literal of a value made of it."""
    if not data:
        return None
    try:
        value = VALUES[(data[0] & KIND) % len(VALUES)](data[1:])
    except (ValueError, ArithmeticError):  # no such Decimal
        return None
    return same("bind", (b"<", b">"), (value,), bool(data[0] & BACKSLASH))


TARGETS: dict[str, Callable[[bytes], Any]] = {"decode": decode, "bind": bind}
