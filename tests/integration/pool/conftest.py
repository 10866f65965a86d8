"""Backends with pool options, on a fresh database of each server; their pools are closed after the test."""

import pytest
import pytest_asyncio

from rhosocial.activerecord.backend.impl.mysqlclient import AsyncMySQLBackend, MySQLBackend, MySQLConnectionConfig

from ...admin import eventually


@pytest.fixture
def pool_config(server, database):
    def config(**options):
        return MySQLConnectionConfig(**{**server.connect_kwargs(), "database": database, "pool_size": 2, **options})

    return config


@pytest.fixture
def pooled(pool_config):
    backends = []

    def pooled(**options):
        backends.append(MySQLBackend(connection_config=pool_config(**options)))
        return backends[-1]

    yield pooled
    for backend in backends:
        backend.disconnect()
        backend.pool.close()


@pytest_asyncio.fixture
async def apooled(pool_config):
    backends = []

    def pooled(**options):
        backends.append(AsyncMySQLBackend(connection_config=pool_config(**options)))
        return backends[-1]

    yield pooled
    for backend in backends:
        await backend.disconnect()
        await backend.pool.close()


@pytest.fixture
def kill(admin):
    """Kill a session and wait until it is gone."""

    def kill(session_id):
        admin.kill(session_id)
        assert eventually(lambda: session_id not in admin.sessions())

    return kill


def number(backend, sql):
    """The one value of a query."""
    return next(iter(backend.fetch_one(sql).values()))


async def anumber(backend, sql):
    return next(iter((await backend.fetch_one(sql)).values()))
