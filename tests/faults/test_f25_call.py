"""F25: CALL with several result sets, and an error after the first: rows or a typed error, and a session in step."""

import contextlib

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient.errors import IntegrityError, QueryError

from .conftest import answering
from .conftest import call as on_either_side

NUMBERS = "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 300)"
MANY = f"{NUMBERS} SELECT x AS a, REPEAT('y', 100) AS t FROM n a, n b WHERE a.i <= 20"
FAILURES = {
    "an unknown table": ("SELECT * FROM nowhere;", QueryError, 1146),
    "a row there already": ("INSERT INTO t VALUES (1);", IntegrityError, 1062),
    "after a large one": (f"{MANY}; SELECT * FROM nowhere;", QueryError, 1146),
}

AMONG_ROWS = f"{NUMBERS} SELECT IF(i = 300, (SELECT i UNION SELECT 0), i) AS a FROM n;"
LATER = {**FAILURES, "among its rows": (AMONG_ROWS, QueryError, 1242)}


@pytest.fixture
def procedure(admin):
    admin.ask("CREATE TABLE t (n INT PRIMARY KEY)")
    admin.ask("INSERT INTO t VALUES (1)")

    def make(body):
        admin.ask(f"CREATE PROCEDURE p(x INT) BEGIN {body} END")

    return make


def by_text(backend, value):
    return backend.execute("CALL p(%s)", (value,))


async def by_prepared(backend, value):
    statement = await backend.prepare("CALL p(%s)")
    return await on_either_side(statement.execute, (value,))


@pytest.fixture(params=[by_text, by_prepared])
def call(request):
    return request.param


async def test_f25_the_rows_are_those_of_the_first(backend, procedure, call):
    procedure(f"SELECT x AS a; SELECT 'b' AS b UNION ALL SELECT 'c'; {MANY}; DELETE FROM t; SELECT 4 AS d;")
    session = await answering(backend)
    for value in (1, 2, 3):
        assert (await call(backend, value)).data == [{"a": value}]
        assert await answering(backend) == session


@pytest.mark.parametrize("failure", FAILURES)
async def test_f25_an_error_after_the_first_result(backend, procedure, call, failure):
    body, kind, errno = FAILURES[failure]
    procedure(f"SELECT x AS a; {body} SELECT 'never' AS c;")
    session = await answering(backend)
    for value in (1, 2):
        with pytest.raises(kind) as caught:
            await call(backend, value)
        assert caught.value.errno == errno
        assert await answering(backend) == session


async def test_f25_an_error_among_the_rows_of_the_second(backend, procedure, call):
    procedure(f"SELECT x AS a; {AMONG_ROWS} SELECT 3 AS c;")
    session = await answering(backend)
    with pytest.raises(QueryError) as caught:
        await call(backend, 1)
    assert caught.value.errno == 1242
    assert await answering(backend) == session


async def test_f25_an_error_before_any_result(backend, procedure, call):
    procedure("SELECT * FROM nowhere; SELECT x AS a;")
    session = await answering(backend)
    with pytest.raises(QueryError) as caught:
        await call(backend, 1)
    assert caught.value.errno == 1146
    assert await answering(backend) == session


async def test_f25_in_a_transaction_it_goes_on(backend, procedure, call, admin):
    procedure("SELECT x AS a; INSERT INTO t VALUES (x); SELECT * FROM nowhere;")
    async with backend.transaction():
        with pytest.raises(QueryError):
            await call(backend, 5)
        await backend.execute("INSERT INTO t VALUES (6)")
    assert admin.numbers("SELECT n FROM t ORDER BY n") == [1, 5, 6]


async def read(rows, into):
    async for row in rows:
        into.append(row["a"])


async def test_f25_a_stream_has_the_rows_of_the_first_result(backend, procedure, admin):
    procedure(f"SELECT x AS a UNION ALL SELECT 2; SELECT 'b' AS b; {MANY}; DELETE FROM t; SELECT 4 AS d;")
    session = await answering(backend)
    for size in (1, 2, 1000):
        assert [row async for row in backend.stream("CALL p(%s)", (1,), batch_size=size)] == [{"a": 1}, {"a": 2}]
    assert admin.numbers("SELECT n FROM t") == []
    assert admin.sessions_become(1)
    assert await answering(backend) == session


@pytest.mark.parametrize("size", [1, 2, 1000])
@pytest.mark.parametrize("failure", LATER)
async def test_f25_a_stream_ends_with_the_error_of_a_later_result(backend, procedure, admin, failure, size):
    body, kind, errno = LATER[failure]
    procedure(f"SELECT x AS a UNION ALL SELECT 2; {body} SELECT 'never' AS c;")
    session = await answering(backend)
    rows = []
    with pytest.raises(kind) as caught:
        await read(backend.stream("CALL p(%s)", (1,), batch_size=size), rows)
    assert caught.value.errno == errno
    assert rows == [1, 2]
    assert admin.sessions_become(1)
    assert await answering(backend) == session


@pytest.mark.parametrize("size", [1, 2, 1000])
async def test_f25_a_stream_left_early_does_not_wait_for_the_later_results(backend, procedure, admin, size):
    procedure("SELECT x AS a UNION ALL SELECT 2; SELECT SLEEP(20) AS b; DELETE FROM t;")
    session = await answering(backend)
    async with contextlib.aclosing(backend.stream("CALL p(%s)", (1,), batch_size=size)) as rows:
        async for row in rows:
            assert row == {"a": 1}
            break
    assert admin.sessions_become(1)
    assert admin.numbers("SELECT n FROM t") == [1]
    assert await answering(backend) == session


@pytest.mark.parametrize("size", [1, 7, 299, 1000])
async def test_f25_a_stream_ends_with_the_error_among_its_rows(backend, procedure, admin, size):
    procedure(f"{AMONG_ROWS} SELECT 3 AS c;")
    session = await answering(backend)
    rows = []
    with pytest.raises(QueryError) as caught:
        await read(backend.stream("CALL p(%s)", (1,), batch_size=size), rows)
    assert caught.value.errno == 1242
    assert rows == list(range(1, len(rows) + 1)) and len(rows) < 300
    assert admin.sessions_become(1)
    assert await answering(backend) == session


async def test_f25_a_stream_tells_the_error_of_its_first_result(backend, procedure, admin):
    procedure("SELECT * FROM nowhere; SELECT x AS a;")
    session = await answering(backend)
    with pytest.raises(QueryError) as caught:
        [row async for row in backend.stream("CALL p(%s)", (1,))]
    assert caught.value.errno == 1146
    assert admin.sessions_become(1)
    assert await answering(backend) == session
