"""Nothing blocks the loop, no statement takes a thread, and no loop is remembered."""

import asyncio
import gc
import threading
import warnings

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient import AsyncMySQLBackend, implementation
from rhosocial.activerecord.backend.impl.mysqlclient.errors import ConnectionLost, OperationalError

from ...admin import LONG, eventually
from ...faults.proxy import cut, drip, stall

native = pytest.mark.skipif(implementation() != "native", reason="a thread runs each statement")

NUMBERS = "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 700)"


def many(rows):
    """A SELECT of many rows with a number, a text and a NULL."""
    columns = "a.i * 1000 + b.i AS id, REPEAT('x', 30) AS text, NULL AS nothing"
    return f"{NUMBERS} SELECT {columns} FROM n a, n b LIMIT {rows}"


@native
async def test_no_thread_for_a_statement(backend, monkeypatch):
    await backend.connect()
    started = []
    monkeypatch.setattr(threading.Thread, "start", lambda thread: started.append(thread))
    for i in range(1000):
        assert (await backend.execute("SELECT %s AS i", (i,))).data == [{"i": i}]
    assert len((await backend.execute(many(200_000))).data) == 200_000
    assert started == []


async def test_a_slow_statement_lets_others_run(backend, ticker):
    await backend.connect()
    async with ticker() as others:
        await backend.execute("SELECT SLEEP(1)")
    assert others.turns >= 50


async def test_a_row_of_short_statements_lets_others_run(backend, ticker, at_once):
    await backend.connect()
    async with ticker() as others:
        for i in range(6000):
            await backend.execute("SELECT %s AS i", (i,))
    assert others.turns >= 3000  # each answer is waited for, unless it is there already
    assert others.busy < at_once(lambda sync: [sync.execute("SELECT %s AS i", (i,)) for i in range(2000)]) / 3


async def test_a_large_result_lets_others_run(backend, ticker, at_once):
    await backend.connect()
    async with ticker() as others:
        results = [await backend.execute(many(300_000)) for _ in range(3)]  # kept: letting go of one takes a while
    assert [len(result.data) for result in results] == [300_000] * 3
    assert others.turns >= 300
    assert others.busy < at_once(lambda sync: sync.execute(many(300_000))) / 3


async def test_a_large_result_nobody_can_decode_lets_others_run(config, ticker, at_once):
    backend = AsyncMySQLBackend(connection_config=config.clone(zero_dates="raise"))
    zeros = f"{NUMBERS} SELECT d FROM t, n AS a, n AS b"
    await backend.execute("CREATE TABLE t (d DATE)")
    await backend.execute("SET SESSION sql_mode = ''")
    await backend.execute("INSERT INTO t VALUES ('0000-00-00')")
    async with ticker() as others:
        for _ in range(3):
            with pytest.raises(ValueError):
                await backend.execute(zeros)
    assert others.busy < at_once(lambda sync: sync.execute(zeros)) / 3
    await backend.disconnect()


async def test_a_head_of_many_columns_that_comes_in_two_parts_lets_others_run(backend, ticker):
    """The server sends its first 16 KiB of column definitions at once, the rest with the rows a second later."""
    columns = ", ".join(f"1 AS a_rather_long_name_{i:04}" for i in range(500))
    await backend.connect()
    async with ticker() as others:
        row = (await backend.execute(f"SELECT {columns}, SLEEP(1) AS s")).data[0]
    assert len(row) == 501
    assert others.turns >= 50


async def test_the_second_result_of_a_procedure_lets_others_run(backend, ticker):
    await backend.execute("CREATE PROCEDURE p() BEGIN SELECT 1 AS first; SELECT SLEEP(1) AS second; END")
    async with ticker() as others:
        assert (await backend.execute("CALL p()")).data == [{"first": 1}]
    assert others.turns >= 50


async def test_a_server_that_drips_its_answer_lets_others_run(backend_through_proxy, proxy, ticker):
    await backend_through_proxy.connect()
    proxy.use(answers=drip(0.005))
    async with ticker() as others:
        assert (await backend_through_proxy.execute("SELECT 'a text' AS t")).data == [{"t": "a text"}]
    assert others.turns >= 50


