"""SELECT: sources, grouping, LIMIT, common table expressions."""

from __future__ import annotations

from typing import Any, Optional

from rhosocial.activerecord.backend.dialect import UnsupportedFeatureError
from rhosocial.activerecord.backend.expression.bases import BaseExpression
from rhosocial.activerecord.backend.expression.core import TableExpression
from rhosocial.activerecord.backend.expression.query_parts import GroupingExpression
from rhosocial.activerecord.backend.expression.query_sources import (
    LateralExpression,
    SetOperationExpression,
    ValuesExpression,
)
from rhosocial.activerecord.backend.expression.statements import QueryExpression

from .predicates import SQL

#: LIMIT for "all the rest" (manual, SELECT)
_NO_LIMIT = "18446744073709551615"

#: clauses of a query after FROM, in order
_CLAUSES = ("where", "group_by_having", "order_by", "qualify", "limit_offset", "for_update")


class QueryFormatting:
    """SELECT and its clauses."""

    def format_query_statement(self, expr: QueryExpression) -> SQL:
        if self.strict_validation:
            expr.validate(strict=True)
        params: list[Any] = []
        columns = []
        for item in expr.select:
            sql, item_params = item.to_sql()
            columns.append(sql)
            params.extend(item_params)
        modifier = f"{expr.select_modifier.value} " if expr.select_modifier else ""
        parts = [f"SELECT {modifier}{', '.join(columns)}"]
        if expr.from_:
            sql, source_params = self._format_from(expr.from_)
            parts.append(f"FROM {sql}")
            params.extend(source_params)
        for clause in _CLAUSES:
            part = getattr(expr, clause)
            if part:
                sql, part_params = part.to_sql()
                if sql:
                    parts.append(sql)
                    params.extend(part_params)
        return " ".join(parts), tuple(params)

    def _format_from(self, source: Any) -> SQL:
        """Tables after FROM (also of a multiple-table UPDATE or DELETE), one source or a list."""
        if not isinstance(source, list):
            return self._format_source(source, 0)
        sql, params = "", ()
        for position, item in enumerate(source):
            item_sql, item_params = self._format_source(item, position)
            # a LATERAL expression brings its own "CROSS JOIN"
            glue = "" if not sql else " " if isinstance(item, LateralExpression) else ", "
            sql += glue + item_sql
            params += item_params
        return sql, params

    def _format_source(self, source: Any, position: int) -> SQL:
        if isinstance(source, str):
            return self.format_identifier(source), ()
        sql, params = source.to_sql()
        if type(source) is TableExpression:
            return sql, params
        nameless = isinstance(source, QueryExpression) or (
            isinstance(source, (SetOperationExpression, ValuesExpression)) and source.alias is None
        )
        if nameless:  # "Every derived table must have its own alias" (error 1248)
            sql = f"({sql}) AS {self.format_identifier(f'derived_{position}')}"
        return sql, tuple(params)

    def format_limit_offset_clause(self, clause: Any) -> SQL:
        return self._limit(clause.limit, clause.offset)

    def format_limit_offset(
        self, limit: Optional[int] = None, offset: Optional[int] = None
    ) -> tuple[Optional[str], list[Any]]:
        """LIMIT and OFFSET of plain values; SQL is None when there is nothing to limit."""
        sql, params = self._limit(limit, offset)
        return sql or None, list(params)

    def _limit(self, limit: Any, offset: Any) -> SQL:
        limit_sql, params = self._row_count(limit)
        if offset is None:
            return (f"LIMIT {limit_sql}" if limit_sql else ""), params
        offset_sql, offset_params = self._row_count(offset)
        return f"LIMIT {limit_sql or _NO_LIMIT} OFFSET {offset_sql}", params + offset_params

    def _row_count(self, value: Any) -> tuple[Optional[str], tuple]:
        if value is None:
            return None, ()
        if type(value) is int:  # first, as this is on the path of every query
            return self.get_parameter_placeholder(), (value,)
        if isinstance(value, BaseExpression):
            return value.to_sql()
        if isinstance(value, int) and not isinstance(value, bool):
            return self.get_parameter_placeholder(), (int(value),)
        raise TypeError(f"LIMIT and OFFSET take an int or an expression, got {type(value).__name__}: {value!r}")

    def format_group_by_having_clause(self, clause: Any) -> SQL:
        if len(clause.group_by) > 1 and any(isinstance(e, GroupingExpression) for e in clause.group_by):
            raise UnsupportedFeatureError(
                self.name, "ROLLUP beside other GROUP BY expressions", "WITH ROLLUP covers the whole GROUP BY list."
            )
        return super().format_group_by_having_clause(clause)

    def format_grouping_expression(self, operation: str, expressions: list[BaseExpression]) -> SQL:
        """ROLLUP, in the form both vendors take; CUBE and GROUPING SETS are refused."""
        if operation.upper() != "ROLLUP":
            raise UnsupportedFeatureError(self.name, operation.upper(), "Use a UNION ALL of the groupings.")
        parts, params = [], ()
        for expression in expressions:
            sql, its_params = expression.to_sql()
            parts.append(sql)
            params += tuple(its_params)
        return f"{', '.join(parts)} WITH ROLLUP", params

    def format_cte(
        self,
        name: str,
        query_sql: str,
        columns: Optional[list[str]] = None,
        recursive: bool = False,
        materialized: Optional[bool] = None,
        dialect_options: Optional[dict[str, Any]] = None,
    ) -> str:
        if materialized is not None:
            raise UnsupportedFeatureError(
                self.name, "[NOT] MATERIALIZED for a CTE", "Use the optimizer hints MERGE and NO_MERGE."
            )
        return super().format_cte(name, query_sql, columns, recursive)

    def format_temporal_options(self, options: dict[str, Any]) -> SQL:
        """FOR SYSTEM_TIME of a system-versioned table: ``{"AS OF": moment}``, ``{"ALL": None}``,
        ``{"BETWEEN": (start, end)}`` or ``{"FROM": (start, end)}``."""
        if not self.supports_temporal_tables():
            raise UnsupportedFeatureError(self.name, "FOR SYSTEM_TIME", "MariaDB has system-versioned tables.")
        forms = {"ALL": "ALL", "AS OF": "AS OF {0}", "BETWEEN": "BETWEEN {0} AND {0}", "FROM": "FROM {0} TO {0}"}
        if len(options) != 1:
            raise ValueError(f"FOR SYSTEM_TIME takes one of {', '.join(forms)}, got {list(options)}")
        ((key, value),) = options.items()
        form = forms.get(" ".join(key.upper().replace("_", " ").split()))
        if form is None:
            raise ValueError(f"FOR SYSTEM_TIME takes {', '.join(forms)}, got {key!r}")
        count = form.count("{0}")
        params = () if count == 0 else (value,) if count == 1 else tuple(value)
        return f"FOR SYSTEM_TIME {form.format(self.get_parameter_placeholder())}", params
