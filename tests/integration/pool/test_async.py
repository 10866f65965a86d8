"""The pool for tasks: what test_sessions.py asks, where tasks and loops make a difference."""

import asyncio
import gc

import pytest
from rhosocial.activerecord.backend.errors import ConnectionError

from rhosocial.activerecord.backend.impl.mysqlclient import AsyncMySQLBackend, implementation
from rhosocial.activerecord.backend.impl.mysqlclient.errors import ConnectionLost, PoolTimeout

from ...admin import LONG, eventually_true
from .conftest import anumber

ID = "SELECT CONNECTION_ID()"


async def waiters_become(backend, count):
    assert await eventually_true(lambda: backend.pool.stats().waiters == count)


@pytest.mark.asyncio
async def test_what_was_given_back_is_taken_again(apooled, admin):
    backend = apooled()
    connection = await backend.get_connection()
    first = await anumber(connection, ID)
    await backend.return_connection(connection)
    await backend.return_connection(connection)
    async with await backend.get_connection() as again:
        assert await anumber(again, ID) == first
    with pytest.raises(ConnectionError, match="given back"):
        await connection.execute("SELECT 1")
    assert set(admin.sessions()) == {first}


@pytest.mark.asyncio
async def test_a_backend_with_pool_options_connects_from_the_pool(apooled, admin):
    backend = apooled()
    ids = set()
    for _ in range(5):
        async with backend.context() as inside:
            ids.add(await anumber(inside, ID))
    assert len(ids) == 1 and set(admin.sessions()) == ids


@pytest.mark.parametrize(
    ("left", "clean"),
    [
        ("SET @secret = 7", "SELECT @secret IS NULL"),
        ("SELECT GET_LOCK(DATABASE(), 0)", "SELECT IS_FREE_LOCK(DATABASE())"),
        ("CREATE TEMPORARY TABLE t AS SELECT 7 AS n", "SELECT COUNT(*) = 0 FROM t"),
        ("START TRANSACTION; INSERT INTO t VALUES (1)", "SELECT COUNT(*) = 0 FROM t"),
        ("SET autocommit=0; INSERT INTO t VALUES (1)", "SELECT COUNT(*) = 0 FROM t"),
        ("SET sql_mode='NO_BACKSLASH_ESCAPES'", "SELECT @@sql_mode = @@GLOBAL.sql_mode"),
    ],
)
@pytest.mark.asyncio
async def test_nothing_is_left_for_the_next_user(apooled, left, clean):
    backend = apooled(pool_size=1)
    await backend.execute("CREATE TABLE t (n INT)")
    await backend.disconnect()
    opened = backend.pool.stats().opened
    async with await backend.get_connection() as connection:
        await connection.executescript(left)
        assert await anumber(connection, clean) == 0
    async with await backend.get_connection() as connection:
        assert await anumber(connection, clean) == 1
    if implementation() == "native":
        assert backend.pool.stats().opened == opened


@pytest.mark.asyncio
async def test_a_session_killed_while_idle_is_replaced_silently(apooled, admin, kill):
    backend = apooled()
    async with await backend.get_connection() as connection:
        first = await anumber(connection, ID)
    kill(first)
    async with await backend.get_connection() as connection:
        assert await anumber(connection, ID) != first
    assert admin.sessions_become(1)


@pytest.mark.asyncio
async def test_a_session_killed_in_use_is_replaced(apooled, admin, kill):
    backend = apooled(pool_size=1)
    async with await backend.get_connection() as connection:
        kill(await anumber(connection, ID))
        with pytest.raises(ConnectionLost):
            await connection.execute("SELECT 1")
        assert await anumber(connection, "SELECT 2") == 2
    assert admin.sessions_become(1)


@pytest.mark.asyncio
async def test_a_cancelled_statement_costs_its_session_and_not_its_place(apooled, admin):
    backend = apooled(pool_size=1)

    async def sleep():
        async with await backend.get_connection() as connection:
            await connection.execute("SELECT SLEEP(100)")

    task = asyncio.create_task(sleep())
    assert await admin.begins("SLEEP")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with await backend.get_connection() as connection:
        assert await anumber(connection, "SELECT 2") == 2
    assert admin.sessions_become(1)


