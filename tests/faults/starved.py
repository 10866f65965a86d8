"""A script: one allocation of Python's fails after the other, in whatever is sent and read on a session.

    python starved.py sync|async URL

A way is gone again and again, until it needs no allocation that fails. It ends in a MemoryError or an error because of
one, or well; the session answers what it is asked next, or another one does; of the rows all are there or none is.
Prints, as JSON, how often each way failed and how many blocks of memory were kept of it, and what was raised where
nobody could hear it.
"""

import _testcapi
import asyncio
import contextlib
import gc
import inspect
import json
import logging
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from operator import itemgetter

from rhosocial.activerecord.backend.options import BulkInsertOptions

from rhosocial.activerecord.backend.impl.mysqlclient import AsyncMySQLBackend, MySQLBackend
from rhosocial.activerecord.backend.impl.mysqlclient.driver import PLAIN

FEW = (
    "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 20) SELECT i, REPEAT('x', 20 * i) AS t "
    "FROM n"
)
PREPARED = "SELECT %s AS text, 1.5e0 AS f, NOW() > '2024-01-01' AS b UNION ALL SELECT REPEAT('x', 1000), 2, 3"
ROWS = [(n, "x" * n) for n in range(100)]
BULK = BulkInsertOptions(table="t", columns=["n", "text"], rows=ROWS)
INSERT = "INSERT INTO t VALUES (%s, %s)"
TEXT = "x" * 300
ANSWER, ANSWERED = "SELECT 3 AS n UNION ALL SELECT 2", [{"n": 3}, {"n": 2}]
OUT_OF_MEMORY = (MemoryError, SystemError)  # CPython 3.11 forgets to set the exception in places
QUIET = 10  # so many times without a failure: there is no later allocation


def causes(error):
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


class Starvation:
    """Of one allocation: the ``start``-th of the ``step``-th step of a coroutine, or of all else."""

    def __init__(self, step, start):
        self.step, self.start, self.steps = step, start, 0

    @contextlib.contextmanager
    def here(self):
        if self.steps == self.step:
            _testcapi.set_nomemory(self.start, self.start + 1)
        self.steps += 1
        try:
            yield
        finally:
            _testcapi.remove_mem_hooks()

    def within(self, coroutine):
        """Await it: the event loop itself has memory enough."""
        steps = coroutine.__await__()
        while True:
            try:
                with self.here():
                    waited_for = steps.send(None)
            except StopIteration as end:
                return end.value
            yield waited_for


class Starving:
    def __init__(self, coroutine, starvation):
        self.coroutine, self.starvation = coroutine, starvation

    def __await__(self):
        return (yield from self.starvation.within(self.coroutine))


class Synchronous:
    """Each takes a Starvation; what is done before it, as opening a session, is not ours alone."""

    def __init__(self, url):
        self.backend = MySQLBackend(dsn=url, bulk_load=True)

    async def begin(self):
        self.backend.execute("CREATE TABLE t (n INT, text VARCHAR(200)) ENGINE=InnoDB")
        self.statement = self.backend.prepare(PREPARED)

    def _starved(self, starvation, function, *arguments):
        with starvation.here():
            return function(*arguments)

    async def execute(self, starvation):
        return self._starved(starvation, self.backend.execute, FEW).data

    async def prepared(self, starvation):
        return self._starved(starvation, self.statement.execute, (TEXT,)).data

    async def execute_many(self, starvation):
        self._starved(starvation, self.backend.execute_many, INSERT, ROWS)

    async def bulk_insert(self, starvation):
        self._starved(starvation, self.backend.bulk_insert, BULK)

    async def stream(self, starvation):
        with self.backend.stream(FEW, batch_size=7) as stream:
            stream.begin()
            rows = []
            while batch := self._starved(starvation, stream.next_batch):
                rows += batch
            return rows

    async def bulk_load(self, starvation):
        def rows():
            with starvation.here():
                yield from ROWS

        self.backend.bulk_load("t", ["n", "text"], rows())

    def ways(self):
        return self.execute, self.prepared, self.execute_many, self.bulk_insert, self.stream, self.bulk_load

    async def check(self):
        assert not self.backend.in_transaction
        assert self.backend.fetch_all(ANSWER) == ANSWERED
        assert self.backend.fetch_all("SELECT COUNT(*) AS n FROM t")[0]["n"] in (0, len(ROWS))
        self.backend.execute("DELETE FROM t")

    async def renew(self):
        self.statement.close()

    async def end(self):
        self.backend.disconnect()


