"""Whatever is called, what is raised is typed and complete: where there is no server, no session, no transaction."""

import asyncio
import inspect

import pytest
from rhosocial.activerecord.backend.errors import DatabaseError

from rhosocial.activerecord.backend.impl.mysqlclient import driver
from rhosocial.activerecord.backend.impl.mysqlclient.errors import ConnectionLost

from ..admin import eventually
from .conftest import answering

INSERT = "INSERT INTO t (n) VALUES (9)"


async def prepared(backend):
    statement = await backend.prepare("INSERT INTO t (n) VALUES (%s)")
    if inspect.iscoroutinefunction(statement.execute):
        return await statement.execute((9,))
    return await asyncio.to_thread(statement.execute, (9,))


async def streamed(backend):
    return [row async for row in backend.stream("SELECT 1 AS v")]


CALLS = {
    "connect": lambda backend: backend.connect(),
    "ping": lambda backend: backend.ping(),
    "execute": lambda backend: backend.execute(INSERT),
    "parameters": lambda backend: backend.execute("INSERT INTO t (n) VALUES (%s)", (9,)),
    "fetch_one": lambda backend: backend.fetch_one("SELECT 1 AS v"),
    "fetch_all": lambda backend: backend.fetch_all("SELECT 1 AS v"),
    "execute_many": lambda backend: backend.execute_many("INSERT INTO t (n) VALUES (%s)", [(8,), (9,)]),
    "bulk_upsert": lambda backend: backend.bulk_upsert("t", ["n"], [(8,), (9,)]),
    "bulk_update_rows": lambda backend: backend.bulk_update_rows("t", ["n"], ["m"], [(1, 2)]),
    "bulk_load": lambda backend: backend.bulk_load("t", ["n"], [(9,)]),
    "executescript": lambda backend: backend.executescript(INSERT),
    "introspect_and_adapt": lambda backend: backend.introspect_and_adapt(),
    "get_server_version": lambda backend: backend.get_server_version(),
    "get_connection": lambda backend: backend.get_connection(timeout=0.05),
    "begin_transaction": lambda backend: backend.begin_transaction(),
    "prepared": lambda backend: prepared(backend),
    "stream": streamed,
}
# With a session of their own, or on whichever session is there.
APART = {"stream", "bulk_load", "get_connection"}


def assert_complete(error, disconnect):
    assert isinstance(error, DatabaseError) and "MySQLdb" not in type(error).__module__
    assert len(error.sqlstate) == 5 and error.errno is None or isinstance(error.errno, int)
    assert (error.is_disconnect, isinstance(error.is_retryable, bool)) == (disconnect, True)


@pytest.fixture
def table(admin):
    admin.ask("CREATE TABLE t (n INT PRIMARY KEY, m INT) ENGINE=InnoDB")


@pytest.mark.parametrize("name", CALLS)
async def test_where_there_is_no_server(open, name):
    backend = open(host="127.0.0.1", port=1, bulk_load=True)
    with pytest.raises(DatabaseError) as caught:
        await CALLS[name](backend)
    assert_complete(caught.value, disconnect=False)
    assert caught.value.errno in (2002, 2003) or "is the server running" in str(caught.value)


@pytest.mark.parametrize("name", CALLS)
async def test_where_a_password_provider_fails(open, name):
    def provider():
        raise KeyError("vault")

    backend = open(password=None, password_provider=provider, bulk_load=True)
    with pytest.raises(DatabaseError, match="connecting to .*password_provider failed with KeyError") as caught:
        await CALLS[name](backend)
    assert_complete(caught.value, disconnect=False)
    assert not caught.value.is_retryable


@pytest.mark.parametrize("name", [name for name in CALLS if name not in APART | {"connect", "ping"}])
@pytest.mark.parametrize("setting", ["nothing", "a statement timeout"])
async def test_where_the_session_is_lost(open, admin, proxy, table, monkeypatch, name, setting):
    """Killed a moment ago, so that it is not looked at before; with something to be set on it first."""
    monkeypatch.setattr(driver, "_IDLE_SECONDS", 60.0)
    backend = open()
    admin.ask(f"KILL {await answering(backend)}")
    assert eventually(lambda: proxy.open == 0)
    limit = getattr(backend, "_backend", backend).statement_timeout(3.0 if setting == "a statement timeout" else None)
    with limit:
        with pytest.raises(ConnectionLost) as caught:
            await CALLS[name](backend)
    assert_complete(caught.value, disconnect=True)
    assert admin.number("SELECT COUNT(*) FROM t") == 0
    await answering(backend)


@pytest.mark.parametrize("name", [name for name in CALLS if name not in APART | {"begin_transaction", "ping"}])
async def test_where_it_was_lost_in_a_transaction(open, admin, proxy, table, name):
    """None of these opens another session meanwhile, on which it would be committed alone."""
    backend = open()
    await answering(backend)
    with pytest.raises(ConnectionLost) as caught:
        async with backend.transaction():
            await backend.execute("INSERT INTO t VALUES (1, 1)")
            admin.ask(f"KILL {await answering(backend)}")
            with pytest.raises(ConnectionLost):
                await answering(backend)
            with pytest.raises(ConnectionLost) as inner:
                await CALLS[name](backend)
            assert_complete(inner.value, disconnect=True)
            assert admin.sessions_become(0)
            await backend.execute(INSERT)
    assert_complete(caught.value, disconnect=True)
    assert admin.number("SELECT COUNT(*) FROM t") == 0
    await backend.execute(INSERT)
    assert admin.numbers("SELECT n FROM t") == [9]
