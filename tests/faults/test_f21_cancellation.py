"""F21: a task cancelled, or timed out, at every await point of everything: no other gets its rows, the server stops the
statement, and no session is left. (tests/integration/async_backend/test_cancellation.py looks at each part closely.)
"""

import asyncio
import contextlib
import types

import pytest
import pytest_asyncio
from rhosocial.activerecord.backend.options import BulkInsertOptions

from rhosocial.activerecord.backend.impl.mysqlclient import AsyncMySQLBackend, MySQLConnectionConfig
from rhosocial.activerecord.backend.impl.mysqlclient.errors import DeadlockError, QueryTimeout

from ..admin import LONG, eventually_true

NUMBERS = "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 300)"


@pytest_asyncio.fixture(params=["backend", "pooled"])
async def backend(server, database, admin, request):
    options = {"pool_size": 2} if request.param == "pooled" else {}
    config = MySQLConnectionConfig(**server.connect_kwargs(), database=database, **options)
    backend = AsyncMySQLBackend(connection_config=config)
    admin.ask("CREATE TABLE t (run INT, n INT) ENGINE=InnoDB")
    yield backend
    await backend.disconnect()
    await backend.pool.close()
    assert await asyncio.to_thread(admin.sessions_become, 0)


async def insert(backend, run, n):
    await backend.execute("INSERT INTO t VALUES (%s, %s)", (run, n))


async def in_a_transaction(backend, run):
    async with backend.transaction():
        await insert(backend, run, 1)
        async with backend.transaction():
            await insert(backend, run, 2)
        await insert(backend, run, 3)


async def rolled_back(backend, run):
    with contextlib.suppress(LookupError):
        async with backend.transaction():
            await insert(backend, run, 1)
            async with backend.transaction():
                raise LookupError


async def undone(backend, run):
    with contextlib.suppress(DeadlockError):
        async with backend.transaction():
            await insert(backend, run, 1)
            await backend.execute("SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213")


async def again(backend, run):
    attempts = []

    async def work():
        attempts.append(1)
        await insert(backend, run, 1)
        if len(attempts) == 1:
            await backend.execute("SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213")
        await insert(backend, run, 2)
        await insert(backend, run, 3)

    await backend.run_transaction(work)


async def in_one_call(backend, run):
    rows = [(run, n) for n in (1, 2, 3)]
    await backend.bulk_insert(BulkInsertOptions(table="t", columns=["run", "n"], rows=rows))


async def by_execute_many(backend, run):
    await backend.execute_many("INSERT INTO t VALUES (%s, %s)", [(run, n) for n in (1, 2, 3)])


async def streaming(backend, run):
    async with backend.stream(f"{NUMBERS} SELECT a.i, 'stale' AS tag FROM n a, n b", batch_size=20_000) as stream:
        assert sum([1 async for _ in stream]) == 90_000


async def prepared(backend, run):
    async with await backend.prepare("SELECT %s AS tag") as statement:
        assert (await statement.execute((run,))).data == [{"tag": run}]


async def timed(backend, run):
    with backend.statement_timeout(0.01), contextlib.suppress(QueryTimeout):
        await backend.execute(f"{NUMBERS} SELECT COUNT(*) FROM n a, n b, n c")


async def borrowing(backend, run):
    async with await backend.get_connection(timeout=LONG) as connection:
        async with connection.transaction():
            await in_one_call(connection, run)
    await backend.disconnect()


WORK = [
    in_a_transaction, rolled_back, undone, again, in_one_call, by_execute_many, streaming, prepared, timed, borrowing
]  # fmt: skip


@types.coroutine
def cut(coroutine, point):
    """Await it, and cancel the running task at its await number ``point``."""
    awaiting = coroutine.__await__()
    step, argument = awaiting.send, None
    while True:
        try:
            future = step(argument)
        except StopIteration as stop:
            return stop.value
        if point == 0:
            asyncio.current_task().cancel()
        point -= 1
        try:
            step, argument = awaiting.send, (yield future)
        except BaseException as error:
            step, argument = awaiting.throw, error


async def cancelled(coroutine, point):
    async def work():
        return await cut(coroutine, point)

    try:
        await asyncio.create_task(work())
    except asyncio.CancelledError:
        return True
    return False


async def assert_sound(backend, admin, run):
    assert not backend.in_transaction
    assert (await backend.execute("SELECT %s AS tag", (run,))).data == [{"tag": run}]
    await insert(backend, -run, 0)
    assert admin.number(f"SELECT COUNT(*) FROM t WHERE run = {-run}") == 1
    assert admin.number(f"SELECT COUNT(*) FROM t WHERE run = {run}") in (0, 3)


@pytest.mark.parametrize("work", WORK)
async def test_f21_at_every_await(backend, admin, work):
    run = point = 1
    while await cancelled(work(backend, run), point - 1):
        await assert_sound(backend, admin, run)
        run += 1
        point += 1 if point < 30 else point // 4
    await assert_sound(backend, admin, run)
    assert run >= 2
    own = 0 if backend._pooled else 1
    assert await eventually_true(lambda: len(admin.sessions()) == backend.pool.stats().size + own)


async def test_f21_wait_for_after_any_time(backend, admin):
    for run, delay in enumerate((0, 0.0002, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016), 1):
        for work in (in_a_transaction, streaming):
            with contextlib.suppress(asyncio.TimeoutError, TimeoutError):
                await asyncio.wait_for(work(backend, run), delay)
        await assert_sound(backend, admin, run)
    with pytest.raises((asyncio.TimeoutError, TimeoutError)):
        await asyncio.wait_for(backend.execute("SELECT SLEEP(60) AS endless"), 0.1)
    await assert_sound(backend, admin, 9)
    assert await asyncio.to_thread(admin.sessions_become, 1)
    assert not any("endless" in str(info) for info in admin.sessions().values())
