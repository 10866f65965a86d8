"""Operators, function calls, CAST, COLLATE, VALUES."""

from __future__ import annotations

import re
from enum import Enum
from typing import Any, Optional

from rhosocial.activerecord.backend.dialect import UnsupportedFeatureError
from rhosocial.activerecord.backend.expression.bases import BaseExpression, SQLPredicate
from rhosocial.activerecord.backend.expression.core import WildcardExpression
from rhosocial.activerecord.backend.expression.operators import RawSQLExpression
from rhosocial.activerecord.backend.expression.types import DataType

from . import words
from .predicates import SQL
from .text import enclose

#: name as core's factories spell it -> name here, and the order of the arguments.
_RENAMED: dict[str, tuple[str, tuple[int, ...]]] = {
    "STRPOS": ("LOCATE", (1, 0)),
    "POSITION": ("LOCATE", (0, 1)),
    "OVERLAY": ("INSERT", (0, 2, 3, 1)),
    "CHR": ("CHAR", (0,)),
}
_SAME_ARGUMENTS = {"JSON_BUILD_OBJECT": "JSON_OBJECT"}
#: argument that MySQL wants where the standard has a default: name -> (arity with it, SQL)
_DEFAULT_ARGUMENT = {"TRUNCATE": (2, "0"), "LPAD": (3, "' '"), "RPAD": (3, "' '")}
#: niladic in the standard, plain functions in MySQL
_NEEDS_PARENTHESES = frozenset({"SESSION_USER", "SYSTEM_USER"})

#: SQL type name -> (CAST type, does it keep its arguments)
_CAST_TYPES: dict[str, tuple[str, bool]] = {
    **dict.fromkeys(("TINYINT", "SMALLINT", "MEDIUMINT", "INT", "INTEGER", "BIGINT", "SIGNED"), ("SIGNED", False)),
    **dict.fromkeys(("BOOL", "BOOLEAN", "INT2", "INT4", "INT8"), ("SIGNED", False)),
    "UNSIGNED": ("UNSIGNED", False),
    **dict.fromkeys(("DECIMAL", "DEC", "NUMERIC", "FIXED"), ("DECIMAL", True)),
    **dict.fromkeys(("FLOAT", "FLOAT4"), ("FLOAT", False)),
    **dict.fromkeys(("REAL", "DOUBLE", "DOUBLE PRECISION", "FLOAT8"), ("DOUBLE", False)),
    **dict.fromkeys(("CHAR", "CHARACTER", "VARCHAR", "CHARACTER VARYING", "NVARCHAR"), ("CHAR", True)),
    "NCHAR": ("NCHAR", True),
    **dict.fromkeys(("TEXT", "TINYTEXT", "MEDIUMTEXT", "LONGTEXT", "CLOB", "STRING", "ENUM", "SET"), ("CHAR", False)),
    "UUID": ("CHAR(36)", False),
    **dict.fromkeys(("BINARY", "VARBINARY"), ("BINARY", True)),
    **dict.fromkeys(("BLOB", "TINYBLOB", "MEDIUMBLOB", "LONGBLOB", "BYTEA"), ("BINARY", False)),
    "DATE": ("DATE", False),
    "TIME": ("TIME", True),
    **dict.fromkeys(("DATETIME", "TIMESTAMP"), ("DATETIME", True)),
    "YEAR": ("YEAR", False),
    **dict.fromkeys(("JSON", "JSONB"), ("JSON", False)),
}
_CAST_TARGET = re.compile(
    r"\s*(?P<name>[A-Za-z][A-Za-z0-9]*(?:\s+(?:PRECISION|VARYING))?)\s*(?P<args>\(\s*\d+\s*(?:,\s*\d+\s*)?\))?"
    r"(?P<unsigned>\s+UNSIGNED)?(?:\s+(?:SIGNED|ZEROFILL|INTEGER))*"
    r"(?P<charset>\s+CHARACTER\s+SET\s+[A-Za-z0-9_]+)?\s*",
    re.IGNORECASE,
)
_COLLATION = re.compile(r"[A-Za-z0-9_]+")


