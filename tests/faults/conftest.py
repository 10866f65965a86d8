"""Backends of both sides on a fresh database of each server, a proxy before it, and an administrator beside it.

A test is written once, as a coroutine: `open` gives it a synchronous backend, whose calls then run in threads, or an
asynchronous one, which it is handed as it is. Whatever a test did, in the end no session is left on the server.
"""

import asyncio
import contextlib
import itertools

import pytest
import pytest_asyncio

from rhosocial.activerecord.backend.impl.mysqlclient import AsyncMySQLBackend, MySQLBackend, MySQLConnectionConfig

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
