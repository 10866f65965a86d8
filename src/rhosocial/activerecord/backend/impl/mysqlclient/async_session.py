"""A session whose waiting is the event loop's: no thread for a statement, and no loop remembered after it."""

import asyncio
import os
import time
import weakref
from typing import Any, List, Optional

from .codec.plan import Plan
from .config import MySQLConnectionConfig
from .driver import CODEC, PLAIN, Outcome, Session, Shape, Statement

# A longer statement may not fit the socket's buffer at once: a thread sends it.
_SENT_AT_ONCE = 64 * 1024
# Decoded between two turns of the loop: some milliseconds.
_CELLS_A_TURN = 12_000


class LoopLock:
    """An asyncio.Lock for whichever loop is running: one belongs to the loop it first waited in."""

    def __init__(self) -> None:
        self._loop: Optional[weakref.ref[asyncio.AbstractEventLoop]] = None
        self._lock = asyncio.Lock()

    def here(self) -> asyncio.Lock:
        loop = asyncio.get_running_loop()
        if self._loop is None or self._loop() is not loop:
            self._loop = weakref.ref(loop)
            self._lock = asyncio.Lock()
        return self._lock


class AsyncSession(Session):
    """Session with run() and ping() as coroutines. Made in a thread, since connecting blocks."""

    nonblocking = CODEC.library is not None

    def __init__(self, config: MySQLConnectionConfig, planner: Any) -> None:
        super().__init__(config, planner)
        self._config = config
        self._wire: int = self._connection.fileno()
        self._mutex = LoopLock()
        if CODEC.library is not None and CODEC.library.mariadb:
            # libmariadb's non-blocking fetch blocks over TLS unless the socket itself does not.
            os.set_blocking(self._wire, False)

    async def run(self, statement: Statement, shape: Shape = PLAIN) -> Outcome:  # type: ignore[override]
        """Session.run, waiting on the running loop. Cancelled, it ends the statement and the session."""
        async with self._mutex.here():
            connection = self._live()
            text = self._text(statement)
            try:
                if len(text) > _SENT_AT_ONCE:
                    await asyncio.to_thread(connection.send_query, text)
                else:
                    connection.send_query(text)
                await self._readable()
                connection.read_query_result()
                outcome = await self._receive(shape)
                await self._skip_others()
            except Exception as error:
                await self._clear(error)
                raise
            except BaseException:
                self._give_up()
                raise
            self.used = time.monotonic()
            return outcome

    async def _readable(self) -> None:
        loop = asyncio.get_running_loop()
        waiter = loop.create_future()
        loop.add_reader(self._wire, _wake, waiter)
        try:
            await waiter
        finally:
            loop.remove_reader(self._wire)

    async def _receive(self, shape: Shape) -> Outcome:
        reader, connection = self._reader, self._connection
        if not reader.open():
            return Outcome(None, connection.affected_rows(), connection.insert_id() or None)
        plan = self._plan(shape)
        rows = await self._rows(plan)
        reader.close()
        return Outcome(rows, len(rows), connection.insert_id() or None, plan.names)

    async def _rows(self, plan: Plan) -> List[Any]:
        reader = self._reader
        turn = max(1, _CELLS_A_TURN // max(1, reader.width))
        rows: List[Any] = []
        while True:
            if self.nonblocking:
                rows += reader.fetch(plan, turn)
            else:
                rows += await asyncio.to_thread(reader.fetch, plan, turn)
            if reader.waiting:
                await self._readable()
            elif reader.done:
                return rows
            else:
                await asyncio.sleep(0)

    async def _skip_others(self) -> None:
        """The results after the first one, as of CALL; the library may have read ahead, so a thread waits."""
        while self._connection.more_results():
            await asyncio.to_thread(self._connection.next_result)
            if self._reader.open():
                await self._skip_rows()

    async def _skip_rows(self) -> None:
        reader = self._reader
        while not reader.done:
            if self.nonblocking:
                reader.skip()
            else:
                await asyncio.to_thread(reader.skip)
            if reader.waiting:
                await self._readable()
        reader.close()

    async def _clear(self, error: Exception) -> None:
        """After a failed statement: read what is left of it, or give the session up."""
        if self._unusable(error):
            self.discard()
            return
        try:
            await self._skip_rows()
            await self._skip_others()
        except BaseException as failure:
            self.discard()
            if not isinstance(failure, Exception):
                raise

    def _give_up(self) -> None:
        """The statement may still run on the server: end both from another session, in a thread of its own."""
        self.discard()
        asyncio.get_running_loop().run_in_executor(None, _kill, self._config, self.planner, self.id)

    async def ping(self) -> bool:  # type: ignore[override]
        async with self._mutex.here():
            return await asyncio.to_thread(super().ping)


def _wake(waiter: "asyncio.Future[None]") -> None:
    if not waiter.done():
        waiter.set_result(None)


def _kill(config: MySQLConnectionConfig, planner: Any, session_id: int) -> None:
    """KILL a session; it may be gone by now, or no more connections be allowed: then there is nothing to do."""
    try:
        session = Session(config, planner)
        try:
            session.run(b"KILL %d" % session_id)
        finally:
            session.close()
    except Exception:
        return
