"""Conditions, with the parentheses the core formatters leave out."""

from __future__ import annotations

from typing import Any, Iterable

from rhosocial.activerecord.backend.expression.aggregates import AggregateFunctionCall
from rhosocial.activerecord.backend.expression.bases import BaseExpression, SQLPredicate
from rhosocial.activerecord.backend.expression.core import Column, FunctionCall, Literal, Subquery
from rhosocial.activerecord.backend.expression.operators import BinaryArithmeticExpression, RawSQLPredicate
from rhosocial.activerecord.backend.expression.predicates import (
    BetweenPredicate,
    ComparisonPredicate,
    InPredicate,
    IsNullPredicate,
    LikePredicate,
    LogicalPredicate,
)

from . import words
from .text import enclose

SQL = tuple[str, tuple]

#: Bind tighter than any comparison, so they stand bare in one.
_BARE = frozenset({Column, Literal, FunctionCall, AggregateFunctionCall, BinaryArithmeticExpression, Subquery})
#: Bind tighter than NOT, AND and OR. By exact type: isinstance() asks core's ToSQLProtocol, a microsecond each.
_TIGHT = frozenset({ComparisonPredicate, InPredicate, LikePredicate, BetweenPredicate, IsNullPredicate})

FALSE, TRUE = "1 = 0", "1 = 1"


def operand(expr: BaseExpression) -> SQL:
    """One side of a comparison."""
    sql, params = expr.to_sql()
    return (sql if type(expr) in _BARE else enclose(sql)), tuple(params)


def junct(predicate: SQLPredicate, operator: str) -> SQL:
    """One member of an AND/OR/XOR chain."""
    sql, params = predicate.to_sql()
    if type(predicate) in _TIGHT:
        return sql, params
    if isinstance(predicate, LogicalPredicate):
        inner = predicate.op.upper()
        if inner not in ("NOT", operator):
            sql = f"({sql})"
    elif isinstance(predicate, RawSQLPredicate):
        sql = enclose(sql)
    return sql, tuple(params)


def _collection(expr: BaseExpression) -> tuple | None:
    value = getattr(expr, "value", None)
    return tuple(value) if isinstance(value, (list, tuple, set, frozenset)) else None


class PredicateFormatting:
    """SQL predicates."""

    def format_logical_predicate(self, op: str, *predicates: SQLPredicate) -> SQL:
        operator = words.operator(op).upper()
        if operator == "NOT":
            sql, params = predicates[0].to_sql()
            return f"NOT ({sql})", tuple(params)
        parts, params = _gather(junct(p, operator) for p in predicates)
        return f" {operator} ".join(parts), params

    def format_comparison_predicate(self, op: str, left: BaseExpression, right: BaseExpression) -> SQL:
        left_sql, left_params = operand(left)
        right_sql, right_params = operand(right)
        operator = words.operator(op).upper()
        if operator == "IS NOT DISTINCT FROM":
            operator = "<=>"
        sql = f"{left_sql} {operator} {right_sql}"
        if operator == "IS DISTINCT FROM":
            sql = f"NOT ({left_sql} <=> {right_sql})"
        return sql, left_params + right_params

    def format_in_predicate(self, expr: BaseExpression, values: BaseExpression) -> SQL:
        expr_sql, expr_params = operand(expr)
        values_sql, values_params = operand(values)
        return f"{expr_sql} IN {values_sql}", expr_params + values_params

    def format_in_predicate_with_literal_values(self, expr: BaseExpression, literal_values: Iterable[Any]) -> SQL:
        values = tuple(literal_values)
        if not values:
            return FALSE, ()
        expr_sql, expr_params = operand(expr)
        marks = ", ".join([self.get_parameter_placeholder()] * len(values))
        return f"{expr_sql} IN ({marks})", expr_params + values

    def format_between_predicate(self, expr: BaseExpression, low: BaseExpression, high: BaseExpression) -> SQL:
        (sql, low_sql, high_sql), params = _gather(map(operand, (expr, low, high)))
        return f"{sql} BETWEEN {low_sql} AND {high_sql}", params

    def format_is_null_predicate(self, expr: BaseExpression, is_not: bool) -> SQL:
        sql, params = operand(expr)
        return f"{sql} IS{' NOT' if is_not else ''} NULL", params

    def format_is_boolean_predicate(self, expr: BaseExpression, value: bool, is_not: bool) -> SQL:
        sql, params = operand(expr)
        return f"{sql} IS{' NOT' if is_not else ''} {'TRUE' if value else 'FALSE'}", params

    def format_any_expression(self, expr: BaseExpression, op: str, array_expr: BaseExpression) -> SQL:
        return self._quantified("ANY", " OR ", FALSE, expr, op, array_expr)

    def format_all_expression(self, expr: BaseExpression, op: str, array_expr: BaseExpression) -> SQL:
        return self._quantified("ALL", " AND ", TRUE, expr, op, array_expr)

    def _quantified(
        self, quantifier: str, joiner: str, empty: str, expr: BaseExpression, op: str, source: BaseExpression
    ) -> SQL:
        """A subquery stays ``op ANY (...)``; a Python collection, having no SQL array, is spelled out."""
        words.operator(op)
        sql, params = operand(expr)
        values = _collection(source)
        if values is None:
            source_sql, source_params = source.to_sql()
            return f"{sql} {op} {quantifier} {enclose(source_sql)}", params + tuple(source_params)
        if not values:
            return empty, ()
        one = f"{sql} {op} {self.get_parameter_placeholder()}"
        all_params: tuple = ()
        for value in values:
            all_params += params + (value,)
        return f"({joiner.join([one] * len(values))})", all_params

    def format_like_predicate(self, op: str, expr: BaseExpression, pattern: BaseExpression) -> SQL:
        (sql, pattern_sql), params = _gather(map(operand, (expr, pattern)))
        operator = words.operator(op).upper()
        if operator.endswith("ILIKE"):
            operator = operator.replace("ILIKE", "LIKE")
            sql, pattern_sql = f"LOWER({sql})", f"LOWER({pattern_sql})"
        return f"{sql} {operator} {pattern_sql}", params

    def format_ilike_expression(self, column: BaseExpression | str, pattern: str, negate: bool = False) -> SQL:
        """Case-insensitive LIKE; a str column is a name."""
        sql, params = (self.format_identifier(column), ()) if isinstance(column, str) else operand(column)
        operator = "NOT LIKE" if negate else "LIKE"
        return f"LOWER({sql}) {operator} LOWER({self.get_parameter_placeholder()})", params + (pattern,)


def _gather(formatted: Iterable[SQL]) -> tuple[list[str], tuple]:
    parts: list[str] = []
    params: list[Any] = []
    for sql, its_params in formatted:
        parts.append(sql)
        params.extend(its_params)
    return parts, tuple(params)