async def test_a_server_that_stops_in_its_answer_is_given_up_after_read_timeout(backend_through_proxy, proxy, ticker):
    await backend_through_proxy.connect()
    proxy.use(answers=stall(after=12))  # within the first column's definition
    async with ticker() as others:
        with pytest.raises(ConnectionLost) as caught:
            await backend_through_proxy.execute("SELECT 'a text' AS t")
    assert caught.value.errno == 2013
    assert others.turns >= 50
    proxy.use()
    assert (await backend_through_proxy.execute("SELECT 1 AS i")).data == [{"i": 1}]


async def test_a_reset_within_a_result_is_an_error_and_not_its_end(backend_through_proxy, proxy):
    await backend_through_proxy.connect()
    proxy.use(answers=cut(after=100_000))
    with pytest.raises(ConnectionLost):
        await backend_through_proxy.execute(many(300_000))
    proxy.use()
    assert (await backend_through_proxy.execute("SELECT 1 AS i")).data == [{"i": 1}]


@pytest.fixture
def backend_through_proxy(server, database, proxy):
    options = {**server.connect_kwargs(tcp=True), "host": "127.0.0.1", "port": proxy.port, "database": database}
    return AsyncMySQLBackend(**options, read_timeout=1, ssl_mode="DISABLED")


# -- many tasks, one backend --


async def test_gathered_statements_get_their_own_answers(backend):
    statements = [backend.execute("SELECT %s AS tag, SLEEP(%s) AS s", (i, i % 3 / 1000)) for i in range(50)]
    assert [result.data[0]["tag"] for result in await asyncio.gather(*statements)] == list(range(50))


async def test_gathered_statements_open_one_session(backend, admin):
    await asyncio.gather(*(backend.execute("SELECT 1") for _ in range(50)))
    assert len(admin.sessions()) == 1


async def test_gathered_connects_open_one_session(backend, admin):
    results = await asyncio.gather(*(call() for call in [backend.connect, backend.ping] * 20))
    assert results == [None, True] * 20
    assert len(admin.sessions()) == 1


async def test_gathered_statements_share_their_errors_with_nobody(backend):
    sql = ["SELECT %s AS tag FROM nowhere" if i % 5 == 0 else "SELECT %s AS tag" for i in range(50)]
    results = await asyncio.gather(*(backend.execute(sql[i], (i,)) for i in range(50)), return_exceptions=True)
    assert [i for i, result in enumerate(results) if isinstance(result, Exception)] == list(range(0, 50, 5))
    assert all(result.data == [{"tag": i}] for i, result in enumerate(results) if i % 5)


async def test_execute_many_keeps_to_itself_among_others(backend):
    await backend.execute("CREATE TABLE t (id INT PRIMARY KEY, tag VARCHAR(500))")
    await backend.execute("CREATE TABLE other (id INT PRIMARY KEY)")
    failing = [(i, "x" * 400) for i in range(1, 1001)] + [(1, "again")]
    insert = "INSERT INTO t (id, tag) VALUES (%s, %s)"
    tasks = [backend.execute_many(insert, failing)]
    tasks += [backend.execute("INSERT INTO other (id) VALUES (%s)", (i,)) for i in range(20)]
    tasks += [backend.execute_many(insert, [(i, "x" * 400) for i in range(5000, 6000)])]
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(result).__name__ for result in results] == ["IntegrityError"] + ["QueryResult"] * 21
    assert not backend.in_transaction
    counted = await backend.execute("SELECT COUNT(*) AS n, MIN(id) AS low FROM t")
    assert counted.data == [{"n": 1000, "low": 5000}]
    assert (await backend.execute("SELECT COUNT(*) AS n FROM other")).data == [{"n": 20}]


# -- many loops, one backend --


def test_one_backend_serves_several_runs(config, admin, run):
    backend = AsyncMySQLBackend(connection_config=config)

    async def ask(i):
        await asyncio.gather(*(backend.execute("SELECT 1") for _ in range(3)))  # its lock is waited for in this loop
        return (await backend.execute("SELECT %s AS i, CONNECTION_ID() AS c", (i,))).data[0]

    answers = [run(ask(i)) for i in range(4)]
    assert [answer["i"] for answer in answers] == [0, 1, 2, 3]
    assert len({answer["c"] for answer in answers}) == 1
    asyncio.run(backend.disconnect())
    assert admin.sessions_become(0)


