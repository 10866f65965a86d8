"""An asynchronous backend on a fresh database of each server, under asyncio's loop and uvloop's."""

import asyncio
import contextlib
import socket
import threading
import time

import pytest
import pytest_asyncio

from rhosocial.activerecord.backend.impl.mysqlclient import AsyncMySQLBackend

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
    """A task that wants to run every 5 ms while the block runs: how often it did, and the longest it had to wait.

    every: seconds; 0 counts the turns the loop gave to others, however fast the machine.
    busy: the longest, counted in CPU time of the loop's thread, which a crowded machine does not stretch.
    """

    def __init__(self, every=0.005):
        self.every = every
        self.ticks = 0
        self.busy = 0.0

    async def __aenter__(self):
        self._task = asyncio.create_task(self._tick())
        await asyncio.sleep(0)
        return self

    async def __aexit__(self, *exc):
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def _tick(self):
        while True:
            before = time.thread_time()
            await asyncio.sleep(self.every)
            self.busy = max(self.busy, time.thread_time() - before)
            self.ticks += 1


@pytest.fixture
def ticker():
    return Ticker


class Proxy:
    """A TCP proxy to the server. What the server says passes byte for byte, ``delay`` seconds apart, and not at all
    beyond ``allowance`` bytes."""

    def __init__(self, host, port):
        self._server = (host, port)
        self.delay = 0.0
        self.allowance = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._open = [self._listener]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client = self._listener.accept()[0]
                server = socket.create_connection(self._server)
                server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._open += [client, server]
                threading.Thread(target=self._pass, args=(client, server, False), daemon=True).start()
                threading.Thread(target=self._pass, args=(server, client, True), daemon=True).start()

    def _pass(self, source, target, answer):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if answer and self.allowance is not None:
                    data, self.allowance = data[: self.allowance], max(0, self.allowance - len(data))
                step = 1 if answer and self.delay else len(data) or 1
                for i in range(0, len(data), step):
                    target.sendall(data[i : i + step])
                    if answer and self.delay:
                        time.sleep(self.delay)
            target.shutdown(socket.SHUT_WR)

    def cut(self):
        """Reset every connection."""
        for end in self._open[1:]:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.cut()
        for end in self._open:
            end.close()


@pytest.fixture
def proxy(server):
    address = server.connect_kwargs(tcp=True)
    with contextlib.closing(Proxy(address["host"], address["port"])) as proxy:
        yield proxy
