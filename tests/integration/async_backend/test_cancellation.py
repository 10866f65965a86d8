"""A cancelled task: no other gets its rows, the server stops its statement, and no session is left."""

import asyncio
import contextlib
import gc
import logging
import threading
import types

import pytest
from rhosocial.activerecord.backend.errors import TransactionError
from rhosocial.activerecord.backend.transaction import TransactionEvent

from rhosocial.activerecord.backend.impl.mysqlclient import AsyncMySQLBackend, implementation
from rhosocial.activerecord.backend.impl.mysqlclient.errors import ConnectionLost

from ...admin import LONG, eventually, eventually_true

NUMBERS = "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 300)"
LARGE = f"{NUMBERS} SELECT %s AS tag, REPEAT('x', 50) AS text FROM n a, n b"
SELECTS = {"point": "SELECT %s AS tag", "large": LARGE, "slow": "SELECT %s AS tag, SLEEP(20) AS s"}
DELAYS = [0, 0.0002, 0.0005, 0.001, 0.002, 0.003, 0.005, 0.008, 0.012, 0.02]  # seconds
TimedOut = (asyncio.TimeoutError, TimeoutError)  # one class from Python 3.11 on


@types.coroutine
def cut(coroutine, point, late):
    """Await it, and cancel the running task at its await number ``point``: when it suspends there, or, ``late``,
    when what it waits for is there already."""
    awaiting = coroutine.__await__()
    step, argument = awaiting.send, None
    task = asyncio.current_task()
    while True:
        try:
            future = step(argument)
        except StopIteration as stop:
            return stop.value
        if point == 0 and late and future is not None:
            future.add_done_callback(lambda _: task.cancel())
        elif point == 0:
            task.cancel()
        point -= 1
        try:
            step, argument = awaiting.send, (yield future)
        except BaseException as error:
            step, argument = awaiting.throw, error


async def cancelled(coroutine, point=None, late=False, delay=0.0):
    """Whether there was still something to cancel: at an await, or after some time."""

    async def work():
        return await (coroutine if point is None else cut(coroutine, point, late))

    task = asyncio.create_task(work())
    if point is None:
        await asyncio.sleep(delay)
        task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        return True
    return False


async def assert_in_step(backend, tag):
    assert (await backend.execute("SELECT %s AS tag", (tag,))).data == [{"tag": tag}]


@pytest.fixture(autouse=True)
def quiet():
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(params=["at once", "late"])
def late(request):
    return request.param == "late"


@pytest.mark.parametrize("select", ["point", "large"])
async def test_at_every_await_of_a_select(backend, admin, late, select):
    point = 0
    while await cancelled(backend.execute(SELECTS[select], (-1,)), point, late):
        await assert_in_step(backend, point)
        point += 1 if point < 10 else point
    assert point >= 1
    assert admin.sessions_become(1)


@pytest.mark.parametrize("select", SELECTS)
async def test_at_any_moment_of_a_select(backend, admin, select):
    for tag, delay in enumerate(DELAYS):
        await cancelled(backend.execute(SELECTS[select], (-1,)), delay=delay)
        await assert_in_step(backend, tag)
    assert admin.sessions_become(1)
    assert not admin.runs("SLEEP(20)")


async def test_at_every_await_of_connecting(config, admin, late):
    point = 0
    hit = True
    while hit:
        backend = AsyncMySQLBackend(connection_config=config)
        hit = await cancelled(backend.execute("SELECT -1 AS tag"), point, late)
        await assert_in_step(backend, point)
        await backend.disconnect()
        point += 1
    assert point >= 2
    del backend
    gc.collect()
    assert await asyncio.to_thread(admin.sessions_become, 0)


async def test_while_threads_connect_no_session_is_left(config, admin):
    backends = [AsyncMySQLBackend(connection_config=config) for _ in range(8)]
    tasks = [asyncio.create_task(backend.connect()) for backend in backends]
    await asyncio.sleep(0.001)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_default_executor()  # its threads have done what they began
    del backends, tasks, task
    gc.collect()
    assert admin.sessions_become(0)


async def test_at_every_await_of_execute_many(backend, admin, late):
    await backend.execute("CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, tag INT, text VARCHAR(500))")
    rows = 1500  # in several statements
    point = 0
    insert = "INSERT INTO t (tag, text) VALUES (%s, %s)"
    while await cancelled(backend.execute_many(insert, [(point, "x" * 400)] * rows), point, late):
        await assert_in_step(backend, point)
        assert not backend.in_transaction
        point += 1
    counts = (await backend.execute("SELECT tag, COUNT(*) AS n FROM t GROUP BY tag")).data
    assert {row["n"] for row in counts} == {rows}
    assert point >= 3
    assert admin.sessions_become(1)


