"""A backend on a fresh database of each server, and an administrator beside it."""

import time
from contextlib import closing

import MySQLdb
import pytest

from rhosocial.activerecord.backend.impl.mysqlclient import MySQLBackend, MySQLConnectionConfig


@pytest.fixture
def config(server, database):
    return MySQLConnectionConfig(**server.connect_kwargs(), database=database)


@pytest.fixture
def backend(config):
    backend = MySQLBackend(connection_config=config)
    yield backend
    backend.disconnect()


# MySQL's information_schema.processlist fails (3854) while any session runs a statement with bytes that are no text.
SESSIONS = {
    "mysql": "SELECT processlist_id FROM performance_schema.threads WHERE processlist_db",
    "mariadb": "SELECT id FROM information_schema.processlist WHERE db",
}


class Admin:
    """What the server itself says, through mysqlclient alone."""

    def __init__(self, connection, flavor):
        self._connection = connection
        self._flavor = flavor

    def ask(self, sql):
        self._connection.query(sql.encode())
        result = self._connection.store_result()
        return result.fetch_row(0) if result is not None else ()

    def sessions(self, database):
        """Ids of the sessions that have ``database`` as theirs."""
        rows = self.ask(f"{SESSIONS[self._flavor]} = '{database}'")
        return {int(row[0]) for row in rows}

    def kill(self, session_id):
        self.ask(f"KILL {session_id}")


@pytest.fixture
def admin(server):
    with closing(MySQLdb.connect(**server.connect_kwargs(), autocommit=True)) as connection:
        yield Admin(connection, server.flavor)


@pytest.fixture
def eventually():
    """Wait, ten seconds at most, for what the server does a moment after the client."""

    def wait(condition):
        deadline = time.monotonic() + 10
        while not condition() and time.monotonic() < deadline:
            time.sleep(0.02)
        return condition()

    return wait
