"""Cells and what they decode to, and every MySQL type with values that go there and back: run on every implementation.

TYPES is also the table of docs/types.md (`python tests/codec/samples.py` prints it), and what the servers are given.
"""

import datetime as dt
import enum
import uuid
from decimal import Decimal
from typing import Any, List, NamedTuple, Optional, Sequence, Tuple, Union

from rhosocial.activerecord.backend.impl.mysqlclient.codec import _python
from rhosocial.activerecord.backend.impl.mysqlclient.codec.abc import Code
from rhosocial.activerecord.backend.impl.mysqlclient.codec.plan import SET_FLAG, Column, Plan, Planner
from rhosocial.activerecord.backend.impl.mysqlclient.geometry import linestring, point, polygon
from rhosocial.activerecord.backend.impl.mysqlclient.json_text import json_loads, json_quick
from rhosocial.activerecord.backend.impl.mysqlclient.type_converters import (
    MySQLBooleanAdapter,
    MySQLBufferAdapter,
    MySQLEnumAdapter,
    MySQLFrozenSetAdapter,
    MySQLJSONAdapter,
    MySQLSetAdapter,
    MySQLTimeAdapter,
    MySQLUUIDAdapter,
    MySQLVectorAdapter,
)

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
    *_same(Code.DATE, (b"2024-02-29", dt.date(2024, 2, 29)), (b"9999-12-31", dt.date.max),
    (b"0001-01-01", dt.date.min)),
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
        Code.INT: (b"", b"-", b"+1", b"12a", b" 1", b"1_0", b"1.0", b"18446744073709551616",
        b"-9223372036854775809", b"1" * 21),
        Code.FLOAT: (b"", b"-", b".", b"1e", b"1e+", b"--1", b"+1", b"nan", b"inf", b"1_0", b" 1", b"e5", b"1.2.3",
        b"1-2"),
        Code.DECIMAL: (b"", b"-", b".", b"1e5", b"NaN", b"Infinity", b"+1", b"1_0", b"1..2"),
        Code.DATE: (b"", b"2024-1-1", b"2024/01/01", b"2024-01-011", b"abcd-01-01", b"2024-01-01 00:00:00"),
        Code.DATETIME: (b"", b"2024-01-02", b"2024-01-02T03:04:05", b"2024-01-02 24:00:00", b"2024-01-02 03:04:05.",
                        b"2024-01-02 03:04:05.1234567", b"2024-01-02 03:60:05", b"2024-01-02 03:04:05x"),
        Code.TIMEDELTA: (b"", b"-", b"1:00:00", b"99:99", b"839:00:00", b"00:60:00", b"00:00:60", b"00:00:00.",
        b"0000:00:00"),
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


# ---- types


class Stored(NamedTuple):
    """A value, and what the server says it keeps: text, or the bytes where it is asked for HEX.

    flavors: the servers that keep it so. back: what is read, where it is not ``value`` itself.
    """

    value: Any
    kept: Union[str, bytes]
    flavors: Tuple[str, ...] = ("mysql", "mariadb")
    back: Any = None


class Type(NamedTuple):
    """A column type, both ways.

    field:  enum_field_types and flags that the server reports, for the codec alone
    python: as the documentation has it
    limits: what it holds. edges: what happens outside
    adapter: (adapter, annotation, driver type) where the field of a model brings one
    """

    column: str
    field: Tuple[int, int]
    python: str
    samples: Sequence[Stored]
    limits: str
    edges: str
    adapter: Optional[Tuple[Any, Any, type]] = None
    binary: bool = False

    def bound(self, value: Any) -> Any:
        """What is bound for ``value``."""
        return value if self.adapter is None else self.adapter[0].to_database(value, self.adapter[2])

    def plan(self) -> Plan:
        """The plan of a result with this column alone, as ``v``."""
        planner = Planner(json_loads=json_loads, json_quick=json_quick)
        plain = planner.plain(self.column, lambda: (Column("v", *self.field, self.binary, 0),))
        return planner.adapted(plain, {"v": self.adapter[:2]} if self.adapter else None)

    def cell(self, sample: Stored) -> bytes:
        return sample.kept if isinstance(sample.kept, bytes) else sample.kept.encode()


class Color(enum.Enum):
    RED = "red"
    DARK = "it's dark"


class Level(enum.IntEnum):
    LOW = 10


