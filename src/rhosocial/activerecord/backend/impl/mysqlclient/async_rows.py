"""Rows of a batch from asynchronous iterables: read on the loop, a block at a time, between its statements."""

import asyncio
import threading
from contextlib import asynccontextmanager
from typing import (
    Any,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    List,
    Sequence,
    Tuple,
    TypeVar,
    Union,
)

from .bulk import Rows
from .errors import OperationalError

AnyRows = Union[Iterable[Sequence[Any]], AsyncIterable[Sequence[Any]]]
_T = TypeVar("_T")


class AsyncRows(Rows):
    """Rows from an asynchronous iterable. blocks() gives what read() has put aside, or an empty block: read on."""

    asynchronous = True

    def __init__(self, rows: AsyncIterable[Sequence[Any]], adapt: Callable[[Any], Any]) -> None:
        super().__init__(rows.__aiter__(), adapt)
        self._aside: List[Any] = []
        self._ended = False

    async def read(self) -> None:
        """Put the next block aside, unless one is. What the iterable raises is kept, for blocks() to raise it."""
        if self._aside or self._ended:
            return
        block: List[Any] = []
        try:
            while len(block) < self.at_once:
                block.append(await self._rows.__anext__())
        except StopAsyncIteration:
            self._ended = True
        except Exception as error:
            self.error, self._ended = error, True
            return
        self._aside = block

    def blocks(self) -> Iterator[Tuple[int, List[Any]]]:
        while not self._ended or self._aside:
            block, self._aside = self._aside, []
            yield self.count, self._adapted(block)
            self.count += len(block)
        if self.error is not None:
            raise self.error

    def give_up(self) -> None:
        """Nothing more will be read: blocks() raises so, where more is wanted."""
        if not self._ended:
            self.error, self._ended = OperationalError("the reading of the rows was cancelled"), True

    async def aclose(self) -> None:
        """Close the generator they come from; harmless where it was read to its end."""
        if hasattr(self._rows, "aclose"):
            await self._rows.aclose()


def any_rows(rows: AnyRows, adapt: Callable[[Any], Any]) -> Rows:
    """The rows of an iterable of either kind."""
    return AsyncRows(rows, adapt) if isinstance(rows, AsyncIterable) else Rows(rows, adapt)


@asynccontextmanager
async def reading(rows: Rows, turn: Any) -> AsyncIterator[None]:
    """Have the first of asynchronous rows, and close what they come from where they are left early.

    turn: the LoopLock that is held meanwhile, for which what they come from must not wait
    """
    if not isinstance(rows, AsyncRows):
        yield
        return
    try:
        with turn.refusing_callees():
            await rows.read()
            yield
    finally:
        await rows.aclose()


class ReadingForThread:
    """Rows read by a task of the loop for a thread: one waits while the other works."""

    def __init__(self, rows: AsyncRows) -> None:
        self._rows, self._loop = rows, asyncio.get_running_loop()
        self._wanted, self._there = asyncio.Event(), threading.Semaphore(0)

    def read_on(self) -> None:
        self._loop.call_soon_threadsafe(self._wanted.set)
        self._there.acquire()

    async def _serve(self) -> None:
        try:
            while await self._wanted.wait():
                self._wanted.clear()
                await self._rows.read()
                self._there.release()
        finally:
            await self._rows.aclose()

    async def during(self, work: Awaitable[_T]) -> _T:
        """What ``work`` gives; the rows' generator is closed then."""
        serving = asyncio.ensure_future(self._serve())
        try:
            return await work
        finally:
            serving.cancel()
            self._rows.give_up()
            self._there.release()
            await asyncio.wait({serving})
