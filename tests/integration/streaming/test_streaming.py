"""stream(): rows while the server sends them, and early ends that do not wait for the rest."""

import asyncio
import contextlib
import subprocess
import sys
from typing import ClassVar, Optional

import pytest
from rhosocial.activerecord.backend.errors import DatabaseError, OperationalError, QueryError
from rhosocial.activerecord.backend.expression import Column, QueryExpression, TableExpression
from rhosocial.activerecord.model import ActiveRecord, AsyncActiveRecord

from rhosocial.activerecord.backend.impl.mysqlclient import AsyncMySQLBackend, MySQLBackend
from rhosocial.activerecord.backend.impl.mysqlclient.type_converters import MySQLBooleanAdapter

COUNT = 2500
ENDLESS = "SELECT a.id FROM t a, t b, t c"  # hours of them


@pytest.fixture
def table(backend):
    backend.execute("CREATE TABLE t (id INT PRIMARY KEY, flag TINYINT NOT NULL, name VARCHAR(50))")
    backend.execute_many("INSERT INTO t VALUES (%s, %s, %s)", [(i, i % 2, f"name {i}") for i in range(COUNT)])
    return backend


def rows_of(backend, sql, *args, **kwargs):
    """All rows, whichever the backend is."""
    if isinstance(backend, MySQLBackend):
        return list(backend.stream(sql, *args, **kwargs))

    async def collect():
        try:
            return [row async for row in backend.stream(sql, *args, **kwargs)]
        finally:
            await backend.disconnect()

    return asyncio.run(collect())


@pytest.fixture(params=[MySQLBackend, AsyncMySQLBackend], ids=["sync", "async"])
def either(request, table, config):
    return table if request.param is MySQLBackend else AsyncMySQLBackend(connection_config=config)


@pytest.mark.parametrize("batch_size", [1, 7, 256, 1000, 2499, 2500, 2501])
def test_the_rows_are_those_of_execute_whatever_the_batch(table, either, batch_size):
    sql, params = "SELECT id, flag, name FROM t WHERE id >= %s ORDER BY id", (3,)
    assert rows_of(either, sql, params, batch_size=batch_size) == table.execute(sql, params).data


def test_adapters_and_mapping_are_those_of_execute(table, either):
    how = {"column_adapters": {"flag": (MySQLBooleanAdapter(), bool)}, "column_mapping": {"name": "title"}}
    found = rows_of(either, "SELECT * FROM t ORDER BY id LIMIT 2", **how)
    assert found == [{"id": 0, "flag": False, "title": "name 0"}, {"id": 1, "flag": True, "title": "name 1"}]


def test_batches_have_the_size_asked_for(table):
    batches = list(table.stream("SELECT id FROM t ORDER BY id", batch_size=1000).batches)
    assert [len(batch) for batch in batches] == [1000, 1000, 500]


@pytest.mark.asyncio
async def test_asynchronous_batches_too(table, async_backend):
    stream = async_backend.stream("SELECT id FROM t ORDER BY id", batch_size=2000)
    assert [len(batch) async for batch in stream.batches] == [2000, 500]


def test_no_rows_and_no_result_set_are_empty(either):
    assert rows_of(either, "SELECT id FROM t WHERE id < 0") == []
    assert rows_of(either, "DO 0") == []


def test_a_stream_is_used_once(table):
    stream = table.stream("SELECT id FROM t")
    assert len(list(stream)) == COUNT
    assert list(stream) == []


@pytest.mark.parametrize("size", [0, -1, 1.5, True, None])
def test_batch_size_is_a_positive_integer(table, size):
    with pytest.raises(ValueError, match="batch_size"):
        table.stream("SELECT 1", batch_size=size)


def test_other_statements_go_on_while_rows_are_read(table, admin):
    for count, row in enumerate(table.stream("SELECT id FROM t ORDER BY id", batch_size=500)):
        if count % 500 == 0:
            table.execute("UPDATE t SET name = 'seen' WHERE id = %s", (row["id"],))
    assert table.execute("SELECT COUNT(*) AS n FROM t WHERE name = 'seen'").data == [{"n": 5}]
    assert admin.sessions_become(1), "the stream's session is closed after the last row"


