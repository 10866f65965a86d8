"""Pools on a fresh database of each server, and an administrator beside it who counts sessions."""

import time
from contextlib import closing

import MySQLdb
import pytest
import pytest_asyncio

from rhosocial.activerecord.backend.impl.mysqlclient import AsyncMySQLBackend, MySQLBackend, MySQLConnectionConfig

# MySQL's information_schema.processlist fails (3854) while any session runs a statement with bytes that are no text.
SESSIONS = {
    "mysql": "SELECT processlist_id FROM performance_schema.threads WHERE processlist_db",
    "mariadb": "SELECT id FROM information_schema.processlist WHERE db",
}


class Admin:
    """What the server itself says, through mysqlclient alone."""

    def __init__(self, connection, flavor, database):
        self._connection = connection
        self._sessions = f"{SESSIONS[flavor]} = '{database}'"

    def ask(self, sql):
        self._connection.query(sql.encode())
        result = self._connection.store_result()
        return result.fetch_row(0) if result is not None else ()

    def sessions(self):
        """Ids of the sessions in the test's database."""
        return {int(row[0]) for row in self.ask(self._sessions)}

    def sessions_become(self, count):
        return eventually(lambda: len(self.sessions()) == count)

    def kill(self, session_id):
        self.ask(f"KILL {session_id}")
        assert eventually(lambda: session_id not in self.sessions())


def eventually(condition):
    """Wait, ten seconds at most, for what the server does a moment after the client."""
    deadline = time.monotonic() + 10
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


@pytest.fixture
def admin(server, database):
    with closing(MySQLdb.connect(**server.connect_kwargs(), autocommit=True)) as connection:
        yield Admin(connection, server.flavor, database)


@pytest.fixture
def config(server, database):
    def config(**options):
        return MySQLConnectionConfig(**{**server.connect_kwargs(), "database": database, "pool_size": 2, **options})

    return config


@pytest.fixture
def pooled(config):
    """A function that makes a backend with pool options; its pool is closed after the test."""
    backends = []

    def pooled(**options):
        backends.append(MySQLBackend(connection_config=config(**options)))
        return backends[-1]

    yield pooled
    for backend in backends:
        backend.disconnect()
        backend.pool.close()


@pytest_asyncio.fixture
async def apooled(config):
    backends = []

    def pooled(**options):
        backends.append(AsyncMySQLBackend(connection_config=config(**options)))
        return backends[-1]

    yield pooled
    for backend in backends:
        await backend.disconnect()
        await backend.pool.close()


def number(backend, sql):
    """The one value of a query."""
    return next(iter(backend.fetch_one(sql).values()))


async def anumber(backend, sql):
    return next(iter((await backend.fetch_one(sql)).values()))
