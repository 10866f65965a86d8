"""Bad input, rows B1 to B22 of the matrix, on both codecs; tests/integration/types has what only a server can answer.

A cell that is wrong is an error that names its column; a parameter that is wrong, one that names its position.
"""

import array
import enum
import math
import re
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import PurePath

import pytest
from pydantic import BaseModel

from rhosocial.activerecord.backend.impl.mysqlclient.codec.abc import Code, DecodeError, EncodingError, ZeroDates
from rhosocial.activerecord.backend.impl.mysqlclient.codec.plan import Column, Plan, Planner
from rhosocial.activerecord.backend.impl.mysqlclient.geometry import geometry, linestring, point, polygon
from rhosocial.activerecord.backend.impl.mysqlclient.json_text import json_loads, json_quick
from rhosocial.activerecord.backend.impl.mysqlclient.type_converters import MySQLJSONAdapter

PARTS = (b"SELECT ", b", ", b"")


def bind(codec, value, backslash=True):
    return codec.bind(PARTS, (1, value), backslash).removeprefix(b"SELECT 1, ")


def decode(codec, kind, cell, flags=0, binary=False, adapter=None, **options):
    planner = Planner(json_loads=json_loads, json_quick=json_quick, **options)
    plain = planner.plain(0, lambda: (Column("the column", kind, flags, binary, 0),))
    plan = planner.adapted(plain, {"the column": adapter} if adapter else None)
    return codec.decode_rows(plan, [(cell,)])[0]["the column"]


def refused(codec, value, message, error=TypeError):
    with pytest.raises(error, match=f"^parameter 2: {message}"):
        bind(codec, value)
    with pytest.raises(error, match=f"^row 2, parameter 2: {message}"):
        codec.bind_rows((b"(", b",", b")"), [(1, 1), (1, value)], 0, 10**6, True)


@pytest.mark.parametrize("backslash", [True, False])
@pytest.mark.parametrize(
    "text", ["'", '"', "\\", "\0", "\x1a", "%s ? :a", "\r\n\t\b", "\U0001f600", "e\u0301", "\u00e9", "\\'"]
)
def test_b01_strings(codec, text, backslash):
    doubled = text.encode().replace(b"\\", b"\\\\") if backslash else text.encode()
    assert bind(codec, text, backslash) == b"'" + doubled.replace(b"'", b"''") + b"'"
    assert decode(codec, 253, text.encode()) == text


@pytest.mark.parametrize("text", ["\ud800", "a\udfff", "\udcff'", "\ud83d\ude00"])
def test_b02_lone_surrogates(codec, text):
    refused(codec, text, "a str with a lone surrogate at position ", EncodingError)


@pytest.mark.parametrize("made", [bytes, bytearray, memoryview, lambda b: memoryview(array.array("B", b))])
def test_b04_bytes(codec, made):
    data = bytes(range(256))
    literal = bind(codec, made(data))
    assert literal == b"_binary'" + data.replace(b"\\", b"\\\\").replace(b"'", b"''") + b"'"
    assert decode(codec, 252, data, binary=True) == data


def test_b04_array(codec):
    refused(codec, array.array("B", b"ab"), "cannot bind a array")


@pytest.mark.parametrize("number", [2**63, 2**64 - 1, 2**64, -(2**63) - 1, 10**4299])
def test_b05_integers(codec, number):
    assert bind(codec, number) == b"%d" % number
    if -(2**63) <= number < 2**64:
        assert decode(codec, 8, b"%d" % number) == number
    else:
        with pytest.raises(DecodeError, match="^column 'the column': .* is not a 64-bit integer"):
            decode(codec, 8, b"%d" % number)


def test_b05_too_many_digits(codec):
    refused(codec, 10**5000, "an int of more than 4300 digits", ValueError)


def test_b06_bool(codec):
    assert (bind(codec, True), bind(codec, False), bind(codec, 2)) == (b"1", b"0", b"2")
    assert decode(codec, 1, b"1") == 1 and type(decode(codec, 1, b"1")) is int


@pytest.mark.parametrize("number", [-0.0, 5e-324, 1.7e308, 0.1, 2.0**53])
def test_b07_floats(codec, number):
    literal = bind(codec, number)
    assert b"e" in literal
    read = decode(codec, 5, literal)
    assert read == number and math.copysign(1, read) == math.copysign(1, number)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_b07_no_floats(codec, number):
    refused(codec, number, "MySQL has no ", ValueError)


