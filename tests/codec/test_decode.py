"""decode_rows and the plans it follows: the same values and the same errors from both twins."""

import contextlib
import gc
import inspect
import json
import math
import re
import sys
import tracemalloc
import uuid
from datetime import timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rhosocial.activerecord.backend.impl.mysqlclient.codec import _native, _python
from rhosocial.activerecord.backend.impl.mysqlclient.codec.abc import Code, DecodeError, ZeroDates
from rhosocial.activerecord.backend.impl.mysqlclient.codec.plan import _FUSED, Column, Plan, Planner
from rhosocial.activerecord.backend.impl.mysqlclient.json_text import json_loads, json_quick

from .samples import BROKEN, SAMPLES, TYPES, ZERO_DATES, table

FALLBACK = (lambda value, annotation: ("adapter", value, annotation), int)


def plan_for(*codes, keys=None, zero_dates=ZeroDates.NONE, fallback=FALLBACK):
    names = tuple(f"c{i}" for i in range(len(codes)))
    return Plan(bytes(codes), keys, names, None, (fallback,) * len(codes), zero_dates, json.loads)


def decode(codec, code, cell, **options):
    return codec.decode_rows(plan_for(code, **options), [(cell,)])[0][0]


def outcome(codec, plan, rows):
    """What decoding gives, errors included, in a form that compares types and NaN-free values exactly."""
    try:
        rows = codec.decode_rows(plan, rows)
    except Exception as error:
        return type(error), str(error)
    return [[(type(value), repr(value)) for value in row] for row in rows]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda s: f"{s.code.name}-{s.cell[:20]!r}")
def test_a_cell_becomes_its_value(codec, sample):
    value = decode(codec, sample.code, sample.cell)
    assert value == sample.value
    assert type(value) is type(sample.value)
    if isinstance(value, float):
        assert math.copysign(1, value) == math.copysign(1, sample.value)


@pytest.mark.parametrize("code", Code)
def test_null_is_none_under_every_code(codec, code):
    assert decode(codec, code, None) is None


@pytest.mark.parametrize("sample", BROKEN, ids=lambda s: f"{s.code.name}-{s.cell[:20]!r}")
def test_a_broken_cell_names_its_column(codec, sample):
    with pytest.raises(DecodeError, match=r"^column 'c0': b'.*is not ") as caught:
        decode(codec, sample.code, sample.cell)
    twin = _python if codec is _native else _native
    with pytest.raises(DecodeError) as expected:
        decode(twin, sample.code, sample.cell)
    assert str(caught.value) == str(expected.value)


@pytest.mark.parametrize("sample", ZERO_DATES, ids=lambda s: f"{s.code.name}-{s.cell!r}")
def test_a_day_no_calendar_has_is_what_zero_dates_says(codec, sample):
    assert decode(codec, sample.code, sample.cell) is None
    assert decode(codec, sample.code, sample.cell, zero_dates=ZeroDates.TEXT) == sample.cell.decode()
    with pytest.raises(DecodeError, match="'c0'.*zero_dates"):
        decode(codec, sample.code, sample.cell, zero_dates=ZeroDates.RAISE)


@pytest.mark.parametrize(
    "code, cell, given_to_adapter",
    [
        (Code.BOOL, b"2", 2),
        (Code.UUID, b"12345678123456781234567812345678", "12345678123456781234567812345678"),
        (Code.UUID, b"1234567g-1234-5678-1234-567812345678", "1234567g-1234-5678-1234-567812345678"),
        (Code.JSON, b"{broken", "{broken"),
    ],
)
def test_what_a_fused_code_does_not_cover_goes_to_the_adapter(codec, code, cell, given_to_adapter):
    assert decode(codec, code, cell) == ("adapter", given_to_adapter, int)


def test_a_time_beyond_a_day_goes_to_the_adapter_as_timedelta(codec):
    for cell in (b"24:00:00", b"-00:00:01", b"-00:00:00"):
        assert decode(codec, Code.TIME, cell) == ("adapter", decode(codec, Code.TIMEDELTA, cell), int)


def test_a_fused_code_without_adapter_is_an_error(codec):
    with pytest.raises(ValueError, match="'c0' has a fused code but no adapter"):
        decode(codec, Code.BOOL, b"7", fallback=None)
    with pytest.raises(ValueError, match="code 99 for column 'c0' is unknown"):
        codec.decode_rows(Plan(b"\x63", None, ("c0",)), [(b"x",)])


