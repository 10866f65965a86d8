"""F23: one backend from several threads, or tasks, at once. A session's lock has them run one after another."""

import asyncio
import sys

import MySQLdb
import pytest

from rhosocial.activerecord.backend.impl.mysqlclient.errors import DeadlockError, QueryError

from ..admin import eventually_true

NUMBERS = "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 300)"
ROUNDS = 20


async def by_text(backend, tag):
    assert (await backend.execute("SELECT %s AS t UNION ALL SELECT %s", (tag, -tag))).data == [{"t": tag}, {"t": -tag}]


async def long_rows(backend, tag):
    rows = (await backend.execute(f"{NUMBERS} SELECT %s AS t, REPEAT(i, 20) AS s FROM n", (tag,))).data
    assert [row["t"] for row in rows] == [tag] * 300 and rows[-1]["s"] == "300" * 20


async def by_prepared(backend, tag):
    assert (await backend._run("SELECT %s AS t", (tag,), prepare=True)).rows == [{"t": tag}]


async def by_procedure(backend, tag):
    assert (await backend.execute("CALL p(%s)", (tag,))).data == [{"t": tag}]


async def by_stream(backend, tag):
    stream = backend.stream(f"{NUMBERS} SELECT %s AS t FROM n", (tag,), batch_size=100)
    assert [row["t"] async for row in stream] == [tag] * 300


async def by_many(backend, tag):
    rows = [(tag, i) for i in range(30)]
    assert (await backend.execute_many("INSERT INTO t VALUES (%s, %s)", rows)).affected_rows == 30


async def refused(backend, tag):
    with pytest.raises(QueryError, match=f"nowhere_{tag}"):
        await backend.execute(f"SELECT * FROM nowhere_{tag}")


async def not_bound(backend, tag):
    with pytest.raises((TypeError, ValueError)):
        await backend.execute("SELECT %s, %s", (tag, "\ud800"))


KINDS = [by_text, long_rows, by_prepared, by_procedure, by_stream, by_many, refused, not_bound]


@pytest.mark.parametrize("kind", KINDS)
async def test_f23_each_gets_its_own(open, admin, kind):
    """While another does the same, and others do all the other things."""
    admin.ask("CREATE TABLE t (tag INT, i INT)")
    admin.ask("CREATE PROCEDURE p(x INT) BEGIN SELECT x AS t; SELECT -x AS t UNION ALL SELECT -x; END")
    backend = open()
    session = (await backend.execute("SELECT CONNECTION_ID() AS id")).data
    kinds = [kind, kind, *KINDS[:4]]
    start = asyncio.Event()

    async def work(number):
        await start.wait()
        for i in range(ROUNDS):
            await kinds[number](backend, 1000 * (number + 1) + i)

    tasks = [asyncio.create_task(work(number)) for number in range(len(kinds))]
    await asyncio.sleep(0)
    start.set()
    await asyncio.gather(*tasks)
    assert (await backend.execute("SELECT CONNECTION_ID() AS id")).data == session
    if kind is by_many:
        assert admin.numbers("SELECT COUNT(*) FROM t GROUP BY tag") == [30] * 2 * ROUNDS


async def test_f23_a_session_does_not_hand_out_what_is_below_it(open):
    backend = open()
    await backend.execute("SELECT 1")
    session = backend._connection
    public = [name for name in dir(session) if not name.startswith("_")]
    assert not any(isinstance(getattr(session, name), MySQLdb.connections.Connection) for name in public)


# -- a statement that waits for the session while the transaction it belongs to is undone --


async def insert(backend):
    await backend.execute("INSERT INTO t VALUES (50, 0)")


async def insert_prepared(backend):
    await backend._run("INSERT INTO t VALUES (%s, 0)", (50,), prepare=True)


async def insert_many(backend):
    await backend.execute_many("INSERT INTO t VALUES (%s, %s)", [(50, 0), (51, 0)])


async def select(backend):
    await backend.execute("SELECT * FROM t FOR UPDATE")


def one_waits():
    """Whether a thread that has seen the transaction as it was is in front of the session's lock."""
    fronts = [frame for frame in sys._current_frames().values() if frame.f_code.co_name in ("_run", "_run_batch")]
    return any("undoings" in frame.f_locals for frame in fronts)


@pytest.mark.parametrize("waits_for", ["lock of a row", "lock of a row, among many"])
@pytest.mark.parametrize("late", [insert, insert_prepared, insert_many, select])
async def test_f23_what_waited_is_not_run_alone_after_a_deadlock(open, side, admin, late, waits_for):
    admin.ask("CREATE TABLE t (id INT PRIMARY KEY, n INT NOT NULL) ENGINE=InnoDB")
    admin.ask("INSERT INTO t VALUES (1, 0), (2, 0)")
    victim, winner = open(), open()
    await winner.begin_transaction()
    await winner.execute("INSERT INTO t VALUES (101, 0), (102, 0), (103, 0)")
    await winner.execute("UPDATE t SET n = 1 WHERE id = 1")
    await victim.begin_transaction()
    await victim.execute("UPDATE t SET n = 2 WHERE id = 2")

    async def undone():
        with pytest.raises(DeadlockError):
            if waits_for == "lock of a row":
                await victim.execute("UPDATE t SET n = 22 WHERE id = 1")
            else:
                await victim.execute_many("UPDATE t SET n = %s WHERE id = %s", [(22, 1), (22, 2)])
        await victim.rollback_transaction()

    first = asyncio.create_task(undone())
    assert await admin.begins("22")
    waiting = asyncio.create_task(late(victim))
    await asyncio.sleep(0)  # a task waits now
    assert side == "async" or await eventually_true(one_waits)
    await winner.execute("UPDATE t SET n = 1 WHERE id = 2")
    with pytest.raises(DeadlockError, match="undone after errno 1213|Deadlock found") as caught:
        await waiting
    assert caught.value.errno == 1213 and caught.value.is_retryable
    await first
    await winner.commit_transaction()
    assert not victim.in_transaction
    assert admin.numbers("SELECT id FROM t WHERE id BETWEEN 50 AND 60") == []
    await insert(victim)
    assert admin.numbers("SELECT id FROM t WHERE id BETWEEN 50 AND 60") == [50]
