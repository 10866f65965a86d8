"""Errors in the middle of things: typed, chained, and the session in step afterwards, or ended."""

import asyncio

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient import AsyncMySQLBackend, driver
from rhosocial.activerecord.backend.impl.mysqlclient.errors import (
    CommitUnknown,
    ConnectionError,
    ConnectionLost,
    DecodeError,
    IntegrityError,
    QueryError,
    TransactionError,
    TransactionLost,
)

from ...admin import LONG, eventually_true

NUMBERS = "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 300)"


async def session_id(backend):
    return (await backend.execute("SELECT CONNECTION_ID() AS id")).data[0]["id"]


@pytest.fixture
async def in_step(backend):
    """The session is the same at the end, and answers what it is asked."""
    before = await session_id(backend)
    yield
    assert await session_id(backend) == before


async def test_of_the_server(backend, in_step):
    with pytest.raises(QueryError) as caught:
        await backend.execute("SELECT * FROM nowhere")
    assert caught.value.errno == 1146 and caught.value.sqlstate == "42S02"
    assert caught.value.__cause__ is not None and caught.value.__cause__ is not caught.value


async def test_of_the_server_after_rows_were_sent(backend, in_step):
    subquery = "(SELECT 1 UNION ALL SELECT 2 FROM n AS m WHERE a.i + b.i > 590)"
    with pytest.raises(QueryError) as caught:
        await backend.execute(f"{NUMBERS} SELECT {subquery} AS one, REPEAT('x', 50) AS text FROM n a, n b")
    assert caught.value.errno == 1242


async def test_of_decoding_in_the_middle(config):
    backend = AsyncMySQLBackend(connection_config=config.clone(zero_dates="raise"))
    before = await session_id(backend)
    await backend.execute("CREATE TABLE t (i INT, d DATE)")
    await backend.execute("SET SESSION sql_mode = ''")
    await backend.execute_many("INSERT INTO t VALUES (%s, %s)", [(i, "2024-02-29") for i in range(3000)])
    await backend.execute("INSERT INTO t VALUES (1500, '0000-00-00')")
    for _ in range(3):
        with pytest.raises(DecodeError, match="d"):
            await backend.execute("SELECT i, d FROM t ORDER BY i")
        assert len((await backend.execute("SELECT i FROM t")).data) == 3001
    assert await session_id(backend) == before
    await backend.disconnect()


async def test_of_an_adapter_in_the_middle(backend, in_step):
    class Refusing:
        def from_database(self, value, target_type, options=None):
            if value == 40_000:
                raise ZeroDivisionError("refused")
            return value

    with pytest.raises(Exception) as caught:
        await backend.execute(
            f"{NUMBERS} SELECT a.i * 300 + b.i AS v FROM n a, n b", column_adapters={"v": (Refusing(), int)}
        )
    assert "refused" in str(caught.value)


async def test_of_a_parameter(backend, in_step):
    for value in (object(), float("nan"), "\ud800", slice(1)):
        with pytest.raises((TypeError, ValueError)):
            await backend.execute("SELECT %s AS v", (value,))


async def test_a_procedure_gives_its_first_result(backend, in_step):
    await backend.execute("CREATE PROCEDURE p() BEGIN SELECT 1 AS a; SELECT 2 AS b UNION SELECT 3; SELECT 4 AS c; END")
    result = await backend.execute("CALL p()")
    assert result.data == [{"a": 1}]


async def test_a_procedure_with_a_large_second_result(backend, in_step):
    await backend.execute(f"CREATE PROCEDURE p() BEGIN SELECT 1 AS a; {NUMBERS} SELECT a.i FROM n a, n b; END")
    assert (await backend.execute("CALL p()")).data == [{"a": 1}]


async def test_a_procedure_whose_second_statement_fails(backend, in_step):
    await backend.execute("CREATE PROCEDURE p() BEGIN SELECT 1 AS a; SELECT * FROM nowhere; END")
    with pytest.raises(QueryError) as caught:
        await backend.execute("CALL p()")
    assert caught.value.errno == 1146


async def test_a_procedure_whose_first_result_cannot_be_decoded(config):
    backend = AsyncMySQLBackend(connection_config=config.clone(zero_dates="raise"))
    before = await session_id(backend)
    await backend.execute("SET SESSION sql_mode = ''")
    await backend.execute("CREATE TABLE t (d DATE)")
    await backend.execute("INSERT INTO t VALUES ('0000-00-00')")
    await backend.execute("CREATE PROCEDURE p() BEGIN SELECT d FROM t; SELECT 2 AS b; SELECT * FROM nowhere; END")
    with pytest.raises(DecodeError):
        await backend.execute("CALL p()")
    assert await session_id(backend) == before
    await backend.disconnect()


async def test_execute_many_that_fails_leaves_nothing(backend, in_step):
    await backend.execute("CREATE TABLE t (id INT PRIMARY KEY, text VARCHAR(500))")
    rows = [(i, "x" * 400) for i in range(600)]
    with pytest.raises(IntegrityError):
        await backend.execute_many("INSERT INTO t VALUES (%s, %s)", [*rows, (1, "again")])
    with pytest.raises(TypeError):
        await backend.execute_many("INSERT INTO t VALUES (%s, %s)", [*rows, (1000, object())])
    with pytest.raises(IntegrityError):
        await backend.execute_many("UPDATE t SET id = %s WHERE id = %s", [(9, 1)])
        await backend.execute_many("INSERT INTO t (id) VALUES (%s)", [(1,), (2,), (1,)])
    assert not backend.in_transaction
    assert (await backend.execute("SELECT COUNT(*) AS n FROM t")).data == [{"n": 0}]