def test_adapters_are_called_with_null_and_their_annotation(codec):
    seen = []
    call = (lambda value, annotation: seen.append((value, annotation)) or "out", "annotation")
    plan = Plan(bytes([Code.INT]), ("k",), ("c",), (call,), None)
    assert codec.decode_rows(plan, [(b"1",), (None,)]) == [{"k": "out"}, {"k": "out"}]
    assert seen == [(1, "annotation"), (None, "annotation")]


def test_an_adapters_error_passes_through(codec):
    def fail(value, annotation):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        codec.decode_rows(Plan(bytes([Code.INT]), ("k",), ("c",), ((fail, int),), None), [(b"1",)])


def test_rows_are_dicts_in_column_order_or_tuples(codec):
    plan = plan_for(Code.INT, Code.TEXT, keys=("n", "t"))
    rows = codec.decode_rows(plan, [(b"1", b"x"), (b"2", None)])
    assert rows == [{"n": 1, "t": "x"}, {"n": 2, "t": None}]
    assert [list(row) for row in rows] == [["n", "t"]] * 2
    assert codec.decode_rows(plan._replace(keys=None), [(b"1", b"x")]) == [(1, "x")]


def test_the_last_of_equal_keys_wins(codec):
    assert codec.decode_rows(plan_for(Code.INT, Code.INT, keys=("k", "k")), [(b"1", b"2")]) == [{"k": 2}]


@pytest.mark.parametrize(
    "plan, rows, message",
    [
        (plan_for(Code.INT), [(b"1", b"2")], "a row of 2 cells does not fit a plan of 1 columns"),
        (plan_for(Code.INT), [()], "a row of 0 cells does not fit a plan of 1 columns"),
        (plan_for(Code.INT), [("1",)], "column 'c0': a cell is bytes or None, not str"),
        (plan_for(Code.INT)._replace(codes=b""), [], "a plan needs one code for each column"),
        (plan_for(Code.INT)._replace(fallbacks=()), [], "a plan needs one adapter or None for each column"),
        (plan_for(Code.INT)._replace(calls=()), [], "a plan needs one adapter or None for each column"),
        (plan_for(Code.INT)._replace(keys=()), [], "a plan needs one key for each column"),
    ],
)
def test_what_does_not_fit_the_plan_is_refused(codec, plan, rows, message):
    with pytest.raises((ValueError, TypeError), match=f"^{re.escape(message)}$"):
        codec.decode_rows(plan, rows)


def test_no_rows_and_no_columns(codec):
    assert codec.decode_rows(plan_for(Code.INT), []) == []
    assert codec.decode_rows(plan_for(), [(), ()]) == [(), ()]
    assert codec.decode_rows(plan_for(keys=()), [()]) == [{}]


def test_many_columns(codec):
    plan = plan_for(*[Code.INT] * 4096)
    assert codec.decode_rows(plan, [(b"7",) * 4096]) == [(7,) * 4096]


CELLS = st.one_of(
    st.none(),
    st.binary(max_size=40),
    st.sampled_from([sample.cell for sample in SAMPLES + BROKEN + ZERO_DATES]),
    st.from_regex(rb"-?[0-9]{0,22}(\.[0-9]{0,8})?([eE][+-]?[0-9]{0,3})?", fullmatch=True),
    st.from_regex(rb"[0-9]{4}-[0-9]{2}-[0-9]{2}( [0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{0,7})?)?", fullmatch=True),
    st.from_regex(rb"-?[0-9]{1,4}:[0-9]{2}:[0-9]{2}(\.[0-9]{0,7})?", fullmatch=True),
    st.uuids().map(lambda value: str(value).encode()),
    st.text(max_size=20).map(lambda text: json.dumps(text).encode()),
)


@given(code=st.sampled_from(Code), cell=CELLS, zero_dates=st.sampled_from(ZeroDates))
def test_the_twins_agree_on_any_cell(code, cell, zero_dates):
    plan = plan_for(code, zero_dates=zero_dates)
    assert outcome(_python, plan, [(cell,)]) == outcome(_native, plan, [(cell,)])


COLUMNS = st.builds(
    Column,
    st.sampled_from(["a", "b", "", "__class__"]),
    st.integers(0, 255),
    st.integers(0, 2**16 - 1),
    st.booleans(),
    st.integers(0, 39),
)


