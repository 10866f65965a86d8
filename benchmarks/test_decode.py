"""decode_rows: the 12 mixed columns together, and each alone."""
import data
import pytest

ROWS = 1_000


@pytest.mark.benchmark(group="decode_rows, 12 columns")
def test_rows(benchmark, codec):
    decoded = benchmark(codec.decode_rows, data.PLAN, data.cells(ROWS))
    assert [row["created"] for row in decoded] == [row[data.NAMES.index("created")] for row in data.rows(ROWS)]


@pytest.mark.parametrize("column", data.COLUMNS, ids=data.NAMES)
def test_column(benchmark, codec, column):
    benchmark.group = f"decode_rows, {column.name} ({column.code.name})"
    place = data.NAMES.index(column.name)
    plan = data.PLAN._replace(codes=bytes([column.code]), keys=None, names=(column.name,))
    cells = [(row[place],) for row in data.cells(ROWS)]
    decoded = benchmark(codec.decode_rows, plan, cells)
    assert [value is None for (value,) in decoded] == [cell is None for (cell,) in cells]
