"""A session whose waiting is the event loop's: no thread for a statement, and no loop remembered after it."""

import asyncio
import os
import threading
import time
import weakref
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any, Callable, Iterator, List, Optional, Tuple, TypeVar

from .async_prepared import AsyncPreparing
from .codec.abc import WireError
from .codec.plan import Plan
from .config import MySQLConnectionConfig
from .driver import CODEC, FITS, LONGEST, PLAIN, SHOW_WARNINGS, Outcome, Session, Shape, Statement, check_length, kill
from .driver_rows import TUPLES
from .errors import OperationalError

# libmysqlclient does not say when it waits to write: a thread sends what may not fit the socket's buffer at once,
# and LOAD DATA LOCAL's files.
_SAYS_WHEN_WRITABLE = CODEC.library is not None and CODEC.library.mariadb
_SENT_AT_ONCE = 16 * 1024
_WRITABLE = 2
_OUT_OF_STEP = 2014  # CR_COMMANDS_OUT_OF_SYNC
_T = TypeVar("_T")
_ENDED = "the session was ended while a statement ran on it"
_CALLEE = (
    "the rows of a batch are read from what uses the batch's own backend: read them by its stream(), outside "
    "transactions, or give them a backend of their own"
)
_CALLERS: ContextVar[Tuple[object, ...]] = ContextVar("callers", default=())


async def apart(work: Callable[[], _T], give_up: Callable[[], None]) -> _T:
    """Run in a thread what blocks. Cancelled, it is told to give up, and not waited for."""
    try:
        return await asyncio.to_thread(work)
    except asyncio.CancelledError:
        threading.Thread(target=give_up).start()
        raise


class LoopLock:
    """An asyncio.Lock for whichever loop is running: one belongs to the loop it first waited in."""

    def __init__(self) -> None:
        self._loop: Optional[weakref.ref[asyncio.AbstractEventLoop]] = None
        self._lock = asyncio.Lock()
        self._caller: Optional[object] = None

    def here(self) -> asyncio.Lock:
        """The running loop's lock. Raises OperationalError where another loop, running too, holds its own."""
        if self._caller is not None and self._caller in _CALLERS.get():
            raise OperationalError(_CALLEE)
        loop = asyncio.get_running_loop()
        before = self._loop() if self._loop is not None else None
        if before is not loop:
            if before is not None and before.is_running() and self._lock.locked():
                raise OperationalError("the backend is busy in another event loop: give each loop a backend of its own")
            self._loop = weakref.ref(loop)
            self._lock = asyncio.Lock()
        return self._lock

    @contextmanager
    def refusing_callees(self) -> Iterator[None]:
        """Code of others is called by who holds the lock: it, and tasks it makes, would wait for it for ever."""
        self._caller = caller = object()
        before = _CALLERS.set((*_CALLERS.get(), caller))
        try:
            yield
        finally:
            self._caller = None
            _CALLERS.reset(before)


