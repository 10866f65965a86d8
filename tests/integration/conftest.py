"""Backends on a fresh database of each server, and an administrator beside them."""

import importlib.util
import time
from contextlib import closing
from pathlib import Path

import MySQLdb
import pytest
import pytest_asyncio

from rhosocial.activerecord.backend.impl.mysqlclient import AsyncMySQLBackend, MySQLBackend, MySQLConnectionConfig

# MySQL's information_schema.processlist fails (3854) while any session runs a statement with bytes that are no text.
SESSIONS = {
    "mysql": "SELECT processlist_id, processlist_info FROM performance_schema.threads WHERE processlist_db",
    "mariadb": "SELECT id, info FROM information_schema.processlist WHERE db",
}

SAMPLES = Path(__file__).parents[1] / "codec" / "samples.py"


@pytest.fixture(scope="session")
def samples():
    """tests/codec/samples.py, the table of types."""
    spec = importlib.util.spec_from_file_location("samples_of_types", SAMPLES)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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


def wait(condition):
    """Whether it comes true, within ten seconds: the server does some things a moment after the client."""
    deadline = time.monotonic() + 10
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


@pytest.fixture
def eventually():
    return wait


class Admin:
    """What the server itself says of the test's database, through mysqlclient alone."""

    def __init__(self, connection, database, flavor):
        self._connection = connection
        self._database = database
        self._flavor = flavor

    def ask(self, sql):
        self._connection.query(sql.encode())
        result = self._connection.store_result()
        return result.fetch_row(0) if result is not None else ()

    def number(self, sql):
        """The last column of the one row."""
        return int(self.ask(sql)[0][-1])

    def kill(self, session_id):
        self.ask(f"KILL {session_id}")

    def sessions(self):
        """Session id -> the statement it runs, of the sessions in the test's database but this one."""
        rows = self.ask(f"{SESSIONS[self._flavor]} = '{self._database}'")
        return {int(row[0]): row[1] for row in rows if int(row[0]) != self._connection.thread_id()}

    def sessions_become(self, count):
        return wait(lambda: len(self.sessions()) == count)

    def runs(self, text):
        return any(text in (info or "") for info in self.sessions().values())


@pytest.fixture
def admin(server, database):
    options = {**server.connect_kwargs(), "database": database, "autocommit": True}
    with closing(MySQLdb.connect(**options)) as connection:
        yield Admin(connection, database, server.flavor)
