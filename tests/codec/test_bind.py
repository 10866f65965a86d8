"""bind and bind_rows: one table of values on every implementation, and what hostile callers try."""

import contextlib
import gc
import sys
import threading
import tracemalloc
from collections import UserList, deque
from datetime import datetime, timedelta, tzinfo

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient.codec import _native

from .bind_samples import LITERALS, REFUSED, SOME_UUID, LyingStr

ONE = (b"[", b"]")
ROW = (b"(", b", ", b")")


def without_escapes(literal: bytes) -> bytes:
    return literal.replace(b"\\\\", b"\\")


@pytest.mark.parametrize(("value", "literal"), [p[1:] for p in LITERALS], ids=[p[0] for p in LITERALS])
def test_literal(codec, value, literal):
    assert codec.bind(ONE, (value,), True) == b"[" + literal + b"]"
    assert codec.bind(ONE, [value], False) == b"[" + without_escapes(literal) + b"]"
    text = b"(" + literal + b", " + literal + b")"
    assert codec.bind_rows(ROW, [(value, value)] * 2, 0, 10**9, True) == (text + b"," + text, 2)


@pytest.mark.parametrize(("value", "error", "message"), [p[1:] for p in REFUSED], ids=[p[0] for p in REFUSED])
def test_refused(codec, value, error, message):
    with pytest.raises(error) as caught:
        codec.bind(ROW, (1, value), True)
    assert type(caught.value) is error
    assert str(caught.value) == f"parameter 2: {message}"
    with pytest.raises(error) as caught:
        codec.bind_rows(ROW, [(1, 2), (value, 2)], 1, 100, False)
    assert str(caught.value) == f"row 2, parameter 1: {message}"


def test_many_parameters(codec):
    parts = (b"",) + (b", ",) * 9999 + (b"",)
    assert codec.bind(parts, range(10000), True) == ", ".join(map(str, range(10000))).encode()


def test_no_parameters(codec):
    assert codec.bind((b"SELECT 1 %",), (), True) == b"SELECT 1 %"


@pytest.mark.parametrize("kind", [tuple, list, deque, UserList], ids=lambda k: k.__name__)
def test_sequences(codec, kind):
    assert codec.bind(ROW, kind([1, "a"]), True) == b"(1, 'a')"


@pytest.mark.parametrize(
    ("params", "kind"),
    [("ab", "str"), (b"ab", "bytes"), (bytearray(b"ab"), "bytearray"), (memoryview(b"ab"), "memoryview"),
     ({1: 2, 3: 4}, "dict"), ({1, 2}, "set"), (frozenset((1, 2)), "frozenset"), (iter((1, 2)), "tuple_iterator"),
     (None, "NoneType"), (5, "int"), (LyingStr("ab"), "LyingStr")],
)  # fmt: skip
def test_no_sequence(codec, params, kind):
    message = f"parameters must be a list or tuple of values for the %s placeholders, not a {kind}"
    with pytest.raises(TypeError) as caught:
        codec.bind(ROW, params, True)
    assert str(caught.value) == message
    with pytest.raises(TypeError) as caught:
        codec.bind_rows(ROW, [(1, 2), params], 0, 1000, True)
    assert str(caught.value) == f"row 2: {message}"


@pytest.mark.parametrize(
    ("parts", "params", "message"),
    [
        ((b"", b",", b""), (1, 2, 3), "the statement has 2 placeholders, 3 parameters were given"),
        ((b"", b""), (), "the statement has 1 placeholder, 0 parameters were given"),
        ((b"",), (1,), "the statement has 0 placeholders, 1 parameter was given"),
    ],
)
def test_miscount(codec, parts, params, message):
    with pytest.raises(ValueError) as caught:
        codec.bind(parts, params, True)
    assert str(caught.value) == message
    with pytest.raises(ValueError) as caught:
        codec.bind_rows(parts, [[]] * 4 + [params], 4, 1000, True)
    assert str(caught.value) == f"row 5: {message}"