# -- sessions that end --


async def test_killed_while_idle_the_next_statement_has_another(backend, admin, monkeypatch):
    monkeypatch.setattr(driver, "_IDLE_SECONDS", 0.0)
    before = await session_id(backend)
    admin.ask(f"KILL {before}")
    assert await eventually_true(backend._connection.hung_up)
    assert await session_id(backend) != before


async def test_killed_just_before_a_statement(backend, admin, trusted):
    before = await session_id(backend)
    admin.ask(f"KILL {before}")
    with pytest.raises(ConnectionLost) as caught:
        await backend.execute("SELECT 1")
    assert caught.value.is_disconnect and caught.value.__cause__ is not caught.value
    assert await session_id(backend) != before


async def test_killed_while_idle_ping_says_so(backend, admin):
    before = await session_id(backend)
    admin.ask(f"KILL {before}")
    assert not await backend.ping(reconnect=False)
    assert await backend.ping()
    assert await session_id(backend) != before


async def test_killed_in_a_statement(backend, admin):
    before = await session_id(backend)
    task = asyncio.create_task(backend.execute("SELECT SLEEP(60)"))
    assert await admin.begins("SLEEP")
    admin.ask(f"KILL {before}")
    with pytest.raises(ConnectionLost):
        await asyncio.wait_for(task, LONG)
    assert await session_id(backend) != before


async def test_killed_in_a_statement_that_others_wait_behind(backend, admin):
    """Nothing of theirs was sent yet: they have another session. Nor is the one looked at taken for idle."""
    before = await session_id(backend)
    task = asyncio.create_task(backend.execute("SELECT SLEEP(60)"))
    assert await admin.begins("SLEEP")
    others = [asyncio.create_task(backend.execute("SELECT %s AS tag", (i,))) for i in range(5)]
    await asyncio.sleep(0)  # all of them wait now
    admin.ask(f"KILL {before}")
    with pytest.raises(ConnectionLost):
        await asyncio.wait_for(task, LONG)
    assert [result.data[0]["tag"] for result in await asyncio.gather(*others)] == [0, 1, 2, 3, 4]


async def test_query_killed_in_a_statement(backend, admin, in_step):
    task = asyncio.create_task(backend.execute(f"{NUMBERS} SELECT COUNT(*) FROM n a, n b, n c, n d"))
    assert await admin.begins("COUNT")
    admin.ask(f"KILL QUERY {next(iter(admin.sessions()))}")
    with pytest.raises(Exception) as caught:
        await asyncio.wait_for(task, LONG)
    assert caught.value.errno == 1317


async def test_killed_in_a_result(backend, admin):
    before = await session_id(backend)
    task = asyncio.create_task(backend.execute(f"{NUMBERS} SELECT REPEAT('x', 100) AS t FROM n a, n b, n c"))
    assert await admin.begins("REPEAT")
    await asyncio.sleep(0.1)  # some rows may come
    admin.ask(f"KILL {before}")
    with pytest.raises((ConnectionLost, QueryError)):  # MariaDB may say 1317 first
        await asyncio.wait_for(task, LONG)
    await asyncio.sleep(0.1)
    try:
        after = await session_id(backend)
    except ConnectionLost:
        after = await session_id(backend)
    assert after != before


async def test_killed_in_a_transaction_is_no_new_session_within(backend, admin):
    await backend.execute("CREATE TABLE t (id INT)")
    with pytest.raises(ConnectionLost):
        async with backend.transaction():
            await backend.execute("INSERT INTO t VALUES (1)")
            admin.ask(f"KILL {await session_id(backend)}")
            with pytest.raises(ConnectionLost):
                await backend.execute("INSERT INTO t VALUES (2)")
            await backend.execute("INSERT INTO t VALUES (3)")
    assert (await backend.execute("SELECT * FROM t")).data == []


async def test_killed_before_commit(backend, admin):
    await backend.execute("CREATE TABLE t (id INT)")
    with pytest.raises(TransactionError) as caught:
        async with backend.transaction():
            await backend.execute("INSERT INTO t VALUES (1)")
            admin.ask(f"KILL {await session_id(backend)}")
    assert isinstance(caught.value, CommitUnknown if caught.value.errno != 2006 else TransactionLost)
    assert (await backend.execute("SELECT * FROM t")).data == []


async def test_a_server_that_is_not_there():
    backend = AsyncMySQLBackend(host="127.0.0.1", port=1, username="root", connect_timeout=2)
    for _ in range(2):
        with pytest.raises(ConnectionError, match="127.0.0.1") as caught:
            await backend.execute("SELECT 1")
        assert caught.value.__cause__ is not None and caught.value.__cause__ is not caught.value


async def test_after_disconnect_the_next_statement_connects(backend):
    before = await session_id(backend)
    await backend.disconnect()
    await backend.disconnect()
    assert await session_id(backend) != before
