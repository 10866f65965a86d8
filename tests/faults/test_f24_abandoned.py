"""F24: what is abandoned, closed twice, or used after its end: a typed error, and the session kept or ended as said."""

import asyncio
import gc
import inspect
import weakref

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient.errors import ConnectionError, DatabaseError, OperationalError

from ..admin import eventually, eventually_true
from .conftest import answering, call

ROWS = "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 900) SELECT 7 AS i FROM n a, n b"
IDS = {"direct": {}, "pooled": {"pool_size": 2}}


@pytest.fixture(params=IDS)
def backend(open, request):
    return open(**IDS[request.param])


def below(backend):
    """The backend itself, whose streams, cursors and statements are its own side's."""
    return getattr(backend, "synchronous", backend)


async def cursor_of(backend, dql=False):
    return await call(below(backend)._get_dql_cursor if dql else below(backend)._get_cursor)


async def begun(backend, batch_size=10):
    """A stream that has read some of its rows, its session waiting with the others."""
    stream = below(backend).stream(ROWS, batch_size=batch_size)
    assert await call(stream.next_batch) == [{"i": 7}] * batch_size
    return stream


def end_of(stream):
    return getattr(stream, "aclose", None) or stream.close


# -- abandoned --


def collected(condition):
    """What comes true when it is collected: the thread that ran its last call lets go of it a moment later."""
    return eventually(lambda: gc.collect() >= 0 and condition())


def collected_but(admin, count):
    return collected(lambda: len(admin.sessions()) == count)


async def test_f24_an_abandoned_stream_ends_on_the_server(backend, admin):
    session = await answering(backend)
    stream = await begun(backend)
    assert admin.sessions_become(2)
    del stream
    assert collected_but(admin, 1)
    assert await answering(backend) == session


async def test_f24_an_abandoned_stream_in_a_cycle(backend, admin):
    session = await answering(backend)
    cycle = [await begun(backend)]
    cycle.append(cycle)
    del cycle
    assert collected_but(admin, 1)
    assert await answering(backend) == session


async def test_f24_an_abandoned_loop_over_a_stream(backend, side, admin):
    session = await answering(backend)
    stream = below(backend).stream(ROWS, batch_size=10)
    if side == "sync":
        rows = iter(stream)
        next(rows)
    else:
        rows = stream.__aiter__()
        await rows.__anext__()
    del rows, stream
    # the loop closes an abandoned asynchronous generator
    assert await eventually_true(lambda: gc.collect() >= 0 and [*admin.sessions()] == [session])
    assert await answering(backend) == session


@pytest.mark.parametrize("dql", [False, True])
async def test_f24_an_abandoned_cursor(backend, admin, dql):
    session = await answering(backend)
    cursor = await cursor_of(backend, dql)
    await call(cursor.execute, ROWS)
    assert len(await call(cursor.fetchmany, 5)) == 5
    del cursor
    await asyncio.sleep(0)  # a loop whose step goes on holds what it awaited, as execute() returns the cursor
    assert collected_but(admin, 1)
    assert await answering(backend) == session


async def test_f24_an_abandoned_prepared_statement(backend, admin):
    session = await answering(backend)
    statement = await backend.prepare("SELECT %s AS n")
    assert (await call(statement.execute, (1,))).data == [{"n": 1}]
    del statement
    gc.collect()
    assert await answering(backend) == session
    again = await backend.prepare("SELECT %s AS n")
    assert (await call(again.execute, (2,))).data == [{"n": 2}]
    assert await answering(backend) == session


async def test_f24_an_abandoned_connection_of_a_pool(open, admin):
    backend = open(pool_size=1)
    connection = await backend.get_connection()
    session = await answering(connection)
    del connection
    assert collected(lambda: backend.pool.stats().in_use == 0)
    other = await backend.get_connection()
    assert await answering(other) != session
    await backend.return_connection(other)
    assert admin.sessions_become(1)


async def awaited(value):
    return await value if inspect.isawaitable(value) else value


async def failing_stream(backend):
    await awaited(backend.stream("SELECT nothing").next_batch())


async def failing_statement(backend, sql, *values):
    statement = await awaited(backend.prepare(sql))
    await awaited(statement.execute(values))


async def failing_script(backend):
    await awaited(backend.executescript("SELECT 1; SELECT nothing"))


FAILING = {
    "execute": lambda backend: awaited(backend.execute("SELECT nothing")),
    "a row": lambda backend: awaited(backend.execute("SELECT (SELECT 1 UNION ALL SELECT 2)")),
    "execute_many": lambda backend: awaited(backend.execute_many("INSERT INTO nothing VALUES (%s)", [(1,), (2,)])),
    "prepare": lambda backend: failing_statement(backend, "SELECT nothing"),
    "prepared": lambda backend: failing_statement(backend, "SELECT %s, (SELECT 1 UNION ALL SELECT 2)", 1),
    "stream": failing_stream,
    "script": failing_script,
    "bulk_load": lambda backend: awaited(backend.bulk_load("nothing", ["n"], [(1,)])),
}


@pytest.mark.parametrize("way", FAILING)
async def test_f24_a_failed_statement_leaves_nothing_to_the_collector(open, way):
    backend = below(open(bulk_load=True))
    await awaited(backend.connect())
    gc.collect()
    gc.disable()
    try:
        try:
            await FAILING[way](backend)
        except DatabaseError as error:
            left = weakref.ref(error)
        await asyncio.sleep(0)
        assert eventually(lambda: left() is None)
    finally:
        gc.enable()


