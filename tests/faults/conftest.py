"""Backends of both sides on a fresh database of each server, a proxy before it, and an administrator beside it.

A test is written once, as a coroutine: `open` gives it a synchronous backend, whose calls then run in threads, or an
asynchronous one, which it is handed as it is. Whatever a test did, in the end no session is left on the server.
"""

import asyncio
import contextlib
import itertools
import time

import MySQLdb
import pytest
import pytest_asyncio

from rhosocial.activerecord.backend.impl.mysqlclient import AsyncMySQLBackend, MySQLBackend, MySQLConnectionConfig

from .proxy import Proxy

SIDES = ("sync", "async")
# MySQL's information_schema.processlist fails (3854) while any session runs a statement with bytes that are no text.
SESSIONS = {
    "mysql": "SELECT processlist_id, processlist_info FROM performance_schema.threads WHERE processlist_db",
    "mariadb": "SELECT id, info FROM information_schema.processlist WHERE db",
}


def eventually(condition, seconds=10):
    """Wait, for a while at most, for what the server does a moment after the client."""
    deadline = time.monotonic() + seconds
    while not (met := condition()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return met


class Admin:
    """What the server itself says, through mysqlclient alone."""

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

    def sessions(self):
        """Session id -> the statement it runs, of the sessions in the test's database but this one."""
        rows = self.ask(f"{SESSIONS[self._flavor]} = '{self._database}'")
        return {int(row[0]): row[1] for row in rows if int(row[0]) != self._own_id}

    def sessions_become(self, count):
        return eventually(lambda: len(self.sessions()) == count)

    async def runs(self, text):
        """Whether, within ten seconds, some session of the test's runs a statement with this text."""
        deadline = time.monotonic() + 10
        while not (found := any(text in str(info or "") for info in self.sessions().values())):
            if time.monotonic() > deadline:
                break
            await asyncio.sleep(0.01)
        return found


@pytest.fixture
def admin(server, database):
    options = {**server.connect_kwargs(), "database": database, "autocommit": True}
    with contextlib.closing(MySQLdb.connect(**options)) as connection:
        yield Admin(connection, server.flavor, database)


@pytest.fixture
def proxy(server):
    with Proxy(server.host, server.port) as proxy:
        yield proxy


@pytest.fixture
def config(server, proxy, database):
    """Through the proxy, in clear, so that it can read."""
    return MySQLConnectionConfig(
        host="127.0.0.1",
        port=proxy.port,
        username=server.user,
        password=server.password,
        database=database,
        ssl_mode="DISABLED",
    )


@pytest.fixture(params=SIDES)
def side(request):
    return request.param


@pytest_asyncio.fixture
async def open(side, config, proxy, admin):
    """Makes backends; options go over those of ``config``."""
    opened = []

    def make(**options):
        backend = make_backend(side, config.clone(**options))
        opened.append(backend)
        return backend

    yield make
    proxy.use()
    for backend in opened:
        await backend.disconnect()
        if backend.config.pooled:
            closed = backend.pool.close()
            if asyncio.iscoroutine(closed):
                await closed
    assert admin.sessions_become(0), admin.sessions()


@pytest_asyncio.fixture
async def backend(open):
    return open()


TAGS = itertools.count()


async def answering(backend):
    """The id of the session that answers: it answers what it is asked, and nothing that was asked before."""
    tag = f"tag {next(TAGS)}"
    rows = (await backend.execute("SELECT %s AS tag, CONNECTION_ID() AS id UNION ALL SELECT %s, 0", (tag, tag))).data
    assert [row["tag"] for row in rows] == [tag, tag]
    return rows[0]["id"]


def make_backend(side, config):
    if side == "async":
        return AsyncMySQLBackend(connection_config=config)
    return InThreads(MySQLBackend(connection_config=config))


class InThreads:
    """A synchronous backend whose methods are awaited, as an asynchronous one's are."""

    def __init__(self, backend):
        self.synchronous = self._backend = backend

    def __getattr__(self, name):
        function = getattr(self._backend, name)
        if not callable(function):
            return function

        async def call(*arguments, **options):
            given = [one.synchronous if isinstance(one, InThreads) else one for one in arguments]
            result = await asyncio.to_thread(function, *given, **options)
            return InThreads(result) if isinstance(result, MySQLBackend) else result

        return call

    @contextlib.asynccontextmanager
    async def transaction(self):
        context = self._backend.transaction()
        await asyncio.to_thread(context.__enter__)
        try:
            yield
        except BaseException as error:
            if not await asyncio.to_thread(context.__exit__, type(error), error, error.__traceback__):
                raise
        else:
            await asyncio.to_thread(context.__exit__, None, None, None)

    async def stream(self, sql, params=None, **options):
        stream = self._backend.stream(sql, params, **options)
        try:
            while rows := await asyncio.to_thread(stream.next_batch):
                for row in rows:
                    yield row
        finally:
            await asyncio.to_thread(stream.close)
