"""INSERT and UPDATE from core's options without building expressions: the SQL of a table and columns is made once."""

import time
from itertools import chain, islice
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple

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

from .bulk import BOUND_TYPES, INSERT_BYTES
from .codec.sql import template
from .driver import CODEC, Outcome
from .errors import OperationalError

_bind_rows = CODEC.functions.bind_rows

_STATEMENTS = 256
_UNKNOWN_IDS = (
    "the ids generated for the rows do not follow one by one: auto_increment_increment is not 1, or the rows fill "
    "more than one packet and another session inserts meanwhile; give the ids, insert fewer rows at once "
    "(bulk_create(batch_size=...)) or one by one"
)
_LIMITS = b"SELECT @@max_allowed_packet AS packet, @@auto_increment_increment AS id_step"
# A given id is in the statement's outcome too, but not in this (C API, mysql_insert_id()).
_GENERATED_ID = b"SELECT LAST_INSERT_ID() AS id"


class _Limits(NamedTuple):
    """Of a session: how long its statements may be, in bytes, and how far apart the ids are that it generates."""

    packet: int
    id_step: int


class _Chunk(NamedTuple):
    """One multi-row INSERT, and the index of the first of its rows."""

    start: int
    statement: bytes


class _Bulk:
    """The statements of one bulk insert, and what came of them. ``limits``: None where the ids are returned."""

    def __init__(self, sql: str, rows: Sequence[Sequence[Any]], limits: Optional[_Limits], backslash: bool) -> None:
        self._rows, self._limits = rows, limits
        self._outcomes: List[Outcome] = []
        rest = self._render(template(sql, backslash).insert, backslash)
        first = list(islice(rest, 2))
        self.is_one = len(first) < 2
        self.chunks = chain(first, rest)

    def _render(self, shape: Any, backslash: bool) -> Iterator[_Chunk]:
        head, row, tail = shape
        done, limit = 0, self._limits.packet if self._limits else INSERT_BYTES
        while done < len(self._rows):
            start = done
            text, done = _bind_rows(row, self._rows, start, limit - len(head) - len(tail), backslash)
            yield _Chunk(start, b"%s%s%s" % (head, text, tail))

    def take(self, chunk: _Chunk, outcome: Outcome) -> bool:
        """Keep an outcome. Whether the ids, if generated, follow one by one from the first: core counts on it."""
        self._outcomes.append(outcome)
        if self._limits is None or not outcome.last_insert_id or len(self._rows) == 1:
            return True
        return self._limits.id_step == 1 and outcome.last_insert_id - chunk.start == self._outcomes[0].last_insert_id

    def outcome(self) -> Outcome:
        first = self._outcomes[0]
        rows = None if first.rows is None else [row for outcome in self._outcomes for row in outcome.rows or ()]
        affected = sum(outcome.affected_rows for outcome in self._outcomes)
        return Outcome(rows, affected, first.last_insert_id, first.names)


class _Templates:
    """What the two mixins share: the SQL of their statements, and whether options can do with it."""

    _statement_templates: Optional[Dict[Any, str]] = None
    # a session and its limits
    _limits: Tuple[Any, Any] = (None, None)

    def _template(
        self: Any, build: Callable[..., str], options: Any, columns: Tuple[str, ...], types: Set[type], *key: Any
    ) -> Optional[str]:
        """The SQL that ``build`` makes for plain values; None where core's own way has to be taken."""
        expressions = any(hasattr(kind, "to_sql") for kind in types - BOUND_TYPES)
        if type(options.table) is not str or not columns or expressions:
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
            sql = templates[name] = build(dialect, table, columns, clause, options)
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
        # the dialect checks the type of what a column is compared with
        key = where.left.name, type(where.right.value)
        sql = self._template(_update_sql, options, tuple(options.data), set(map(type, values)), *key)
        return None if sql is None else (sql, values)

    def _bulk(self: Any, options: BulkInsertOptions) -> Optional[str]:
        """The SQL of one of the rows; None where they are no rows of plain values."""
        columns, rows = tuple(options.columns), options.rows
        if set(map(len, rows)) != {len(columns)}:
            return None
        sql = self._template(_insert_sql, options, columns, set(map(type, chain.from_iterable(rows))))
        # None for a name that the codec takes for more than a name
        return sql if sql and template(sql, True).insert and template(sql, False).insert else None

    def _bindable_columns(self: Any, rows: Sequence[Sequence[Any]]) -> Sequence[Sequence[Any]]:
        """The rows with the columns that hold what the codec does not know given to the adapters."""
        if BOUND_TYPES.issuperset(map(type, chain.from_iterable(rows))):
            return rows
        columns: List[Sequence[Any]] = list(zip(*rows))
        for i, column in enumerate(columns):
            columns[i] = self._bindable(column)
        return list(zip(*columns))


