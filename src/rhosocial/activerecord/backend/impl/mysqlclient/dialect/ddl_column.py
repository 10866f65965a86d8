"""Column definitions and the column actions of ALTER TABLE."""

from __future__ import annotations

import datetime
import re
from decimal import Decimal
from typing import Any, Optional

from rhosocial.activerecord.backend.dialect import UnsupportedFeatureError
from rhosocial.activerecord.backend.expression.bases import BaseExpression
from rhosocial.activerecord.backend.expression.core import FunctionCall, Literal
from rhosocial.activerecord.backend.expression.operators import RawSQLExpression
from rhosocial.activerecord.backend.expression.statements import (
    ColumnConstraint,
    ColumnConstraintType,
    ColumnDefinition,
    GeneratedColumnType,
)

from .predicates import SQL
from .text import quote_string

_PLAIN = {
    ColumnConstraintType.PRIMARY_KEY: " PRIMARY KEY",
    ColumnConstraintType.NOT_NULL: " NOT NULL",
    ColumnConstraintType.NULL: " NULL",
    ColumnConstraintType.UNIQUE: " UNIQUE",
}
#: made table constraints, see hoisted_constraints()
_HOISTED = (ColumnConstraintType.CHECK, ColumnConstraintType.FOREIGN_KEY)
#: defaults that MySQL before 8.0.13 knows and that stand without parentheses
_NOW = frozenset({"CURRENT_TIMESTAMP", "NOW", "LOCALTIMESTAMP", "LOCALTIME"})
_CURRENT_TIMESTAMP = re.compile(r"(?:CURRENT_TIMESTAMP|NOW|LOCALTIMESTAMP|LOCALTIME)(?:\(\d?\))?", re.IGNORECASE)


def literal(value: Any) -> str:
    """A Python value as SQL text, for statements that are stored by the server.

    Raises:
        TypeError: no literal form is known for the type.
    """
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (int, float, Decimal)):
        return str(value)
    if isinstance(value, str):
        return quote_string(value)
    if isinstance(value, (bytes, bytearray)):
        return f"x'{bytes(value).hex()}'"
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return quote_string(value.isoformat(*([" "] if isinstance(value, datetime.datetime) else [])))
    raise TypeError(f"no SQL literal for {type(value).__name__}: {value!r}")


