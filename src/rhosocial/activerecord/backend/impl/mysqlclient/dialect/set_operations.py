"""UNION, INTERSECT, EXCEPT."""

from __future__ import annotations

from typing import Any, Optional

from rhosocial.activerecord.backend.expression.bases import BaseExpression
from rhosocial.activerecord.backend.expression.query_sources import SetOperationExpression

from .predicates import SQL
from .text import enclose, outermost_words

#: what may follow the SELECT proper and would otherwise belong to the whole operation
_TAIL = frozenset({"ORDER", "LIMIT", "FOR", "LOCK", "INTO", "UNION", "INTERSECT", "EXCEPT"})


class SetOperationFormatting:
    """Set operations over query expressions."""

    def format_set_operation_expression(
        self,
        left: BaseExpression,
        right: BaseExpression,
        operation: str,
        alias: Optional[str],
        all_: bool,
        order_by_clause: Optional[BaseExpression] = None,
        limit_offset_clause: Optional[BaseExpression] = None,
        for_update_clause: Optional[BaseExpression] = None,
    ) -> SQL:
        operator = " ".join(operation.upper().split())
        base = operator.split()[0]
        self.check_feature_support(f"supports_{base.lower()}", base)
        if all_ and not operator.endswith(" ALL"):
            operator += " ALL"
        left_sql, params = self._member(left, operator, leading=True)
        right_sql, right_params = self._member(right, operator, leading=False)
        sql = f"{left_sql} {operator} {right_sql}"
        params += right_params
        for clause in (order_by_clause, limit_offset_clause, for_update_clause):
            if clause:
                clause_sql, clause_params = clause.to_sql()
                sql = f"{sql} {clause_sql}" if clause_sql else sql
                params += tuple(clause_params)
        if alias:
            sql = f"({sql}) AS {self.format_identifier(alias)}"
        return sql, params

    def _member(self, query: BaseExpression, operator: str, leading: bool) -> SQL:
        """A bare SELECT stands as it is; what has its own ORDER BY, LIMIT or operator needs parentheses."""
        sql, params = query.to_sql()
        if isinstance(query, SetOperationExpression):
            bare = leading and _same_chain(query, operator)
        else:
            bare = sql.startswith("SELECT ") and _TAIL.isdisjoint(outermost_words(sql))
        if sql.startswith("WITH ") and self.vendor == "mariadb":  # (WITH ...) is a syntax error there
            sql = f"SELECT * FROM ({sql}) AS {self.format_identifier('derived_0')}"
        elif not bare:
            sql = enclose(sql)
        return sql, tuple(params)


def _same_chain(query: Any, operator: str) -> bool:
    inner = " ".join(query.operation.upper().split()) + (" ALL" if query.all_ else "")
    tail = query.order_by_clause or query.limit_offset_clause or query.for_update_clause or query.alias
    return inner.replace(" ALL ALL", " ALL") == operator and not tail
