"""Batches of statements on the backend's session: all of one's rows or none, in both worlds."""

import time
from contextlib import asynccontextmanager, contextmanager, nullcontext, suppress
from typing import Any, AsyncIterator, ContextManager, Iterable, Iterator, List, Optional, Sequence

from rhosocial.activerecord.backend.result import QueryResult

from .async_rows import AnyRows, any_rows, reading
from .bulk import Batch, Rows, unit
from .bulk_statements import UpdateBatch, table_name, upsert_sql
from .driver import PLAIN, Outcome, Shape
from .transaction import fail_commit


class BulkMixin:
    """Batches of a MySQLBackend."""

    def execute_many(self: Any, sql: str, params_list: Iterable[Sequence[Any]]) -> QueryResult:
        """Run ``sql`` for each row of ``params_list``, all or none; INSERTs as multi-row statements.

        params_list: any iterable of lists or tuples; a generator is read as the statements are sent
        Returns the sum of affected rows and the first generated id. Raises what execute() does, naming the row, and
        PacketTooLarge for a row that no statement can hold; what ``params_list`` itself raises comes as it is.
        Inside a transaction a failed call undoes its own rows only.
        """
        return self._run_logged(Batch(sql, Rows(params_list, self._bindable)))

    def bulk_upsert(
        self: Any,
        table: str,
        columns: Sequence[str],
        rows: Iterable[Sequence[Any]],
        update_columns: Optional[Sequence[str]] = None,
        *,
        schema_name: Optional[str] = None,
    ) -> QueryResult:
        """Insert rows, or update those that have one of their unique keys already; all or none.

        rows: any iterable of lists or tuples with the values of ``columns``
        update_columns: what is set in a row that is there: all of ``columns`` by default, nothing where it is empty
        Returns affected_rows as the server counts: 1 for a row inserted, 2 for one changed, 0 for one left as it was.
        Raises what execute_many() does.
        """
        self.get_server_version()
        sql = upsert_sql(self.dialect, table_name(self.dialect, table, schema_name), columns, update_columns)
        return self._run_logged(Batch(sql, Rows(rows, self._bindable)))

    def bulk_update_rows(
        self: Any,
        table: str,
        key_columns: Sequence[str],
        columns: Sequence[str],
        rows: Iterable[Sequence[Any]],
        *,
        schema_name: Optional[str] = None,
    ) -> QueryResult:
        """Set ``columns`` of the rows found by ``key_columns``, all or none; keys that are nowhere are passed over.

        rows: any iterable of lists or tuples with the values of ``key_columns``, then those of ``columns``
        Returns affected_rows: the rows that were changed. Raises what execute_many() does; IntegrityError (1062) for
        a key that is twice in ``rows``. The account needs the privilege CREATE TEMPORARY TABLES.
        """
        name = table_name(self.dialect, table, schema_name)
        keys = tuple(key_columns)
        given = Rows(rows, self._bindable)
        return self._run_logged(UpdateBatch(self.dialect, name, (*keys, *columns), len(keys), given))

    def _run_logged(self: Any, batch: Batch) -> QueryResult:
        started = time.perf_counter()
        self._log_statement(batch.sql, "many rows")
        return self._result(self._run_batch(batch), None, time.perf_counter() - started)

    def _execute_batch_fast(self: Any, sql: str, params_list: List[tuple]) -> int:
        return self._run_many(sql, params_list).affected_rows

    def _run_many(self: Any, sql: str, rows: Iterable[Sequence[Any]]) -> Outcome:
        return self._run_batch(Batch(sql, Rows(rows, self._bindable)))

    def _run_batch(self: Any, batch: Batch, shape: Shape = PLAIN) -> Outcome:
        """All of a batch's statements or none, with no other thread's in between."""
        undoings = self._undoings
        try:
            # Another session where the first has ended with what it was waited for.
            with self._session().alone, (session := self._session()).alone:
                self._refuse_undone_since(undoings)
                try:
                    self._send_all(session, batch, shape)
                except Exception as error:
                    if error is not batch.rows.error:
                        self._undo(error)
                    raise
            return batch.outcome()
        except Exception as error:
            if error is batch.rows.error:
                raise
            return self._fail(error)

    def _send_all(self: Any, session: Any, batch: Batch, shape: Shape) -> None:
        self._note(session, batch.sql)
        try:
            batch.start(session, session.longest())
            with self._all_or_none(session, batch.is_one):
                self._send(session, batch, shape)
        finally:
            self._clean_up(session, batch)

    def _all_or_none(self: Any, session: Any, is_one: bool) -> ContextManager[None]:
        if is_one and (self.in_transaction or session.autocommit):
            return nullcontext()
        return _savepoint(session) if self.in_transaction else self.transaction()

    @staticmethod
    def _send(session: Any, batch: Batch, shape: Shape) -> None:
        for statement in batch.before:
            session.run(statement)
        for chunk in batch.chunks:
            question = batch.take(chunk, chunk.run(session, shape))
            if question is not None:
                question.judge(session.run(question.statement))
        for statement in batch.after:
            batch.conclude(session.run(statement))

    @staticmethod
    def _clean_up(session: Any, batch: Batch) -> None:
        for statement in batch.cleanup:
            with suppress(Exception):  # a lost session takes its temporary tables with it
                session.run(statement)