async def test_the_server_stops_the_statement_at_once(backend, admin):
    await backend.connect()
    task = asyncio.create_task(backend.execute("SELECT SLEEP(60) AS endless"))
    assert await admin.begins("endless")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(admin.sessions_become, 0)


async def test_wait_for(backend, admin):
    with pytest.raises(TimedOut):
        await asyncio.wait_for(backend.execute("SELECT SLEEP(60)"), 0.1)
    await assert_in_step(backend, 1)
    assert await asyncio.to_thread(admin.sessions_become, 1)


async def test_a_cancelled_neighbour_costs_nobody_a_statement(backend, admin):
    tasks = [asyncio.create_task(backend.execute("SELECT %s AS tag, SLEEP(0.01) AS s", (i,))) for i in range(30)]
    await asyncio.sleep(0.05)
    for task in tasks[::3]:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    others = [i for i in range(30) if i % 3]
    assert [results[i].data[0]["tag"] for i in others] == others
    assert any(isinstance(result, asyncio.CancelledError) for result in results)
    assert await asyncio.to_thread(admin.sessions_become, 1)


async def test_many_sessions_at_once(config, admin, database):
    admin.ask(f"DO GET_LOCK('{database}', 0)")  # MariaDB ends many SLEEPs one after the other, each in 2 s
    endless = f"SELECT GET_LOCK('{database}', 60) AS endless"
    count = 20 if implementation() == "native" else 4  # asyncio.to_thread has 6 threads on 2 cores
    backends = [AsyncMySQLBackend(connection_config=config) for _ in range(count)]
    await asyncio.gather(*(backend.connect() for backend in backends))
    tasks = [asyncio.create_task(backend.execute(endless)) for backend in backends]
    assert await eventually_true(lambda: sum("endless" in str(info) for info in admin.sessions().values()) == count)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for tag, backend in enumerate(backends):
        await assert_in_step(backend, tag)
    assert await asyncio.to_thread(admin.sessions_become, count)
    assert not admin.runs("endless")
    await asyncio.gather(*(backend.disconnect() for backend in backends))


async def test_while_a_long_statement_is_sent(backend, admin, late):
    await backend.connect()
    text = "x" * (4 << 20)
    point = 0
    while await cancelled(backend.execute("SELECT LENGTH(%s) AS n", (text,)), point, late):
        await assert_in_step(backend, point)
        point += 1 if point < 10 else point
    assert point >= 1
    assert await asyncio.to_thread(admin.sessions_become, 1)


async def test_a_prepared_statement(backend, admin):
    statement = await backend.prepare("SELECT SLEEP(%s) AS endless, %s AS tag")
    for tag in range(5):
        assert (await statement.execute((0, tag))).data == [{"endless": 0, "tag": tag}]
        assert await cancelled(statement.execute((60, -1)), delay=0.02)
        await assert_in_step(backend, tag)
    assert await asyncio.to_thread(admin.sessions_become, 1)
    assert not admin.runs("endless")


async def test_ping(backend, admin, late):
    await backend.connect()
    assert await cancelled(backend.ping(), 0, late)
    await assert_in_step(backend, 1)
    assert await asyncio.to_thread(admin.sessions_become, 1)


async def test_disconnect_under_a_running_statement_ends_it(backend, admin):
    await backend.connect()
    task = asyncio.create_task(backend.execute("SELECT SLEEP(60) AS endless"))
    assert await admin.begins("endless")
    await backend.disconnect()
    with pytest.raises(ConnectionLost):
        await asyncio.wait_for(task, LONG)
    assert await asyncio.to_thread(admin.sessions_become, 0)
    await assert_in_step(backend, 1)


async def test_disconnect_under_a_result_being_read_ends_it(backend, admin):
    await backend.connect()
    task = asyncio.create_task(backend.execute(f"{LARGE}, n c", (1,)))
    assert await admin.begins("n c")
    await asyncio.sleep(0.1)  # some rows may come
    await backend.disconnect()
    with pytest.raises(ConnectionLost):
        await asyncio.wait_for(task, LONG)
    assert await asyncio.to_thread(admin.sessions_become, 0)


async def test_no_thread_is_left(backend):
    await backend.connect()
    before = set(threading.enumerate())
    for i in range(5):
        assert await cancelled(backend.execute("SELECT SLEEP(60)"), delay=0.02)
        await assert_in_step(backend, i)
    ours = [thread for thread in set(threading.enumerate()) - before if "_" not in thread.name]  # asyncio_0: the loop's
    # one that is only about to start cannot be joined
    assert await asyncio.to_thread(eventually, lambda: not set(ours) & set(threading.enumerate()))


# -- within a transaction --


@pytest.fixture
async def insert(backend):
    await backend.execute("CREATE TABLE t (id INT PRIMARY KEY)")
    return lambda i: backend.execute("INSERT INTO t (id) VALUES (%s)", (i,))


