"""P10: numbers that are names, or that are small to say and huge to write."""

import math
import tracemalloc
from decimal import Decimal

import pytest
from pydantic import ValidationError

from rhosocial.activerecord.backend.impl.mysqlclient.errors import ParameterValueError

from .paths import OF_MODELS, done, rows, ways_of

REFUSED = [
    *map(Decimal, ("NaN", "sNaN", "-NaN", "Infinity", "-Infinity", "1E+999999999", "1E-999999999", "-9E+999999")),
    Decimal("1E+66"), Decimal("1" * 66), Decimal("0." + "1" * 66), math.nan, math.inf, -math.inf, 10**5000,
]  # fmt: skip
# Where the answer has the type of the value, not that of a column.
UNTYPED = ("execute", "pooled", "raw_fragment", "session_variable", "stream")
EXACT = [2**63 - 1, -(2**63), 2**64 - 1, Decimal("-0.000000000000000000000000000001"), Decimal("1E+34"),
         1.7976931348623157e308, 5e-324]  # fmt: skip


class Odd(int):
    def __str__(self):
        return "1 OR 1=1"

    __repr__ = __format__ = lambda self, *_: "1 OR 1=1"


class OddDecimal(Decimal):
    def __str__(self, *_):
        return "1 OR 1=1"

    __repr__ = __format__ = __str__


@pytest.mark.parametrize("value", REFUSED, ids=lambda value: str(type(value).__name__))
async def test_refused_before_anything_is_sent(either, value):
    tracemalloc.start()
    try:
        for name, way in ways_of(value).items():
            refusing = (ParameterValueError, ValidationError) if name in OF_MODELS else ParameterValueError
            with pytest.raises(refusing, match="parameter [1-4]|n\\n"):
                await way(either, value)
            assert await rows(either, "SELECT id FROM t WHERE COALESCE(s, b, n, f) IS NOT NULL") == []
            await done(either.execute("DELETE FROM t"))
        with pytest.raises(ParameterValueError, match="row 2, parameter 1"):
            await done(either.execute_many("INSERT INTO t (s) VALUES (%s)", [(1,), (value,)]))
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()
    assert await rows(either, "SELECT COUNT(*) AS n FROM t") == [0]


async def test_numbers_are_numbers(either):
    for value in EXACT:
        for name, way in ways_of(value).items():
            found = await way(either, value)
            assert found and found == [value] * len(found), (name, value)
            if name in UNTYPED:
                assert {*map(type, found)} == {type(value)}, (name, value)
    assert await rows(either, "SELECT %s AS v", (Decimal("1E+64"),)) == [Decimal("1E+64")]


async def test_numbers_that_say_they_are_something_else(either):
    for value in (Odd(7), OddDecimal(7)):
        for name, way in ways_of(value).items():
            if name not in OF_MODELS:
                found = await way(either, value)
                assert found and [int(v) for v in found] == [7] * len(found), name
