"""Servers that are not to be trusted, certificates, and every implementation in one process."""

import contextlib

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient import (
    AsyncMySQLBackend,
    MySQLBackend,
    MySQLConnectionConfig,
    async_session,
    driver,
    driver_prepared,
    driver_rows,
    execution,
    operations,
)
from rhosocial.activerecord.backend.impl.mysqlclient.codec import IMPLEMENTATIONS, choose
from rhosocial.activerecord.backend.impl.mysqlclient.records import _python as python_builders
from rhosocial.activerecord.backend.impl.mysqlclient.records import plan

SECRET = "hunter2-S3CRET"


@pytest.fixture(params=IMPLEMENTATIONS)
def implementation(request, monkeypatch):
    """The backends of this test run on it, whatever the process has chosen."""
    codec = choose(request.param, driver_rows._mysql.__file__)
    for module in (async_session, driver, driver_prepared, driver_rows):
        monkeypatch.setattr(module, "CODEC", codec)
    nonblocking = codec.library is not None and codec.library.nonblocking
    monkeypatch.setattr(async_session.AsyncSession, "nonblocking", nonblocking)
    for module, names in ((execution, ("bind", "bind_rows")), (operations, ("bind_rows",))):
        for name in names:
            monkeypatch.setattr(module, f"_{name}", getattr(codec.functions, name))
    monkeypatch.setattr(plan, "_builders", python_builders if request.param == "python" else codec.functions)
    return request.param


@pytest.fixture
def config(server, database):
    return MySQLConnectionConfig(**server.connect_kwargs(), database=database)


@pytest.fixture
def backend(implementation, config):
    backend = MySQLBackend(connection_config=config)
    backend.introspect_and_adapt()
    yield backend
    backend.disconnect()


@pytest.fixture
def opened():
    """Backends to be closed after the test."""
    with contextlib.ExitStack() as stack:

        def open_(config):
            made = MySQLBackend(connection_config=config)
            stack.callback(made.disconnect)
            return made

        yield open_


async def ask_async(config, sql):
    """The rows of one statement on an asynchronous backend of its own."""
    backend = AsyncMySQLBackend(connection_config=config)
    try:
        return await backend.fetch_all(sql)
    finally:
        await backend.disconnect()
