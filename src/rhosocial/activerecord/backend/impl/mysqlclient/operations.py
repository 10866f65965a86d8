"""INSERT and UPDATE from core's options without building expressions: the SQL of a table and columns is made once."""

import time
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from decimal import Decimal
from itertools import chain
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Set, Tuple
from uuid import UUID

from rhosocial.activerecord.backend.expression import (
    Column,
    ComparisonPredicate,
    InsertExpression,
    Literal,
    TableExpression,
    UpdateExpression,
)
from rhosocial.activerecord.backend.expression.statements import ReturningClause, ValuesSource
from rhosocial.activerecord.backend.options import BulkInsertOptions, ExecutionOptions, InsertOptions, UpdateOptions
from rhosocial.activerecord.backend.result import QueryResult
from rhosocial.activerecord.backend.schema import StatementType

from .codec.sql import template
from .driver import CODEC, PLAIN, Outcome, Shape, Statement
from .errors import OperationalError

_bind_rows = CODEC.functions.bind_rows

# What the codec binds as it is.
_BOUND = frozenset((
    type(None), bool, int, float, Decimal, str, bytes, bytearray, memoryview, datetime, date, time_of_day, timedelta,
    UUID,
))  # fmt: skip
# Measured best for multi-row INSERT on both servers.
_INSERT_BYTES = 64 * 1024
_STATEMENTS = 256
_PACKET = b"SELECT @@max_allowed_packet AS bytes"


class _Chunk:
    """One multi-row INSERT: the rows from ``start`` on that ``limit`` bytes hold. ``end`` is known once rendered."""

    def __init__(self, sql: str, rows: Sequence[Sequence[Any]], start: int, limit: int) -> None:
        self.sql, self.rows, self.start, self.limit = sql, rows, start, limit
        self.end = start

    def __call__(self, backslash: bool) -> bytes:
        head, row, tail = template(self.sql, backslash).insert  # type: ignore[misc]
        text, self.end = _bind_rows(row, self.rows, self.start, self.limit - len(head) - len(tail), backslash)
        return b"%s%s%s" % (head, text, tail)


class _Bulk:
    """The statements of one bulk insert, and what came of them."""

    def __init__(self, sql: str, rows: Sequence[Sequence[Any]], shape: Shape, limit: int) -> None:
        self._sql, self._rows, self._limit = sql, rows, limit
        self.shape = shape
        self._outcomes: List[Outcome] = []

    def chunks(self) -> Iterator[_Chunk]:
        start = 0
        while start < len(self._rows):
            chunk = _Chunk(self._sql, self._rows, start, self._limit)
            yield chunk
            start = chunk.end

    def take(self, chunk: _Chunk, outcome: Outcome) -> None:
        """Core numbers the records from the first id on: raise where another session's ids lie between."""
        first = self._outcomes[0].last_insert_id if self._outcomes else None
        if first and outcome.rows is None and outcome.last_insert_id != first + chunk.start:
            raise OperationalError(
                f"the ids generated from row {chunk.start + 1} on do not follow the others: another session inserts "
                f"meanwhile; insert fewer rows at once, such as by bulk_create(batch_size={chunk.start})"
            )
        self._outcomes.append(outcome)

    def outcome(self) -> Outcome:
        rows = None
        if self._outcomes[0].rows is not None:
            rows = list(chain.from_iterable(outcome.rows or () for outcome in self._outcomes))
        affected = sum(outcome.affected_rows for outcome in self._outcomes)
        return Outcome(rows, affected, self._outcomes[0].last_insert_id, self._outcomes[0].names)


