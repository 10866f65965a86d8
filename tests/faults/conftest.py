"""Backends of both sides on a fresh database of each server, a proxy before it, and an administrator beside it.

A test is written once, as a coroutine: `open` gives it a synchronous backend, whose calls then run in threads, or an
asynchronous one, which it is handed as it is. Whatever a test did, in the end no session is left on the server.
"""

import asyncio
import contextlib
import inspect
import itertools
import os

import pytest
import pytest_asyncio

from rhosocial.activerecord.backend.impl.mysqlclient import (
    AsyncMySQLBackend,
    MySQLBackend,
    MySQLConnectionConfig,
    driver,
)
from rhosocial.activerecord.backend.impl.mysqlclient.async_pool import AsyncSessionPool
from rhosocial.activerecord.backend.impl.mysqlclient.prepared import AsyncPreparedStatement
from rhosocial.activerecord.backend.impl.mysqlclient.streaming import AsyncStream

from ..admin import administrator  # noqa: F401, a fixture
from .proxy import Proxy

SIDES = ("sync", "async")


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


@pytest.fixture
def trusted(monkeypatch):
    """A session is used as it is, however long ago it was used before; else it is looked at after a second."""
    monkeypatch.setattr(driver, "_IDLE_SECONDS", 3600.0)


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


async def call(function, *arguments):
    """A method of either side's objects."""
    if inspect.iscoroutinefunction(function):
        return await function(*arguments)
    return await asyncio.to_thread(function, *arguments)


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


ASYNCHRONOUS = (AsyncMySQLBackend, AsyncSessionPool, AsyncPreparedStatement, AsyncStream)


class Loops:
    """An event loop for each process: a forked child has its parent's, but must not use it."""

    def __init__(self):
        self._loops = {}

    def run(self, coroutine):
        """Run it to its end, which another exception than its own brings about, too."""
        loop = self._loops.get(os.getpid()) or asyncio.new_event_loop()
        self._loops[os.getpid()] = loop
        task = loop.create_task(coroutine)
        try:
            return loop.run_until_complete(task)
        except KeyboardInterrupt:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, KeyboardInterrupt):
                loop.run_until_complete(task)
            raise

    def close(self):
        for loop in self._loops.values():
            loop.close()


class InLoop:
    """An asynchronous backend, or what it gave, that is used without await."""

    def __init__(self, asynchronous, loops):
        self.asynchronous = asynchronous
        self._loops = loops

    def __getattr__(self, name):
        return self._wrapped(getattr(self.asynchronous, name))

    def _wrapped(self, value):
        if asyncio.iscoroutine(value):
            value = self._loops.run(value)
        if isinstance(value, ASYNCHRONOUS) or hasattr(value, "__aenter__"):
            return InLoop(value, self._loops)
        if inspect.ismethod(value):
            return lambda *arguments, **options: self._wrapped(value(*arguments, **options))
        return value

    def __enter__(self):
        return self.__getattr__("__aenter__")()

    def __exit__(self, *error):
        return self.__getattr__("__aexit__")(*error)


@pytest.fixture
def connect(side, config):
    """Makes backends of both sides that are used without await."""
    with contextlib.closing(Loops()) as loops, contextlib.ExitStack() as ends:

        def make(**options):
            made = (AsyncMySQLBackend if side == "async" else MySQLBackend)(connection_config=config.clone(**options))
            made = InLoop(made, loops) if side == "async" else made
            if made.config.pooled:
                ends.callback(lambda: made.pool.close())
            ends.callback(lambda: made.disconnect())
            return made

        yield make
