"""Triggers and stored functions."""

from __future__ import annotations

import re
from typing import Any

from rhosocial.activerecord.backend.dialect import UnsupportedFeatureError
from rhosocial.activerecord.backend.expression.statements import TriggerLevel, TriggerTiming

from .predicates import SQL

_DATA_ACCESS = ("CONTAINS SQL", "NO SQL", "READS SQL DATA", "MODIFIES SQL DATA")
#: a data type inside a routine: a name, arguments, and the words that may follow
_TYPE = re.compile(
    r"[A-Za-z][A-Za-z0-9 ]*(?:\((?:[\d ,]+|'(?:[^'\\]|'')*'(?:\s*,\s*'(?:[^'\\]|'')*')*)\))?(?:\s+[A-Za-z0-9_ ]+)?"
)


class RoutineFormatting:
    """``dialect_options`` of CREATE TRIGGER: ``body`` (SQL; else the function is CALLed), ``follows`` or
    ``precedes`` (a trigger). Of CREATE FUNCTION: ``deterministic``, ``data_access``."""

    def format_create_trigger_statement(self, expr: Any) -> SQL:
        self._refuse_trigger_extras(expr)
        exists = ""
        if expr.if_not_exists:
            self.check_feature_support("supports_trigger_if_not_exists", "CREATE TRIGGER IF NOT EXISTS")
            exists = "IF NOT EXISTS "
        options = expr.dialect_options
        order = ""
        for option in ("follows", "precedes"):
            if option in options:
                order = f"{option.upper()} {self.format_identifier(options[option])} "
        body = options.get("body") or f"CALL {self.format_identifier(expr.function_name)}()"
        return (
            f"CREATE TRIGGER {exists}{self.format_identifier(expr.trigger_name)} {expr.timing.value} "
            f"{expr.events[0].value} ON {self.format_identifier(expr.table_name)} FOR EACH ROW {order}{body}"
        ), ()

    def _refuse_trigger_extras(self, expr: Any) -> None:
        refused = {
            "INSTEAD OF triggers": expr.timing is TriggerTiming.INSTEAD_OF,
            "statement-level triggers": expr.level is TriggerLevel.STATEMENT,
            "a trigger with several events": len(expr.events) != 1,
            "UPDATE OF columns in a trigger": bool(expr.update_columns),
            "REFERENCING in a trigger": bool(expr.referencing),
            "WHEN in a trigger": expr.condition is not None,
            "TRUNCATE triggers": any(event.value == "TRUNCATE" for event in expr.events),
        }
        for what, asked in refused.items():
            if asked:
                raise UnsupportedFeatureError(self.name, what, "Test OLD and NEW in the trigger's body.")

    def format_drop_trigger_statement(self, expr: Any) -> SQL:
        return f"DROP TRIGGER {'IF EXISTS ' if expr.if_exists else ''}{self.format_identifier(expr.trigger_name)}", ()

    def format_create_function_statement(self, expr: Any) -> SQL:
        if expr.or_replace:
            self.check_feature_support("supports_function_or_replace", "CREATE OR REPLACE FUNCTION", "Drop it first.")
        if not expr.returns or not expr.body:
            raise ValueError("CREATE FUNCTION needs returns and body")
        parameters = ", ".join(
            f"{self.format_identifier(p['name'])} {_routine_type(p['type'])}" for p in expr.parameters
        )
        replace = "OR REPLACE " if expr.or_replace else ""
        return (
            f"CREATE {replace}FUNCTION {self.format_identifier(expr.function_name)}({parameters}) "
            f"RETURNS {_routine_type(expr.returns)} {self._characteristics(expr)}{expr.body}"
        ), ()

    def _characteristics(self, expr: Any) -> str:
        options = expr.dialect_options
        sql = "DETERMINISTIC " if options.get("deterministic") else ""
        access = options.get("data_access")
        if access is not None:
            if access.upper() not in _DATA_ACCESS:
                raise ValueError(f"data_access takes {', '.join(_DATA_ACCESS)}, got {access!r}")
            sql += f"{access.upper()} "
        return sql

    def format_drop_function_statement(self, expr: Any) -> SQL:
        """DROP FUNCTION; MySQL has no overloading, so parameter types do not matter."""
        if expr.cascade:
            raise UnsupportedFeatureError(self.name, "DROP FUNCTION ... CASCADE")
        return f"DROP FUNCTION {'IF EXISTS ' if expr.if_exists else ''}{self.format_identifier(expr.function_name)}", ()


def _routine_type(text: str) -> str:
    if not _TYPE.fullmatch(text):
        raise ValueError(f"not a data type: {text!r}")
    return text
