"""A session's prepared statements, waiting on the loop."""

import time
from contextlib import contextmanager
from typing import Any, Callable, Iterator, Optional, Sequence, Tuple

from .codec.abc import WireError
from .driver_prepared import ARRAY_BYTES, bytes_sent, no_arrays, overtaken
from .driver_rows import PLAIN, Outcome, Shape, Statement


class AsyncPreparing:
    """What an AsyncSession does with prepared statements."""

    async def _run_prepared(
        self: Any, text: Statement, params: Sequence[Any], plain: Statement, shape: Shape = PLAIN
    ) -> Outcome:
        wanted = await self._checked(self._text(text))
        await self._check_length(bytes_sent(params))
        statement = await self._prepared_for(wanted, len(params))
        if statement is not None:
            try:
                with self._reading(statement):
                    if statement.execute(params):
                        return await self._receive_prepared(statement, shape)
                self._prepared.forget(wanted)
            except Exception as error:
                await self._clear_prepared(wanted, error)
                if not overtaken(wanted, error):
                    raise
        return await self._converse(plain, shape)

    async def _run_array(
        self: Any,
        text: Callable[[bool], bytes],
        rows: Sequence[Sequence[Any]],
        start: int = 0,
        shape: Shape = PLAIN,
        limit: int = ARRAY_BYTES,
        before: int = 0,
    ) -> Tuple[Optional[Outcome], int]:
        wanted = self._text(text)
        statement = await self._prepared_for(wanted)
        if statement is None:
            return None, start
        try:
            with self._reading(statement):
                done = statement.execute_rows(rows, start, limit, before)
                return (await self._receive_prepared(statement, shape) if done > start else None), done
        except Exception as error:
            await self._clear_prepared(wanted, error)
            if no_arrays(error):
                return None, start
            raise

    @contextmanager
    def _reading(self: Any, statement: Any) -> Iterator[None]:
        """What waits, waits for a prepared statement. Cancelled, the statement is left to discard()."""
        own, self._reader = self._reader, statement
        try:
            yield
        except Exception:
            self._reader = own
            raise
        self._reader = own

    async def _prepared_for(self: Any, text: bytes, params: Optional[int] = None) -> Any:
        """PreparedStatements.get."""
        if text in self._prepared:
            return self._prepared[text]
        statement = self._prepared.new(params)
        try:
            with self._reading(statement):
                statement.prepare(text)
                await self._answered()
        except WireError as error:
            if self._unusable(error):
                self.discard()
            self._prepared.refused(statement, error)
            statement = None
        except Exception:  # not the server's: its answer may be still to come
            self.discard()
            raise
        return self._prepared.keep(text, statement, params)

    async def _receive_prepared(self: Any, statement: Any, shape: Shape) -> Outcome:
        await self._answered()
        if not statement.open():
            outcome = Outcome(None, statement.affected_rows, statement.insert_id or None)
        else:
            plan = self._plan(shape)
            rows = await self._rows(plan)
            self._warnings_uncounted = True
            outcome = Outcome(rows, len(rows), None, plan.names)
        statement.close()
        while statement.more_results:  # as of CALL
            statement.next_result()
            await self._answered()
            if statement.open():
                await self._skip_rows()
        self.used = time.monotonic()
        return outcome

    async def _clear_prepared(self: Any, text: bytes, error: Exception) -> None:
        """After a failed statement: make it usable again, or give it up, or the session."""
        if self.closed or self._unusable(error):
            self.discard()
            return
        try:
            statement = self._prepared[text]
            with self._reading(statement):
                statement.reset()
                await self._answered()
            self._prepared.forget_changed(text, error)
        except Exception:
            self.discard()