class ColumnFormatting:
    """``ColumnDefinition.dialect_options``: ``on_update`` ("CURRENT_TIMESTAMP"), ``invisible``,
    and ``first``/``after`` where a column is added."""

    def format_column_definition(self, col_def: ColumnDefinition) -> SQL:
        options = col_def.dialect_options or {}
        type_sql, type_params = col_def.data_type.to_sql(self)
        sql = f"{self.format_identifier(col_def.name)} {type_sql}"
        params = list(type_params)
        if col_def.generated_expression is not None:
            generated_sql, generated_params = self._generated(col_def)
            sql += generated_sql
            params.extend(generated_params)
        for constraint in col_def.constraints:
            part, part_params = self._column_attribute(col_def, constraint)
            sql += part
            params.extend(part_params)
        if "on_update" in options:
            sql += f" ON UPDATE {_current_timestamp(options['on_update'])}"
        if options.get("invisible"):
            self.check_feature_support("supports_invisible_column", "INVISIBLE columns")
            sql += " INVISIBLE"
        if col_def.comment:
            sql += f" COMMENT {quote_string(col_def.comment)}"
        return sql, tuple(params)

    def _generated(self, col_def: ColumnDefinition) -> SQL:
        self.check_feature_support("supports_generated_column", "generated columns")
        sql, params = col_def.generated_expression.to_sql()
        kind = (col_def.generated_type or GeneratedColumnType.VIRTUAL).value
        return f" GENERATED ALWAYS AS ({sql}) {kind}", tuple(params)

    def _column_attribute(self, col_def: ColumnDefinition, constraint: ColumnConstraint) -> SQL:
        if constraint.constraint_type in _HOISTED:
            return "", ()
        generated = col_def.generated_expression is not None
        if generated and constraint.constraint_type is ColumnConstraintType.NOT_NULL and self.vendor == "mariadb":
            return "", ()  # a syntax error there: generated columns take no NOT NULL
        sql, params = self.format_column_constraint(constraint)
        return sql + (" AUTO_INCREMENT" if constraint.is_auto_increment else ""), params

    def format_column_constraint(self, constraint: ColumnConstraint) -> SQL:
        kind = constraint.constraint_type
        if kind in _PLAIN:
            return _PLAIN[kind], ()
        if kind is ColumnConstraintType.DEFAULT:
            return self.format_default_constraint(constraint)
        if kind is ColumnConstraintType.CHECK:
            return self.format_column_check_constraint(constraint)
        return self.format_column_fk_constraint(constraint)

    def format_default_constraint(self, constraint: ColumnConstraint) -> SQL:
        if constraint.default_value is None:
            raise ValueError("DEFAULT constraint must have a default value specified.")
        sql, params = self._default(constraint.default_value)
        return f" DEFAULT {sql}", params

    def _default(self, value: Any) -> SQL:
        if not isinstance(value, BaseExpression):
            return literal(value), ()
        if type(value) is Literal:
            return literal(value.value), ()
        sql, params = value.to_sql()
        verbatim = isinstance(value, RawSQLExpression)
        if verbatim or (isinstance(value, FunctionCall) and value.func_name.upper() in _NOW):
            return sql, tuple(params)
        self.check_feature_support("supports_default_column_value_expression", "an expression as column default")
        return f"({sql})", tuple(params)

    def format_column_check_constraint(self, constraint: ColumnConstraint) -> SQL:
        if constraint.check_condition is None:
            raise ValueError("CHECK constraint must have a check condition specified.")
        sql, params = constraint.check_condition.to_sql()
        return f" CHECK ({sql}){self._enforcement(constraint)}", tuple(params)

    def format_add_column_action(self, action: Any) -> SQL:
        if action.if_not_exists:
            self.check_feature_support(
                "supports_add_column_if_not_exists", "ADD COLUMN IF NOT EXISTS", "Look in information_schema.COLUMNS."
            )
        clause = "IF NOT EXISTS " if action.if_not_exists else ""
        options = {**(action.column.dialect_options or {}), **action.dialect_options}
        position = self._position(options.get("first", False), options.get("after"))
        return self._with_column(f"ADD COLUMN {clause}", action.column, position)

    def _with_column(self, verb: str, column: ColumnDefinition, position: str) -> SQL:
        sql, params = self.format_column_definition(column)
        sql = f"{verb}{sql}{position}"
        for constraint_sql, constraint_params in self.hoisted_constraints(column):
            sql += f", ADD {constraint_sql}"
            params += constraint_params
        return sql, params

    def format_drop_column_action(self, action: Any) -> SQL:
        if action.if_exists:
            self.check_feature_support(
                "supports_drop_column_if_exists", "DROP COLUMN IF EXISTS", "Look in information_schema.COLUMNS."
            )
        clause = "IF EXISTS " if action.if_exists else ""
        return f"DROP COLUMN {clause}{self.format_identifier(action.column_name)}", ()

    def format_alter_column_action(self, action: Any) -> SQL:
        """SET DEFAULT and DROP DEFAULT; anything else is a MODIFY COLUMN."""
        operation = str(getattr(action.operation, "value", action.operation)).upper()
        column = f"ALTER COLUMN {self.format_identifier(action.column_name)}"
        if operation == "DROP DEFAULT":
            return f"{column} DROP DEFAULT", ()
        if operation == "SET DEFAULT":
            sql, params = self._default(action.new_value)
            return f"{column} SET DEFAULT {sql}", params
        raise UnsupportedFeatureError(
            self.name, f"ALTER COLUMN {operation}", "Use ModifyColumn with the whole column definition."
        )

    def format_modify_column_action(self, action: Any) -> SQL:
        return self._with_column("MODIFY COLUMN ", action.column, self._position(action.first, action.after_column))

    def format_change_column_action(self, action: Any) -> SQL:
        verb = f"CHANGE COLUMN {self.format_identifier(action.old_name)} "
        return self._with_column(verb, action.column, self._position(action.first, action.after_column))

    def _position(self, first: bool, after: Optional[str]) -> str:
        if first and after:
            raise ValueError("FIRST and AFTER exclude each other")
        return " FIRST" if first else f" AFTER {self.format_identifier(after)}" if after else ""

    def format_rename_column_action(self, action: Any) -> SQL:
        """RENAME COLUMN; core's RenameObject may also name an INDEX or a TABLE."""
        kind = getattr(action, "object_type", "COLUMN").upper()
        new = self.format_identifier(action.new_name)
        if kind == "TABLE":
            return f"RENAME TO {new}", ()
        if kind not in ("COLUMN", "INDEX", "KEY"):
            raise UnsupportedFeatureError(self.name, f"ALTER TABLE RENAME {kind}")
        if kind == "COLUMN":
            self.check_feature_support("supports_rename_column", "RENAME COLUMN", "Use ChangeColumn.")
        return f"RENAME {kind} {self.format_identifier(action.old_name)} TO {new}", ()


def _current_timestamp(value: Any) -> str:
    text = str(value)
    if not _CURRENT_TIMESTAMP.fullmatch(text):
        raise ValueError(f"ON UPDATE takes CURRENT_TIMESTAMP[(precision)], got {value!r}")
    return text
