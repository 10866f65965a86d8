"""What bind writes for each value, on every implementation, with backslash escapes on."""

import array
import enum
import uuid
from collections import UserString
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePath
from zoneinfo import ZoneInfo

from rhosocial.activerecord.backend.impl.mysqlclient.codec.abc import EncodingError


class Color(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    LOW = 1


class Mode(str, enum.Enum):
    ON = "on"


class Bits(enum.IntFlag):
    A = 1


class Day(datetime, enum.Enum):
    FIRST = (2024, 1, 1)


class LyingStr(str):
    """Its content is in the str itself; every method says something else."""

    def __str__(self):
        return "' OR 1=1 -- "

    __repr__ = __format__ = __str__

    def encode(self, *args):
        return b"' OR 1=1 -- "

    def __len__(self):
        return 1000

    def replace(self, *args):
        return self


class LyingBytes(bytes):
    def __bytes__(self):
        return b"' OR 1=1 -- "

    def __len__(self):
        return 1000

    def replace(self, *args):
        return self


class LyingBytearray(bytearray):
    def __bytes__(self):
        return b"' OR 1=1 -- "

    def __len__(self):
        return 1000


class LyingInt(int):
    def __str__(self):
        return "1 OR 1=1"

    __repr__ = __format__ = __str__

    def __int__(self):
        return 13

    __index__ = __int__


class LyingFloat(float):
    def __str__(self):
        return "1 OR 1=1"

    __repr__ = __format__ = __str__

    def __float__(self):
        return 13.0


class LyingDecimal(Decimal):
    def __str__(self):
        return "1 OR 1=1"

    __repr__ = __format__ = __str__

    def is_finite(self):
        return True

    def adjusted(self):
        return 0


class LyingDatetime(datetime):
    def isoformat(self, *args):
        return "' OR 1=1 -- "

    __str__ = __repr__ = isoformat

    @property
    def year(self):
        return 13


class LyingDate(date):
    def isoformat(self, *args):
        return "' OR 1=1 -- "

    __str__ = __repr__ = isoformat


class LyingTime(time):
    def isoformat(self, *args):
        return "' OR 1=1 -- "

    @property
    def tzinfo(self):
        return None


class LyingTimedelta(timedelta):
    @property
    def days(self):
        return 10**9

    def __abs__(self):
        return "' OR 1=1 -- "


class LyingUUID(uuid.UUID):
    def __str__(self):
        return "' OR 1=1 -- "

    @property
    def bytes(self):
        return b""


class Unsure(tzinfo):
    """A time zone that does not know its offset: what carries it is naive."""

    def utcoffset(self, when):
        return None


class Broken(tzinfo):
    def utcoffset(self, when):
        raise ValueError("broken zone")


def released() -> memoryview:
    view = memoryview(b"gone")
    view.release()
    return view


SOME_UUID = uuid.UUID("00112233-4455-6677-8899-aabbccddeeff")
EAST = timezone(timedelta(hours=9))
MINUTE = timezone(timedelta(minutes=-1))
LONGEST = timedelta(hours=838, minutes=59, seconds=59, microseconds=999999)

# id, value, literal
LITERALS = [
    ("none", None, b"NULL"),
    ("true", True, b"1"),
    ("false", False, b"0"),
    ("zero", 0, b"0"),
    ("int", 1234567890, b"1234567890"),
    ("negative", -7, b"-7"),
    ("int63", 2**63 - 1, b"9223372036854775807"),
    ("int63 low", -(2**63), b"-9223372036854775808"),
    ("int64", 2**64 - 1, b"18446744073709551615"),
    ("int over 64", 2**64, b"18446744073709551616"),
    ("int under 64", -(2**63) - 1, b"-9223372036854775809"),
    ("int 4300 digits", 10**4300 - 1, b"9" * 4300),
    ("int 4300 digits low", 1 - 10**4300, b"-" + b"9" * 4300),
    ("int subclass", LyingInt(5), b"5"),
    ("float", 1.5, b"1.5e0"),
    ("float whole", 3.0, b"3.0e0"),
    ("float minus zero", -0.0, b"-0.0e0"),
    ("float shortest", 0.1, b"0.1e0"),
    ("float denormal", 5e-324, b"5e-324"),
    ("float largest", 1.7976931348623157e308, b"1.7976931348623157e+308"),
    ("float exponent", 1e16, b"1e+16"),
    ("float subclass", LyingFloat(2.5), b"2.5e0"),
    ("decimal", Decimal("123.450"), b"123.450"),
    ("decimal negative", Decimal("-0.00"), b"-0.00"),
    ("decimal exponent", Decimal("1E+3"), b"1000"),
    ("decimal small", Decimal("1E-10"), b"0.0000000001"),
    ("decimal 65 digits", Decimal("9" * 65), b"9" * 65),
    ("decimal 65 digits, point", Decimal("-" + "9" * 35 + "." + "9" * 30), b"-" + b"9" * 35 + b"." + b"9" * 30),
    ("decimal 65 digits, small", Decimal("0." + "0" * 64 + "1"), b"0." + b"0" * 64 + b"1"),
    ("decimal exponent 65", Decimal("1E+65"), b"1" + b"0" * 65),
    ("decimal zero exponent", Decimal("0E-9"), b"0.000000000"),
    ("decimal subclass", LyingDecimal("2.50"), b"2.50"),
    ("str", "text", b"'text'"),
    ("str empty", "", b"''"),
    ("str quotes", "it's \"`so`\"", b"'it''s \"`so`\"'"),
    ("str only quotes", "'''", b"''''''''"),
    ("str backslash", "a\\b\\", rb"'a\\b\\'"),
    ("str backslash quote", "\\'", rb"'\\'''"),
    ("str quote backslash", "'\\ ' \\", rb"'''\\ '' \\'"),
    ("str controls", "\0\x08\t\n\r\x1a\x7f", b"'\0\x08\t\n\r\x1a\x7f'"),
    ("str placeholders", "%s ? :a %% $1", b"'%s ? :a %% $1'"),
    ("str latin", "zażółć", "'zażółć'".encode()),
    ("str emoji", "\U0001f600'", "'\U0001f600'''".encode()),
    ("str big5", "\u8a31\u529f", "'\u8a31\u529f'".encode()),
    ("str NFC, NFD", "\u00e9 e\u0301", "'\u00e9 e\u0301'".encode()),
    ("str P1", "\\' UNION SELECT 0x50574E -- ", rb"'\\'' UNION SELECT 0x50574E -- '"),
    ("str subclass", LyingStr("it's"), b"'it''s'"),
    ("str subclass latin", LyingStr("é'"), "'é'''".encode()),
    ("bytes", b"\x00\xff'\\\"", b"_binary'\x00\xff''\\\\\"'"),
    ("bytes empty", b"", b"_binary''"),
    ("bytes P2", b"\xbf' UNION SELECT 0x50574E -- ", b"_binary'\xbf'' UNION SELECT 0x50574E -- '"),
    ("bytes subclass", LyingBytes(b"it's"), b"_binary'it''s'"),
    ("bytearray", bytearray(b"it's"), b"_binary'it''s'"),
    ("bytearray subclass", LyingBytearray(b"it's"), b"_binary'it''s'"),
    ("memoryview", memoryview(b"it's"), b"_binary'it''s'"),
    ("memoryview strided", memoryview(b"a'b'c'")[1::2], b"_binary''''''''"),
    ("memoryview reversed", memoryview(b"abc")[::-1], b"_binary'cba'"),
    ("memoryview of ints", memoryview(array.array("B", [39, 92])), b"_binary'''\\\\'"),
    ("memoryview 2d", memoryview(b"abcd").cast("B", (2, 2)), b"_binary'abcd'"),
    ("datetime", datetime(2024, 1, 2, 3, 4, 5), b"'2024-01-02 03:04:05'"),
    ("datetime micro", datetime(2024, 12, 31, 23, 59, 59, 999999), b"'2024-12-31 23:59:59.999999'"),
    ("datetime small micro", datetime(2024, 1, 2, 3, 4, 5, 60), b"'2024-01-02 03:04:05.000060'"),
    ("datetime year 1", datetime(1, 1, 1), b"'0001-01-01 00:00:00'"),
    ("datetime year 9999", datetime.max, b"'9999-12-31 23:59:59.999999'"),
    ("datetime utc", datetime(2024, 1, 2, 3, 4, 5, tzinfo=timezone.utc), b"'2024-01-02 03:04:05'"),
    ("datetime east", datetime(2024, 1, 2, 3, 4, 5, 6, tzinfo=EAST), b"'2024-01-01 18:04:05.000006'"),
    ("datetime zone", datetime(2024, 7, 1, 12, tzinfo=ZoneInfo("Europe/Berlin")), b"'2024-07-01 10:00:00'"),
    (
        "datetime fold 0",
        datetime(2024, 10, 27, 2, 30, tzinfo=ZoneInfo("Europe/Berlin")),
        b"'2024-10-27 00:30:00'",
    ),
    (
        "datetime fold 1",
        datetime(2024, 10, 27, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"), fold=1),
        b"'2024-10-27 01:30:00'",
    ),
    ("datetime zone without offset", datetime(2024, 1, 2, tzinfo=Unsure()), b"'2024-01-02 00:00:00'"),
    ("datetime subclass", LyingDatetime(2024, 1, 2, 3, 4, 5, 6), b"'2024-01-02 03:04:05.000006'"),
    ("datetime subclass aware", LyingDatetime(2024, 1, 2, tzinfo=EAST), b"'2024-01-01 15:00:00'"),
    ("date", date(2024, 2, 29), b"'2024-02-29'"),
    ("date year 1", date(1, 1, 1), b"'0001-01-01'"),
    ("date subclass", LyingDate(2024, 2, 29), b"'2024-02-29'"),
    ("time", time(1, 2, 3), b"'01:02:03'"),
    ("time micro", time(23, 59, 59, 5), b"'23:59:59.000005'"),
    ("time subclass", LyingTime(1, 2, 3), b"'01:02:03'"),
    ("timedelta zero", timedelta(), b"'00:00:00'"),
    ("timedelta", timedelta(hours=1, minutes=2, seconds=3), b"'01:02:03'"),
    ("timedelta day", timedelta(days=1), b"'24:00:00'"),
    ("timedelta hundreds", timedelta(hours=100), b"'100:00:00'"),
    ("timedelta micro", timedelta(microseconds=1), b"'00:00:00.000001'"),
    ("timedelta minus micro", timedelta(microseconds=-1), b"'-00:00:00.000001'"),
    ("timedelta minus second", timedelta(seconds=-1), b"'-00:00:01'"),
    ("timedelta minus mixed", -timedelta(hours=30, microseconds=40), b"'-30:00:00.000040'"),
    ("timedelta longest", LONGEST, b"'838:59:59.999999'"),
    ("timedelta longest minus", -LONGEST, b"'-838:59:59.999999'"),
    ("timedelta subclass", LyingTimedelta(hours=2), b"'02:00:00'"),
    ("uuid", SOME_UUID, b"'00112233-4455-6677-8899-aabbccddeeff'"),
    ("uuid nil", uuid.UUID(int=0), b"'00000000-0000-0000-0000-000000000000'"),
    ("uuid max", uuid.UUID(int=2**128 - 1), b"'ffffffff-ffff-ffff-ffff-ffffffffffff'"),
    ("uuid subclass", LyingUUID(int=1), b"'00000000-0000-0000-0000-000000000001'"),
]

_ACCEPTED = (
    "; pass None, bool, int, float, Decimal, str, bytes, bytearray, memoryview, datetime, date, time, timedelta or "
    "UUID, or register a type adapter"
)
_ENUM = ": pass the Enum member's value or register a type adapter"
_TIME = "a timedelta beyond 838:59:59, the most that MySQL's TIME holds"
_SURROGATE = "a str with a lone surrogate at position {}: utf-8 cannot hold it"
_YEARS = "a datetime outside of the years 1 to 9999 in UTC"
_ZONED = "MySQL's TIME has no time zone: pass a time without tzinfo"

# id, value, exception, message without the place
REFUSED = [
    ("int 4301 digits", 10**4300, ValueError, "an int of more than 4300 digits cannot be bound"),
    ("int 5001 digits low", -(10**5000), ValueError, "an int of more than 4300 digits cannot be bound"),
    ("nan", float("nan"), ValueError, "MySQL has no nan: a float must be finite"),
    ("inf", float("inf"), ValueError, "MySQL has no inf: a float must be finite"),
    ("-inf", float("-inf"), ValueError, "MySQL has no -inf: a float must be finite"),
    *(
        (f"decimal {word}", Decimal(word), ValueError, "MySQL has no NaN or Infinity: a Decimal must be finite")
        for word in ("NaN", "sNaN", "-sNaN123", "Infinity", "-Infinity")
    ),
    ("decimal subclass nan", LyingDecimal("NaN"), ValueError, "MySQL has no NaN or Infinity: a Decimal must be finite"),
    *(
        (
            f"decimal {text[:12]}",
            Decimal(text),
            ValueError,
            f"a Decimal of {digits} digits and exponent {exponent}: MySQL's DECIMAL holds 65 digits",
        )
        for text, digits, exponent in (
            ("1E+66", 1, 66),
            ("1E+999999", 1, 999999),
            ("1E+999999999", 1, 999999999),
            ("1E-66", 1, -66),
            ("1E-999999999", 1, -999999999),
            ("0E+100", 1, 100),
            ("1" * 66, 66, 65),
            ("0." + "1" * 66, 66, -1),
        )
    ),
    ("surrogate", "ab\ud800", EncodingError, _SURROGATE.format(2)),
    ("surrogateescape", "\udcbf'", EncodingError, _SURROGATE.format(0)),
    ("surrogate after quotes", "''\\''\udcbf'", EncodingError, _SURROGATE.format(5)),
    ("surrogate pair", "\ud83d\ude00", EncodingError, _SURROGATE.format(0)),
    ("str subclass surrogate", LyingStr("\udfff"), EncodingError, _SURROGATE.format(0)),
    ("memoryview released", released(), ValueError, "operation forbidden on released memoryview object"),
    ("datetime before year 1", datetime(1, 1, 1, tzinfo=EAST), ValueError, _YEARS),
    ("datetime after 9999", datetime.max.replace(tzinfo=MINUTE), ValueError, _YEARS),
    ("datetime broken zone", datetime(2024, 1, 1, tzinfo=Broken()), ValueError, "broken zone"),
    ("time utc", time(1, tzinfo=timezone.utc), ValueError, _ZONED),
    ("time zone", time(1, tzinfo=ZoneInfo("Europe/Berlin")), ValueError, _ZONED),
    ("time subclass zone", LyingTime(1, tzinfo=Unsure()), ValueError, _ZONED),
    ("timedelta 839 h", timedelta(hours=839), ValueError, _TIME),
    ("timedelta -839 h", -timedelta(hours=839), ValueError, _TIME),
    ("timedelta 40 days", timedelta(days=40), ValueError, _TIME),
    ("timedelta max", timedelta.max, ValueError, _TIME),
    ("timedelta min", timedelta.min, ValueError, _TIME),
    *(
        (f"enum {type(member).__name__}", member, TypeError, f"cannot bind a {type(member).__name__}{_ENUM}")
        for member in (Color.RED, Level.LOW, Mode.ON, Bits.A, Day.FIRST)
    ),
    *(
        (f"type {type(value).__name__}", value, TypeError, f"cannot bind a {type(value).__name__}{_ACCEPTED}")
        for value in (
            {"x' OR 1=1 -- ": 1},
            {"payload"},
            frozenset(),
            ["nested"],
            ("nested",),
            object(),
            slice(1),
            range(3),
            (c for c in "ab"),
            1j,
            Fraction(1, 2),
            PurePath("a"),
            UserString("a"),
            array.array("B", b"a"),
            str,
            Ellipsis,
        )
    ),
]  # fmt: skip