def test_in_a_transaction_it_is_refused(table):
    with table.transaction(), pytest.raises(OperationalError, match="does not see this transaction"):
        list(table.stream("SELECT 1"))


def test_errors_are_those_of_execute(either):
    with pytest.raises(QueryError) as caught:
        rows_of(either, "SELECT * FROM absent")
    assert caught.value.errno == 1146


class Failing:
    def from_database(self, value, annotation):
        if value == 2000:
            raise ValueError("2000 is not for me")
        return value


def test_an_error_in_the_middle_ends_the_stream(table, admin):
    read = []
    stream = table.stream("SELECT id FROM t ORDER BY id", batch_size=500, column_adapters={"id": (Failing(), int)})
    with pytest.raises(DatabaseError, match="2000 is not for me"):
        for row in stream:
            read.append(row["id"])
    assert read == list(range(2000))
    assert admin.sessions_become(1)
    assert list(stream) == []


FAILING = ("SELECT id FROM t ORDER BY id", None)


def test_after_an_error_in_a_batch_there_is_no_other(table, admin):
    stream = table.stream(*FAILING, batch_size=500, column_adapters={"id": (Failing(), int)})
    with pytest.raises(DatabaseError, match="2000 is not for me"):
        while stream.next_batch():
            continue
    assert stream.next_batch() == []
    assert admin.sessions_become(1)


async def test_after_an_error_in_an_asynchronous_batch_there_is_no_other(table, async_backend, admin):
    stream = async_backend.stream(*FAILING, batch_size=500, column_adapters={"id": (Failing(), int)})
    with pytest.raises(DatabaseError, match="2000 is not for me"):
        while await stream.next_batch():
            continue
    assert await stream.next_batch() == []
    assert admin.sessions_become(1)


def test_leaving_a_loop_ends_the_statement_on_the_server(table, admin):
    for _row in table.stream(ENDLESS, batch_size=10):
        break
    assert admin.sessions_become(1)


def test_close_ends_a_statement_that_sends_nothing(table, admin):
    """A session whose end the server would notice by its next row only."""
    sleeping = "SELECT REPEAT('x', 100), IF(id = 2000, SLEEP(100), 0) FROM t ORDER BY id"
    with table.stream(sleeping, batch_size=10) as stream:
        assert len(stream.next_batch()) == 10
    assert admin.sessions_become(1)


@pytest.mark.asyncio
async def test_leaving_async_with_ends_the_statement_on_the_server(table, async_backend, admin):
    table.disconnect()
    await async_backend.connect()
    async with async_backend.stream(ENDLESS, batch_size=10) as stream:
        async for _row in stream:
            break
        assert await async_backend.execute("SELECT 1 AS one")
    assert await asyncio.to_thread(admin.sessions_become, 1)