@pytest.mark.parametrize("cell", [b"nan", b"inf", b"-inf", b"1e999x"])
def test_b07_no_float_cells(codec, cell):
    with pytest.raises(DecodeError, match="^column 'the column': .* is not a floating-point number"):
        decode(codec, 5, cell)


@pytest.mark.parametrize("text", ["NaN", "sNaN", "Infinity", "-Infinity", "1E+999999999", "1E-999999999", "1" * 66])
def test_b08_decimals(codec, text):
    refused(codec, Decimal(text), "(a Decimal of |MySQL has no )", ValueError)


class Numbers(enum.IntEnum):
    ONE = 1


class Model(BaseModel):
    a: int = 1


@pytest.mark.parametrize("value", [Numbers.ONE, PurePath("a"), Model(), 1j, str, ...], ids=repr)
def test_b09_no_adapter(codec, value):
    refused(codec, value, f"cannot bind a {type(value).__name__}")


@pytest.mark.parametrize("value", [{"a": 1}, {1}, (x for x in "ab"), slice(1), object(), ["a"], ("a",), frozenset()])
def test_b10_no_scalar(codec, value):
    refused(codec, value, f"cannot bind a {type(value).__name__}")


def test_b12_datetimes(codec):
    east = timezone(timedelta(hours=9))
    assert bind(codec, datetime(2024, 1, 1, 5, tzinfo=east)) == b"'2023-12-31 20:00:00'"
    assert bind(codec, datetime(1, 1, 1)) == b"'0001-01-01 00:00:00'"
    assert bind(codec, datetime(9999, 12, 31, 23, 59, 59, 999999)) == b"'9999-12-31 23:59:59.999999'"
    refused(codec, datetime(1, 1, 1, tzinfo=east), "a datetime outside of the years 1 to 9999 in UTC", ValueError)
    refused(codec, time(1, tzinfo=timezone.utc), "MySQL's TIME has no time zone", ValueError)


@pytest.mark.parametrize("cell", [b"0000-00-00", b"2024-00-15", b"2024-02-30"])
def test_b13_zero_dates(codec, cell):
    for kind, text in ((10, cell), (12, cell + b" 10:00:00"), (7, cell + b" 00:00:00.5")):
        assert decode(codec, kind, text) is None
        assert decode(codec, kind, text, zero_dates=ZeroDates.TEXT) == text.decode()
        with pytest.raises(DecodeError, match="^column 'the column': .*zero_dates"):
            decode(codec, kind, text, zero_dates=ZeroDates.RAISE)


def test_b14_times(codec):
    longest = timedelta(hours=838, minutes=59, seconds=59, microseconds=999999)
    for value in (longest, -longest, -timedelta(seconds=1), timedelta(0), timedelta(days=34)):
        assert decode(codec, 11, bind(codec, value).strip(b"'")) == value
    refused(codec, timedelta(days=40), "a timedelta beyond 838:59:59", ValueError)
    for cell in (b"839:00:00", b"-839:00:00", b"00:60:00"):
        with pytest.raises(DecodeError, match="^column 'the column': .* is not a TIME"):
            decode(codec, 11, cell)


def test_b15_years_and_the_end_of_timestamp(codec):
    assert [decode(codec, 13, cell) for cell in (b"0000", b"1901", b"2155")] == [0, 1901, 2155]
    assert decode(codec, 7, b"2038-01-19 03:14:07") == datetime(2038, 1, 19, 3, 14, 7, tzinfo=timezone.utc)


@pytest.mark.parametrize("size", [1, 7, 8])
def test_b16_bits(codec, size):
    assert decode(codec, 16, b"\xff" * size) == 2 ** (8 * size) - 1
    assert decode(codec, 16, b"\0" * size) == 0
    with pytest.raises(DecodeError, match="^column 'the column': .* is not a BIT"):
        decode(codec, 16, b"\1" * 9)


JSON = (MySQLJSONAdapter(), dict)


