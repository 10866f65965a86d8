"""The same model on core alone and with the mixin, sync and async, on one fresh database of each server."""

import logging

import pytest
import pytest_asyncio

from rhosocial.activerecord.backend.impl.mysqlclient import AsyncMySQLBackend, MySQLBackend

from .models import TABLES, async_models, sync_models


class Statements(logging.Handler):
    """What a backend was asked to run, as it logs it."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.sent = []

    def emit(self, record):
        message = record.getMessage()
        if message.startswith("Executing SQL: "):
            self.sent.append(message)

    def taken(self):
        sent, self.sent = self.sent, []
        return sent


@pytest.fixture
def statements():
    """The statements that the backends run, in the order they are sent."""
    handler = Statements()
    logger = logging.getLogger("test.records")
    logger.propagate = False
    logger.setLevel(logging.DEBUG)
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


def watched(backend):
    backend.logger = logging.getLogger("test.records")
    return backend


@pytest.fixture
def backend(config, statements):
    backend = watched(MySQLBackend(connection_config=config))
    backend.introspect_and_adapt()
    for table in TABLES:
        backend.execute(table)
    statements.taken()
    yield backend
    backend.disconnect()


@pytest.fixture
def twins(backend):
    return sync_models(backend)


@pytest_asyncio.fixture
async def async_backend(config, statements):
    backend = watched(AsyncMySQLBackend(connection_config=config))
    await backend.introspect_and_adapt()
    for table in TABLES:
        await backend.execute(table)
    statements.taken()
    yield backend
    await backend.disconnect()


@pytest.fixture
def async_twins(async_backend):
    return async_models(async_backend)