class _Templates:
    """What the two mixins share: the SQL of their statements, and whether options can do with it."""

    _statement_templates: Optional[Dict[Any, str]] = None
    # the session, and how long its statements may be
    _packet: Tuple[Any, int] = (None, 0)

    def _template(
        self: Any, build: Callable[..., str], options: Any, columns: Tuple[str, ...], types: Set[type], *key: str
    ) -> Optional[str]:
        """The SQL that ``build`` makes for plain values; None where core's own way has to be taken."""
        if type(options.table) is not str or not columns or any(hasattr(kind, "to_sql") for kind in types - _BOUND):
            return None
        returning = tuple(options.returning_columns or ())
        name = (build, options.schema_name, options.table, columns, key, returning, self._adapted_to)
        templates = self._statement_templates
        if templates is None or len(templates) >= _STATEMENTS:
            templates = self._statement_templates = {}
        sql = templates.get(name)
        if sql is None:
            dialect, table = self.dialect, options.table
            if options.schema_name:
                table = TableExpression(dialect, table, schema_name=options.schema_name)
            clause = ReturningClause(dialect, [Column(dialect, name) for name in returning]) if returning else None
            sql = templates[name] = build(dialect, table, columns, clause, *key)
        return sql

    def _insert(self, options: InsertOptions) -> Optional[Tuple[str, Tuple[Any, ...]]]:
        """SQL and parameters; None where a value is an expression."""
        values = tuple(options.data.values())
        sql = self._template(_insert_sql, options, tuple(options.data), set(map(type, values)))
        return None if sql is None else (sql, values)

    def _update(self, options: UpdateOptions) -> Optional[Tuple[str, Tuple[Any, ...]]]:
        """SQL and parameters; None unless plain values are set where one column equals another."""
        where = options.where
        if not _is_column_equals(where):
            return None
        values = (*options.data.values(), where.right.value)
        sql = self._template(_update_sql, options, tuple(options.data), set(map(type, values)), where.left.name)
        return None if sql is None else (sql, values)

    def _bulk(self: Any, options: BulkInsertOptions) -> Optional[str]:
        """The SQL of one of the rows; None where they are no rows of plain values."""
        columns, rows = tuple(options.columns), options.rows
        if set(map(len, rows)) != {len(columns)}:
            return None
        sql = self._template(_insert_sql, options, columns, set(map(type, chain.from_iterable(rows))))
        # None for a name that the codec takes for more than a name
        return sql if sql and template(sql, True).insert and template(sql, False).insert else None

    def _bindable_rows(self: Any, rows: Sequence[Sequence[Any]]) -> Sequence[Sequence[Any]]:
        """The rows with the columns that hold what the codec does not know given to the adapters."""
        if _BOUND.issuperset(map(type, chain.from_iterable(rows))):
            return rows
        columns: List[Sequence[Any]] = list(zip(*rows))
        for i, column in enumerate(columns):
            columns[i] = self._bindable(column)
        return list(zip(*columns))


def _insert_sql(dialect: Any, table: Any, columns: Tuple[str, ...], returning: Any) -> str:
    source = ValuesSource(dialect, [[Literal(dialect, 0) for _ in columns]])
    return InsertExpression(dialect, into=table, source=source, columns=list(columns), returning=returning).to_sql()[0]


def _update_sql(dialect: Any, table: Any, columns: Tuple[str, ...], returning: Any, key: str) -> str:
    assignments = {column: Literal(dialect, 0) for column in columns}
    where = ComparisonPredicate(dialect, "=", Column(dialect, key), Literal(dialect, 0))
    return UpdateExpression(dialect, table=table, assignments=assignments, where=where, returning=returning).to_sql()[0]


def _is_column_equals(where: Any) -> bool:
    """Whether a predicate is ``column = value``, as of a primary key."""
    if type(where) is not ComparisonPredicate or where.op != "=":
        return False
    left, right = where.left, where.right
    return (
        type(left) is Column
        and type(right) is Literal
        and right.value is not None
        and not (left.table or left.alias or left.schema_name or left._cast_types or right.alias or right._cast_types)
    )


def _execution_options(options: Any) -> ExecutionOptions:
    return ExecutionOptions(
        stmt_type=StatementType.DML,
        column_adapters=options.column_adapters,
        column_mapping=options.column_mapping,
        process_result_set=bool(options.returning_columns),
    )


