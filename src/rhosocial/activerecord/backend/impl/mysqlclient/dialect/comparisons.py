"""Comparisons of a column with a value are shown to the backend before they are written."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any, Callable, Iterable, Iterator, Optional, Sequence

from rhosocial.activerecord.backend.expression.bases import BaseExpression
from rhosocial.activerecord.backend.expression.core import Column, Literal, TableExpression
from rhosocial.activerecord.backend.expression.query_parts import JoinExpression

from .predicates import SQL

# The statements being written, the innermost first: their tables are what a column without a table is of.
_STATEMENTS: ContextVar[tuple] = ContextVar("statements", default=())


class ComparisonChecking:
    """Calls `check_comparison(tables, column, value)`, where there is one; its exception ends the writing."""

    check_comparison: Optional[Callable[[Sequence[str], str, Any], None]] = None

    def format_query_statement(self, expr: Any) -> SQL:
        return self._inside(expr.from_, super().format_query_statement, expr)

    def format_update_statement(self, expr: Any) -> SQL:
        return self._inside([expr.table, expr.from_], super().format_update_statement, expr)

    def format_delete_statement(self, expr: Any) -> SQL:
        return self._inside([*expr.tables, expr.using], super().format_delete_statement, expr)

    @staticmethod
    def _inside(sources: Any, write: Callable[[Any], SQL], expr: Any) -> SQL:
        token = _STATEMENTS.set((sources, *_STATEMENTS.get()))
        try:
            return write(expr)
        finally:
            _STATEMENTS.reset(token)

    def format_comparison_predicate(self, op: str, left: BaseExpression, right: BaseExpression) -> SQL:
        self._check(left, right)
        self._check(right, left)
        return super().format_comparison_predicate(op, left, right)

    def format_in_predicate_with_literal_values(self, expr: BaseExpression, literal_values: Iterable[Any]) -> SQL:
        values = tuple(literal_values)
        for value in values:
            self._check_value(expr, value)
        return super().format_in_predicate_with_literal_values(expr, values)

    def format_between_predicate(self, expr: BaseExpression, low: BaseExpression, high: BaseExpression) -> SQL:
        self._check(expr, low)
        self._check(expr, high)
        return super().format_between_predicate(expr, low, high)

    def _check(self, column: BaseExpression, value: BaseExpression) -> None:
        if isinstance(value, Literal):
            self._check_value(column, value.value)

    def _check_value(self, column: BaseExpression, value: Any) -> None:
        if self.check_comparison is not None and type(value) is not str and type(column) is Column:
            self.check_comparison(_tables(column.table), column.name, value)


def _tables(name: Optional[str]) -> tuple[str, ...]:
    """The tables that a column written after ``name`` may be of; the innermost statement's, where it is None."""
    for sources in _STATEMENTS.get():
        if name is None:
            return tuple(table for _, table in _named(sources))
        for alias, table in _named(sources):
            if alias == name:
                return (table,)
    return () if name is None else (name,)


def _named(source: Any) -> Iterator[tuple[str, str]]:
    """(alias or name, table) of the tables in a FROM; derived tables have no model."""
    if isinstance(source, str):
        yield source, source
    elif isinstance(source, TableExpression):
        yield source.alias or source.name, source.name
    elif isinstance(source, JoinExpression):
        yield from _named(source.left_table)
        yield from _named(source.right_table)
    elif isinstance(source, (list, tuple)):
        for item in source:
            yield from _named(item)
