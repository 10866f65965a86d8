"""One table of cells and what they decode to, run on every implementation."""

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any, List, NamedTuple

from rhosocial.activerecord.backend.impl.mysqlclient.codec.abc import Code

UTC = dt.timezone.utc


class Sample(NamedTuple):
    code: Code
    cell: bytes
    value: Any


def _same(code: Code, *pairs: Any) -> List[Sample]:
    return [Sample(code, cell, value) for cell, value in pairs]


UUID_TEXT = b"12345678-1234-5678-1234-567812345678"

SAMPLES: List[Sample] = [
    *_same(Code.BYTES, (b"", b""), (b"\x00\xff'\\", b"\x00\xff'\\")),
    *_same(Code.TEXT, (b"", ""), (b"plain", "plain"), ("żółw 🐢\0".encode(), "żółw 🐢\0")),
    *_same(
        Code.INT,
        (b"0", 0),
        (b"-1", -1),
        (b"00042", 42),
        (b"9223372036854775807", 2**63 - 1),
        (b"-9223372036854775808", -(2**63)),
        (b"18446744073709551615", 2**64 - 1),
    ),
    *_same(
        Code.FLOAT,
        (b"0", 0.0),
        (b"-0", -0.0),
        (b"1.5", 1.5),
        (b"5e-324", 5e-324),
        (b"1.7976931348623157e308", 1.7976931348623157e308),
        (b"-2.5E+10", -2.5e10),
        (b"1" + b"0" * 100, 1e100),
    ),
    *_same(
        Code.DECIMAL,
        (b"0", Decimal(0)),
        (b"0.00", Decimal("0.00")),
        (b"-1.10", Decimal("-1.10")),
        (b"9" * 35 + b"." + b"9" * 30, Decimal("9" * 35 + "." + "9" * 30)),
    ),
    *_same(Code.DATE, (b"2024-02-29", dt.date(2024, 2, 29)), (b"9999-12-31", dt.date.max), (b"0001-01-01", dt.date.min)),
    *_same(
        Code.DATETIME,
        (b"2024-01-02 03:04:05", dt.datetime(2024, 1, 2, 3, 4, 5)),
        (b"2024-01-02 03:04:05.1", dt.datetime(2024, 1, 2, 3, 4, 5, 100_000)),
        (b"9999-12-31 23:59:59.999999", dt.datetime.max),
    ),
    *_same(Code.DATETIME_UTC, (b"2024-01-02 03:04:05.000006", dt.datetime(2024, 1, 2, 3, 4, 5, 6, UTC))),
    *_same(
        Code.TIMEDELTA,
        (b"00:00:00", dt.timedelta(0)),
        (b"-00:00:01", -dt.timedelta(seconds=1)),
        (b"-00:00:00.000001", -dt.timedelta(microseconds=1)),
        (b"838:59:59.000000", dt.timedelta(hours=838, minutes=59, seconds=59)),
        (b"-838:59:59", -dt.timedelta(hours=838, minutes=59, seconds=59)),
        (b"24:00:00.5", dt.timedelta(days=1, microseconds=500_000)),
    ),
    *_same(Code.TIME, (b"23:59:59.999999", dt.time.max), (b"00:00:00", dt.time.min)),
    *_same(Code.BIT, (b"\x00", 0), (b"\x01", 1), (b"\xff" * 8, 2**64 - 1), (b"\x01\x00", 256)),
    *_same(Code.SET, (b"", set()), (b"a", {"a"}), ("a,ż".encode(), {"a", "ż"})),
    *_same(Code.BOOL, (b"0", False), (b"1", True)),
    *_same(Code.UUID, (UUID_TEXT, uuid.UUID(UUID_TEXT.decode()))),
    *_same(Code.JSON, (b'{"a": [1, null, "x"]}', {"a": [1, None, "x"]}), (b"1", 1), (b'"s"', "s")),
    *_same(Code.VECTOR, (b"", []), (b"\x00\x00\x80\x3f\x00\x00\x00\xc0", [1.0, -2.0])),
]

# Cells that are not what their code says: an error naming the column, on every implementation.
BROKEN: List[Sample] = [
    Sample(code, cell, None)
    for code, cells in {
        Code.TEXT: (b"\xff", b"\xed\xa0\x80"),
        Code.INT: (b"", b"-", b"+1", b"12a", b" 1", b"1_0", b"1.0", b"18446744073709551616", b"-9223372036854775809", b"1" * 21),
        Code.FLOAT: (b"", b"-", b".", b"1e", b"1e+", b"--1", b"+1", b"nan", b"inf", b"1_0", b" 1", b"e5", b"1.2.3", b"1-2"),
        Code.DECIMAL: (b"", b"-", b".", b"1e5", b"NaN", b"Infinity", b"+1", b"1_0", b"1..2"),
        Code.DATE: (b"", b"2024-1-1", b"2024/01/01", b"2024-01-011", b"abcd-01-01", b"2024-01-01 00:00:00"),
        Code.DATETIME: (b"", b"2024-01-02", b"2024-01-02T03:04:05", b"2024-01-02 24:00:00", b"2024-01-02 03:04:05.",
                        b"2024-01-02 03:04:05.1234567", b"2024-01-02 03:60:05", b"2024-01-02 03:04:05x"),
        Code.TIMEDELTA: (b"", b"-", b"1:00:00", b"99:99", b"839:00:00", b"00:60:00", b"00:00:60", b"00:00:00.", b"0000:00:00"),
        Code.BIT: (b"", b"\x00" * 9),
        Code.VECTOR: (b"abc",),
        Code.SET: (b"\xff",),
    }.items()
    for cell in cells
]

# Days that MySQL stores and Python's calendar does not have.
ZERO_DATES: List[Sample] = [
    Sample(code, cell, None)
    for code, cells in {
        Code.DATE: (b"0000-00-00", b"2024-00-15", b"2024-02-30", b"0000-01-01", b"2023-02-29", b"2024-13-01"),
        Code.DATETIME: (b"0000-00-00 00:00:00", b"2024-00-15 10:00:00.5"),
        Code.DATETIME_UTC: (b"2024-04-31 23:59:59",),
    }.items()
    for cell in cells
]
