"""bind: the 12 mixed values of one INSERT; bind_rows: many rows in one statement."""
import data
import pytest

from rhosocial.activerecord.backend.impl.mysqlclient.codec.sql import template

ROWS = 1_000
LIMIT = 64 * 1024  # bytes of one statement
TEMPLATE = template(data.INSERT, True)


@pytest.mark.benchmark(group="bind, 12 values")
def test_values(benchmark, codec):
    values = data.parameters(data.rows(ROWS)[0])
    statement = benchmark(codec.bind, TEMPLATE.parts, values, True)
    assert statement.startswith(b"INSERT INTO bench_rows") and b"%s" not in statement


@pytest.mark.benchmark(group=f"bind_rows, {ROWS} x 12 values")
def test_rows(benchmark, codec):
    rows = [data.parameters(row) for row in data.rows(ROWS)]

    def all_rows():
        done, size = 0, 0
        while done < len(rows):
            text, done = codec.bind_rows(TEMPLATE.insert.row, rows, done, LIMIT, True)
            size += len(text)
        return size

    assert benchmark(all_rows) > ROWS * 100