# -- twice --


async def test_f24_a_stream_closed_twice(backend, admin):
    session = await answering(backend)
    stream = await begun(backend)
    for _ in range(2):
        await call(end_of(stream))
    assert await call(stream.next_batch) == []
    assert admin.sessions_become(1)
    assert await answering(backend) == session


async def test_f24_a_stream_closed_before_it_began(backend, admin):
    session = await answering(backend)
    stream = below(backend).stream(ROWS)
    await call(end_of(stream))
    assert await call(stream.next_batch) == []
    assert await answering(backend) == session and [*admin.sessions()] == [session]


@pytest.mark.parametrize("dql", [False, True])
async def test_f24_a_cursor_closed_twice(backend, admin, dql):
    session = await answering(backend)
    cursor = await cursor_of(backend, dql)
    await call(cursor.close)
    await call(cursor.execute, "SELECT 1 UNION ALL SELECT 2")
    for _ in range(2):
        await call(cursor.close)
    assert await call(cursor.fetchmany, 5) == []
    assert await answering(backend) == session and admin.sessions_become(1)


async def test_f24_a_prepared_statement_closed_twice(backend):
    session = await answering(backend)
    statement = await backend.prepare("SELECT %s AS n")
    await call(statement.close)
    await call(statement.execute, (1,))
    for _ in range(2):
        await call(statement.close)
    assert (await call(statement.execute, (2,))).data == [{"n": 2}], "it is prepared again"
    assert await answering(backend) == session


async def test_f24_a_backend_disconnected_twice(backend, admin):
    await answering(backend)
    for _ in range(2):
        await backend.disconnect()
    assert admin.sessions_become(1 if backend.config.pooled else 0)
    await answering(backend)  # it connects again
    assert admin.sessions_become(1)


async def test_f24_a_connection_returned_twice_is_given_to_one(open):
    backend = open(pool_size=2)
    connection = await backend.get_connection()
    for _ in range(2):
        await backend.return_connection(connection)
    one, other = await backend.get_connection(), await backend.get_connection()
    assert await answering(one) != await answering(other)
    await backend.return_connection(one)
    await backend.return_connection(other)
    with pytest.raises(OperationalError, match="get_connection"):
        await backend.return_connection(backend)


# -- after the end --


async def test_f24_what_a_returned_connection_is_used_for(open):
    """Nothing of it reaches the session, which another has by then."""
    backend = open(pool_size=1)
    connection = await backend.get_connection()
    statement = await connection.prepare("SELECT %s AS n")
    await call(statement.execute, (1,))
    stream = await begun(connection)
    cursor = await cursor_of(connection)
    await call(cursor.execute, "SELECT 1 UNION ALL SELECT 2")
    await backend.return_connection(connection)
    other = await backend.get_connection()
    session = await answering(other)
    await other.begin_transaction()
    uses = [
        connection.execute("SELECT 1"),
        connection.execute_many("SELECT %s", [(1,)]),
        connection.executescript("SELECT 1"),
        connection.begin_transaction(),
        connection.connect(),
        call(statement.execute, (1,)),
        call(cursor.execute, "SELECT 1"),
    ]
    for use in uses:
        with pytest.raises(Exception) as caught:
            await use
        causes = [caught.value, caught.value.__cause__]
        assert any(isinstance(cause, ConnectionError) and "given back" in str(cause) for cause in causes), caught.value
    await call(cursor.close)
    await call(statement.close)
    await connection.disconnect()
    assert len(await call(stream.next_batch)) == 10, "it has a session of its own"
    await call(end_of(stream))
    assert other.in_transaction
    assert await answering(other) == session
    await other.rollback_transaction()
    await backend.return_connection(other)


async def test_f24_what_outlives_the_session_it_began_on(backend):
    """After disconnect() a backend connects again: statements are prepared anew, and rows fetched stay."""
    statement = await backend.prepare("SELECT %s AS n")
    await call(statement.execute, (1,))
    cursor = await cursor_of(backend)
    await call(cursor.execute, "SELECT 1 UNION ALL SELECT 2")
    stream = await begun(backend)
    await backend.disconnect()
    assert len(await call(cursor.fetchall)) == 2
    assert (await call(statement.execute, (2,))).data == [{"n": 2}]
    assert await call(stream.next_batch) == [{"i": 7}] * 10
    await call(end_of(stream))
    await answering(backend)


async def test_f24_disconnect_in_a_transaction_ends_it(backend, admin):
    admin.ask("CREATE TABLE t (n INT)")
    await backend.begin_transaction()
    await backend.execute("INSERT INTO t VALUES (1)")
    await backend.disconnect()
    assert not backend.in_transaction
    with pytest.raises(Exception, match="[Nn]o active transaction"):
        await backend.commit_transaction()
    assert admin.numbers("SELECT n FROM t") == []
    await answering(backend)


async def test_f24_a_closed_session_is_told_so(open):
    backend = open()
    await answering(backend)
    session = backend._connection
    await backend.disconnect()
    for use in (session.run, session.begin):
        with pytest.raises(Exception) as caught:
            await call(use, b"SELECT 1")
        assert caught.value.args[0] == 2006 and "closed" in str(caught.value)
    session.close()
    session.discard()
    assert session.closed and session.stale()