def test_two_threads_one_after_the_other(config):
    backend = AsyncMySQLBackend(connection_config=config)
    answers = []

    def work(i):
        answers.append(asyncio.run(backend.execute("SELECT %s AS i", (i,))).data[0]["i"])

    for i in range(2):
        thread = threading.Thread(target=work, args=(i,))
        thread.start()
        thread.join()
    assert answers == [0, 1]
    asyncio.run(backend.disconnect())


def test_two_loops_at_once_are_refused_not_mixed_up(config, admin, database):
    backend = AsyncMySQLBackend(connection_config=config)
    admin.ask(f"DO GET_LOCK('{database}', 0)")

    async def first():
        return (await backend.execute(f"SELECT GET_LOCK('{database}', {LONG}), 'first' AS tag")).data[0]["tag"]

    answers = []
    thread = threading.Thread(target=lambda: answers.append(asyncio.run(first())))
    thread.start()
    assert eventually(lambda: admin.runs("first"))
    with pytest.raises(OperationalError, match="another event loop"):
        asyncio.run(backend.execute("SELECT 'second' AS tag"))
    admin.ask(f"DO RELEASE_LOCK('{database}')")
    thread.join()
    assert answers == ["first"]
    assert asyncio.run(backend.execute("SELECT 'second' AS tag")).data == [{"tag": "second"}]
    asyncio.run(backend.disconnect())


def test_a_disconnect_nobody_awaits_leaves_no_session(config, admin):
    backend = AsyncMySQLBackend(connection_config=config)
    asyncio.run(backend.execute("SELECT 1"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        backend.disconnect()  # as in a __del__
        gc.collect()
    assert asyncio.run(backend.execute("SELECT 2 AS i")).data == [{"i": 2}]
    del backend
    gc.collect()
    assert admin.sessions_become(0)


def test_a_session_open_when_its_loop_was_closed_goes_on(config, admin, run):
    backend = AsyncMySQLBackend(connection_config=config)
    first = run(backend.execute("SELECT CONNECTION_ID() AS id"))
    assert run(backend.execute("SELECT CONNECTION_ID() AS id")).data == first.data
    run(backend.disconnect())
    assert admin.sessions_become(0)


def test_a_transaction_open_when_its_loop_was_closed_goes_on(config, admin, run):
    backend = AsyncMySQLBackend(connection_config=config)
    run(backend.execute("CREATE TABLE t (id INT)"))
    run(backend.begin_transaction())
    run(backend.execute("INSERT INTO t VALUES (1)"))
    assert admin.number("SELECT COUNT(*) FROM t") == 0
    run(backend.commit_transaction())
    assert admin.number("SELECT COUNT(*) FROM t") == 1
    run(backend.disconnect())


@pytest.mark.parametrize("collected", [True, False])
@pytest.mark.parametrize("transaction", [True, False])
def test_a_statement_its_loop_was_closed_under_is_not_read_by_the_next(config, admin, run, collected, transaction):
    backend = AsyncMySQLBackend(connection_config=config)
    loop = run.new_loop()
    loop.set_exception_handler(lambda *_: None)
    if transaction:
        loop.run_until_complete(backend.begin_transaction())
    task = loop.create_task(backend.execute("SELECT SLEEP(30), 'abandoned' AS tag"))
    assert loop.run_until_complete(admin.begins("abandoned"))
    loop.close()
    if collected:
        del task
        gc.collect()
    if transaction:
        with pytest.raises(ConnectionLost):
            run(backend.execute("SELECT 'next' AS tag"))
        run(backend.rollback_transaction())
    assert run(backend.execute("SELECT 'next' AS tag")).data == [{"tag": "next"}]
    assert admin.sessions_become(1)
    run(backend.disconnect())


async def test_nothing_stays_registered_with_the_loop(backend):
    """A descriptor left in the loop's selector would be another session's, later."""
    await backend.execute("SELECT 1")
    descriptor = backend._connection._wire.descriptor
    assert not asyncio.get_running_loop().remove_reader(descriptor)
    assert not asyncio.get_running_loop().remove_writer(descriptor)