@pytest.mark.parametrize(
    ("cell", "value"),
    [(b"18446744073709551616", 2**64), (b"-" + b"9" * 40, -int("9" * 40)), (b'{"a":1,"a":2}', {"a": 2}), (b'"s"', "s"),
     (b"1.5", 1.5), (b"null", None)],
)  # fmt: skip
def test_b17_json(codec, cell, value):
    read = decode(codec, 245, cell, binary=True, adapter=JSON)
    assert read == value and type(read) is type(value)


def test_b17_a_hundred_deep(codec):
    read = decode(codec, 245, b"[" * 100 + b"]" * 100, binary=True, adapter=JSON)
    for _ in range(99):
        (read,) = read
    assert read == []


@pytest.mark.parametrize("cell", [b"", b"{", b"[NaN]", b"{'a':1}", b"[" * 100_000, b"[Infinity]"])
def test_b17_no_json(codec, cell):
    with pytest.raises(ValueError):
        decode(codec, 245, cell, binary=True, adapter=JSON)


def test_b18_text_of_another_charset(codec):
    with pytest.raises(DecodeError, match="^column 'the column': b'caf.xe9' is not utf-8 text$"):
        decode(codec, 253, b"caf\xe9")
    assert decode(codec, 253, b"caf\xe9", binary=True) == b"caf\xe9"  # a binary collation is bytes


def test_b19_sizes(codec):
    wide = Plan(bytes([Code.INT]) * 4096, None, tuple(f"c{i}" for i in range(4096)))
    assert codec.decode_rows(wide, []) == []
    assert codec.decode_rows(wide, [(None,) * 4096]) == [(None,) * 4096]
    assert len(decode(codec, 252, b"x" * (64 << 20), binary=True)) == 64 << 20


@pytest.mark.parametrize(
    "name", ["", "select", "a`b'\"", "n" * 64, "żółw \U0001f600", "__class__", "__init__", "\0", "x" * 100_000]
)
def test_b20_column_names(codec, name):
    plan = Plan(bytes([Code.INT]), (name,), (name,))
    assert codec.decode_rows(plan, [(b"7",)]) == [{name: 7}]
    with pytest.raises(DecodeError) as caught:
        codec.decode_rows(plan, [(b"x",)])
    assert str(caught.value).startswith(f"column {name!r}: ")


@pytest.mark.parametrize("kind", [255, 250, 199, 17, 200])
def test_b21_unknown_types_are_bytes_or_text(codec, kind):
    assert decode(codec, kind, b"\0\xff", binary=True) == b"\0\xff"


def test_b21_vectors(codec):
    assert decode(codec, 242, b"\0\0\x80\x3f", binary=True) == [1.0]
    with pytest.raises(DecodeError, match="^column 'the column': .* is not a VECTOR"):
        decode(codec, 242, b"abc", binary=True)


@pytest.mark.parametrize(
    ("kind", "cells"),
    [
        (3, (b"12a", b"", b"-", b"1e", b" 1", b"1_0", b"+1")),
        (5, (b"12a", b"", b"-", b"1e", b".", b"0x10")),
        (246, (b"12a", b"", b"-", b"1e5", b"NaN", b"1..2")),
        (11, (b"99:99", b"", b"-", b"1:2:3")),
        (10, (b"2024-1-1", b"", b"20240101")),
        (12, (b"2024-01-01", b"", b"2024-01-01T00:00:00", b"2024-01-01 24:00:00")),
    ],
)
def test_b22_broken_numbers(codec, kind, cells):
    for cell in cells:
        with pytest.raises(ValueError, match="^" + re.escape(f"column 'the column': {cell!r} is not ")):
            decode(codec, kind, cell)


def test_geometries():
    assert geometry(point(1.5, -2, 4326)) == ("POINT", 4326, (1.5, -2.0))
    assert geometry(linestring([(0, 1), (2, 3)])) == ("LINESTRING", 0, [(0.0, 1.0), (2.0, 3.0)])
    rings = [[(0.0, 0.0), (1.0, 0.0), (0.0, 0.0)]]
    assert geometry(polygon(rings)) == ("POLYGON", 0, rings)
    whole = polygon(rings)
    for broken in (b"", whole[:-1], whole + b"\0", whole[:4] + b"\0" + whole[5:], whole[:5] + b"\x07" + whole[6:]):
        with pytest.raises(ValueError):
            geometry(broken)


def test_dates_are_no_datetimes(codec):
    assert bind(codec, date(2024, 2, 29)) == b"'2024-02-29'"
