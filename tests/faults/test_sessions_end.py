"""F1 to F4: the server, or an administrator, ends a session or a statement."""

import asyncio

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient import driver
from rhosocial.activerecord.backend.impl.mysqlclient.errors import ConnectionLost, QueryCanceled

from ..admin import eventually
from .conftest import answering


@pytest.fixture
def table(admin):
    admin.ask("CREATE TABLE t (n INT PRIMARY KEY)")


@pytest.fixture(params=[0.0, 3600.0], ids=["looked at", "trusted"])
def idle(request, monkeypatch):
    """Whether sessions are looked at before they are used again, as they are after a second, or not."""
    monkeypatch.setattr(driver, "_IDLE_SECONDS", request.param)
    return "looked at" if request.param == 0 else "trusted"


async def replaced(backend, idle, first, errnos):
    """The next statement has another session: at once, or after an error that says why."""
    if idle == "trusted":
        with pytest.raises(ConnectionLost) as caught:
            await answering(backend)
        assert caught.value.errno in errnos and caught.value.is_disconnect and not caught.value.is_retryable
    return await answering(backend) != first


async def test_f01_idle_for_longer_than_wait_timeout(backend, admin, proxy, idle):
    first = await answering(backend)
    await backend.execute("SET SESSION wait_timeout = 1")
    assert eventually(lambda: proxy.open == 0)
    assert await replaced(backend, idle, first, (2006, 2013, 4031))
    assert admin.sessions_become(1)


async def test_f02_killed_while_idle(backend, admin, proxy, idle):
    first = await answering(backend)
    admin.ask(f"KILL {first}")
    assert eventually(lambda: proxy.open == 0)
    assert await replaced(backend, idle, first, (2006, 2013, 1927, 4031))
    assert admin.sessions_become(1)


@pytest.mark.parametrize("end", ["wait_timeout", "KILL"])
async def test_f01_f02_the_next_checkout_has_another(open, admin, proxy, end):
    backend = open(pool_size=1, init_command="SET SESSION wait_timeout = 2" if end == "wait_timeout" else None)
    connection = await backend.get_connection()
    first = await answering(connection)
    await backend.return_connection(connection)
    if end == "KILL":
        admin.kill(first)
    assert eventually(lambda: proxy.open == 0)
    connection = await backend.get_connection()
    assert await answering(connection) != first
    await backend.return_connection(connection)
    statistics = backend.pool.stats()
    assert (statistics.size, statistics.in_use, statistics.opened) == (1, 0, 2)


async def test_f03_killed_in_a_statement(backend, admin):
    first = await answering(backend)
    task = asyncio.ensure_future(backend.execute("SELECT SLEEP(60)"))
    assert await admin.begins("SLEEP")
    admin.ask(f"KILL {first}")
    with pytest.raises(ConnectionLost) as caught:
        await task
    assert caught.value.errno == 2013 and caught.value.is_disconnect
    assert await answering(backend) != first
    assert admin.sessions_become(1)


async def test_f03_killed_in_a_transaction(backend, admin, table):
    first = await answering(backend)
    with pytest.raises(ConnectionLost):
        async with backend.transaction():
            await backend.execute("INSERT INTO t VALUES (1)")
            task = asyncio.ensure_future(backend.execute("SELECT SLEEP(60)"))
            assert await admin.begins("SLEEP")
            admin.ask(f"KILL {first}")
            with pytest.raises(ConnectionLost):
                await task
            assert backend.transaction_lost
            for _ in range(2):  # not on another session, which would commit it alone
                with pytest.raises(ConnectionLost):
                    await backend.execute("INSERT INTO t VALUES (2)")
            await backend.execute("INSERT INTO t VALUES (3)")
    assert not backend.in_transaction
    assert await answering(backend) != first
    assert admin.numbers("SELECT n FROM t") == []
    async with backend.transaction():
        await backend.execute("INSERT INTO t VALUES (4)")
    assert admin.numbers("SELECT n FROM t") == [4]


@pytest.mark.parametrize("within", ["autocommit", "a transaction"])
async def test_f04_query_killed(backend, admin, table, within):
    first = await answering(backend)
    if within == "a transaction":
        await backend.begin_transaction()
    await backend.execute("INSERT INTO t VALUES (1)")
    task = asyncio.ensure_future(backend.execute("INSERT INTO t SELECT 2 + COUNT(SLEEP(60)) FROM t"))
    assert await admin.begins("SLEEP")
    admin.ask(f"KILL QUERY {first}")
    with pytest.raises(QueryCanceled) as caught:
        await task
    assert caught.value.errno == 1317 and not caught.value.is_disconnect and not caught.value.is_retryable
    assert await answering(backend) == first
    await backend.execute("INSERT INTO t VALUES (9)")
    if within == "a transaction":
        assert admin.numbers("SELECT n FROM t") == []
        await backend.commit_transaction()
    assert admin.numbers("SELECT n FROM t ORDER BY n") == [1, 9]
