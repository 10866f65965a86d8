"""Prepared statements on the loop: the values, errors and results of text, without a thread where none is needed."""

import asyncio
import contextlib
import threading
from functools import partial

import pytest
from rhosocial.activerecord.backend.errors import DatabaseError

from rhosocial.activerecord.backend.impl.mysqlclient import AsyncMySQLBackend
from rhosocial.activerecord.backend.impl.mysqlclient.async_session import AsyncSession
from rhosocial.activerecord.backend.impl.mysqlclient.errors import PacketTooLarge
from rhosocial.activerecord.backend.impl.mysqlclient.prepared import prepared_text

from ...codec import samples

native = pytest.mark.skipif(not (AsyncSession.nonblocking and AsyncSession.prepares), reason="a thread runs them")
NUMBERS = "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 500)"
ROWS = f"{NUMBERS} SELECT a.i, b.i AS j FROM n a, n b"


async def test_every_type_is_stored_and_read_as_by_text(backend, server):
    for kind in samples.TYPES:
        mine = [kind.bound(sample.value) for sample in kind.samples if server.flavor in sample.flavors]
        if not mine:
            continue
        await backend.execute("DROP TABLE IF EXISTS t")
        await backend.execute(f"CREATE TABLE t (id INT PRIMARY KEY, v {kind.column} NULL) CHARACTER SET utf8mb4")
        insert = await backend.prepare("INSERT INTO t VALUES (%s, %s)")
        for i, value in enumerate([*mine, None]):
            assert (await insert.execute((i, value))).affected_rows == 1
            await backend.execute("INSERT INTO t  VALUES (%s, %s)", (-1 - i, value))
        rows = await backend.fetch_all("SELECT v, HEX(v) AS kept FROM t WHERE id >= %s ORDER BY id", (0,))
        assert await backend.fetch_all("SELECT v, HEX(v) AS kept FROM t WHERE id < 0 ORDER BY -id") == rows, kind.column
        async with await backend.prepare("SELECT v, HEX(v) AS kept FROM t WHERE id >= %s  ORDER BY id") as select:
            assert (await select.execute((0,))).data == rows, kind.column


async def test_texts_are_prepared_from_the_configured_sight_on(config):
    backend = AsyncMySQLBackend(connection_config=config.clone(prepare_threshold=3))
    for i in range(6):
        assert (await backend.execute("SELECT %s AS n", (i,))).data == [{"n": i}]
    status = await backend.fetch_all("SHOW SESSION STATUS LIKE 'Com%exec%'")
    executed = max(int(row["Value"]) for row in status)
    assert executed == (4 if AsyncSession.prepares else 0)
    await backend.disconnect()


async def test_errors_are_those_of_text_and_leave_it_usable(backend):
    await backend.execute("CREATE TABLE t (n INT PRIMARY KEY)")
    insert = await backend.prepare("INSERT INTO t VALUES (%s)")
    await insert.execute((1,))
    for _ in range(2):
        with pytest.raises(DatabaseError) as caught:
            await insert.execute((1,))
        assert caught.value.errno == 1062
    with pytest.raises(TypeError, match="parameter 1"):
        await insert.execute((object(),))
    with pytest.raises(ValueError, match="placeholder"):
        await insert.execute((2, 3))
    wrong = await backend.prepare("SELEKT %s")
    with pytest.raises(DatabaseError) as caught:
        await wrong.execute((1,))
    assert caught.value.errno == 1064
    select = await backend.prepare("SELECT n FROM t WHERE (SELECT n FROM t WHERE n <= %s) > 0 ORDER BY n")
    assert (await select.execute((1,))).data == [{"n": 1}]
    await insert.execute((2,))
    with pytest.raises(DatabaseError) as caught:
        await select.execute((2,))
    assert caught.value.errno == 1242
    assert (await select.execute((1,))).data == [{"n": 1}, {"n": 2}]


async def test_an_error_within_the_rows(backend):
    """Rows were sent already when it comes."""
    select = await backend.prepare(f"SELECT i, (SELECT 1 UNION SELECT IF(i < %s, 1, 2)) AS one FROM ({ROWS}) AS r")
    for _ in range(2):
        with pytest.raises(DatabaseError) as caught:
            await select.execute((400,))
        assert caught.value.errno == 1242
        assert len((await select.execute((501,))).data) == 250_000


async def test_it_is_made_anew_after_a_change_of_the_table_and_on_another_session(backend):
    await backend.execute("CREATE TABLE t (a INT)")
    await backend.execute("INSERT INTO t VALUES (1)")
    select = await backend.prepare("SELECT * FROM t WHERE a > %s")
    assert (await select.execute((0,))).data == [{"a": 1}]
    await backend.execute("ALTER TABLE t ADD b VARCHAR(10) DEFAULT 'x', MODIFY a VARCHAR(10)")
    assert (await select.execute((0,))).data == [{"a": "1", "b": "x"}]
    await backend.disconnect()
    assert (await select.execute((0,))).data == [{"a": "1", "b": "x"}]