class OperationsMixin(_Templates):
    """insert(), update() and bulk_insert() of a MySQLBackend."""

    def insert(self: Any, options: InsertOptions) -> QueryResult:
        """Insert one row. Values may be expressions."""
        return self._change(self._insert(options), super().insert, options)  # type: ignore[misc]

    def update(self: Any, options: UpdateOptions) -> QueryResult:
        """Update rows. Values may be expressions."""
        return self._change(self._update(options), super().update, options)  # type: ignore[misc]

    def _change(self: Any, statement: Any, otherwise: Any, options: Any) -> QueryResult:
        if statement is None:
            return otherwise(options)
        result = self.execute(*statement, options=_execution_options(options))
        if options.auto_commit:
            self._handle_auto_commit_if_needed()
        return result

    def bulk_insert(self: Any, options: BulkInsertOptions) -> QueryResult:
        """Insert rows, all or none. ``last_insert_id`` is the first row's; the others' follow it one by one.

        Raises OperationalError where the rows fill more than one packet and the ids do not follow.
        """
        sql = self._bulk(options)
        if sql is None:
            return super().bulk_insert(options)  # type: ignore[misc]
        started = time.perf_counter()
        self._log_statement(sql, f"{len(options.rows)} rows")
        execution = _execution_options(options)
        outcome = self._insert_rows(sql, self._bindable_rows(options.rows), execution)
        if options.auto_commit:
            self._handle_auto_commit_if_needed()
        return self._result(outcome, execution, time.perf_counter() - started)

    def _insert_rows(self: Any, sql: str, rows: Sequence[Sequence[Any]], execution: ExecutionOptions) -> Outcome:
        if not self.in_transaction and len(rows) > 1:
            with self.transaction():
                return self._insert_rows(sql, rows, execution)
        # Ids that are returned need not follow one another.
        limit = _INSERT_BYTES if execution.process_result_set else self._packet_bytes()
        bulk = _Bulk(sql, rows, self._shape(execution, None, None), limit)
        for chunk in bulk.chunks():
            bulk.take(chunk, self._send(chunk, bulk.shape))
        return bulk.outcome()

    def _packet_bytes(self: Any) -> int:
        if self._packet[0] is not self._connection:
            rows = self._send(_PACKET).rows
            self._packet = (self._connection, rows[0]["bytes"])
        return self._packet[1]

    def _send(self: Any, statement: Statement, shape: Shape = PLAIN) -> Outcome:
        try:
            session = self._session()
            outcome = session.run(statement, shape)
            if not session.autocommit and not self.in_transaction:
                session.run(b"COMMIT")
            return outcome
        except Exception as error:
            raise self._failed(error) from error


class AsyncOperationsMixin(_Templates):
    """insert(), update() and bulk_insert() of an AsyncMySQLBackend."""

    async def insert(self: Any, options: InsertOptions) -> QueryResult:
        """OperationsMixin.insert, awaited."""
        return await self._change(self._insert(options), super().insert, options)  # type: ignore[misc]

    async def update(self: Any, options: UpdateOptions) -> QueryResult:
        """OperationsMixin.update, awaited."""
        return await self._change(self._update(options), super().update, options)  # type: ignore[misc]

    async def _change(self: Any, statement: Any, otherwise: Any, options: Any) -> QueryResult:
        if statement is None:
            return await otherwise(options)
        result = await self.execute(*statement, options=_execution_options(options))
        if options.auto_commit:
            await self._handle_auto_commit_if_needed()
        return result

    async def bulk_insert(self: Any, options: BulkInsertOptions) -> QueryResult:
        """OperationsMixin.bulk_insert, awaited."""
        sql = self._bulk(options)
        if sql is None:
            return await super().bulk_insert(options)  # type: ignore[misc]
        started = time.perf_counter()
        self._log_statement(sql, f"{len(options.rows)} rows")
        execution = _execution_options(options)
        outcome = await self._insert_rows(sql, self._bindable_rows(options.rows), execution)
        if options.auto_commit:
            await self._handle_auto_commit_if_needed()
        return self._result(outcome, execution, time.perf_counter() - started)

    async def _insert_rows(self: Any, sql: str, rows: Sequence[Sequence[Any]], execution: ExecutionOptions) -> Outcome:
        if not self.in_transaction and len(rows) > 1:
            async with self.transaction():
                return await self._insert_rows(sql, rows, execution)
        limit = _INSERT_BYTES if execution.process_result_set else await self._packet_bytes()
        bulk = _Bulk(sql, rows, self._shape(execution, None, None), limit)
        for chunk in bulk.chunks():
            bulk.take(chunk, await self._send(chunk, bulk.shape))
        return bulk.outcome()

    async def _packet_bytes(self: Any) -> int:
        if self._packet[0] is not self._connection:
            rows = (await self._send(_PACKET)).rows
            self._packet = (self._connection, rows[0]["bytes"])
        return self._packet[1]

    async def _send(self: Any, statement: Statement, shape: Shape = PLAIN) -> Outcome:
        try:
            session = await self._session()
            outcome = await session.run(statement, shape)
            if not session.autocommit and not self.in_transaction:
                await session.run(b"COMMIT")
            return outcome
        except Exception as error:
            raise self._failed(error) from error