@given(
    columns=st.lists(COLUMNS, max_size=5),
    cells=st.lists(CELLS, min_size=5, max_size=5),
    fused=st.dictionaries(st.sampled_from(["a", "b"]), st.sampled_from([None, *{fused for _, fused in _FUSED}])),
    mapping=st.dictionaries(st.sampled_from(["a", "b"]), st.sampled_from(["a", "x"])),
    utc=st.booleans(),
    zero_dates=st.sampled_from(ZeroDates),
    tuples=st.booleans(),
)
def test_the_twins_agree_on_any_plan(columns, cells, fused, mapping, utc, zero_dates, tuples):
    """Whatever a server may say of its columns, and whatever adapters and names are wanted."""
    planner = Planner(utc, zero_dates, json_loads, json_quick)
    plain = planner.plain(0, lambda: tuple(columns))
    assert all(code in list(Code) for code in plain.codes)
    plan = planner.adapted(plain, {name: (Adapter(kind), int) for name, kind in fused.items()}, mapping)
    plan = plan._replace(keys=None) if tuples else plan
    rows = [tuple(cells[: len(columns)]), (None,) * len(columns)]
    answers = []
    for codec in (_python, _native):
        try:
            answers.append(repr(codec.decode_rows(plan, rows)))
        except (ValueError, TypeError) as error:
            answers.append((type(error), str(error)))
    assert answers[0] == answers[1]


def refused(value):
    raise ValueError("the quick way does not know it")


@pytest.mark.parametrize("quick", [None, json_quick, refused])
@given(
    st.recursive(
        st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | st.text() | st.none(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=6,
    )
)
def test_json_is_what_it_was(quick, value):
    """Numbers of 19 digits and more too, of which orjson makes floats."""
    plan = Plan(bytes([Code.JSON]), None, ("j",), json_loads=json_loads, json_quick=quick)
    for codec in (_python, _native):
        assert repr(codec.decode_rows(plan, [(json.dumps(value).encode(),)])) == repr([(value,)])


# Values that stand in a literal as the server shows them: what is bound is what would be read.
SHOWN = st.one_of(
    st.tuples(st.just(8), st.integers(-(2**63), 2**64 - 1)),
    st.tuples(st.just(5), st.floats(allow_nan=False, allow_infinity=False)),
    st.tuples(st.just(246), st.decimals(-(10**30), 10**30, allow_nan=False, allow_infinity=False, places=20)),
    st.tuples(st.just(10), st.dates()),
    st.tuples(st.just(12), st.datetimes(timezones=st.just(timezone.utc))),
    st.tuples(st.just(11), st.timedeltas(timedelta(hours=-838), timedelta(hours=838))),
    st.tuples(st.just(253), st.text()),
    st.tuples(st.just(252), st.binary()),
)


@given(SHOWN)
def test_what_is_bound_is_what_is_read(shown):
    kind, value = shown
    for codec in (_python, _native):
        literal = codec.bind((b"", b""), (value,), False)
        cell = literal.removeprefix(b"_binary")
        cell = cell[1:-1].replace(b"''", b"'") if cell[:1] == b"'" else cell
        plain = Planner().plain(0, lambda: (column(kind, binary=isinstance(value, bytes)),))
        assert codec.decode_rows(plain._replace(keys=None), [(cell,)]) == [(value,)]


def test_decoding_leaks_nothing(codec):
    """Neither memory nor a reference, whether a cell is decoded, refused or left to its adapter."""
    cells = [(s.code, s.cell) for s in SAMPLES + BROKEN + ZERO_DATES]
    cells += [(Code.BOOL, b"7"), (Code.TIME, b"-10:00:00"), (Code.UUID, b"x"), (Code.JSON, b"{")]
    plans = [
        (plan_for(code, code, keys=("a", "b"), zero_dates=zero), cell) for code, cell in cells for zero in ZeroDates
    ]

    def every_way():
        for plan, cell in plans:
            for row in ((cell, None), (None, cell)):
                with contextlib.suppress(ValueError):
                    codec.decode_rows(plan, [row] * 3)

    every_way()
    gc.collect()
    counted = [FALLBACK, *(cell for _, cell in plans)]
    counts = [sys.getrefcount(value) for value in counted]
    tracemalloc.start()
    try:
        every_way()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(10):
            every_way()
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] - before < 20_000  # every cell leaked once would be more
    finally:
        tracemalloc.stop()
    assert [sys.getrefcount(value) for value in counted] == counts


