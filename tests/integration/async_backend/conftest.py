"""An asynchronous backend on a fresh database of each server, under asyncio's loop and uvloop's."""

import asyncio
import contextlib
import gc
import time

import pytest
import pytest_asyncio

from rhosocial.activerecord.backend.impl.mysqlclient import AsyncMySQLBackend, MySQLBackend

from ...faults.proxy import Proxy

LOOPS = {"asyncio": asyncio.new_event_loop}
with contextlib.suppress(ImportError):  # there is none for Windows
    import uvloop

    LOOPS["uvloop"] = uvloop.new_event_loop


def pytest_asyncio_loop_factories(config, item):
    """Each asynchronous test runs in each kind of loop."""
    return LOOPS


@pytest.fixture(params=LOOPS)
def run(request):
    """Run a coroutine in a loop of its own, closed afterwards."""

    def run(coroutine):
        loop = LOOPS[request.param]()
        try:
            return loop.run_until_complete(coroutine)
        finally:
            loop.close()

    run.new_loop = LOOPS[request.param]
    return run


@pytest_asyncio.fixture
async def backend(config):
    backend = AsyncMySQLBackend(connection_config=config)
    yield backend
    await backend.disconnect()


class Ticker:
    """A task that runs in every turn of the loop while the block runs: how often it did, however fast the machine, and
    the longest it had to wait. The garbage collector, which stops everybody, is off meanwhile.

    busy: the third longest, in CPU seconds of the loop's thread, which a crowded machine seldom stretches; what keeps
    the loop busy and is run three times does so thrice
    """

    def __init__(self):
        self.turns = 0
        self._spent = []

    async def __aenter__(self):
        gc.disable()
        self._task = asyncio.create_task(self._tick())
        await asyncio.sleep(0)
        return self

    async def __aexit__(self, *exc):
        gc.enable()
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def _tick(self):
        while True:
            before = time.thread_time()
            await asyncio.sleep(0)
            self._spent.append(time.thread_time() - before)
            self.turns += 1

    @property
    def busy(self):
        return sorted(self._spent)[-3]


@pytest.fixture
def ticker():
    return Ticker


@pytest.fixture
def at_once(config):
    """The CPU seconds that something takes on a synchronous backend: ``busy`` of a loop that has nobody else's turn."""
    backend = MySQLBackend(connection_config=config)

    def measure(run):
        backend.connect()
        gc.disable()
        before = time.thread_time()
        try:
            run(backend)
        finally:
            gc.enable()
        return time.thread_time() - before

    yield measure
    backend.disconnect()


@pytest.fixture
def proxy(server):
    with Proxy(server.host, server.port) as proxy:
        yield proxy
