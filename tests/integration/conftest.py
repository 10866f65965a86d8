"""Backends on a fresh database of each server."""

import pytest
import pytest_asyncio

from rhosocial.activerecord.backend.impl.mysqlclient import (
    AsyncMySQLBackend,
    MySQLBackend,
    MySQLConnectionConfig,
    driver,
)

from ..admin import administrator  # noqa: F401, a fixture


@pytest.fixture
def config(server, database):
    return MySQLConnectionConfig(**server.connect_kwargs(), database=database)


@pytest.fixture
def trusted(monkeypatch):
    """A session is used as it is, however long ago it was used before; else it is looked at after a second."""
    monkeypatch.setattr(driver, "_IDLE_SECONDS", 3600.0)


@pytest.fixture
def connect(config):
    """A backend, with options of its configuration."""
    opened = []

    def connect(**options):
        opened.append(MySQLBackend(connection_config=config.clone(**options)))
        return opened[-1]

    yield connect
    for backend in opened:
        backend.disconnect()


@pytest.fixture
def backend(connect):
    return connect()


@pytest_asyncio.fixture
async def async_backend(config):
    backend = AsyncMySQLBackend(connection_config=config)
    yield backend
    await backend.disconnect()