@pytest.mark.asyncio
async def test_cancelling_ends_the_statement_on_the_server(async_backend, admin):
    await async_backend.connect()

    async def read():
        async for _row in async_backend.stream("SELECT SLEEP(100)"):
            pass

    task = asyncio.create_task(read())
    assert await asyncio.to_thread(admin.sessions_become, 2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(admin.sessions_become, 1)


def test_rows_become_models(table, config):
    class Thing(ActiveRecord):
        __table_name__: ClassVar[str] = "t"
        __primary_key__: ClassVar[str] = "id"
        id: Optional[int] = None
        flag: bool
        name: str

    Thing.configure(config, MySQLBackend)
    try:
        things = list(table.stream("SELECT * FROM t ORDER BY id LIMIT 2", model=Thing))
        assert things == Thing.query().order_by("id").limit(2).all()
        assert [(type(thing), thing.flag, thing._is_from_db, thing.is_dirty) for thing in things] == [
            (Thing, False, True, False),
            (Thing, True, True, False),
        ]
    finally:
        Thing.backend().disconnect()


@pytest.mark.asyncio
async def test_rows_become_asynchronous_models(table, async_backend, config):
    class Thing(AsyncActiveRecord):
        __table_name__: ClassVar[str] = "t"
        __primary_key__: ClassVar[str] = "id"
        id: Optional[int] = None
        flag: bool
        name: str

    Thing.__backend__ = async_backend
    stream = async_backend.stream("SELECT * FROM t ORDER BY id LIMIT 2", model=Thing)
    assert [(thing.id, thing.flag) async for thing in stream] == [(0, False), (1, True)]


def query(backend):
    dialect = backend.dialect
    return QueryExpression(dialect, select=[Column(dialect, "id")], from_=TableExpression(dialect, "t"))


def test_batch_dql_reads_pages_from_the_stream(table, admin):
    pages = table.execute_batch_dql(query(table), page_size=1000)
    assert len(next(pages).data) == 1000
    assert admin.sessions_become(2), "the rows left are still with the server"
    assert [page.page_size for page in pages] == [1000, 500]
    assert admin.sessions_become(1)


def test_batch_dql_left_early_ends_its_session(table, admin):
    for _page in table.execute_batch_dql(query(table), page_size=10):
        break
    assert admin.sessions_become(1)


def test_batch_dql_in_a_transaction_sees_its_rows(table):
    with table.transaction():
        table.execute("DELETE FROM t WHERE id >= 15")
        pages = list(table.execute_batch_dql(query(table), page_size=10))
    assert [page.page_size for page in pages] == [10, 5]


@pytest.mark.asyncio
async def test_asynchronous_batch_dql(table, async_backend):
    pages = async_backend.execute_batch_dql(query(async_backend), page_size=1000)
    assert [page.page_size async for page in pages] == [1000, 1000, 500]


@pytest.mark.asyncio
async def test_asynchronous_batch_dql_left_early_ends_its_session(table, async_backend, admin):
    await async_backend.connect()
    async with contextlib.aclosing(async_backend.execute_batch_dql(query(async_backend), page_size=10)) as pages:
        async for page in pages:
            assert page.page_size == 10 and admin.sessions_become(3)
            break
    assert admin.sessions_become(2)


@pytest.mark.asyncio
async def test_asynchronous_batch_dql_in_a_transaction_sees_its_rows(table, async_backend):
    async with async_backend.transaction():
        await async_backend.execute("DELETE FROM t WHERE id >= 15")
        pages = [page async for page in async_backend.execute_batch_dql(query(async_backend), page_size=10)]
    assert [page.page_size for page in pages] == [10, 5]


GROWTH = """
import asyncio, resource, sys
from rhosocial.activerecord.backend.impl.mysqlclient import AsyncMySQLBackend, MySQLBackend

kind, sql, url = sys.argv[1:]
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def sync():
    backend = MySQLBackend(dsn=url)
    list(backend.stream(sql + " LIMIT 5000"))
    before = peak()
    count = sum(1 for row in backend.stream(sql))
    backend.disconnect()
    return count, peak() - before


async def asynchronous():
    backend = AsyncMySQLBackend(dsn=url)
    count = sum([1 async for row in backend.stream(sql + " LIMIT 5000")])
    before, count = peak(), 0
    async for row in backend.stream(sql):
        count += 1
    await backend.disconnect()
    return count, peak() - before


print(*(sync() if kind == "sync" else asyncio.run(asynchronous())))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no resource module")
@pytest.mark.parametrize(
    ("kind", "sql", "count"),
    [
        ("sync", "SELECT i, text FROM m", 2**20),
        ("async", "SELECT i, text FROM m", 2**20),
        ("sync", f"SELECT i FROM m, (SELECT 1{' UNION ALL SELECT 1' * 4}) AS five", 5 * 2**20),
    ],
    ids=["sync", "async", "five-million-of-one-column"],
)
def test_memory_does_not_grow_with_millions_of_rows(backend, config, kind, sql, count):
    backend.execute("CREATE TABLE m (i INT PRIMARY KEY, text CHAR(64)) AS SELECT 1 AS i, LPAD(1, 64, '0') AS text")
    power = 0
    while 2**power < 2**20:
        backend.execute(f"INSERT INTO m SELECT i + {2**power}, LPAD(i + {2**power}, 64, '0') FROM m")
        power += 1
    arguments = [kind, sql, config.to_url(show_password=True)]
    done = subprocess.run([sys.executable, "-c", GROWTH, *arguments], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    found, kilobytes = map(int, done.stdout.split())
    assert found == count
    assert kilobytes <= 32 * 1024
