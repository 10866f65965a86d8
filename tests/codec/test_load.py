"""load_rows, on both implementations: the lines, what is refused, and that the twins never differ."""

import datetime as dt
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rhosocial.activerecord.backend.impl.mysqlclient.codec import _native, _python
from rhosocial.activerecord.backend.impl.mysqlclient.codec.abc import EncodingError, Load

ALL = frozenset(Load)
SOME_UUID = UUID("00112233-4455-6677-8899-aabbccddeeff")
TEXTS = ALL - {Load.BIT, Load.BINARY}


class Text(str):
    def __str__(self):
        return "other"


# value, its field, the kinds that take it so
FIELDS = [
    (None, rb"\N", ALL),
    ("", b"", TEXTS | {Load.BINARY}),
    ("a\tb\nc\\d\r\0", b"a\\tb\\nc\\\\d\r\0", TEXTS),
    ("\\N", rb"\\N", TEXTS),
    ("żółw '\"", "żółw '\"".encode(), TEXTS),
    ("ż\n", b"c5bc0a", {Load.BINARY}),
    (Text("it's"), b"it's", TEXTS),
    (b"\x00'\\\xff", b"00275cff", {Load.BINARY}),
    (bytearray(b"'"), b"27", {Load.BINARY}),
    (memoryview(b"\n"), b"0a", {Load.BINARY}),
    (0, b"0", {Load.INTEGER, Load.DECIMAL, Load.FLOAT, Load.BIT, Load.TEXT}),
    (0, b"0000", {Load.YEAR}),
    (2**64, b"18446744073709551616", {Load.INTEGER, Load.DECIMAL, Load.FLOAT, Load.BIT, Load.TEXT}),
    (-5, b"-5", {Load.INTEGER, Load.YEAR, Load.BIT}),
    (True, b"1", {Load.INTEGER, Load.DECIMAL, Load.FLOAT, Load.BIT, Load.TEXT}),
    (True, b"0001", {Load.YEAR}),
    (1.5, b"1.5e0", {Load.FLOAT}),
    (Decimal("1E+3"), b"1000", {Load.DECIMAL, Load.FLOAT, Load.TEXT}),
    (Decimal("-1.50"), b"-1.50", {Load.DECIMAL, Load.FLOAT, Load.TEXT}),
    (dt.datetime(2024, 1, 2, 3, 4, 5, 6, dt.timezone.utc), b"2024-01-02 03:04:05.000006", TEXTS),
    (dt.date(2024, 2, 29), b"2024-02-29", TEXTS),
    (dt.date(2024, 2, 29), b"323032342d30322d3239", {Load.BINARY}),
    (dt.timedelta(hours=-30), b"-30:00:00", TEXTS),
    (dt.time(23, 59), b"23:59:00", TEXTS),
    (SOME_UUID, str(SOME_UUID).encode(), TEXTS),
]


@pytest.mark.parametrize(("value", "field", "kinds"), FIELDS, ids=range(len(FIELDS)))
def test_fields(codec, value, field, kinds):
    for kind in kinds:
        assert codec.load_rows(bytes([kind]), [(value,)], 0, 100) == (field + b"\n", 1), kind.name
        assert codec.load_rows(bytes([kind] * 2), [[value, value]], 0, 100) == (field + b"\t" + field + b"\n", 1)


@pytest.mark.parametrize(("value", "kinds"), [
    ("x", {Load.BIT}), (b"x", ALL - {Load.BINARY}), (1, {Load.MEMBER, Load.BINARY}),
    (False, {Load.MEMBER, Load.BINARY}),
    (1.5, ALL - {Load.FLOAT}), (Decimal(1), ALL - {Load.DECIMAL, Load.FLOAT, Load.TEXT}), (dt.date.max, {Load.BIT}),
    (object(), ALL), ([], ALL), (Load.BIT, ALL),
])  # fmt: skip
def test_what_insert_would_store_otherwise_is_refused(codec, value, kinds):
    for kind in kinds:
        with pytest.raises(TypeError, match=r"^row 7, parameter 2: (bulk_load cannot store|cannot bind) a "):
            codec.load_rows(bytes([Load.TEXT, kind]), [("a", "b"), (None, value)], 1, 100, 5)


@pytest.mark.parametrize(("value", "error"), [("\ud800", EncodingError), (float("nan"), ValueError)])
def test_values_that_no_column_holds(codec, value, error):
    with pytest.raises(error, match="^row 1, parameter 1: "):
        codec.load_rows(bytes([Load.FLOAT]), [(value,)], 0, 100)


@pytest.mark.parametrize("kinds", [b"", bytes([len(Load)])])
def test_kinds(codec, kinds):
    with pytest.raises(ValueError, match="kinds must be"):
        codec.load_rows(kinds, [(1,)], 0, 100)


def test_rows_that_are_none(codec):
    for row, error in (((1, 2), ValueError), ((), ValueError), (5, TypeError), ("a", TypeError)):
        with pytest.raises(error, match="^row 2: "):
            codec.load_rows(bytes([Load.TEXT]), [(1,), row], 0, 100)
    with pytest.raises(ValueError, match="start must be"):
        codec.load_rows(bytes([Load.TEXT]), [(1,)], 1, 100)


def test_limits(codec):
    rows = [("a" * 9,)] * 5
    for limit, count in ((0, 1), (9, 1), (10, 1), (20, 2), (29, 2), (50, 5), (1000, 5)):
        assert codec.load_rows(bytes([Load.TEXT]), rows, 0, limit) == (b"aaaaaaaaa\n" * count, count)
    assert codec.load_rows(bytes([Load.TEXT]), rows, 4, 0) == (b"aaaaaaaaa\n", 5)


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.decimals(), st.text(), st.binary(), st.datetimes(),
    st.dates(), st.times(), st.timedeltas(), st.uuids(), st.text().map(Text), st.binary().map(bytearray),
)  # fmt: skip


@given(st.lists(st.tuples(VALUES, VALUES), min_size=1), st.tuples(*[st.sampled_from(Load)] * 2), st.integers(0, 200))
def test_the_twins_agree(rows, kinds, limit):
    def outcome(codec):
        try:
            return codec.load_rows(bytes(kinds), rows, 0, limit)
        except (TypeError, ValueError) as error:
            return type(error), str(error)

    assert outcome(_native) == outcome(_python)
