"""Joined tables."""

from __future__ import annotations

from typing import Optional

from rhosocial.activerecord.backend.dialect import UnsupportedFeatureError
from rhosocial.activerecord.backend.expression.bases import BaseExpression
from rhosocial.activerecord.backend.expression.query_parts import JoinExpression
from rhosocial.activerecord.backend.expression.statements import QueryExpression

from . import words
from .predicates import SQL


class JoinFormatting:
    """JOIN, LATERAL."""

    def format_join_expression(self, join_expr: JoinExpression) -> SQL:
        join_type = words.join(" ".join(join_expr.join_type.upper().split()))
        if join_type.startswith("FULL"):
            raise UnsupportedFeatureError(self.name, "FULL JOIN", "Use a UNION of a LEFT JOIN and a RIGHT JOIN.")
        if join_expr.alias:
            raise UnsupportedFeatureError(self.name, "an alias for a joined table", "Alias the tables inside it.")
        left_sql, left_params = self._join_side(join_expr.left_table)
        right_sql, right_params = self._join_side(join_expr.right_table)
        keyword = "STRAIGHT_JOIN" if join_type.startswith("STRAIGHT") else join_type
        condition, condition_params = self._join_condition(join_expr, keyword)
        natural = "NATURAL " if join_expr.natural else ""
        return (
            f"{left_sql} {natural}{keyword} {right_sql}{condition}",
            left_params + right_params + condition_params,
        )

    def _join_side(self, table: BaseExpression) -> SQL:
        sql, params = table.to_sql()
        if isinstance(table, (QueryExpression, JoinExpression)):
            sql = f"({sql})"
        return sql, tuple(params)

    def _join_condition(self, join_expr: JoinExpression, keyword: str) -> SQL:
        if join_expr.natural:
            return "", ()
        if join_expr.condition:
            sql, params = join_expr.condition.to_sql()
            return f" ON {sql}", tuple(params)
        if join_expr.using:
            return f" USING ({', '.join(self.format_identifier(column) for column in join_expr.using)})", ()
        if keyword in ("CROSS JOIN", "STRAIGHT_JOIN"):
            return "", ()
        raise ValueError(f"{keyword} requires a condition or USING clause.")

    def format_lateral_expression(self, expr_sql: str, expr_params: tuple, alias: Optional[str], join_type: str) -> SQL:
        if not self.supports_lateral_join():
            raise UnsupportedFeatureError(self.name, "LATERAL derived tables", "Join a grouped subquery instead.")
        join = words.join(join_type.upper())
        name = self.format_identifier(alias or "lateral_0")
        condition = "" if join == "CROSS" else " ON TRUE"
        return f"{join} JOIN LATERAL {expr_sql} AS {name}{condition}", tuple(expr_params)

    def format_table_function_expression(
        self,
        func_name: str,
        args_sql: list[str],
        args_params: tuple,
        alias: Optional[str],
        column_names: Optional[list[str]],
    ) -> SQL:
        raise UnsupportedFeatureError(self.name, f"table function {func_name}", "JSON_TABLE is the only one.")
