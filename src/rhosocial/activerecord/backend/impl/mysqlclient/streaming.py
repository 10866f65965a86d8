"""Rows of a query while the server sends them: as many in memory as the caller wants at once."""

from contextlib import contextmanager
from typing import Any, AsyncIterator, Iterator, List, Optional, Tuple

from .errors import OperationalError


class _Rows:
    """What both streams share.

    backend:     opens the session, renders the statement, names errors
    batch_size:  the rows decoded at once
    model:       a model class that the rows become, or None
    """

    def __init__(
        self, backend: Any, sql: str, params: Any, shape: Any, batch_size: int = 1000, model: Any = None
    ) -> None:
        if type(batch_size) is not int or batch_size < 1:
            raise ValueError(f"batch_size must be a positive integer, not {batch_size!r}")
        self._backend = backend
        self._sql = sql
        self._params = params
        self._shape = shape
        self._batch_size = batch_size
        self._model = model
        self._session: Any = None
        self._plan: Any = None
        self._begun = False
        self._done = False

    @property
    def names(self) -> Tuple[str, ...]:
        """The names of the columns; none before the first row was asked for."""
        return self._plan.names if self._plan is not None else ()

    def _check(self) -> None:
        self._begun = True
        if self._backend.in_transaction:
            raise OperationalError(
                "a stream reads on a session of its own, which does not see this transaction: end it, or execute()"
            )
        self._backend._log_statement(self._sql, self._params)

    def _made(self, rows: List[Any]) -> List[Any]:
        if self._model is None:
            return rows
        renamed = [self._model._map_columns_to_fields(row) for row in rows]
        return self._model.create_collection_from_database(renamed)

    @contextmanager
    def _ending_with_errors(self) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            self._leave(complete=False)
            if isinstance(error, Exception):
                self._backend._fail(error)
            raise

    def _leave(self, complete: bool) -> None:
        """Forget the session, and end it: politely, or with the statement it still runs."""
        session, self._session, self._done = self._session, None, True
        if session is not None and not session.closed:
            session.close() if complete else session.end()


class Stream(_Rows):
    """What MySQLBackend.stream() returns: an iterable of rows, to be used once.

    The statement is sent when the first row is asked for. ``with`` or close() end it early, on the server as well;
    so does leaving a ``for`` loop that holds the only reference. Raises what execute() does.
    """

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, *exc: Any) -> None:
        self.close()

    def __iter__(self) -> Iterator[Any]:
        for batch in self.batches:
            yield from batch

    @property
    def batches(self) -> Iterator[List[Any]]:
        """The rows in lists of ``batch_size``; the last may be shorter."""
        try:
            while rows := self.next_batch():
                yield rows
        finally:
            self.close()

    def next_batch(self, size: Optional[int] = None) -> List[Any]:
        """Up to ``size`` (default: batch_size) rows; an empty list after the last."""
        size = self._batch_size if size is None else size
        self.begin()
        if self._done:
            return []
        with self._ending_with_errors():
            rows = self._session.fetch(self._plan, size)
            if len(rows) < size:
                if not rows:  # an error of a later result, as of CALL, comes after the last row
                    self._session.skip_results()
                if not self._session.more_results:
                    self._leave(complete=True)
            return self._made(rows)

    def begin(self) -> None:
        """Send the statement, unless it was sent: then its columns are known."""
        if self._begun or self._done:
            return
        with self._ending_with_errors():
            self._check()
            self._session = self._backend._open_session()
            self._plan = self._session.begin(self._backend._statement(self._sql, self._params), self._shape)
            if self._plan is None:
                self._session.skip_results()
                self._leave(complete=True)

    def close(self) -> None:
        """End the statement, if it still runs."""
        self._leave(complete=False)


class AsyncStream(_Rows):
    """What AsyncMySQLBackend.stream() returns: Stream for ``async for`` and ``async with``.

    Use ``async with`` or aclose() where a loop may be left early: an abandoned asynchronous generator is closed
    only when the event loop comes to it.
    """

    async def __aenter__(self) -> "AsyncStream":
        return self

    async def __aexit__(self, *exc: Any) -> None:
        await self.aclose()

    async def __aiter__(self) -> AsyncIterator[Any]:
        try:
            while rows := await self.next_batch():
                for row in rows:
                    yield row
        finally:
            self._leave(complete=False)

    @property
    async def batches(self) -> AsyncIterator[List[Any]]:
        """The rows in lists of ``batch_size``; the last may be shorter."""
        try:
            while rows := await self.next_batch():
                yield rows
        finally:
            self._leave(complete=False)

    async def next_batch(self, size: Optional[int] = None) -> List[Any]:
        """Up to ``size`` (default: batch_size) rows; an empty list after the last."""
        size = self._batch_size if size is None else size
        await self.begin()
        if self._done:
            return []
        with self._ending_with_errors():
            rows = await self._session.fetch(self._plan, size)
            if len(rows) < size:
                if not rows:  # an error of a later result, as of CALL, comes after the last row
                    await self._session.skip_results()
                if not self._session.more_results:
                    self._leave(complete=True)
            return self._made(rows)

    async def begin(self) -> None:
        """Send the statement, unless it was sent: then its columns are known."""
        if self._begun or self._done:
            return
        with self._ending_with_errors():
            self._check()
            self._session = await self._backend._open_session()
            self._plan = await self._session.begin(self._backend._statement(self._sql, self._params), self._shape)
            if self._plan is None:
                await self._session.skip_results()
                self._leave(complete=True)

    async def aclose(self) -> None:
        """End the statement, if it still runs."""
        self._leave(complete=False)
