"""Both implementations of bind answer the same, whatever they are given: bytes, or exception and message."""

import array
import uuid
from collections import UserList
from datetime import timedelta, timezone, tzinfo
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from rhosocial.activerecord.backend.impl.mysqlclient.codec import _native, _python

from .bind_samples import LITERALS, REFUSED, LyingBytes, LyingDecimal, LyingFloat, LyingInt, LyingStr


class Wandering(tzinfo):
    """An offset that may be anything, a wrong type or an error included."""

    def __init__(self, offset):
        self.offset = offset

    def utcoffset(self, when):
        if isinstance(self.offset, Exception):
            raise self.offset
        return self.offset


class Broken:
    """A sequence in name only."""

    def __init__(self, length, items):
        self.length = length
        self.items = items

    def __len__(self):
        return self.length

    def __getitem__(self, index):
        return self.items[index]


class BrokenList(list):
    """A list that iterates over something else."""

    def __iter__(self):
        raise ValueError("not now")


class Metaclass(type):
    @property
    def __name__(cls):
        raise TypeError("no name")


class Nameless(metaclass=Metaclass):
    pass


offsets = st.one_of(
    st.none(),
    st.timedeltas(timedelta(hours=-30), timedelta(hours=30)),
    st.sampled_from([5, "x", ValueError("v"), TypeError("t"), KeyError("k"), UnicodeDecodeError("a", b"", 0, 1, "r")]),
)
zones = st.one_of(
    st.none(),
    st.just(timezone.utc),
    st.timezones(),
    st.builds(Wandering, offsets),
)
texts = st.one_of(
    st.text(),
    st.text(st.sampled_from("'\\\"ab%é\U0001f600\0")),
    st.text(st.characters(categories=["Cs", "Lu"]), max_size=5),
)
blobs = st.one_of(st.binary(), st.lists(st.sampled_from([39, 92, 0, 255]), max_size=20).map(bytes))
integers = st.one_of(st.integers(), st.integers(-70, 70).map(lambda n: 2 ** abs(n) * (1 if n > 0 else -1)))
uuids = st.one_of(st.uuids(allow_nil=True), st.integers(0, 2**128 - 1).map(lambda n: uuid.UUID(int=n)))
decimals = st.one_of(
    st.decimals(),
    st.builds(
        lambda sign, digits, exponent: Decimal((sign, digits, exponent)),
        st.integers(0, 1),
        st.lists(st.integers(0, 9), min_size=1, max_size=70).map(tuple),
        st.integers(-140, 80),
    ),
)


@st.composite
def views(draw):
    view = memoryview(draw(blobs))[:: draw(st.sampled_from([1, 2, -1, -3]))]
    if draw(st.booleans()) and draw(st.booleans()):
        view.release()
    return view


TABLE = [*LITERALS, *REFUSED]
values = st.one_of(
    st.none(),
    st.booleans(),
    integers,
    integers.map(LyingInt),
    st.floats(),
    st.floats().map(LyingFloat),
    decimals,
    decimals.map(LyingDecimal),
    texts,
    texts.map(LyingStr),
    blobs,
    blobs.map(LyingBytes),
    blobs.map(bytearray),
    blobs.map(lambda b: array.array("B", b)),
    views(),
    st.datetimes(timezones=zones, allow_imaginary=True),
    st.dates(),
    st.times(timezones=zones),
    st.timedeltas(),
    st.timedeltas(timedelta(hours=-840), timedelta(hours=840)),
    uuids,
    st.integers(0, len(TABLE) - 1).map(lambda i: TABLE[i][1]),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
    st.complex_numbers(),
    st.fractions(),
    st.builds(Nameless),
    st.just(Nameless),
)
shapes = st.sampled_from(
    [tuple, tuple, list, list, UserList, BrokenList, lambda v: Broken(len(v), v), iter]
    + [lambda _, refused=refused: refused for refused in ("ab", b"ab", {1: 2}, {1, 2}, None)]
)


def outcome(function, *arguments):
    try:
        return function(*arguments)
    except Exception as error:
        return type(error), str(error), type(error.__cause__), error.__suppress_context__


@settings(max_examples=1000, deadline=None)
@given(values, st.booleans())
def test_one_value(value, backslash):
    parts = (b"a", b"b")
    assert outcome(_native.bind, parts, (value,), backslash) == outcome(_python.bind, parts, (value,), backslash)


@settings(max_examples=300, deadline=None)
@given(st.lists(blobs, min_size=1, max_size=5).map(tuple), st.lists(values, max_size=5), shapes, st.booleans())
def test_bind(parts, row, shape, backslash):
    expected = outcome(_python.bind, parts, shape(row), backslash)
    assert outcome(_native.bind, parts, shape(row), backslash) == expected


@settings(max_examples=500, deadline=None)
@given(
    st.lists(st.lists(values, min_size=2, max_size=2), min_size=1, max_size=8),
    shapes,
    st.integers(-2, 9),
    st.integers(-1, 400),
    st.booleans(),
)
def test_bind_rows(rows, shape, start, limit, backslash):
    rows = [shape(row) for row in rows]
    arguments = ((b"(", b",", b")"), rows, start, limit, backslash)
    assert outcome(_native.bind_rows, *arguments) == outcome(_python.bind_rows, *arguments)


def unquoted(literal: bytes, backslash: bool) -> bytes:
    """What a server reads in a string literal, a byte at a time; fails where the literal ends early."""
    assert literal[:1] == literal[-1:] == b"'"
    content, i = bytearray(), 1
    while i < len(literal) - 1:
        if literal[i : i + 1] == b"'" or (backslash and literal[i : i + 1] == b"\\"):
            i += 1
            assert i < len(literal) - 1
            assert literal[i : i + 1] in b"'\\"
            assert literal[i - 1] == literal[i]
        content.append(literal[i])
        i += 1
    return bytes(content)


@given(texts, blobs, st.booleans())
def test_a_string_stays_in_its_quotes(text, blob, backslash):
    parts = (b"", b"")
    for codec in (_python, _native):
        literal = codec.bind(parts, (blob,), backslash)
        assert literal.startswith(b"_binary'")
        assert unquoted(literal[7:], backslash) == blob
        if text.isprintable():  # no surrogates
            assert unquoted(codec.bind(parts, (text,), backslash), backslash) == text.encode()
