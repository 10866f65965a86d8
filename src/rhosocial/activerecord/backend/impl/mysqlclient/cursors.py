"""The DB-API cursors that core's introspection and batch paths ask a backend for.

They go the same way as execute(): the same placeholders, escaping, decoding and typed errors.
"""

from typing import Any, List, Optional, Sequence, Tuple

from .driver import Outcome, Shape
from .streaming import AsyncStream, Stream

_TUPLES = Shape(tuples=True)


class _Rows:
    """A statement's rows, all fetched, and the place the caller has read to."""

    arraysize = 1

    def __init__(self, backend: Any) -> None:
        self._backend = backend
        self._rows: List[Tuple[Any, ...]] = []
        self._next = 0
        self.description: Optional[List[Tuple[Any, ...]]] = None
        self.rowcount = -1
        self.lastrowid: Optional[int] = None

    def _take(self, outcome: Outcome) -> None:
        self._rows = outcome.rows if outcome.rows is not None else []
        self._next = 0
        self.description = None if outcome.rows is None else [(name,) + (None,) * 6 for name in outcome.names]
        self.rowcount = outcome.affected_rows
        self.lastrowid = outcome.last_insert_id

    def _read(self, count: int) -> List[Tuple[Any, ...]]:
        rows = self._rows[self._next : self._next + count]
        self._next += len(rows)
        return rows

    def _drop(self) -> None:
        self._rows = []


class Cursor(_Rows):
    """Cursor of a MySQLBackend."""

    def execute(self, sql: str, params: Optional[Sequence[Any]] = None) -> "Cursor":
        self._take(self._backend._run(sql, params, _TUPLES))
        return self

    def executemany(self, sql: str, params_list: Sequence[Sequence[Any]]) -> "Cursor":
        self._take(self._backend._run_many(sql, params_list))
        return self

    def fetchone(self) -> Optional[Tuple[Any, ...]]:
        return next(iter(self._read(1)), None)

    def fetchmany(self, size: Optional[int] = None) -> List[Tuple[Any, ...]]:
        return self._read(self.arraysize if size is None else size)

    def fetchall(self) -> List[Tuple[Any, ...]]:
        return self._read(len(self._rows))

    def close(self) -> None:
        self._drop()


class _StreamRows:
    """A cursor's description over a stream; its rows are tuples."""

    arraysize = 1
    rowcount = -1
    lastrowid = None
    _kind: Any

    def __init__(self, backend: Any) -> None:
        self._backend = backend
        self._stream: Any = None

    @property
    def description(self) -> Optional[List[Tuple[Any, ...]]]:
        names = self._stream.names if self._stream is not None else ()
        return [(name,) + (None,) * 6 for name in names] or None

    def _open(self, sql: str, params: Optional[Sequence[Any]]) -> Any:
        if self._stream is not None:
            self._stream._leave(complete=False)
        self._stream = self._kind(self._backend, sql, params, _TUPLES)
        return self._stream


class StreamCursor(_StreamRows):
    """Cursor of a MySQLBackend whose rows stay with the server until they are fetched."""

    _kind = Stream

    def execute(self, sql: str, params: Optional[Sequence[Any]] = None) -> "StreamCursor":
        self._open(sql, params).begin()
        return self

    def fetchmany(self, size: Optional[int] = None) -> List[Tuple[Any, ...]]:
        return self._stream.next_batch(self.arraysize if size is None else size)

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()


class AsyncStreamCursor(_StreamRows):
    """The same of an AsyncMySQLBackend."""

    _kind = AsyncStream

    async def execute(self, sql: str, params: Optional[Sequence[Any]] = None) -> "AsyncStreamCursor":
        await self._open(sql, params).begin()
        return self

    async def fetchmany(self, size: Optional[int] = None) -> List[Tuple[Any, ...]]:
        return await self._stream.next_batch(self.arraysize if size is None else size)

    async def close(self) -> None:
        if self._stream is not None:
            await self._stream.aclose()


class AsyncCursor(_Rows):
    """Cursor of an AsyncMySQLBackend."""

    async def execute(self, sql: str, params: Optional[Sequence[Any]] = None) -> "AsyncCursor":
        self._take(await self._backend._run(sql, params, _TUPLES))
        return self

    async def executemany(self, sql: str, params_list: Sequence[Sequence[Any]]) -> "AsyncCursor":
        self._take(await self._backend._run_many(sql, params_list))
        return self

    async def fetchone(self) -> Optional[Tuple[Any, ...]]:
        return next(iter(self._read(1)), None)

    async def fetchmany(self, size: Optional[int] = None) -> List[Tuple[Any, ...]]:
        return self._read(self.arraysize if size is None else size)

    async def fetchall(self) -> List[Tuple[Any, ...]]:
        return self._read(len(self._rows))

    async def close(self) -> None:
        self._drop()