class Lies(list):
    """A list whose length is not what it holds."""

    def __init__(self, values, length):
        super().__init__(values)
        self.length = length

    def __len__(self):
        return self.length


@pytest.mark.parametrize("length", [0, 1, 5, 10**6])
def test_lying_length(codec, length):
    assert codec.bind(ROW, Lies([1, 2], length), True) == b"(1, 2)"


@pytest.mark.parametrize(("length", "error"), [(-1, ValueError), (2**70, OverflowError)])
def test_impossible_length(codec, length, error):
    """CPython asks for the length before 3.14 only; its error then, or the items that there are."""
    try:
        tuple(Lies([1, 2], length))
    except error:
        with pytest.raises(error):
            codec.bind(ROW, Lies([1, 2], length), True)
    else:
        assert codec.bind(ROW, Lies([1, 2], length), True) == b"(1, 2)"


class Answers(tzinfo):
    def utcoffset(self, when):
        return "nine hours"


def test_error_of_a_zone(codec):
    """The message is Python's, and differs between its versions."""
    with pytest.raises(TypeError, match=r"^parameter 2: tzinfo\.utcoffset\(\) must return None or"):
        codec.bind(ROW, (1, datetime(2024, 1, 1, tzinfo=Answers())), True)


@pytest.mark.parametrize(
    ("limit", "chunks"),
    [(-1, [1, 1, 1]), (1, [1, 1, 1]), (6, [1, 1, 1]), (12, [1, 1, 1]), (13, [2, 1]), (19, [2, 1]), (20, [3])],
)
def test_rows_keep_the_limit(codec, limit, chunks):
    rows = [(1, 2), (3, 4), (5, 6)]  # each 6 bytes
    start, sizes, texts = 0, [], []
    while start < len(rows):
        text, end = codec.bind_rows(ROW, rows, start, limit, True)
        assert len(text) <= limit or end == start + 1
        sizes.append(end - start)
        texts.append(text)
        start = end
    assert sizes == chunks
    assert b",".join(texts) == b"(1, 2),(3, 4),(5, 6)"


def test_rows_beyond_the_first_buffer(codec):
    rows = [(i, "x" * (i % 50)) for i in range(20000)]
    whole = ",".join(f"({i}, '{text}')" for i, text in rows).encode()
    assert codec.bind_rows(ROW, rows, 0, 10**9, True) == (whole, 20000)
    assert codec.bind_rows(ROW, tuple(rows), 0, len(whole), True) == (whole, 20000)
    text, end = codec.bind_rows(ROW, rows, 0, len(whole) - 1, True)
    assert end == 19999
    assert whole.startswith(text + b",(19999")


@pytest.mark.parametrize("start", [-1, 2, 3])
def test_rows_start(codec, start):
    with pytest.raises(ValueError, match=f"^start must be the index of one of 2 rows, not {start}$"):
        codec.bind_rows(ROW, [(1, 2), (3, 4)], start, 100, True)


@pytest.mark.parametrize("rows", [None, "ab", {1: 2}, iter([]), deque([(1, 2)])], ids=lambda r: type(r).__name__)
def test_rows_must_be_a_list(codec, rows):
    with pytest.raises(TypeError, match=f"^rows must be a list or tuple of rows, not a {type(rows).__name__}$"):
        codec.bind_rows(ROW, rows, 0, 100, True)


@pytest.mark.thread_unsafe(reason="copies of 16 MiB, in each thread at once, take long and show no more")
@pytest.mark.parametrize("size", [0, 1, 255, 65535, 2**24 - 1, 2**24, 2**24 + 1])
@pytest.mark.parametrize("unit", ["x", "'", "é"])
def test_sizes(codec, size, unit):
    literal = codec.bind(ONE, (unit * size,), True)
    assert len(literal) == 4 + size * {"x": 1, "'": 2, "é": 2}[unit]
    assert literal[2:-2] == (unit * size).encode().replace(b"'", b"''")
    blob = unit.encode()[:1] * size
    assert codec.bind(ONE, (blob,), True)[9:-2] == blob.replace(b"'", b"''")


