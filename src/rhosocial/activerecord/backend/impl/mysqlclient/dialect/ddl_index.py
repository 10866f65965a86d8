"""CREATE INDEX, DROP INDEX, indexes inside CREATE and ALTER TABLE."""

from __future__ import annotations

from typing import Any, Iterable

from rhosocial.activerecord.backend.dialect import UnsupportedFeatureError
from rhosocial.activerecord.backend.expression.bases import BaseExpression
from rhosocial.activerecord.backend.expression.core import Column
from rhosocial.activerecord.backend.expression.literals import Identifier
from rhosocial.activerecord.backend.expression.operators import RawSQLExpression
from rhosocial.activerecord.backend.expression.statements import IndexDefinition

from .predicates import SQL
from .text import quote_string

_STRUCTURES = ("BTREE", "HASH", "RTREE")
_KINDS = ("FULLTEXT", "SPATIAL")


class IndexFormatting:
    """``dialect_options`` of an index: ``lengths`` ({column: prefix length}), ``descending`` (column
    names), ``comment``, ``invisible``, ``parser`` (FULLTEXT)."""

    def get_supported_index_types(self) -> list[str]:
        return ["BTREE", "HASH", "FULLTEXT", "SPATIAL"]

    def format_create_index_statement(self, expr: Any) -> SQL:
        for attribute, what in (
            ("where", "partial indexes"),
            ("include", "INCLUDE columns"),
            ("tablespace", "an index tablespace"),
            ("concurrent", "CREATE INDEX CONCURRENTLY"),
        ):
            if getattr(expr, attribute, None):
                raise UnsupportedFeatureError(self.name, what)
        kind, using = self._index_kind(expr.index_type, expr.unique)
        exists = self._if_not_exists(expr)
        keys, params = self._key_parts(expr.columns, expr.dialect_options)
        options = self._index_options(expr.dialect_options)
        table = self.format_identifier(expr.table_name)
        return (
            f"CREATE {kind}INDEX {exists}{self.format_identifier(expr.index_name)}{using} ON {table} ({keys}){options}",
            params,
        )

    def _if_not_exists(self, expr: Any) -> str:
        if not expr.if_not_exists:
            return ""
        self.check_feature_support(
            "supports_index_if_not_exists", "CREATE INDEX IF NOT EXISTS", "Look in information_schema.STATISTICS."
        )
        return "IF NOT EXISTS "

    def _index_kind(self, index_type: str | None, unique: bool) -> tuple[str, str]:
        """(keyword before INDEX, USING clause)."""
        kind = (index_type or "").upper()
        if kind and kind not in _STRUCTURES + _KINDS:
            raise UnsupportedFeatureError(self.name, f"index type {index_type!r}")
        if kind in _KINDS:
            if unique:
                raise UnsupportedFeatureError(self.name, f"a unique {kind} index")
            return f"{kind} ", ""
        return ("UNIQUE " if unique else ""), (f" USING {kind}" if kind else "")

    def _key_parts(self, columns: Iterable[Any], options: dict[str, Any] | None) -> SQL:
        options = options or {}
        lengths, descending = options.get("lengths", {}), options.get("descending", ())
        parts, params = [], ()
        for column in columns:
            if isinstance(column, BaseExpression):
                sql, its_params = self._key_expression(column)
                params += its_params
            else:
                sql = self.format_identifier(column)
                if column in lengths:
                    sql += f"({int(lengths[column])})"
                if column in descending:
                    sql += " DESC"
            parts.append(sql)
        return ", ".join(parts), params

    def _key_expression(self, expr: BaseExpression) -> SQL:
        sql, params = expr.to_sql()
        if isinstance(expr, Column):
            return self.format_identifier(expr.name), ()
        if isinstance(expr, (Identifier, RawSQLExpression)):
            return sql, tuple(params)
        self.check_feature_support("supports_functional_index", "functional key parts", "Index a generated column.")
        return f"({sql})", tuple(params)

    def _index_options(self, options: dict[str, Any] | None) -> str:
        options = options or {}
        sql = ""
        if options.get("parser"):
            sql += f" WITH PARSER {self.format_identifier(options['parser'])}"
        if options.get("comment"):
            sql += f" COMMENT {quote_string(options['comment'])}"
        if options.get("invisible"):
            self.check_feature_support("supports_invisible_index", "invisible indexes")
            sql += " IGNORED" if self.vendor == "mariadb" else " INVISIBLE"
        return sql

    def format_drop_index_statement(self, expr: Any) -> SQL:
        if not expr.table_name:
            raise ValueError(f"DROP INDEX {expr.index_name} needs its table_name: index names are per table")
        if expr.if_exists:
            self.check_feature_support(
                "supports_index_if_exists", "DROP INDEX IF EXISTS", "Look in information_schema.STATISTICS."
            )
        exists = "IF EXISTS " if expr.if_exists else ""
        table = self.format_identifier(expr.table_name)
        return f"DROP INDEX {exists}{self.format_identifier(expr.index_name)} ON {table}", ()

    def format_inline_index(self, idx_def: IndexDefinition) -> str:
        """An index inside CREATE TABLE or after ADD."""
        if idx_def.partial_condition is not None or idx_def.include_columns:
            raise UnsupportedFeatureError(self.name, "partial indexes and INCLUDE columns")
        kind, using = self._index_kind(idx_def.type, idx_def.unique)
        keys, _ = self._key_parts(idx_def.columns, idx_def.dialect_options)
        name = self.format_identifier(idx_def.name)
        return f"{kind}INDEX {name}{using} ({keys}){self._index_options(idx_def.dialect_options)}"

    def format_add_index_action(self, action: Any) -> SQL:
        return f"ADD {self.format_inline_index(action.index)}", ()

    def format_drop_index_action(self, action: Any) -> SQL:
        if action.if_exists:
            self.check_feature_support("supports_index_if_exists", "DROP INDEX IF EXISTS")
        return f"DROP INDEX {'IF EXISTS ' if action.if_exists else ''}{self.format_identifier(action.index_name)}", ()