def _integers(column: str, kind: int, bits: int, unsigned: bool = False) -> Type:
    low, high = (0, 2**bits - 1) if unsigned else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    return Type(
        column, (kind, 0), "int", [Stored(n, str(n)) for n in dict.fromkeys((high, low, 1))],
        f"{low} to {high}", "error 1264",
    )  # fmt: skip


def _spaced(text: str, compact: Optional[str] = None, value: Any = None) -> List[Stored]:
    """A JSON document as MySQL keeps it, normalised, and as MariaDB does, which keeps the text."""
    return [Stored(value, text, ("mysql",)), Stored(value, compact or text, ("mariadb",))]


MYSQL, MARIADB = ("mysql",), ("mariadb",)
_SOME_UUID = uuid.UUID("00112233-4455-6677-8899-aabbccddeeff")
_LAST_SECOND = dt.timedelta(hours=838, minutes=59, seconds=59)
_POINT, _LINE = point(1.5, -2.0, srid=4326), linestring([(0, 0), (1, 1), (2, 0)])
_SQUARE = polygon([[(0, 0), (4, 0), (4, 4), (0, 4), (0, 0)], [(1, 1), (2, 1), (2, 2), (1, 1)]])


def _utc(*parts: int) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


TYPES: List[Type] = [
    _integers("TINYINT", 1, 8),
    _integers("TINYINT UNSIGNED", 1, 8, True),
    _integers("SMALLINT", 2, 16),
    _integers("SMALLINT UNSIGNED", 2, 16, True),
    _integers("MEDIUMINT", 9, 24),
    _integers("MEDIUMINT UNSIGNED", 9, 24, True),
    _integers("INT", 3, 32),
    _integers("INT UNSIGNED", 3, 32, True),
    _integers("BIGINT", 8, 64),
    _integers("BIGINT UNSIGNED", 8, 64, True),
    Type(
        "TINYINT(1)", (1, 0), "bool", [Stored(True, "1"), Stored(False, "0")],
        "only where the model's field or the adapter says bool, else int", "any number but 0 reads as True",
        (MySQLBooleanAdapter(), bool, int),
    ),
    Type(
        "BIT(1)", (16, 0), "int", [Stored(1, b"\x01"), Stored(0, b"\x00")], "0 and 1", "error 1406", binary=True
    ),
    Type(
        "BIT(64)", (16, 0), "int",
        [Stored(2**64 - 1, b"\xff" * 8), Stored(0, bytes(8)), Stored(256, b"\0\0\0\0\0\0\1\0")],
        "0 to 2^n - 1 in BIT(n)", "error 1406", binary=True,
    ),
    Type(
        "DECIMAL(65,30)", (246, 0), "Decimal",
        [
            Stored(Decimal("-12.50"), "-12.500000000000000000000000000000"),
            Stored(Decimal("9" * 35 + "." + "9" * 30), "9" * 35 + "." + "9" * 30),
            Stored(Decimal("-1E-30"), "-0." + "0" * 29 + "1"),
            Stored(Decimal("1E+3"), "1000." + "0" * 30),
            Stored(Decimal(0), "0." + "0" * 30),
        ],
        "65 digits, 30 of them after the point",
        "digits after the point are rounded with note 1265, those before it are error 1264; "
        "NaN, infinities and more than 65 digits are refused when bound",
    ),
    Type(
        "DOUBLE", (5, 0), "float",
        [
            Stored(1.5, "1.5"),
            Stored(0.1, "0.1"),
            Stored(1 / 3, "0.3333333333333333"),
            Stored(5e-324, "5e-324"),
            Stored(1.7976931348623157e308, "1.7976931348623157e308"),
            Stored(1e16, "1e16"),
            Stored(-0.0, "-0", MYSQL),
            Stored(-0.0, "0", MARIADB, back=0.0),
        ],
        "every finite float, bit by bit", "NaN and infinities are refused when bound; MariaDB keeps -0.0 as 0.0",
    ),
    Type(
        "FLOAT", (4, 0), "float",
        [Stored(-0.25, "-0.25"), Stored(3.40282e38, "3.40282e38"), Stored(1 / 3, "0.333333", back=0.333333)],
        "4 bytes: 6 digits",
        "the server itself shows 6 digits: SELECT col + 0e0 reads all of them; beyond 3.4e38 error 1264",
    ),
    Type(
        "DATE", (10, 0), "date",
        [Stored(dt.date(2024, 2, 29), "2024-02-29"), Stored(dt.date.min, "0001-01-01"),
         Stored(dt.date.max, "9999-12-31")],
        "years 1 to 9999", "0000-00-00, 2024-00-15: None, an error or text, as zero_dates says",
    ),
    Type(
        "DATETIME", (12, 0), "datetime",
        [Stored(_utc(2024, 2, 29, 23, 59, 59), "2024-02-29 23:59:59"),
         Stored(_utc(2024, 1, 2, 3, 4, 5, 400_000), "2024-01-02 03:04:05", back=_utc(2024, 1, 2, 3, 4, 5)),
         Stored(_utc(2024, 1, 2, 3, 4, 5, 999_999), "2024-01-02 03:04:06", MYSQL, _utc(2024, 1, 2, 3, 4, 6)),
         Stored(_utc(2024, 1, 2, 3, 4, 5, 999_999), "2024-01-02 03:04:05", MARIADB, _utc(2024, 1, 2, 3, 4, 5))],
        "years 1 to 9999, whole seconds", "MySQL rounds a fraction, MariaDB cuts it off; zero dates as zero_dates says",
    ),
    Type(
        "DATETIME(3)", (12, 0), "datetime", [Stored(_utc(2024, 1, 2, 3, 4, 5, 6000), "2024-01-02 03:04:05.006")],
        "milliseconds", "as DATETIME",
    ),
    Type(
        "DATETIME(6)", (12, 0), "datetime",
        [Stored(_utc(2024, 1, 2, 3, 4, 5, 6), "2024-01-02 03:04:05.000006"),
         Stored(_utc(1, 1, 1), "0001-01-01 00:00:00.000000"),
         Stored(_utc(9999, 12, 31, 23, 59, 59, 999_999), "9999-12-31 23:59:59.999999"),
         Stored(dt.datetime(2024, 7, 1, 12, tzinfo=dt.timezone(dt.timedelta(hours=9))), "2024-07-01 03:00:00.000000")],
        "microseconds",
        "aware values are written in UTC and read back in UTC; with timezone=None values are naive both ways",
    ),
    Type(
        "TIMESTAMP", (7, 0), "datetime",
        [Stored(_utc(2038, 1, 19, 3, 14, 7), "2038-01-19 03:14:07"),
         Stored(_utc(1970, 1, 1, 0, 0, 1), "1970-01-01 00:00:01")],
        "1970-01-01 00:00:01 to 2038-01-19 03:14:07 UTC", "error 1292",
    ),
    Type(
        "TIMESTAMP(6)", (7, 0), "datetime",
        [Stored(_utc(2024, 1, 2, 3, 4, 5, 6), "2024-01-02 03:04:05.000006")], "as TIMESTAMP", "error 1292",
    ),
    Type(
        "TIME", (11, 0), "timedelta",
        [Stored(-dt.timedelta(hours=30, seconds=1), "-30:00:01"), Stored(dt.timedelta(0), "00:00:00"),
         Stored(_LAST_SECOND, "838:59:59"), Stored(-_LAST_SECOND, "-838:59:59")],
        "-838:59:59 to 838:59:59", "a timedelta beyond is refused when bound",
    ),
    Type(
        "TIME(6)", (11, 0), "timedelta",
        [Stored(-dt.timedelta(microseconds=1), "-00:00:00.000001"),
         Stored(_LAST_SECOND - dt.timedelta(microseconds=1), "838:59:58.999999"),
         Stored(_LAST_SECOND, "838:59:59.000000"),
         Stored(_LAST_SECOND + dt.timedelta(microseconds=999_999), "838:59:59.999999", MARIADB),
         Stored(-_LAST_SECOND - dt.timedelta(microseconds=999_999), "-838:59:59.999999", MARIADB)],
        "-838:59:59.000000 to 838:59:59.000000, in MariaDB .999999", "MySQL has error 1292 within the last second",
    ),
    Type(
        "TIME(6)", (11, 0), "time",
        [Stored(dt.time(23, 59, 59, 999_999), "23:59:59.999999"), Stored(dt.time.min, "00:00:00.000000")],
        "where the field is a time: one of a day", "a TIME that is none is an error that says timedelta",
        (MySQLTimeAdapter(), dt.time, dt.time),
    ),
    Type(
        "YEAR", (13, 0), "int", [Stored(2155, "2155"), Stored(1901, "1901"), Stored(0, "0000"),
        Stored(99, "1999", back=1999)],
        "0 and 1901 to 2155", "1 to 99 are 1970 to 2069; else error 1264",
    ),
    Type(
        "CHAR(20)", (254, 0), "str",
        [Stored("it's \\ \N{SNOWMAN}", "it's \\ \N{SNOWMAN}"), Stored("", ""), Stored("end  ", "end", back="end")],
        "255 characters", "spaces at the end are lost; longer is error 1406",
    ),
    Type(
        "VARCHAR(60)", (253, 0), "str",
        [Stored("it's", "it's"), Stored("\"`'\\%s?:\n\r\t\x1a\0", "\"`'\\%s?:\n\r\t\x1a\0"),
         Stored("e\u0301 \u00e9 \U0001f600 ", "e\u0301 \u00e9 \U0001f600 ")],
        "65535 bytes a row", "error 1406",
    ),
    Type("LONGTEXT", (252, 0), "str", [Stored("ż" * 70_000, "ż" * 70_000)], "4 GiB, max_allowed_packet", "error 1406"),
    Type(
        "CHAR(36)", (254, 0), "UUID", [Stored(_SOME_UUID, str(_SOME_UUID)),
        Stored(uuid.UUID(int=0), str(uuid.UUID(int=0)))],
        "where the field is a UUID", "text that is none is an error", (MySQLUUIDAdapter(), uuid.UUID, str),
    ),
    Type(
        "BINARY(16)", (254, 128), "UUID", [Stored(_SOME_UUID, _SOME_UUID.bytes)],
        "where the field is a UUID written as bytes", "other than 16 bytes is an error",
        (MySQLUUIDAdapter(), uuid.UUID, bytes), binary=True,
    ),
    Type(
        "BINARY(4)", (254, 128), "bytes", [Stored(b"\0'\\\xff", b"\0'\\\xff"), Stored(b"ab",
        b"ab\0\0", back=b"ab\0\0")],
        "255 bytes", "shorter is filled up with zero bytes; longer is error 1406", binary=True,
    ),
    Type(
        "VARBINARY(300)", (253, 128), "bytes", [Stored(bytes(range(256)), bytes(range(256))), Stored(b"", b"")],
        "65535 bytes a row", "error 1406", binary=True,
    ),
    Type(
        "BLOB", (252, 144), "bytes",
        [Stored(b"\x00\xff'\\", b"\x00\xff'\\"), Stored(bytearray(b"ab'"), b"ab'", back=b"ab'"),
         Stored(memoryview(b"a\\b")[::-1], b"b\\a", back=b"b\\a")],
        "64 KiB; LONGBLOB 4 GiB, max_allowed_packet", "error 1406", binary=True,
    ),
    Type(
        "LONGBLOB", (251, 144), "bytearray", [Stored(bytearray(b"\xbf'" * 5), b"\xbf'" * 5)],
        "where the field is a bytearray or memoryview", "error 1406",
        (MySQLBufferAdapter(), bytearray, bytes), binary=True,
    ),
    Type(
        "ENUM('red','it''s dark')", (254, 256), "str", [Stored("it's dark", "it's dark"), Stored("red", "red")],
        "its members", "error 1265",
    ),
    Type(
        "ENUM('red','it''s dark')", (254, 256), "Enum", [Stored(Color.DARK, "it's dark"), Stored(Color.RED, "red")],
        "where the field is an Enum: by value", "a value that no member has is an error",
        (MySQLEnumAdapter(), Color, str),
    ),
    Type(
        "INT", (3, 0), "IntEnum", [Stored(Level.LOW, "10")], "where the field is an Enum of ints: by value",
        "a value that no member has is an error", (MySQLEnumAdapter(), Level, int),
    ),
    Type(
        "SET('a','b','ż')", (254, SET_FLAG), "set", [Stored({"b", "ż"}, "b,ż"), Stored(set(), ""), Stored({"a"}, "a")],
        "64 members", "others are error 1265, more are refused", (MySQLSetAdapter(), set, str),
    ),
    Type(
        "SET('a','b')", (254, SET_FLAG), "frozenset", [Stored(frozenset("ab"), "a,b")],
        "where the field is a frozenset",
        "as set", (MySQLFrozenSetAdapter(), frozenset, str),
    ),
    Type(
        "JSON", (245, 0), "dict",
        [
            *_spaced('{"a": [1, null, {"ż": "it\'s"}]}', '{"a":[1,null,{"ż":"it\'s"}]}',
            {"a": [1, None, {"ż": "it's"}]}),
            *_spaced('{"n": 18446744073709551615}', '{"n":18446744073709551615}', {"n": 2**64 - 1}),
            Stored({"n": 10**30}, '{"n":1000000000000000000000000000000}', MARIADB),
            Stored({"n": 10**30}, '{"n": 1e30}', MYSQL, back={"n": 1e30}),
        ],
        "where the field is a dict, a list or a pydantic model, else str",
        "MySQL keeps integers beyond 64 bits as DOUBLE and sorts keys; NaN and unknown types are refused when bound",
        (MySQLJSONAdapter(), dict, str),
    ),
    Type(
        "JSON", (245, 0), "list",
        [*_spaced("[1, -9223372036854775808, [[]]]", "[1,-9223372036854775808,[[]]]", [1, -(2**63), [[]]])],
        "List[int] and such", "as dict", (MySQLJSONAdapter(), List[int], str),
    ),
    Type("JSON", (245, 0), "str", [Stored('{"a": 1}', '{"a": 1}'), Stored('"text"', '"text"')],
         "without a field that says otherwise: the text", "what is no JSON is error 3140 (MariaDB 4025)"),
    Type(
        "GEOMETRY", (255, 144), "bytes", [Stored(_POINT, _POINT), Stored(_LINE, _LINE), Stored(_SQUARE, _SQUARE)],
        "SRID and WKB; the module geometry makes and reads points, lines and polygons", "error 1416", binary=True,
    ),
    Type(
        "VECTOR(3)", (242, 128), "list", [Stored([1.0, -0.5, 3.4028234663852886e38],
        b"\0\0\x80\x3f\0\0\0\xbf\xff\xff\x7f\x7f", MYSQL)],
        "MySQL 9: 16383 floats of 4 bytes, given as `Vector`",
        "more is error 1406, fewer are kept; text is error 6136; NaN is refused",
        (MySQLVectorAdapter(), List[float], bytes), binary=True,
    ),
]  # fmt: skip

