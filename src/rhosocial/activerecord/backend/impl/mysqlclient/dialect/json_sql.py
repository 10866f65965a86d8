"""JSON paths and JSON_TABLE."""

from __future__ import annotations

import re
from typing import Any, Optional

from rhosocial.activerecord.backend.expression.advanced_functions import JSONExpression, JSONPathMode
from rhosocial.activerecord.backend.expression.bases import BaseExpression

from .predicates import SQL
from .text import quote_string

_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9 ]*(?:\(\s*\d+\s*(?:,\s*\d+\s*)?\))?[A-Za-z0-9_ ]*")


class JSONFormatting:
    """JSON. Paths are MySQL's (``$.a[0]``)."""

    def supports_json_table(self, dialect_options: Optional[dict[str, Any]] = None) -> bool:
        return self.available((8, 0, 4), (10, 6, 0))

    def format_json_expression(self, expr: JSONExpression) -> SQL:
        """Functions unless arrows are demanded: MariaDB has no arrows, MySQL's take a bare column only."""
        if expr.mode is JSONPathMode.ARROW:
            return self.format_json_arrow_expression(expr)
        return self.format_json_function_expression(expr)

    def format_json_function_expression(self, expr: JSONExpression) -> SQL:
        if expr.operation not in ("->", "->>"):
            raise ValueError(f"a JSON path is read with -> or ->>, got {expr.operation!r}")
        if isinstance(expr.column, BaseExpression):
            document, params = expr.column.to_sql()
        else:
            document, params = self.format_identifier(str(expr.column)), ()
        sql = f"JSON_EXTRACT({document}, {quote_string(expr.path)})"
        if expr.operation == "->>":
            sql = f"JSON_UNQUOTE({sql})"
        return self._apply_value_expression_modifiers(sql, tuple(params), expr)

    def format_json_table_expression(
        self,
        json_col_sql: Any,
        path: Optional[str] = None,
        columns: Optional[list[dict[str, Any]]] = None,
        alias: Optional[str] = None,
        params: tuple = (),
        dialect_options: Optional[dict[str, Any]] = None,
    ) -> SQL:
        """JSON_TABLE from core's five arguments (names already quoted), or from one expression that has
        ``json_doc``, ``path``, ``columns``, ``nested_paths`` and ``alias``."""
        self.check_feature_support("supports_json_table", "JSON_TABLE")
        if path is not None:
            definitions = [
                f"{c['name']} {_column_type(c['type'])} PATH {quote_string(c['path'])}" for c in columns or ()
            ]
            document = json_col_sql
        else:
            expr = json_col_sql
            document, params = self._document(expr.json_doc)
            path, alias = expr.path, expr.alias
            definitions = [self._json_column(c) for c in expr.columns]
            definitions += [self._nested_path(n) for n in expr.nested_paths]
        name = self.format_identifier(alias or "json_table")  # the server demands an alias
        return f"JSON_TABLE({document}, {quote_string(path)} COLUMNS ({', '.join(definitions)})) AS {name}", tuple(
            params
        )

    def _document(self, document: Any) -> SQL:
        """An expression, or a JSON text that is sent as a parameter."""
        if isinstance(document, BaseExpression):
            sql, params = document.to_sql()
            return sql, tuple(params)
        return self.get_parameter_placeholder(), (document,)

    def _nested_path(self, nested: Any) -> str:
        columns = [self._json_column(c) for c in nested.columns]
        columns += [self._nested_path(n) for n in getattr(nested, "nested_paths", None) or ()]
        return f"NESTED PATH {quote_string(nested.path)} COLUMNS ({', '.join(columns)})"

    def _json_column(self, column: Any) -> str:
        name = self.format_identifier(column.name)
        if getattr(column, "ordinality", False):
            return f"{name} FOR ORDINALITY"
        type_name = _column_type(getattr(column, "type", None) or getattr(column, "data_type", None))
        if getattr(column, "exists", False):
            return f"{name} {type_name} EXISTS PATH {quote_string(column.path)}"
        sql = f"{name} {type_name} PATH {quote_string(column.path)}"
        handling = getattr(column, "error_handling", None)
        if handling:
            action = handling.upper()
            if action == "DEFAULT":  # DEFAULT takes a string literal, whatever the column's type
                action = f"DEFAULT {quote_string(str(column.default_value))}"
            elif action not in ("NULL", "ERROR"):
                raise ValueError(f"error_handling takes NULL, ERROR or DEFAULT, got {handling!r}")
            sql += f" {action} ON EMPTY {action} ON ERROR"
        return sql


def _column_type(text: Optional[str]) -> str:
    if not text or not _TYPE.fullmatch(text):
        raise ValueError(f"not a data type: {text!r}")
    return text