def test_the_twins_have_the_same_names_and_signatures():
    names = {name for name, value in vars(_native).items() if callable(value) and not name.startswith("_")}
    # what talks to the client library
    only_native = {"Library", "Reader", "AsyncReader", "Statement", "AsyncStatement", "LocalInfile"}
    not_codec = {"ModelBuilder", "class_version"}  # records/ has their twin
    assert names - only_native - not_codec == set(_python.__all__)
    for name in _python.__all__:
        parameters = [list(inspect.signature(getattr(twin, name)).parameters) for twin in (_python, _native)]
        assert parameters[0] == parameters[1]


def test_the_codes_in_c_are_the_codes():
    source = Path(__file__).parents[2] / "csrc" / "decode.pyx"
    found = dict(re.findall(r"^    CODE_(\w+) = (\d+)$", source.read_text(), re.MULTILINE))
    assert {name: int(value) for name, value in found.items()} == {code.name: int(code) for code in Code}


def column(kind, name="c", flags=0, binary=False, decimals=0):
    return Column(name, kind, flags, binary, decimals)


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: f"{kind.column}-{kind.python}")
def test_what_a_server_keeps_is_the_value(codec, kind):
    for sample in kind.samples:
        value = sample.value if sample.back is None else sample.back
        ((read,),) = (row.values() for row in codec.decode_rows(kind.plan(), [(kind.cell(sample),)]))
        assert repr(read) == repr(value) or (read == value and type(read) is type(value))
        assert codec.decode_rows(kind.plan(), [(None,)]) == [{"v": None}]


def test_the_documented_types_are_the_tested_ones():
    page = (Path(__file__).parents[2] / "docs" / "types.md").read_text().splitlines()
    assert [line for line in page if line.startswith("| ")] == table()


class Adapter:
    def __init__(self, fused):
        self.fused = fused

    def from_database(self, value, annotation):
        return ("called", value)


@pytest.mark.parametrize(
    "described, utc, code",
    [
        (column(8), True, Code.INT),
        (column(13), True, Code.INT),
        (column(5), True, Code.FLOAT),
        (column(246), True, Code.DECIMAL),
        (column(12), True, Code.DATETIME_UTC),
        (column(7), False, Code.DATETIME),
        (column(253), True, Code.TEXT),
        (column(253, binary=True), True, Code.BYTES),
        (column(254, flags=2048), True, Code.SET),
        (column(245, binary=True), True, Code.TEXT),
        (column(255, binary=True), True, Code.BYTES),
        (column(242, binary=True), True, Code.VECTOR),
        (column(16), True, Code.BIT),
        (column(11), True, Code.TIMEDELTA),
        (column(250), True, Code.TEXT),
        (column(199), True, Code.BYTES),
    ],
)
def test_the_plan_of_a_column(described, utc, code):
    plan = Planner(utc=utc).plain("s", lambda: (described,))
    assert Code(plan.codes[0]) is code


def test_plans_are_remembered_by_signature_and_bounded():
    planner, described = Planner(), []

    def describe():
        described.append(1)
        return (column(3),)

    assert planner.plain(0, describe) is planner.plain(0, describe)
    assert len(described) == 1
    for signature in range(3 * Planner.REMEMBERED):
        planner.plain(signature, describe)
    assert len(planner._plain) <= Planner.REMEMBERED


def test_adapters_are_fused_where_they_say_so_and_called_otherwise():
    planner = Planner(json_loads=json.loads)
    plain = planner.plain("s", lambda: (column(1, "b"), column(253, "u"), column(253, "x"), column(3, "n")))
    adapters = {name: (Adapter(fused), int) for name, fused in (("b", "bool"), ("u", "uuid"), ("x", None))}
    plan = planner.adapted(plain, adapters, {"n": "number"})
    assert [Code(code) for code in plan.codes] == [Code.BOOL, Code.UUID, Code.TEXT, Code.INT]
    assert plan.keys == ("b", "u", "x", "number")
    assert [call is not None for call in plan.calls] == [False, False, True, False]
    rows = _native.decode_rows(plan, [(b"1", str(uuid.UUID(int=5)).encode(), b"t", b"9")])
    assert rows == [{"b": True, "u": uuid.UUID(int=5), "x": ("called", "t"), "number": 9}]
    assert planner.adapted(plain) is plain