def test_quotes_and_backslashes_cost_linear_time(codec):
    """A search for each kind of special to the end, again and again, would be quadratic."""
    for text in ("'" * 2_000_000 + "\\", "\\" * 2_000_000 + "'"):
        assert len(codec.bind(ONE, (text,), True)) == 4_000_006


class Clears(tzinfo):
    """A time zone that empties the list that its datetime comes from."""

    def __init__(self, victim):
        self.victim = victim

    def utcoffset(self, when):
        self.victim.clear()
        gc.collect()
        return timedelta(hours=1)


def test_list_cleared_while_bound(codec):
    params = [None, "a" * 1000, 10**30]
    params[0] = datetime(2024, 1, 1, 1, tzinfo=Clears(params))
    parts = (b"", b",", b",", b"")
    assert codec.bind(parts, params, True) == b"'2024-01-01 00:00:00','" + b"a" * 1000 + b"'," + b"%d" % 10**30
    rows = []
    rows += [[datetime(2024, 1, 1, 1, tzinfo=Clears(rows)), object.__name__ + "x"] for _ in range(3)]
    assert codec.bind_rows(ROW, rows, 0, 1000, True) == (b"('2024-01-01 00:00:00', 'objectx')", 1)


def test_changes_in_another_thread(codec):
    params = ["'" * 50, bytearray(b"'" * 50)]
    done = threading.Event()

    def change():
        while not done.is_set():
            params[0] = params[0][::-1]
            params[1][10:20] = b"0123456789"
            params[1][10:20] = b"'" * 10
            params.append(1)
            params.pop()

    thread = threading.Thread(target=change)
    thread.start()
    try:
        for _ in range(3000):
            try:
                text = codec.bind(ROW, params, True)
            except ValueError as error:
                assert "3 parameters" in str(error)
                continue
            assert text.count(b"'") % 2 == 0
    finally:
        done.set()
        thread.join()


def test_nothing_leaks(codec):
    """Neither a reference nor memory, on the ways that end well and on those that do not."""
    big = "x" * 100_000
    values = [v for _, v, _ in LITERALS] + [v for _, v, *_ in REFUSED] + [big]
    row = [big, None]
    rows = [row] * 3

    def attempt(function, *arguments):
        with contextlib.suppress(TypeError, ValueError):
            function(*arguments, True)

    def every_way():
        for value in values:
            attempt(codec.bind, ROW, (big, value))
            attempt(codec.bind, ROW, (value,))
            attempt(codec.bind_rows, ROW, [(big, 1), (value, big)], 0, 10**9)
        codec.bind_rows(ROW, rows, 0, 150_000, True)

    # small ints, None, classes and the interpreter's own strings have references from everywhere
    counted = [v for v in [*values, row, *ROW] if not isinstance(v, (int, type, type(None), type(...)))]
    counted = [v for v in counted if sys.getrefcount(v) < 1_000_000]
    every_way()
    gc.collect()
    counts = [sys.getrefcount(value) for value in counted]
    tracemalloc.start()
    try:
        every_way()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(20):
            every_way()
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] - before < 50_000  # one lost buffer has twice that
    finally:
        tracemalloc.stop()
    assert [sys.getrefcount(value) for value in counted] == counts


def test_native_checks_parts():
    """The compiled twin reads the parts without asking again."""
    for parts in (("text", b""), (b"", None), (SOME_UUID,)):
        with pytest.raises(TypeError, match="^parts must be a tuple of bytes$"):
            _native.bind(parts, (1,), True)
    for parts in (None, [b"", b""]):
        with pytest.raises(TypeError, match="'parts'"):
            _native.bind(parts, (1,), True)
    with pytest.raises(ValueError, match="^parts must not be empty$"):
        _native.bind((), (), True)
