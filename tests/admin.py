"""What the server itself says of a test's database, through mysqlclient alone; and waiting for it to come true."""

import asyncio
import contextlib
import threading
import time

import MySQLdb
import pytest

# MySQL's information_schema.processlist fails (3854) while any session runs a statement with bytes that are no text.
SESSIONS = {
    "mysql": "SELECT processlist_id, processlist_info FROM performance_schema.threads WHERE processlist_db",
    "mariadb": "SELECT id, info FROM information_schema.processlist WHERE db",
}
LONG = 30  # seconds: only a test that fails waits for so long


def eventually(condition, seconds=LONG):
    """Wait for what comes true a moment later, such as what the server does after the client. Returns what it is."""
    deadline = time.monotonic() + seconds
    while not (met := condition()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return met


async def eventually_true(condition, seconds=LONG):
    """The same, while the loop goes on."""
    deadline = time.monotonic() + seconds
    while not (met := condition()) and time.monotonic() < deadline:
        await asyncio.sleep(0.01)
    return met


@contextlib.contextmanager
def all_places(count, **options):
    """Sessions in all the places that a server has. One that was ended a moment ago has its place for another."""

    def connected():
        try:
            return MySQLdb.connect(**options)
        except MySQLdb.OperationalError as error:
            assert error.args[0] == 1040
            return None

    with contextlib.ExitStack() as taken:
        for _ in range(count):
            session = eventually(connected)
            assert session is not None
            taken.enter_context(contextlib.closing(session))
        assert connected() is None
        yield taken


class Admin:
    """A session of its own that the test's backends know nothing of."""

    def __init__(self, connection, flavor, database):
        self._connection = connection
        self._flavor = flavor
        self._database = database
        self._own_id = connection.thread_id()

    def ask(self, sql):
        self._connection.query(sql.encode())
        result = self._connection.store_result()
        return result.fetch_row(0) if result is not None else ()

    def number(self, sql):
        """The last column of the first row."""
        return int(self.ask(sql)[0][-1])

    def numbers(self, sql):
        """The first column."""
        return [int(row[0]) for row in self.ask(sql)]

    def kill(self, session_id):
        self.ask(f"KILL {session_id}")

    def sessions(self):
        """Session id -> the statement it runs, of the sessions in the test's database but this one."""
        rows = self.ask(f"{SESSIONS[self._flavor]} = '{self._database}'")
        return {int(row[0]): row[1] for row in rows if int(row[0]) != self._own_id}

    def sessions_become(self, count):
        return eventually(lambda: len(self.sessions()) == count)

    def runs(self, text):
        """Whether some session runs a statement with this text now."""
        return any(text in str(info or "") for info in self.sessions().values())

    async def begins(self, text):
        """Whether, a moment later at most, some session runs a statement with this text."""
        return await eventually_true(lambda: self.runs(text))

    @contextlib.contextmanager
    def once_it_runs(self, text, statement):
        """Run ``statement`` when some session runs one with this text, and has for a moment."""

        def work():
            if eventually(lambda: self.runs(text)):
                time.sleep(0.2)
                self.ask(statement)

        thread = threading.Thread(target=work)
        thread.start()
        yield
        thread.join()


@pytest.fixture(name="admin")
def administrator(server, database):
    options = {**server.connect_kwargs(), "database": database, "autocommit": True}
    with contextlib.closing(MySQLdb.connect(**options)) as connection:
        yield Admin(connection, server.flavor, database)
