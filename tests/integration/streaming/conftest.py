"""A synchronous and an asynchronous backend on a fresh database of each server, and an administrator beside them."""

import time
from contextlib import closing

import MySQLdb
import pytest
import pytest_asyncio

from rhosocial.activerecord.backend.impl.mysqlclient import AsyncMySQLBackend, MySQLBackend, MySQLConnectionConfig


@pytest.fixture
def config(server, database):
    return MySQLConnectionConfig(**server.connect_kwargs(), database=database)


@pytest.fixture
def backend(config):
    backend = MySQLBackend(connection_config=config)
    yield backend
    backend.disconnect()


@pytest_asyncio.fixture
async def async_backend(config):
    backend = AsyncMySQLBackend(connection_config=config)
    yield backend
    await backend.disconnect()


# MySQL's information_schema.processlist fails (3854) while any session runs a statement with bytes that are no text.
SESSIONS = {
    "mysql": "SELECT COUNT(*) FROM performance_schema.threads WHERE processlist_db",
    "mariadb": "SELECT COUNT(*) FROM information_schema.processlist WHERE db",
}


@pytest.fixture
def sessions(server, database):
    """Counts the sessions that have the test's database as theirs, once ``count`` or after ten seconds."""
    with closing(MySQLdb.connect(**server.connect_kwargs(), autocommit=True)) as admin:

        def wait_for(count):
            deadline = time.monotonic() + 10
            while True:
                admin.query(f"{SESSIONS[server.flavor]} = '{database}'")
                found = int(admin.store_result().fetch_row(0)[0][0])
                if found == count or time.monotonic() > deadline:
                    return found
                time.sleep(0.02)

        yield wait_for