# What the servers refuse: column, value, errno of MySQL and of MariaDB.
REFUSED: List[Tuple[str, Any, int, int]] = [
    *(
        (f"{column}{suffix}", value, 1264, 1264)
        for column, bits in (("TINYINT", 8), ("SMALLINT", 16), ("MEDIUMINT", 24), ("INT", 32), ("BIGINT", 64))
        for suffix, values in (("", (2 ** (bits - 1), -(2 ** (bits - 1)) - 1)), (" UNSIGNED", (2**bits, -1)))
        for value in values
    ),
    ("BIGINT", 10**60, 1264, 1264),
    ("BIT(1)", 2, 1406, 1406),
    ("BIT(8)", 256, 1406, 1406),
    ("DECIMAL(5,2)", Decimal("1000"), 1264, 1264),
    ("FLOAT", 1e39, 1264, 1264),
    ("TIMESTAMP", dt.datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC), 1292, 1292),
    ("TIMESTAMP", dt.datetime(1969, 12, 31, tzinfo=UTC), 1292, 1292),
    ("YEAR", 1900, 1264, 1264),
    ("YEAR", 2156, 1264, 1264),
    ("CHAR(2)", "abc", 1406, 1406),
    ("VARCHAR(2)", "abc", 1406, 1406),
    ("VARCHAR(2) CHARACTER SET latin1", "ż", 1366, 1366),
    ("TINYTEXT", "a" * 256, 1406, 1406),
    ("BINARY(2)", b"abc", 1406, 1406),
    ("TINYBLOB", b"a" * 256, 1406, 1406),
    ("ENUM('a','b')", "c", 1265, 1265),
    ("SET('a','b')", {"c"}, 1265, 1265),
    ("JSON", "{broken", 3140, 4025),
    ("GEOMETRY", b"abc", 1416, 1416),
    ("INT", "12a", 1265, 1265),
    ("INT", "a", 1366, 1366),
]


def literal(kind: Type) -> str:
    """The literal of the first sample, as the documentation shows it."""
    text = _python.bind((b"", b""), (kind.bound(kind.samples[0].value),), True)
    shown = text.decode("latin-1" if kind.binary else "utf-8")
    if kind.binary:
        shown = "".join(c if " " <= c <= "~" else f"\\x{ord(c):02x}" for c in shown)
    return shown if len(shown) <= 40 else shown[:37] + "..."


def table() -> List[str]:
    """The table of docs/types.md."""
    head = ("MySQL", "Python", "literal", "holds", "outside")
    rows = [(f"`{t.column}`", f"`{t.python}`", f"`{literal(t)}`", t.limits, t.edges) for t in TYPES]
    lines = [head, ("---",) * len(head), *rows]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]


if __name__ == "__main__":
    print("\n".join(table()))
