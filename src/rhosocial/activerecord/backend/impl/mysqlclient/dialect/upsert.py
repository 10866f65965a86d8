"""INSERT ... ON DUPLICATE KEY UPDATE, from core's ON CONFLICT clause.

The row that could not be inserted is called ``excluded`` or ``new`` in the assignments, as in
``Column(dialect, "name", "excluded")``. MySQL 8.0.19 gives it a name (a row alias); VALUES(column)
says the same in MariaDB, in older servers and after INSERT ... SELECT.
"""

from __future__ import annotations

from typing import Any, Optional

from rhosocial.activerecord.backend.dialect import UnsupportedFeatureError
from rhosocial.activerecord.backend.expression.bases import BaseExpression
from rhosocial.activerecord.backend.expression.statements import InsertExpression, OnConflictClause, ValuesSource

from .predicates import SQL
from .text import qualified_columns, rewrite_names

_NEW_ROW = ("excluded", "new")


class UpsertFormatting:
    """ON DUPLICATE KEY UPDATE."""

    def get_upsert_syntax_type(self) -> str:
        return "ON DUPLICATE KEY"

    def format_on_conflict_clauses(self, expr: InsertExpression) -> SQL:
        if len(expr.on_conflict) > 1:
            raise UnsupportedFeatureError(
                self.name, "multiple ON CONFLICT clauses in INSERT", "Any unique key leads to the one update."
            )
        row_alias = isinstance(expr.source, ValuesSource) and self.supports_insert_row_alias()
        return self._on_duplicate_key(expr.on_conflict[0], expr.into.name, expr.columns or [], row_alias)

    def format_on_conflict_clause(self, expr: OnConflictClause) -> SQL:
        """The clause without its INSERT, so with VALUES() for the new row."""
        return self._on_duplicate_key(expr, None, [], row_alias=False)

    def _on_duplicate_key(
        self, clause: OnConflictClause, table: Optional[str], columns: list[str], row_alias: bool
    ) -> SQL:
        if clause.do_nothing or not clause.update_assignments:
            column = _first_column(clause, columns)
            name = self.format_identifier(column)
            if table is not None:  # after INSERT ... SELECT a bare name may be ambiguous
                name = f"{self.format_identifier(table)}.{name}"
            return f"ON DUPLICATE KEY UPDATE {name} = {name}", ()
        new_row = [name for name in _NEW_ROW if name != table]
        assignments = self._assignments(clause, table, new_row)
        sql = ", ".join(f"{self.format_identifier(column)} = {value}" for column, value, _ in assignments)
        prefix, sql = self._name_new_row(sql, new_row, columns if row_alias else [])
        params = tuple(p for _, _, value_params in assignments for p in value_params)
        return f"{prefix}ON DUPLICATE KEY UPDATE {sql}", params

    def _name_new_row(self, sql: str, new_row: list[str], columns: list[str]) -> tuple[str, str]:
        """(row alias or nothing, the assignments with the new row's columns as the server knows them).

        The alias renames the columns too: otherwise a bare column is ambiguous (error 1052).
        """
        used = qualified_columns(sql, new_row)
        aliases = {self.format_identifier(column): f"`new_{i}`" for i, column in enumerate(columns)}
        if not used or not used <= aliases.keys():
            return "", rewrite_names(sql, new_row, lambda column: f"VALUES({column})")
        name = self.format_identifier(new_row[-1])
        sql = rewrite_names(sql, new_row, lambda column: f"{name}.{aliases[column]}")
        return f"AS {name} ({', '.join(aliases.values())}) ", sql

    def _assignments(
        self, clause: OnConflictClause, table: Optional[str], new_row: list[str]
    ) -> list[tuple[str, str, tuple]]:
        """(column, SQL, params) of each assignment; a condition becomes IF(condition, value, column)."""
        formatted = []
        for column, value in clause.update_assignments.items():
            if isinstance(value, BaseExpression):
                sql, params = value.to_sql()
                formatted.append((column, sql, tuple(params)))
            else:
                formatted.append((column, self.get_parameter_placeholder(), (value,)))
        if clause.update_where is None:
            return formatted
        condition, condition_params = clause.update_where.to_sql()
        # assignments run from left to right, so a column the condition reads must be set last
        old_row = rewrite_names(condition, new_row, lambda column: "")
        formatted.sort(key=lambda item: self.format_identifier(item[0]) in old_row)
        if len(formatted) > 1 and self.format_identifier(formatted[-2][0]) in old_row:
            raise UnsupportedFeatureError(
                self.name,
                "an upsert whose condition reads more than one updated column",
                "Write each assignment as a CASE expression.",
            )
        prefix = f"{self.format_identifier(table)}." if table else ""
        return [
            (
                column,
                f"IF({condition}, {sql}, {prefix}{self.format_identifier(column)})",
                tuple(condition_params) + params,
            )
            for column, sql, params in formatted
        ]


def _first_column(clause: OnConflictClause, columns: list[str]) -> Any:
    for target in clause.conflict_target or ():
        if isinstance(target, str):
            return target
        if getattr(target, "name", None):
            return target.name
    if columns:
        return columns[0]
    raise ValueError("DO NOTHING needs a column: name the insert's columns or the conflict target")