class ExpressionFormatting:
    """SQL value expressions."""

    def format_binary_operator(
        self, op: str, left_sql: str, right_sql: str, left_params: tuple, right_params: tuple
    ) -> SQL:
        params = tuple(left_params) + tuple(right_params)
        words.operator(op)
        if op == "||":  # a logical OR, unless sql_mode has PIPES_AS_CONCAT
            return f"CONCAT({left_sql}, {right_sql})", params
        return f"{enclose(left_sql)} {op} {enclose(right_sql)}", params

    def format_binary_arithmetic_expression(
        self, op: str, left_sql: str, right_sql: str, left_params: tuple, right_params: tuple
    ) -> SQL:
        sql = f"{enclose(left_sql)} {words.operator(op)} {enclose(right_sql)}"
        return sql, tuple(left_params) + tuple(right_params)

    def format_unary_operator(self, op: str, operand_sql: str, pos: str, operand_params: tuple) -> SQL:
        sql = enclose(operand_sql)
        words.operator(op)
        return (f"{op} {sql}" if pos == "before" else f"{sql} {op}"), tuple(operand_params)

    def format_function_call(self, expr: BaseExpression, filter_predicate: Optional[SQLPredicate] = None) -> SQL:
        if filter_predicate:
            raise UnsupportedFeatureError(
                self.name,
                "FILTER clause in aggregate functions",
                "Use a CASE expression inside the aggregate function instead.",
            )
        name = words.function(expr.func_name).upper()
        if name == "COUNT" and len(expr.args) == 1 and _is_star(expr.args[0]):
            sql, params = "COUNT(*)", ()
        else:
            sql, params = self._call(name, expr)
        for target_type in expr.cast_types:
            sql, params = self.format_cast_expression(sql, target_type, params)
        if expr.alias:
            sql = f"{sql} AS {self.format_identifier(expr.alias)}"
        return sql, params

    def _call(self, name: str, expr: BaseExpression) -> SQL:
        if getattr(expr, "niladic", False) and not expr.args and name not in _NEEDS_PARENTHESES:
            return name, ()
        arguments = [arg.to_sql() for arg in expr.args]
        if name == "OVERLAY" and len(arguments) == 3:  # the replacement's own length
            sql, params = arguments[1]
            arguments.append((f"CHAR_LENGTH({sql})", params))
        if name in _RENAMED:
            name, order = _RENAMED[name]
            arguments = [arguments[i] for i in order]
        name = _SAME_ARGUMENTS.get(name, name)
        parts = [sql for sql, _ in arguments]
        if name == "CHAR":  # without USING, CHAR() is a binary string
            parts[-1] += " USING utf8mb4"
        arity, default = _DEFAULT_ARGUMENT.get(name, (0, ""))
        if len(parts) == arity - 1:
            parts.append(default)
        distinct = "DISTINCT " if expr.is_distinct else ""
        return f"{name}({distinct}{', '.join(parts)})", tuple(p for _, params in arguments for p in params)

    def format_cast_expression(
        self, expr_sql: str, target_type: str | DataType, expr_params: tuple, alias: Optional[str] = None
    ) -> SQL:
        """CAST to the type MySQL's CAST knows for ``target_type``, an SQL type name or a DataType.

        Raises:
            ValueError: CAST has no counterpart for that type.
        """
        sql = self._cast(expr_sql, target_type)
        if alias:
            sql = f"{sql} AS {self.format_identifier(alias)}"
        return sql, tuple(expr_params)

    def _cast(self, sql: str, target_type: str | DataType) -> str:
        text = target_type.to_sql(self)[0] if isinstance(target_type, DataType) else str(target_type)
        target = _cast_target(text)
        if target == "JSON" and not self.supports_cast_json():
            return f"JSON_EXTRACT({sql}, '$')"
        if target in ("FLOAT", "DOUBLE") and not self.supports_cast_float():
            return f"({enclose(sql)} + 0E0)"
        if target == "YEAR" and not self.supports_cast_year():
            target = "UNSIGNED"
        return f"CAST({sql} AS {target})"

    def validate_collation_name(self, expr: BaseExpression) -> str:
        """The collation of a COLLATE expression. Raises ValueError if it is not a plain name."""
        name = expr.collation.value if isinstance(expr.collation, Enum) else str(expr.collation)
        if not _COLLATION.fullmatch(name):
            raise ValueError(f"not a collation name: {name!r}")
        return name

    def format_collate_expression(self, expr: BaseExpression) -> SQL:
        sql, params = expr.expression.to_sql()
        return f"{enclose(sql)} COLLATE {self.validate_collation_name(expr)}", tuple(params)

    def format_values_expression(
        self, values: list[tuple[Any, ...]], alias: Optional[str], column_names: Optional[list[str]]
    ) -> SQL:
        """Rows as UNION ALL of SELECTs: VALUES differs between MySQL (ROW) and MariaDB (no ROW)."""
        if not values:
            raise ValueError("VALUES needs at least one row")
        names = column_names or [f"column_{i}" for i in range(len(values[0]))]
        mark = self.get_parameter_placeholder()
        first = ", ".join(f"{mark} AS {self.format_identifier(name)}" for name in names)
        rest = ", ".join([mark] * len(names))
        sql = " UNION ALL ".join([f"SELECT {first}"] + [f"SELECT {rest}"] * (len(values) - 1))
        if alias is not None:
            sql = f"({sql}) AS {self.format_identifier(alias)}"
        return sql, tuple(value for row in values for value in row)


def _is_star(arg: BaseExpression) -> bool:
    return isinstance(arg, WildcardExpression) or (isinstance(arg, RawSQLExpression) and arg.expression == "*")


def _cast_target(text: str) -> str:
    match = _CAST_TARGET.fullmatch(text)
    name = " ".join(match["name"].upper().split()) if match else ""
    if match is None or name not in _CAST_TYPES:
        raise ValueError(f"CAST has no type for {text!r}; it knows {', '.join(sorted(_CAST_TYPES))}")
    target, keeps_arguments = _CAST_TYPES[name]
    if target == "SIGNED" and match["unsigned"]:
        return "UNSIGNED"
    if keeps_arguments and match["args"]:
        target += "".join(match["args"].split())
    return target + (match["charset"] or "")
