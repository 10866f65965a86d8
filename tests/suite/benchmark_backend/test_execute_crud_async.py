"""AsyncMySQLBackend.execute, one statement per round."""
from suite.benchmark_backend.statements import COUNT, DELETE, DML, FIND, INSERT, ROUNDS, UPDATE, row


async def insert(backend, number=1):
    return (await backend.execute(INSERT, row(number), options=DML)).last_insert_id


def test_insert_async(benchmark, async_backend, run):
    result = benchmark.pedantic(lambda: run(async_backend.execute(INSERT, row(1), options=DML)), rounds=ROUNDS)
    assert result.affected_rows == 1
    assert result.last_insert_id == run(async_backend.fetch_one(COUNT))["last"]


def test_find_async(benchmark, async_backend, run):
    key = run(insert(async_backend, 7))
    found = benchmark.pedantic(lambda: run(async_backend.fetch_one(FIND, (key,))), rounds=ROUNDS)
    assert (found["id"], found["username"], found["balance"]) == (key, "user_7", 7.25)


def test_update_async(benchmark, async_backend, run):
    key = run(insert(async_backend))
    result = benchmark.pedantic(lambda: run(async_backend.execute(UPDATE, (1, key), options=DML)), rounds=ROUNDS)
    assert result.affected_rows == 1
    assert run(async_backend.fetch_one(FIND, (key,)))["balance"] >= 2.25


def test_delete_async(benchmark, async_backend, run):
    def delete(key):
        return key, run(async_backend.execute(DELETE, (key,), options=DML))

    def fresh_key():
        return (run(insert(async_backend)),), {}

    key, result = benchmark.pedantic(delete, setup=fresh_key, rounds=ROUNDS)
    assert result.affected_rows == 1
    assert run(async_backend.fetch_one(FIND, (key,))) is None