class AsyncSession(AsyncPreparing, Session):
    """Session with run() and ping() as coroutines. Made by open(), since connecting blocks.

    Where the client library cannot be reached (``implementation()`` is not native), a thread runs each statement.
    """

    nonblocking = CODEC.library is not None and CODEC.library.nonblocking
    # Whether prepared statements run where the others do: libmysqlclient's are no use for short statements on a loop.
    prepares = not nonblocking or _SAYS_WHEN_WRITABLE

    def __init__(self, config: MySQLConnectionConfig, planner: Any) -> None:
        self._running = threading.Lock()  # a statement is; whichever thread its loop or itself is in
        self._ending = threading.Lock()
        self._ended = False  # by end(), the connection still to be closed by whoever uses it
        self._sending = False  # a thread is, for the loop
        super().__init__(config, planner)
        self._set_blocking(False)

    @classmethod
    async def open(cls, config: MySQLConnectionConfig, planner: Any) -> "AsyncSession":
        """Connect, in a thread. Cancelled, the session is closed as soon as it is there."""
        opened: List[AsyncSession] = []
        unwanted = threading.Event()

        def connect() -> AsyncSession:
            session = cls(config, planner)
            opened.append(session)
            if unwanted.is_set():
                session.close()
            return session

        try:
            return await asyncio.to_thread(connect)
        except BaseException:
            unwanted.set()
            for session in opened:
                session.close()
            raise

    def _open_reader(self) -> Any:
        if not self.nonblocking:
            return super()._open_reader()
        return CODEC.functions.AsyncReader(CODEC.library, self._connection)

    @property
    def _busy_poll_us(self) -> int:
        return 0  # the loop has other tasks

    def _native_statement(self) -> Any:
        return CODEC.functions.AsyncStatement if self.nonblocking and self.prepares else super()._native_statement()

    def _set_blocking(self, blocking: bool) -> None:
        """Over TLS libmariadb's non-blocking calls block unless the socket itself does not, and its blocking ones end
        the session after 5 ms unless it does (ma_tls_read)."""
        if self.nonblocking and _SAYS_WHEN_WRITABLE:
            os.set_blocking(self._wire.descriptor, blocking)

    @property
    def closed(self) -> bool:
        return self._ended or self._connection is None

    # -- statements --

    async def run(self, statement: Statement, shape: Shape = PLAIN) -> Outcome:  # type: ignore[override]
        """Session.run, waiting on the running loop. Cancelled, it ends the statement and the session."""
        return await self._alone(partial(self._heeded, self._converse), super().run, statement, shape)

    async def begin(self, statement: Statement, shape: Shape = PLAIN) -> Any:
        """Session.begin, waiting on the running loop."""
        return await self._alone(self._begin, super().begin, statement, shape)

    async def fetch(self, plan: Plan, count: int) -> List[Any]:  # type: ignore[override]
        """Session.fetch, waiting on the running loop."""
        return await self._alone(partial(self._explained, self._fetch), super().fetch, plan, count)

    async def skip_results(self) -> None:  # type: ignore[override]
        """Session.skip_results, waiting on the running loop."""
        await self._alone(partial(self._explained, self._skip_results), super().skip_results)

    async def run_prepared(self, *arguments: Any) -> Outcome:  # type: ignore[override]
        """Session.run_prepared, waiting on the running loop; on libmysqlclient in a thread: it has no other way."""
        if self.nonblocking and self.prepares:
            return await self._alone(partial(self._heeded, self._run_prepared), super().run_prepared, *arguments)
        outcome = await self._in_thread(super().run_prepared, arguments)
        # What the server cannot prepare, the thread gave to run(): that is for the loop.
        return await outcome if asyncio.iscoroutine(outcome) else outcome

    async def run_array(self, *arguments: Any) -> Tuple[Optional[Outcome], int]:  # type: ignore[override]
        """Session.run_array, waiting on the running loop."""
        return await self._alone(partial(self._heeded, self._run_array), super().run_array, *arguments)

    async def forget_prepared(self, *arguments: Any) -> None:  # type: ignore[override]
        await self._in_thread(super().forget_prepared, arguments)

    async def _in_thread(self, function: Callable[..., Any], arguments: Tuple[Any, ...]) -> Any:
        """Run what blocks. Cancelled, it ends the statement and the session, which the thread then gives up."""
        if self.closed:
            raise WireError(2006, "the session is closed", "HY000")
        self._refuse_a_second()
        with self._running:
            try:
                self._set_blocking(True)
                result = await asyncio.to_thread(self._through, function, arguments)
                self._set_blocking(False)
                return result
            except BaseException as error:
                # Without memory it is not known whether there is a thread that runs it.
                if not isinstance(error, Exception) or self._unusable(error):
                    self.end()
                elif not self.closed:
                    self._set_blocking(False)
                raise

    def _through(self, function: Callable[..., Any], arguments: Tuple[Any, ...]) -> Any:
        """Call it; in whichever way it ends, a session ended meanwhile is nobody's but this thread's."""
        on_loop, self._reader = self._reader, super()._open_reader()  # one that waits for all rows
        try:
            return function(*arguments)
        finally:
            if self._ended:
                self.discard()
            self._reader = on_loop

    async def _alone(self, here: Callable[..., Any], in_thread: Callable[..., Any], *arguments: Any) -> Any:
        if self.closed:
            raise WireError(2006, "the session is closed", "HY000")
        self._refuse_a_second()
        with self._running:
            try:
                if self.nonblocking:
                    return await here(*arguments)
                return await asyncio.to_thread(in_thread, *arguments)
            except BaseException as error:
                if not isinstance(error, Exception):
                    self.end()
                    if self.nonblocking:
                        self.discard()
                raise

    def _refuse_a_second(self) -> None:
        """Nothing is awaited between this and ``with self._running``, which Ctrl-C cannot leave locked."""
        if self._running.locked():
            raise OperationalError("a statement is still running on this session")

    async def longest(self) -> int:  # type: ignore[override]
        """Session.longest, awaited."""
        if self._longest is None:
            self._know_longest(await self.run(LONGEST))
        return self._longest  # type: ignore[return-value]

    async def _checked(self, statement: bytes) -> bytes:
        """Session._sendable, waiting on the running loop."""
        await self._check_length(len(statement))
        return statement

    async def _check_length(self, length: int) -> None:
        if length > FITS:
            if self._longest is None:
                self._know_longest(await self._converse(LONGEST, PLAIN))
            check_length(length, self._longest)  # type: ignore[arg-type]

    async def _begin(self, statement: Statement, shape: Shape) -> Any:
        await self._send(await self._checked(self._text(statement)))
        return self._plan(shape) if self._reader.open() else None

    async def _fetch(self, plan: Plan, count: int) -> List[Any]:
        reader = self._reader
        rows: List[Any] = reader.fetch(plan, count)
        while len(rows) < count and not reader.done:
            await self._turn()
            rows += reader.fetch(plan, count - len(rows))
        return rows

    async def _skip_results(self) -> None:
        self._reader.close()
        await self._skip_others()

    async def _explained(self, run: Callable[..., Any], *arguments: Any) -> Any:
        """What ``run`` does, and its error as _said() has it."""
        try:
            return await run(*arguments)
        except Exception as error:
            said = await self._said(error)
            try:
                if said is error:
                    raise
                raise said from error
            finally:
                del said  # or it would be a cycle, by this frame

    async def _heeded(self, run: Callable[..., Any], *arguments: Any) -> Any:
        """What ``run`` does, and Session._heed_warnings."""
        outcome = await run(*arguments)
        if self._heeds_warnings:
            self.warnings = ()
            if self._warned():
                self._take_warnings(await self._converse(SHOW_WARNINGS, TUPLES))
        return outcome

    async def _converse(self, statement: Statement, shape: Shape) -> Outcome:
        text = await self._checked(self._text(statement))
        try:
            await self._send(text)
            outcome = await self._receive(shape)
            await self._skip_others()
        except Exception as error:
            said = await self._said(error)
            try:
                await self._clear(said)
                if said is error:
                    raise
                raise said from error
            finally:
                del said
        self.used = time.monotonic()
        return outcome

    async def _send(self, statement: bytes) -> None:
        if not _SAYS_WHEN_WRITABLE and (len(statement) > _SENT_AT_ONCE or self._config.local_infile):
            await asyncio.to_thread(self._send_whole, statement)
        else:
            self._reader.query(statement)
            # The loop has its turn at every statement, else tasks whose answers come at once would run one after
            # another. It takes longer than most answers: then the socket need not be registered with it.
            await asyncio.sleep(0)
            if self._reader.waiting:
                self._reader.resume()
                await self._answered()

    def _send_whole(self, statement: bytes) -> None:
        """In a thread: a session ended meanwhile is closed by it, as none may while the client library sends."""
        with self._ending:
            if self.closed:
                raise WireError(2013, _ENDED, "HY000")
            self._sending = True
        try:
            self._connection.query(statement)
        finally:
            with self._ending:
                self._sending = False
                if self._ended:
                    super().discard()

    async def _answered(self) -> None:
        while self._reader.waiting:
            await self._ready()
            self._reader.resume()

    async def _ready(self) -> None:
        """Wait for the socket as the reader asks."""
        loop = asyncio.get_running_loop()
        waiter = loop.create_future()
        if self._reader.waiting & _WRITABLE:
            add, remove, seconds = loop.add_writer, loop.remove_writer, self._config.write_timeout
        else:
            add, remove, seconds = loop.add_reader, loop.remove_reader, self._config.read_timeout
        add(self._wire.descriptor, _wake, waiter)
        timer = loop.call_later(seconds, _expire, waiter, seconds) if seconds else None
        try:
            await waiter
        except Exception:
            self.discard()
            raise
        finally:
            try:
                remove(self._wire.descriptor)
            except (MemoryError, SystemError):  # else the loop takes the next socket of this number for watched already
                remove(self._wire.descriptor)
                raise
            if timer is not None:
                timer.cancel()
        if self._ended:
            raise WireError(2013, _ENDED, "HY000")

    async def _receive(self, shape: Shape) -> Outcome:
        reader, connection = self._reader, self._connection
        if not reader.open():
            return Outcome(None, connection.affected_rows(), connection.insert_id() or None)
        plan = self._plan(shape)
        rows = await self._rows(plan)
        reader.close()
        return Outcome(rows, len(rows), None, plan.names)

    async def _rows(self, plan: Plan) -> List[Any]:
        reader = self._reader
        rows: List[Any] = reader.fetch(plan)
        while not reader.done:
            await self._turn()
            rows += reader.fetch(plan)
        return rows

    async def _skip_others(self) -> None:
        """The results after the first one, as of CALL."""
        while self._connection.more_results():
            self._reader.next_result()
            await self._answered()
            if self._reader.open():
                await self._skip_rows()

    async def _skip_rows(self) -> None:
        reader = self._reader
        while not reader.done:
            reader.skip()
            if not reader.done:
                await self._turn()
        reader.close()

    async def _turn(self) -> None:
        """Wait for rows; or, there being more than were fetched, let the loop do other things in between."""
        if self._reader.waiting:
            await self._ready()
        else:
            await asyncio.sleep(0)
            if self._ended:
                raise WireError(2013, _ENDED, "HY000")

    async def _said(self, error: Exception) -> Exception:
        """What went wrong. libmysqlclient's mysql_fetch_row_nonblocking says 2014, whatever it was (client.cc):
        the server has the error still, unless the connection is gone.
        """
        if _SAYS_WHEN_WRITABLE or not isinstance(error, WireError) or error.args[0] != _OUT_OF_STEP:
            return error
        try:
            self._reader.close()
            await self._send(b"SHOW ERRORS")
            errors = await self._receive(Shape(tuples=True))
        except Exception:
            return WireError(2013, "the connection was lost while rows were read", "HY000")
        return WireError(*errors.rows[-1][1:]) if errors.rows else error

    async def _clear(self, error: Exception) -> None:
        """After a failed statement: read what is left of it, or give the session up."""
        if self.closed or self._unusable(error):
            self.discard()
            return
        try:
            await self._skip_rows()
            await self._skip_others()
        except Exception as last:
            # An error of the server's is the last of its answer.
            if not isinstance(last, WireError) or self._unusable(last):
                self.discard()

    async def ping(self) -> bool:  # type: ignore[override]
        """Ask the server; False, and the session is closed, where it does not answer."""
        if self.closed:
            return False
        try:
            await self.run(b"DO 0")  # COM_PING would block
        except Exception:
            return not self.closed
        return True

    async def reset(self) -> None:  # type: ignore[override]
        """Session.reset, in a thread: there is no non-blocking way in libmysqlclient."""
        await self._in_thread(super().reset, ())

    def renewed(self) -> "AsyncSession":
        """Session.renewed; one that still runs a statement is ended, and stays so."""
        if self._running.locked():
            self.end()
            return self
        other = super().renewed()
        self._ending = threading.Lock()
        return other

    # -- the end --

    def stale(self) -> bool:
        """Session.stale; a statement left behind by a loop that is no more ends the session, too."""
        if self._running.locked():
            self.end()
        return self._ended or super().stale()

    def close(self) -> None:
        if self._running.locked():
            self.end()
        else:
            super().close()

    def end(self) -> None:
        """End the session and what runs on it, here and on the server. Who runs it closes the connection."""
        with self._ending:
            if self.closed:
                return
            self._ended = True
            self._wire.hang_up()
        if not self._running.locked():
            self.discard()
        try:
            threading.Thread(target=kill, args=(self._config, self.planner, self.id)).start()
        except RuntimeError:
            return  # the interpreter is shutting down, and its sockets with it

    def discard(self) -> None:
        with self._ending:
            if self._sending:
                self._ended = True
                self._wire.hang_up()
            else:
                super().discard()


def _wake(waiter: "asyncio.Future[None]") -> None:
    if not waiter.done():
        waiter.set_result(None)


def _expire(waiter: "asyncio.Future[None]", seconds: float) -> None:
    if not waiter.done():
        waiter.set_exception(WireError(2013, f"nothing from the server for {seconds} s", "HY000"))
