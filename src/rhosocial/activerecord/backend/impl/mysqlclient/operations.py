"""INSERT and UPDATE from core's options without building expressions: the SQL of a table and columns is made once."""

import time
from itertools import chain
from typing import Any, Callable, Dict, Optional, Set, Tuple

from rhosocial.activerecord.backend.expression import (
    Column,
    ComparisonPredicate,
    InsertExpression,
    Literal,
    TableExpression,
    UpdateExpression,
)
from rhosocial.activerecord.backend.expression.statements import ReturningClause, ValuesSource
from rhosocial.activerecord.backend.options import (
    BulkInsertOptions,
    BulkUpdateOptions,
    ExecutionOptions,
    InsertOptions,
    UpdateOptions,
)
from rhosocial.activerecord.backend.result import QueryResult
from rhosocial.activerecord.backend.schema import StatementType

from .bulk import BOUND_TYPES, InsertBatch, Rows
from .bulk_operations import AsyncBulkMixin, BulkMixin
from .bulk_statements import UpdateBatch, table_name
from .codec.sql import template
from .errors import AccessDenied, IntegrityError

_STATEMENTS = 256
# Rows from which on core's one UPDATE of CASEs is slower, by the square of their number.
_BATCHED = 20
# No privilege for temporary tables; keys that the column's collation takes for one, which a PRIMARY KEY refuses.
_NOT_BATCHED = (AccessDenied, IntegrityError)


class _Templates:
    """What the two mixins share: the SQL of their statements, and whether options can do with it."""

    _statement_templates: Optional[Dict[Any, str]] = None

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

    def _insert_batch(self: Any, sql: str, options: BulkInsertOptions) -> InsertBatch:
        rows = Rows(options.rows, self._bindable)
        return InsertBatch(sql, rows, len(options.rows), returning=bool(options.returning_columns))

    def _update_batch(self: Any, options: BulkUpdateOptions) -> Optional[UpdateBatch]:
        """The batch that does it; None for a few rows, and where they are not plain values, each key once."""
        keys, values = options.pk_values, options.field_values
        rows = list(zip(keys, *values.values()))
        types = set(map(type, chain.from_iterable(rows)))
        if len(rows) < _BATCHED or any(hasattr(kind, "to_sql") for kind in types - BOUND_TYPES):
            return None
        if {*map(len, values.values())} != {len(rows)} or None in keys or len(set(keys)) < len(rows):
            return None
        table = table_name(self.dialect, options.table, options.schema_name)
        return UpdateBatch(self.dialect, table, (options.pk_column, *values), 1, Rows(rows, self._bindable))


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


class OperationsMixin(_Templates, BulkMixin):
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
        batch = self._insert_batch(sql, options)
        outcome = self._run_batch(batch, self._shape(execution, None, None))
        if options.auto_commit:
            self._handle_auto_commit_if_needed()
        return self._result(outcome, execution, time.perf_counter() - started)

    def bulk_update(self: Any, options: BulkUpdateOptions) -> QueryResult:
        """Update rows by their keys: many of them by bulk_update_rows(), whose time grows with the rows alone."""
        batch = self._update_batch(options)
        if batch is None:
            return super().bulk_update(options)  # type: ignore[misc]
        try:
            return self._run_logged(batch)
        except _NOT_BATCHED:
            return super().bulk_update(options)  # type: ignore[misc]


class AsyncOperationsMixin(_Templates, AsyncBulkMixin):
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
        batch = self._insert_batch(sql, options)
        outcome = await self._run_batch(batch, self._shape(execution, None, None))
        if options.auto_commit:
            await self._handle_auto_commit_if_needed()
        return self._result(outcome, execution, time.perf_counter() - started)

    async def bulk_update(self: Any, options: BulkUpdateOptions) -> QueryResult:
        """OperationsMixin.bulk_update, awaited."""
        batch = self._update_batch(options)
        if batch is None:
            return await super().bulk_update(options)  # type: ignore[misc]
        try:
            return await self._run_logged(batch)
        except _NOT_BATCHED:
            return await super().bulk_update(options)  # type: ignore[misc]
