"""bind: the 12 mixed values of one INSERT, and one value of each type; bind_rows: many rows in one statement."""
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import data
import pytest

from rhosocial.activerecord.backend.impl.mysqlclient.codec import _python
from rhosocial.activerecord.backend.impl.mysqlclient.codec.sql import template

ROWS = 1_000
LIMIT = 64 * 1024  # bytes of one statement
TEMPLATE = template(data.INSERT, True)
VALUES = {
    "NULL": None, "bool": True, "int": 10_000_000_000, "float": 287.9378, "Decimal": Decimal("12281.06"),
    "str ASCII": "delivered to the back door", "str quoted": "O'Brien said \\ twice",
    "str beyond ASCII": "Kateřina 美咲", "bytes": b"\x00\xff'\\" * 8,
    "datetime": datetime(2020, 9, 25, 16, 54, 54, 58728),
    "datetime aware": datetime(2020, 9, 25, 16, 54, 54, 58728, timezone.utc), "date": date(1953, 8, 20),
    "time": time(15, 45), "timedelta": timedelta(hours=-30, microseconds=5), "UUID": UUID(int=2**127 + 3),
}
TIMES = 100  # one value is too quick for a clock


@pytest.mark.benchmark(group="bind, 12 values")
def test_values(benchmark, codec):
    values = data.parameters(data.rows(ROWS)[0])
    assert benchmark(codec.bind, TEMPLATE.parts, values, True) == _python.bind(TEMPLATE.parts, values, True)


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("backslash", [True, False], ids=["backslash escapes", "no escapes"])
def test_value(benchmark, codec, name, backslash):
    benchmark.group = f"bind, {TIMES} x {name}{'' if backslash else ', NO_BACKSLASH_ESCAPES'}"
    parts, values = (b"SELECT ",) + (b",",) * (TIMES - 1) + (b"",), (VALUES[name],) * TIMES
    assert benchmark(codec.bind, parts, values, backslash) == _python.bind(parts, values, backslash)


@pytest.mark.benchmark(group=f"bind_rows, {ROWS} x 12 values")
def test_rows(benchmark, codec):
    rows = [data.parameters(row) for row in data.rows(ROWS)]
    assert benchmark(all_rows, codec, rows) == all_rows(_python, rows)


def all_rows(codec, rows):
    """The groups of values, a statement each."""
    done, texts = 0, []
    while done < len(rows):
        text, done = codec.bind_rows(TEMPLATE.insert.row, rows, done, LIMIT, True)
        texts.append(text)
    return texts
