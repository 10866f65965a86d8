"""decode_rows: the 12 mixed columns together, as dicts and as tuples, and each alone, with its adapter too."""
import json

import data
import pytest

from rhosocial.activerecord.backend.impl.mysqlclient.codec import _python
from rhosocial.activerecord.backend.impl.mysqlclient.codec.abc import Code

ROWS = 1_000
# What a model's adapter makes of the column in C: fused into the code.
FUSED = {"active": Code.BOOL, "opens": Code.TIME, "settings": Code.JSON, "created": Code.DATETIME}


@pytest.mark.parametrize("keys", [data.NAMES, None], ids=["dicts", "tuples"])
def test_rows(benchmark, codec, keys):
    benchmark.group = f"decode_rows, 12 columns, {'dicts' if keys else 'tuples'}"
    check(benchmark, codec, data.PLAN._replace(keys=keys), data.cells(ROWS))


@pytest.mark.parametrize("column", data.COLUMNS, ids=data.NAMES)
def test_column(benchmark, codec, column):
    one_column(benchmark, codec, column.name, column.code)


@pytest.mark.parametrize("name", FUSED)
def test_fused(benchmark, codec, name):
    one_column(benchmark, codec, name, FUSED[name])


def one_column(benchmark, codec, name, code):
    benchmark.group = f"decode_rows, {name} ({code.name})"
    place = data.NAMES.index(name)
    plan = data.PLAN._replace(codes=bytes([code]), keys=None, names=(name,), json_loads=json.loads)
    check(benchmark, codec, plan, [(row[place],) for row in data.cells(ROWS)])


def check(benchmark, codec, plan, cells):
    decoded, wanted = benchmark(codec.decode_rows, plan, cells), _python.decode_rows(plan, cells)
    assert decoded == wanted
    assert [list(map(type, values(row))) for row in decoded] == [list(map(type, values(row))) for row in wanted]


def values(row):
    return row.values() if isinstance(row, dict) else row