class Asynchronous:
    """Sessions themselves: without memory to leave it, asyncio.Lock, which the backend has around them, stays taken."""

    def __init__(self, url):
        self.backend = AsyncMySQLBackend(dsn=url)

    async def begin(self):
        """Connecting takes a thread: it ends here."""
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1) as executor:
            loop.set_default_executor(executor)
            self.session = await self.backend._open_session()
        loop.set_default_executor(ThreadPoolExecutor(1))

    async def execute(self, starvation):
        return (await Starving(self.session.run(self.backend._statement(FEW, None)), starvation)).rows

    async def prepared(self, starvation):
        prepared = self.backend._prepared(PREPARED, (TEXT,))
        return (await Starving(self.session.run_prepared(*prepared), starvation)).rows

    async def stream(self, starvation):
        plan = await self.session.begin(self.backend._statement(FEW, None), PLAIN)
        rows = []
        try:
            while batch := await Starving(self.session.fetch(plan, 7), starvation):
                rows += batch
        finally:
            self.session.end()  # as AsyncStream does
        return rows

    def ways(self):
        return self.execute, self.prepared, self.stream

    async def check(self):
        if self.session.closed:
            await self.begin()
        assert (await self.session.run(self.backend._statement(ANSWER, None))).rows == ANSWERED

    async def renew(self):
        """A session that has prepared nothing."""
        await self.end()
        await self.begin()

    async def end(self):
        self.session.close()


def only_this_thread():
    """An allocation that fails is one of this thread's: wait for those that end a statement on the server."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join(60)
    assert threading.active_count() == 1, threading.enumerate()


async def starve(way, check, right, step):
    """The steps that there are, and how often it failed in this one."""
    failed = start = quiet = 0
    while quiet < QUIET:
        starvation = Starvation(step, start)
        only_this_thread()
        ended = False
        try:
            result = await way(starvation)
            ended = True
        except Exception as error:
            assert any(isinstance(cause, OUT_OF_MEMORY) for cause in causes(error)), list(causes(error))
        assert not ended or result == right, (way.__name__, start, result)
        failed += not ended
        quiet = quiet + 1 if ended else 0
        await check()
        start += 1
    return starvation.steps, failed


async def starve_all(way, check):
    right = await way(Starvation(-1, 0))
    await check()
    failed = step = 0
    steps = 1
    while step < steps:
        steps, more = await starve(way, check, right, step)
        failed += more
        step += 1
    return failed


async def blocks(client):
    """Of memory, in use."""
    await client.renew()
    only_this_thread()
    gc.collect()
    return sys.getallocatedblocks()


async def measured(way, client):
    """How often it failed, and how many blocks more there are."""
    before = await blocks(client)
    failed = await starve_all(way, client.check)
    return failed, await blocks(client) - before


async def main(side, url):
    logging.disable()
    gc.disable()  # it collects where it is told to, with memory enough
    found, unheard = {}, []
    # A generator that is given up has GeneratorExit raised in it, for which there may be no memory.
    sys.unraisablehook = lambda what: inspect.isgenerator(what.object) or unheard.append(str(what))
    client = {"sync": Synchronous, "async": Asynchronous}[side](url)
    await client.begin()
    for way in client.ways():
        await starve_all(way, client.check)
        rounds = [await measured(way, client) for _ in range(2)]
        found[way.__name__] = min(rounds, key=itemgetter(1))  # what is lost is lost in each
    await client.end()
    print(json.dumps([found, unheard]))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
