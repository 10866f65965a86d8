"""MySQLBackend.execute_many, a thousand rows per round."""
from suite.benchmark_backend.statements import COUNT, DML, EMPTY, INSERT, MANY, MANY_ROUNDS, row


def test_bulk_insert(benchmark, backend):
    rows = [row(number) for number in range(MANY)]

    def empty_table():
        backend.execute(EMPTY, options=DML)

    result = benchmark.pedantic(backend.execute_many, (INSERT, rows), setup=empty_table, rounds=MANY_ROUNDS)
    assert result.affected_rows == MANY
    counts = backend.fetch_one(COUNT)
    assert (counts["n"], counts["names"]) == (MANY, MANY)
