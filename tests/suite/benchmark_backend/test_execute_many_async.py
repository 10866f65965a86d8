"""AsyncMySQLBackend.execute_many, a thousand rows per round."""
from suite.benchmark_backend.statements import COUNT, DML, EMPTY, INSERT, MANY, MANY_ROUNDS, row


def test_bulk_insert_async(benchmark, async_backend, run):
    rows = [row(number) for number in range(MANY)]

    def insert_all():
        return run(async_backend.execute_many(INSERT, rows))

    def empty_table():
        run(async_backend.execute(EMPTY, options=DML))

    result = benchmark.pedantic(insert_all, setup=empty_table, rounds=MANY_ROUNDS)
    assert result.affected_rows == MANY
    counts = run(async_backend.fetch_one(COUNT))
    assert (counts["n"], counts["names"]) == (MANY, MANY)
