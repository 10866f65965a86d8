"""INSERT, REPLACE, UPDATE, DELETE."""

from __future__ import annotations

from typing import Any

from rhosocial.activerecord.backend.dialect import UnsupportedFeatureError
from rhosocial.activerecord.backend.expression.statements import (
    DefaultValuesSource,
    DeleteExpression,
    InsertExpression,
    ReturningClause,
    SelectSource,
    UpdateExpression,
)

from .predicates import SQL


class DMLFormatting:
    """Data changes.

    ``dialect_options``: ``ignore`` (all three), ``replace`` (INSERT), ``order_by`` (an OrderByClause)
    and ``limit`` (an int; UPDATE and DELETE of one table).
    """

    def format_insert_statement(self, expr: InsertExpression) -> SQL:
        if self.strict_validation:
            expr.validate(strict=True)
        replace = expr.dialect_options.get("replace", False)
        if replace and (expr.on_conflict or expr.dialect_options.get("ignore")):
            raise ValueError("REPLACE takes neither IGNORE nor ON DUPLICATE KEY UPDATE")
        table_sql, table_params = expr.into.to_sql()
        params = list(table_params)
        source_sql, source_params = self._insert_source(expr)
        params.extend(source_params)
        verb = "REPLACE INTO" if replace else f"INSERT {_ignore(expr)}INTO"
        columns = f" ({', '.join(self.format_identifier(c) for c in expr.columns)})" if expr.columns else ""
        sql = f"{verb} {table_sql}{columns} {source_sql}"
        if expr.on_conflict:
            conflict_sql, conflict_params = self.format_on_conflict_clauses(expr)
            sql += f" {conflict_sql}"
            params.extend(conflict_params)
        return self._with_returning(sql, params, expr.returning, "INSERT")

    def _insert_source(self, expr: InsertExpression) -> SQL:
        if isinstance(expr.source, DefaultValuesSource):
            return "() VALUES ()", ()
        if isinstance(expr.source, SelectSource):
            return expr.source.select_query.to_sql()
        rows, params = [], []
        for row in expr.source.values_list:
            values = []
            for value in row:
                sql, value_params = value.to_sql()
                values.append(sql)
                params.extend(value_params)
            rows.append(f"({', '.join(values)})")
        return "VALUES " + ", ".join(rows), tuple(params)

    def format_update_statement(self, expr: UpdateExpression) -> SQL:
        if self.strict_validation:
            expr.validate(strict=True)
        tables = [expr.table]
        if expr.from_:
            tables += expr.from_ if isinstance(expr.from_, list) else [expr.from_]
        table_sql, table_params = self._format_from(tables)
        params = list(table_params)
        # with several tables a bare column may be ambiguous
        prefix = f"{self.format_identifier(expr.table.alias or expr.table.name)}." if expr.from_ else ""
        assignments = []
        for column, value in expr.assignments.items():
            sql, value_params = value.to_sql()
            assignments.append(f"{prefix}{self.format_identifier(column)} = {sql}")
            params.extend(value_params)
        sql = f"UPDATE {_ignore(expr)}{table_sql} SET {', '.join(assignments)}"
        sql = self._with_tail(sql, params, expr)
        return self._with_returning(sql, params, expr.returning, "UPDATE")

    def format_delete_statement(self, expr: DeleteExpression) -> SQL:
        if self.strict_validation:
            expr.validate(strict=True)
        sources = list(expr.tables)
        if expr.using:
            sources += expr.using if isinstance(expr.using, list) else [expr.using]
        source_sql, source_params = self._format_from(sources)
        params = list(source_params)
        # DELETE x FROM t AS x: MariaDB refuses an alias in the single-table form
        multiple = len(sources) > 1 or expr.tables[0].alias
        targets = ", ".join(self.format_identifier(t.alias or t.name) for t in expr.tables) + " " if multiple else ""
        sql = self._with_tail(f"DELETE {_ignore(expr)}{targets}FROM {source_sql}", params, expr)
        if multiple and expr.returning:
            raise UnsupportedFeatureError(self.name, "RETURNING in a multiple-table DELETE")
        return self._with_returning(sql, params, expr.returning, "DELETE")

    def _with_tail(self, sql: str, params: list[Any], expr: Any) -> str:
        """WHERE, ORDER BY, LIMIT."""
        if expr.where:
            where_sql, where_params = expr.where.to_sql()
            sql += f" {where_sql}"
            params.extend(where_params)
        order_by = expr.dialect_options.get("order_by")
        if order_by is not None:
            order_sql, order_params = order_by.to_sql()
            sql += f" {order_sql}"
            params.extend(order_params)
        limit = expr.dialect_options.get("limit")
        if limit is not None:
            limit_sql, limit_params = self._row_count(limit)
            sql += f" LIMIT {limit_sql}"
            params.extend(limit_params)
        return sql

    def _with_returning(self, sql: str, params: list[Any], clause: ReturningClause | None, statement: str) -> SQL:
        if clause:
            if not getattr(self, f"supports_returning_{statement.lower()}")():
                raise UnsupportedFeatureError(
                    self.name, f"RETURNING clause in {statement}", "Read the row in a second statement."
                )
            returning_sql, returning_params = self.format_returning_clause(clause)
            sql += f" {returning_sql}"
            params.extend(returning_params)
        return sql, tuple(params)

    def format_returning_clause(self, clause: ReturningClause) -> SQL:
        if clause.alias:
            raise UnsupportedFeatureError(self.name, "an alias for RETURNING", "Alias its expressions.")
        return super().format_returning_clause(clause)

    def format_merge_statement(self, expr: Any) -> SQL:
        raise UnsupportedFeatureError(self.name, "MERGE", "Use INSERT ... ON DUPLICATE KEY UPDATE.")


def _ignore(expr: Any) -> str:
    return "IGNORE " if expr.dialect_options.get("ignore") else ""
