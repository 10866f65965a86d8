"""Core's BackendPool and AsyncBackendPool on our backends: each server connection is opened once."""

import threading

import MySQLdb
import pytest
from rhosocial.activerecord.connection.pool import AsyncBackendPool, BackendPool, PoolConfig

from rhosocial.activerecord.backend.impl.mysqlclient import AsyncMySQLBackend, MySQLBackend

from .conftest import anumber, number


@pytest.fixture
def account(admin, server, database):
    """Options of an account that may connect a few times an hour only: the server itself counts."""
    names = []

    def account(times):
        name = f"core{len(names)}_{database[5:]}"
        names.append(name)
        admin.ask(f"CREATE USER {name} IDENTIFIED BY 'x' WITH MAX_CONNECTIONS_PER_HOUR {times}")
        admin.ask(f"GRANT ALL ON {database}.* TO {name}")
        return {**server.connect_kwargs(), "user": name, "password": "x", "database": database}

    yield account
    for name in names:
        admin.ask(f"DROP USER {name}")


@pytest.mark.parametrize("mode", ["auto", "persistent"])
def test_a_backend_pool_opens_each_connection_once(account, admin, mode):
    options = account(3)
    pool = BackendPool.create(
        PoolConfig(min_size=1, max_size=3, connection_mode=mode, backend_factory=lambda: MySQLBackend(**options))
    )
    assert pool.connection_mode == "persistent"
    seen = set()
    for _ in range(10):
        one, other, third = pool.acquire(), pool.acquire(), pool.acquire()
        seen |= {number(backend, "SELECT CONNECTION_ID()") for backend in (one, other, third)}
        for backend in (one, other, third):
            pool.release(backend)
    assert len(seen) == 3 and set(admin.sessions()) == seen
    pool.close()
    assert admin.sessions_become(0)
    with pytest.raises(MySQLdb.OperationalError):  # it was three times indeed, and a fourth is refused
        MySQLdb.connect(**options)


@pytest.mark.parametrize("mode", ["transient", "auto"])
def test_a_backend_pool_on_pooled_backends_opens_each_connection_once(account, admin, mode):
    options = account(3)
    pool = BackendPool.create(
        PoolConfig(max_size=3, connection_mode=mode, backend_factory=lambda: MySQLBackend(**options, pool_size=3))
    )
    errors = []

    def work():
        try:
            for _ in range(10):
                with pool.connection() as backend:
                    assert number(backend, "SELECT 1") == 1
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == [] and 1 <= len(admin.sessions()) <= 3
    pool.close()
    MySQLBackend(**options, pool_size=3).pool.close()
    assert admin.sessions_become(0)


@pytest.mark.asyncio
async def test_an_async_backend_pool_opens_each_connection_once(account, admin):
    options = account(3)
    pool = await AsyncBackendPool.create(
        PoolConfig(min_size=1, max_size=3, backend_factory=lambda: AsyncMySQLBackend(**options))
    )
    seen = set()
    for _ in range(10):
        taken = [await pool.acquire() for _ in range(3)]
        seen |= {await anumber(backend, "SELECT CONNECTION_ID()") for backend in taken}
        for backend in taken:
            await pool.release(backend)
    assert len(seen) == 3 and set(admin.sessions()) == seen
    await pool.close()
    assert admin.sessions_become(0)


def test_requests_with_a_backend_each_share_the_pool_and_what_it_knows(account, admin):
    options = account(1)
    for _ in range(5):
        with MySQLBackend(**options, pool_size=2).context() as backend:
            before = int(backend.fetch_one("SHOW SESSION STATUS LIKE 'Questions'")["Value"])
            assert backend.capabilities is not None and backend.dialect.version >= (8, 0, 0)
    with MySQLBackend(**options, pool_size=2).context() as backend:
        after = int(backend.fetch_one("SHOW SESSION STATUS LIKE 'Questions'")["Value"])
    assert after == before + 1  # the question itself: the server is not asked who it is again
    backend.pool.close()
