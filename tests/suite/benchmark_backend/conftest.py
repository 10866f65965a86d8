"""Connected backends and an empty table for the direct backend benchmarks."""
import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from suite import schema, server
from suite.fixtures import config, drop_tables
from suite.under_test import ASYNC_BACKEND, BACKEND

TABLES = schema.tables("benchmark")


@pytest.fixture
def table() -> Iterator[None]:
    drop_tables(list(TABLES))
    server.execute(TABLES.values())
    yield
    drop_tables(list(TABLES))


@pytest.fixture
def backend(table: None) -> Iterator[Any]:
    backend = BACKEND(connection_config=config())
    backend.introspect_and_adapt()
    yield backend
    backend.disconnect()


@pytest.fixture
def run() -> Iterator[Callable[[Awaitable[Any]], Any]]:
    """Runs one awaitable to its end, on a loop of this test."""
    loop = asyncio.new_event_loop()
    yield loop.run_until_complete
    loop.close()


@pytest.fixture
def async_backend(table: None, run: Callable[[Awaitable[Any]], Any]) -> Iterator[Any]:
    backend = ASYNC_BACKEND(connection_config=config())
    run(backend.introspect_and_adapt())
    yield backend
    run(backend.disconnect())