@contextmanager
def _savepoint(session: Any) -> Iterator[None]:
    begin, end, undo = unit(within=True)
    session.run(begin)
    try:
        yield
    except BaseException:
        if not session.closed:
            with suppress(Exception):  # gone where the server has rolled all back, as after a deadlock
                session.run(undo)
        raise
    session.run(end)


class AsyncBulkMixin:
    """Batches of an AsyncMySQLBackend."""

    async def execute_many(self: Any, sql: str, params_list: AnyRows) -> QueryResult:
        """BulkMixin.execute_many, awaited.

        params_list: also an asynchronous iterable, such as an asynchronous generator, which is closed after an error.
        It cannot use this backend while it is read: OperationalError.
        """
        return await self._run_logged(Batch(sql, any_rows(params_list, self._bindable)))

    async def bulk_upsert(
        self: Any,
        table: str,
        columns: Sequence[str],
        rows: AnyRows,
        update_columns: Optional[Sequence[str]] = None,
        *,
        schema_name: Optional[str] = None,
    ) -> QueryResult:
        """BulkMixin.bulk_upsert, awaited. rows: also an asynchronous iterable"""
        await self.get_server_version()
        sql = upsert_sql(self.dialect, table_name(self.dialect, table, schema_name), columns, update_columns)
        return await self._run_logged(Batch(sql, any_rows(rows, self._bindable)))

    async def bulk_update_rows(
        self: Any,
        table: str,
        key_columns: Sequence[str],
        columns: Sequence[str],
        rows: AnyRows,
        *,
        schema_name: Optional[str] = None,
    ) -> QueryResult:
        """BulkMixin.bulk_update_rows, awaited. rows: also an asynchronous iterable"""
        name = table_name(self.dialect, table, schema_name)
        keys = tuple(key_columns)
        given = any_rows(rows, self._bindable)
        return await self._run_logged(UpdateBatch(self.dialect, name, (*keys, *columns), len(keys), given))

    async def _run_logged(self: Any, batch: Batch) -> QueryResult:
        started = time.perf_counter()
        self._log_statement(batch.sql, "many rows")
        return self._result(await self._run_batch(batch), None, time.perf_counter() - started)

    async def _execute_batch_fast_async(self: Any, sql: str, params_list: List[tuple]) -> int:
        return (await self._run_many(sql, params_list)).affected_rows

    async def _run_many(self: Any, sql: str, rows: AnyRows) -> Outcome:
        return await self._run_batch(Batch(sql, any_rows(rows, self._bindable)))

    async def _run_batch(self: Any, batch: Batch, shape: Shape = PLAIN) -> Outcome:
        """All of a batch's statements or none, with no other task's in between."""
        try:
            async with self._turn.here(), reading(batch.rows, self._turn):
                await self._send_all(await self._session(), batch, shape)
            return batch.outcome()
        except Exception as error:
            if error is batch.rows.error:
                raise
            await self._undo(error)
            return self._fail(error)

    async def _send_all(self: Any, session: Any, batch: Batch, shape: Shape) -> None:
        self._note(session, batch.sql)
        try:
            batch.start(session, await session.longest())
            async with self._all_or_none(session, batch.is_one):
                await self._send(session, batch, shape)
        finally:
            await self._clean_up(session, batch)

    @asynccontextmanager
    async def _all_or_none(self: Any, session: Any, is_one: bool) -> AsyncIterator[None]:
        within = self.in_transaction
        if is_one and (within or session.autocommit):
            yield
            return
        begin, end, undo = unit(within)
        await session.run(begin)
        try:
            yield
        except BaseException:
            if not session.closed:
                with suppress(Exception):  # gone where the server has rolled all back, as after a deadlock
                    await session.run(undo)
            raise
        try:
            await session.run(end)
        except Exception as error:
            if within:
                raise
            fail_commit(error)

    @staticmethod
    async def _send(session: Any, batch: Batch, shape: Shape) -> None:
        for statement in batch.before:
            await session.run(statement)
        for chunk in batch.chunks:
            if chunk is None:
                await batch.rows.read()  # type: ignore[attr-defined]
                continue
            question = batch.take(chunk, await chunk.run(session, shape))
            if question is not None:
                question.judge(await session.run(question.statement))
        for statement in batch.after:
            batch.conclude(await session.run(statement))

    @staticmethod
    async def _clean_up(session: Any, batch: Batch) -> None:
        for statement in batch.cleanup:
            with suppress(Exception):  # a lost session takes its temporary tables with it
                await session.run(statement)
