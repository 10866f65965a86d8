"""The same calls on a synchronous and an asynchronous backend, on a fresh database of each server."""

import asyncio
import inspect
import logging

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient import AsyncMySQLBackend, MySQLBackend


class Awaited:
    """An asynchronous backend whose coroutines are run to their end, each in an event loop of its own."""

    def __init__(self, backend):
        self.plain = backend

    def __getattr__(self, name):
        value = getattr(self.plain, name)
        if not inspect.iscoroutinefunction(value):
            return value
        return lambda *args, **kwargs: asyncio.run(value(*args, **kwargs))


class Plain:
    def __init__(self, backend):
        self.plain = backend

    def __getattr__(self, name):
        return getattr(self.plain, name)


@pytest.fixture(params=["sync", "async"])
def connect(request, config):
    """A backend, with options of its configuration."""
    opened = []

    def backend(**options):
        kind, wrap = (MySQLBackend, Plain) if request.param == "sync" else (AsyncMySQLBackend, Awaited)
        opened.append(wrap(kind(connection_config=config.clone(**options) if options else config)))
        opened[-1].plain.logger.setLevel(logging.CRITICAL)
        return opened[-1]

    yield backend
    for backend in opened:
        backend.disconnect()


@pytest.fixture
def backend(connect):
    return connect(bulk_load=True)


@pytest.fixture
def table(backend):
    backend.execute("CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(20) NOT NULL UNIQUE, n INT)")
    return backend


@pytest.fixture
def stored(admin):
    """What others see of t: (name, n), in the order of ids."""
    return lambda: [(name, n and int(n)) for name, n in texts(admin.ask("SELECT name, n FROM t ORDER BY id"))]


def texts(rows):
    return [[cell.decode() if isinstance(cell, bytes) else cell for cell in row] for row in rows]