async def test_the_results_after_the_first_are_read_and_dropped(backend):
    await backend.execute(f"CREATE PROCEDURE p(x INT) BEGIN SELECT x AS a; {ROWS}; SELECT 'last' AS c; END")
    call = await backend.prepare("CALL p(%s)")
    for i in range(3):
        assert (await call.execute((i,))).data == [{"a": i}]
        assert (await backend.execute("SELECT 2 AS b")).data == [{"b": 2}]


async def test_long_values_both_ways(backend):
    echo = await backend.prepare("SELECT CONCAT(%s, %s) AS t, LENGTH(%s) AS n")
    for size in (0, 1, 255, 256, 257, 70_000, 3 << 20):
        text = "é" * (size // 2) + "x" * (size % 2)
        assert (await echo.execute((text, "", text))).data == [{"t": text, "n": size}]


@native
async def test_a_large_result_and_a_slow_one_let_others_run(backend, ticker, at_once, monkeypatch):
    large, slow = await backend.prepare(f"{ROWS} WHERE a.i > %s"), await backend.prepare("SELECT SLEEP(%s) AS s")
    await backend.connect()
    started = []
    monkeypatch.setattr(threading.Thread, "start", lambda thread: started.append(thread))
    async with ticker() as others:
        results = [await large.execute((0,)) for _ in range(3)]  # kept: letting go of one takes a while
        assert (await slow.execute((0.5,))).data == [{"s": 0}]
    assert [len(result.data) for result in results] == [250_000] * 3
    assert others.turns >= 600  # for a thousand rows each, and while it sleeps
    assert started == []
    monkeypatch.undo()
    assert others.busy < at_once(lambda sync: sync.prepare(f"{ROWS} WHERE a.i > %s").execute((0,))) / 3


@native
async def test_cancelled_while_it_is_prepared(backend, config, admin):
    """It waits for the table."""
    await backend.execute("CREATE TABLE t (n INT)")
    other = AsyncMySQLBackend(connection_config=config)
    await other.execute("LOCK TABLES t WRITE")
    insert = await backend.prepare("INSERT INTO t VALUES (%s)")
    for _ in range(3):
        task = asyncio.create_task(insert.execute((1,)))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await backend.execute("SELECT 1 AS a")).data == [{"a": 1}]
    await other.disconnect()
    assert (await insert.execute((2,))).affected_rows == 1
    assert await asyncio.to_thread(admin.sessions_become, 1)


@native
async def test_cancelled_anywhere(backend, admin):
    """At each turn of a prepared statement with rows to read and results to drop."""
    await backend.execute(f"CREATE PROCEDURE p(x INT) BEGIN SELECT x AS a; {ROWS} LIMIT 20000; SELECT 3 AS c; END")
    call = await backend.prepare("CALL p(%s)")
    turns = 0
    while True:
        task = asyncio.create_task(call.execute((turns,)))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            assert (await task).data == [{"a": turns}]
            break
        turns += 1 if turns < 40 else turns // 10  # until it is through, however long the server takes
    assert turns > 1
    assert (await call.execute((7,))).data == [{"a": 7}]
    assert await asyncio.to_thread(admin.sessions_become, 1)


@native
@pytest.mark.flavor("mariadb")
async def test_arrays_of_rows(backend):
    await backend.execute("CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, n INT UNIQUE, s VARCHAR(200))")
    session = backend._connection
    insert = partial(prepared_text, "INSERT INTO t (n, s) VALUES (%s, %s) RETURNING id, n")
    rows, returned, done = [(i, "é" * (i % 100)) for i in range(5000)], [], 0
    while done < len(rows):
        outcome, done = await session.run_array(insert, rows, done)
        returned += outcome.rows
    assert await backend.fetch_all("SELECT n, s FROM t ORDER BY n") == [{"n": n, "s": s} for n, s in rows]
    assert await backend.fetch_all("SELECT id, n FROM t ORDER BY n") == returned
    with pytest.raises(Exception, match="Duplicate entry '7'"):
        await session.run_array(insert, [(-1, "a"), (7, "b")])
    with pytest.raises(TypeError, match="row 2, parameter 1"):
        await session.run_array(insert, [(-1, "a"), (object(), "b")])
    assert await session.run_array(insert, [(-1, "a"), ("7", "b")]) == (None, 0)
    assert (await backend.fetch_one("SELECT COUNT(*) AS n FROM t"))["n"] == 5000


async def test_more_than_a_packet_holds_is_refused_before_it_is_sent(backend):
    longest = (await backend.fetch_one("SELECT @@max_allowed_packet AS n"))["n"]
    session = await backend.fetch_one("SELECT CONNECTION_ID() AS id")
    async with await backend.prepare("SELECT LENGTH(%s) AS n") as select:
        with pytest.raises(PacketTooLarge, match="max_allowed_packet"):
            await select.execute(("x" * longest,))
        assert await backend.fetch_one("SELECT CONNECTION_ID() AS id") == session
        assert (await select.execute(("x",))).data == [{"n": 1}]
