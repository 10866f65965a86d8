"""Servers that are not to be trusted, certificates, and every implementation in one process."""

import contextlib
import sys

import pytest
import pytest_asyncio

from rhosocial.activerecord.backend.impl import mysqlclient
from rhosocial.activerecord.backend.impl.mysqlclient import (
    AsyncMySQLBackend,
    MySQLBackend,
    MySQLConnectionConfig,
    async_session,
    driver_rows,
)
from rhosocial.activerecord.backend.impl.mysqlclient.codec import IMPLEMENTATIONS, choose
from rhosocial.activerecord.backend.impl.mysqlclient.records import _python as python_builders
from rhosocial.activerecord.backend.impl.mysqlclient.records import plan

from .paths import TABLE, done

SECRET = "hunter2-S3CRET"


@pytest.fixture(params=IMPLEMENTATIONS)
def implementation(request, monkeypatch):
    """The backends of this test run on it, whatever the process has chosen."""
    codec = choose(request.param, driver_rows._mysql.__file__)
    named = {"CODEC": codec, "_bind": codec.functions.bind, "_bind_rows": codec.functions.bind_rows}
    for module in [module for name, module in sys.modules.items() if name.startswith(f"{mysqlclient.__name__}.")]:
        for name in named.keys() & vars(module).keys():
            if "codec" not in module.__name__:
                monkeypatch.setattr(module, name, named[name])
    nonblocking = codec.library is not None and codec.library.nonblocking
    monkeypatch.setattr(async_session.AsyncSession, "nonblocking", nonblocking)
    monkeypatch.setattr(plan, "_builders", python_builders if request.param == "python" else codec.functions)
    return request.param


@pytest.fixture
def config(server, database):
    return MySQLConnectionConfig(**server.connect_kwargs(), database=database, bulk_load=True)


@pytest.fixture
def backend(implementation, config):
    backend = MySQLBackend(connection_config=config)
    backend.introspect_and_adapt()
    yield backend
    backend.disconnect()


@pytest_asyncio.fixture(params=[MySQLBackend, AsyncMySQLBackend], ids=["sync", "async"])
async def either(request, implementation, config):
    """A synchronous and an asynchronous backend in turn: their results go through paths.done()."""
    backend = request.param(connection_config=config)
    backend.logger.setLevel("WARNING")  # these tests send some 10,000 statements
    await done(backend.introspect_and_adapt())
    await done(backend.execute(TABLE))
    yield backend
    await done(backend.disconnect())


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
