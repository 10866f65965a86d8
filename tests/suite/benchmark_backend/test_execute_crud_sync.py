"""MySQLBackend.execute, one statement per round."""
from suite.benchmark_backend.statements import COUNT, DELETE, DML, FIND, INSERT, ROUNDS, UPDATE, row


def insert(backend, number=1):
    return backend.execute(INSERT, row(number), options=DML).last_insert_id


def test_insert(benchmark, backend):
    result = benchmark.pedantic(backend.execute, (INSERT, row(1)), {"options": DML}, rounds=ROUNDS)
    assert result.affected_rows == 1
    assert result.last_insert_id == backend.fetch_one(COUNT)["last"]


def test_find(benchmark, backend):
    key = insert(backend, 7)
    found = benchmark.pedantic(backend.fetch_one, (FIND, (key,)), rounds=ROUNDS)
    assert (found["id"], found["username"], found["balance"]) == (key, "user_7", 7.25)


def test_update(benchmark, backend):
    key = insert(backend)
    result = benchmark.pedantic(backend.execute, (UPDATE, (1, key)), {"options": DML}, rounds=ROUNDS)
    assert result.affected_rows == 1
    assert backend.fetch_one(FIND, (key,))["balance"] >= 2.25


def test_delete(benchmark, backend):
    def delete(key):
        return key, backend.execute(DELETE, (key,), options=DML)

    def fresh_key():
        return (insert(backend),), {}

    key, result = benchmark.pedantic(delete, setup=fresh_key, rounds=ROUNDS)
    assert result.affected_rows == 1
    assert backend.fetch_one(FIND, (key,)) is None