async def test_the_transaction_is_lost_until_rolled_back(backend, insert):
    await backend.begin_transaction()
    await insert(1)
    assert await cancelled(backend.execute("SELECT SLEEP(60)"), delay=0.05)
    for i in (2, 3):
        with pytest.raises(ConnectionLost, match="roll"):
            await insert(i)
    assert backend.in_transaction
    assert not await backend.ping()
    await backend.rollback_transaction()
    assert not backend.in_transaction
    await insert(9)
    assert (await backend.execute("SELECT id FROM t")).data == [{"id": 9}]


async def test_a_lost_transaction_cannot_be_committed(backend, insert):
    with pytest.raises(TransactionError) as caught:
        async with backend.transaction():
            await insert(1)
            with contextlib.suppress(*TimedOut):
                await asyncio.wait_for(backend.execute("SELECT SLEEP(60)"), 0.05)
    assert isinstance(caught.value.__cause__, ConnectionLost)
    assert not backend.in_transaction
    assert (await backend.execute("SELECT id FROM t")).data == []


async def test_at_every_await_of_a_transaction_all_of_it_or_nothing(backend, insert, admin, late):
    async def work(i):
        async with backend.transaction():
            await insert(10 * i)
            async with backend.transaction():
                await insert(10 * i + 1)
            await insert(10 * i + 2)

    point = 0
    while await cancelled(work(point), point, late):
        assert not backend.in_transaction
        await assert_in_step(backend, point)
        point += 1
    groups = (await backend.execute("SELECT id DIV 10 AS i, COUNT(*) AS n FROM t GROUP BY 1")).data
    assert {row["n"] for row in groups} == {3}
    assert point >= 7  # START TRANSACTION, SAVEPOINT, RELEASE, COMMIT and three rows
    assert await asyncio.to_thread(admin.sessions_become, 1)


@pytest.mark.parametrize("step", ["begin", "commit", "rollback"])
async def test_at_begin_commit_and_rollback(backend, insert, admin, late, step):
    """What is done afterwards is neither in a transaction that nobody knows of, nor lost with one."""
    if step != "begin":
        await backend.begin_transaction()
        await insert(1)
    assert await cancelled(getattr(backend, f"{step}_transaction")(), 0, late)
    assert not backend.in_transaction
    await insert(2)
    assert admin.number("SELECT COUNT(*) FROM t WHERE id = 2") == 1
    if step == "rollback":
        assert admin.number("SELECT COUNT(*) FROM t WHERE id = 1") == 0


@pytest.mark.parametrize("step", ["begin", "commit", "rollback"])
async def test_at_a_savepoint_the_outer_transaction_is_lost_and_not_forgotten(backend, insert, late, step):
    """Core's context managers, left one after the other, must not take the rest for a transaction of its own."""

    async def inner():
        async with backend.transaction():
            if step != "begin":
                await insert(2)
            if step == "rollback":
                raise ValueError("roll back")

    with pytest.raises(ConnectionLost, match="roll"):
        async with backend.transaction():
            await insert(1)
            assert await cancelled_in_this_task(inner(), 0 if step == "begin" else 2, late)
            assert backend.in_transaction
            await insert(3)
    assert not backend.in_transaction
    assert (await backend.execute("SELECT id FROM t")).data == []


async def cancelled_in_this_task(coroutine, point, late):
    try:
        await cut(coroutine, point, late)
    except asyncio.CancelledError:
        return True
    return False


@pytest.mark.parametrize("event", ["BEFORE_COMMIT", "AFTER_COMMIT", "BEFORE_ROLLBACK", "AFTER_ROLLBACK"])
async def test_in_a_handler_of_the_transaction(backend, insert, admin, event):
    reached = asyncio.Event()

    async def handler(manager, **_):
        reached.set()
        await asyncio.sleep(60)

    async def work():
        async with backend.transaction():
            await insert(1)
            if "ROLLBACK" in event:
                raise ValueError("roll back")

    backend.transaction_manager.on(TransactionEvent[event], handler)
    task = asyncio.create_task(work())
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    backend.transaction_manager.off(TransactionEvent[event], handler)
    assert not backend.in_transaction
    await insert(2)
    assert admin.number("SELECT COUNT(*) FROM t") == (2 if event == "AFTER_COMMIT" else 1)


async def test_a_transaction_ended_with_its_session_leaves_no_owner(backend, recwarn):
    """core warns of a shared backend where another task seems to be in a transaction still."""
    left = backend.transaction()

    async def begin():
        await left.__aenter__()

    await asyncio.create_task(begin())
    await backend.disconnect()
    async with backend.transaction():
        await backend.execute("SELECT 1")
    assert [str(warning.message) for warning in recwarn if "Shared async" in str(warning.message)] == []