@pytest.mark.asyncio
async def test_a_cancelled_wait_leaves_the_queue_and_loses_no_place(apooled):
    backend = apooled(pool_size=1)
    for granted in (False, True):
        connection = await backend.get_connection()
        first = asyncio.create_task(backend.get_connection())
        second = asyncio.create_task(backend.get_connection())
        await waiters_become(backend, 2)
        if granted:  # and cancelled before it came to know
            await connection.disconnect()
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        await connection.disconnect()
        async with await asyncio.wait_for(second, LONG) as mine:
            assert await anumber(mine, "SELECT 1") == 1
    stats = backend.pool.stats()
    assert (stats.in_use, stats.idle, stats.waiters, stats.opened) == (0, 1, 0, 1)


@pytest.mark.asyncio
async def test_tasks_are_served_in_turn(apooled):
    backend, order = apooled(pool_size=1), []

    async def work(number):
        async with await backend.get_connection():
            order.append(number)

    connection = await backend.get_connection()
    tasks = []
    for number in range(20):
        tasks.append(asyncio.create_task(work(number)))
        await waiters_become(backend, number + 1)
    await connection.disconnect()
    await asyncio.gather(*tasks)
    assert order == list(range(20))


@pytest.mark.asyncio
async def test_the_error_says_who_holds_what(apooled):
    backend = apooled(pool_size=1, pool_timeout=0.1, pool_name="shop")
    asyncio.current_task().set_name("hoarder")
    async with await backend.get_connection():
        with pytest.raises(PoolTimeout, match=r"pool shop: no session within 0.1 s.*task hoarder") as caught:
            await backend.get_connection()
    assert caught.value.statistics["in_use"] == 1 and caught.value.statistics["oldest_holder"] == "task hoarder"


@pytest.mark.asyncio
async def test_a_forgotten_connection_frees_its_place(apooled, admin):
    backend = apooled(pool_size=1)
    connection = await backend.get_connection()
    task = asyncio.create_task(backend.get_connection())
    await waiters_become(backend, 1)
    del connection
    assert await eventually_true(lambda: gc.collect() >= 0 and task.done())  # a thread may let go of it a moment later
    async with await task as mine:
        assert await anumber(mine, "SELECT 1") == 1
    assert admin.sessions_become(1)


def test_loops_in_turn_use_the_same_sessions(pool_config, admin):
    backend = AsyncMySQLBackend(connection_config=pool_config())

    async def ask():
        async with await backend.get_connection() as connection:
            return await anumber(connection, ID)

    async def abandon():
        held = [await backend.get_connection() for _ in range(2)]
        waiting = asyncio.create_task(backend.get_connection())
        await waiters_become(backend, 1)
        for connection in held:
            await connection.disconnect()
        return waiting  # granted, and cancelled by the loop's end

    first = asyncio.run(ask())
    assert asyncio.run(ask()) == first
    asyncio.run(abandon())
    assert asyncio.run(ask()) in admin.sessions()
    stats = backend.pool.stats()
    assert (stats.in_use, stats.waiters) == (0, 0) and stats.opened <= 3
    asyncio.run(backend.pool.close())
    assert admin.sessions_become(0)


@pytest.mark.asyncio
async def test_a_hundred_tasks_over_a_pool_of_four(apooled, admin):
    backend = apooled(pool_size=4)
    seen = set()

    async def work(tag):
        for n in range(20):
            async with await backend.get_connection() as connection:
                row = await connection.fetch_one("SELECT %s AS tag, CONNECTION_ID() AS id", (f"{tag}-{n}",))
                assert row["tag"] == f"{tag}-{n}"
                seen.add(row["id"])

    await asyncio.gather(*(work(tag) for tag in range(100)))
    assert 1 <= len(seen) <= 4 and set(admin.sessions()) == seen
    assert backend.pool.stats().opened == len(seen)