def _insert_sql(dialect: Any, table: Any, columns: Tuple[str, ...], returning: Any, options: Any) -> str:
    source = ValuesSource(dialect, [[Literal(dialect, 0) for _ in columns]])
    return InsertExpression(dialect, into=table, source=source, columns=list(columns), returning=returning).to_sql()[0]


def _update_sql(dialect: Any, table: Any, columns: Tuple[str, ...], returning: Any, options: Any) -> str:
    values = {column: Literal(dialect, 0) for column in columns}
    update = UpdateExpression(dialect, table=table, assignments=values, where=options.where, returning=returning)
    return update.to_sql()[0]


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

        Raises OperationalError where generated ids do not follow so.
        """
        sql = self._bulk(options)
        if sql is None:
            return super().bulk_insert(options)  # type: ignore[misc]
        started = time.perf_counter()
        self._log_statement(sql, f"{len(options.rows)} rows")
        execution = _execution_options(options)
        outcome = self._insert_rows(sql, self._bindable_columns(options.rows), execution)
        if options.auto_commit:
            self._handle_auto_commit_if_needed()
        return self._result(outcome, execution, time.perf_counter() - started)

    def _insert_rows(self: Any, sql: str, rows: Sequence[Sequence[Any]], execution: ExecutionOptions) -> Outcome:
        try:
            with self._session().alone:
                session = self._session()
                limits = None if execution.process_result_set else self._session_limits(session)
                bulk = _Bulk(sql, rows, limits, session.backslash)
                shape = self._shape(execution, None, None)
                if self.in_transaction or (bulk.is_one and session.autocommit):
                    return self._insert_each(session, bulk, shape)
                with self.transaction():
                    return self._insert_each(session, bulk, shape)
        except Exception as error:
            self._undo(error)
            return self._fail(error)

    def _session_limits(self, session: Any) -> _Limits:
        if self._limits[0] is not session:
            self._limits = session, _Limits(**session.run(_LIMITS).rows[0])
        return self._limits[1]

    @staticmethod
    def _insert_each(session: Any, bulk: _Bulk, shape: Any) -> Outcome:
        for chunk in bulk.chunks:
            outcome = session.run(chunk.statement, shape)
            if not bulk.take(chunk, outcome) and session.run(_GENERATED_ID).rows[0]["id"] == outcome.last_insert_id:
                raise OperationalError(_UNKNOWN_IDS)
        return bulk.outcome()


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
        outcome = await self._insert_rows(sql, self._bindable_columns(options.rows), execution)
        if options.auto_commit:
            await self._handle_auto_commit_if_needed()
        return self._result(outcome, execution, time.perf_counter() - started)

    async def _insert_rows(self: Any, sql: str, rows: Sequence[Sequence[Any]], execution: ExecutionOptions) -> Outcome:
        try:
            async with self._turn.here():
                session = await self._session()
                limits = None if execution.process_result_set else await self._session_limits(session)
                bulk = _Bulk(sql, rows, limits, session.backslash)
                shape = self._shape(execution, None, None)
                if self.in_transaction or (bulk.is_one and session.autocommit):
                    return await self._insert_each(session, bulk, shape)
                await session.run(b"START TRANSACTION")
                try:
                    outcome = await self._insert_each(session, bulk, shape)
                except Exception:
                    if not session.closed:
                        await session.run(b"ROLLBACK")
                    raise
                await self._commit(session)
                return outcome
        except Exception as error:
            await self._undo(error)
            return self._fail(error)

    async def _session_limits(self, session: Any) -> _Limits:
        if self._limits[0] is not session:
            self._limits = session, _Limits(**(await session.run(_LIMITS)).rows[0])
        return self._limits[1]

    @staticmethod
    async def _insert_each(session: Any, bulk: _Bulk, shape: Any) -> Outcome:
        for chunk in bulk.chunks:
            outcome = await session.run(chunk.statement, shape)
            if not bulk.take(chunk, outcome):
                generated = (await session.run(_GENERATED_ID)).rows[0]["id"]
                if generated == outcome.last_insert_id:
                    raise OperationalError(_UNKNOWN_IDS)
        return bulk.outcome()
