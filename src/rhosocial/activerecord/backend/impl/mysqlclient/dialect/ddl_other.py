"""Views, schemas, sequences, TRUNCATE."""

from __future__ import annotations

import re
from typing import Any

from rhosocial.activerecord.backend.dialect import UnsupportedFeatureError
from rhosocial.activerecord.backend.expression.statements import ViewCheckOption

from .predicates import SQL
from .text import quote_string

_SECURITY = ("DEFINER", "INVOKER")
_CHECK = {ViewCheckOption.LOCAL: " WITH LOCAL CHECK OPTION", ViewCheckOption.CASCADED: " WITH CASCADED CHECK OPTION"}
_WORD = re.compile(r"[A-Za-z0-9_]+")


class ViewFormatting:
    """Views, with MySQL's ALGORITHM, DEFINER and SQL SECURITY from ``ViewOptions``."""

    def format_create_view_statement(self, expr: Any) -> SQL:
        if expr.temporary:
            raise UnsupportedFeatureError(self.name, "CREATE TEMPORARY VIEW", "Create a temporary table.")
        options = expr.options
        sql = "CREATE OR REPLACE " if expr.replace else "CREATE "
        if options.algorithm:
            sql += f"ALGORITHM={options.algorithm.value} "
        if options.definer:
            sql += f"DEFINER={account(options.definer)} "
        if options.security:
            if options.security.upper() not in _SECURITY:
                raise ValueError(f"SQL SECURITY takes {' or '.join(_SECURITY)}, got {options.security!r}")
            sql += f"SQL SECURITY {options.security.upper()} "
        sql += f"VIEW {self.format_identifier(expr.view_name)}"
        if expr.column_aliases:
            names = (getattr(a, "alias", None) or getattr(a, "name", a) for a in expr.column_aliases)
            sql += f" ({', '.join(self.format_identifier(name) for name in names)})"
        query_sql, params = expr.query.to_sql()
        return f"{sql} AS {query_sql}{_CHECK.get(options.check_option, '')}", tuple(params)

    def format_drop_view_statement(self, expr: Any) -> SQL:
        exists = "IF EXISTS " if expr.if_exists else ""
        cascade = " CASCADE" if expr.cascade else ""
        return f"DROP VIEW {exists}{self.format_identifier(expr.view_name)}{cascade}", ()


class SchemaFormatting:
    """Databases. ``dialect_options`` of CREATE: ``charset``, ``collation``."""

    def format_create_schema_statement(self, expr: Any) -> SQL:
        if expr.authorization:
            raise UnsupportedFeatureError(self.name, "CREATE SCHEMA ... AUTHORIZATION", "Use GRANT.")
        exists = "IF NOT EXISTS " if expr.if_not_exists else ""
        sql = f"CREATE SCHEMA {exists}{self.format_identifier(expr.schema_name)}"
        for option, clause in (("charset", "CHARACTER SET"), ("collation", "COLLATE")):
            if option in expr.dialect_options:
                sql += f" {clause} {_word(option, expr.dialect_options[option])}"
        return sql, ()

    def format_drop_schema_statement(self, expr: Any) -> SQL:
        if expr.cascade:
            raise UnsupportedFeatureError(self.name, "DROP SCHEMA ... CASCADE", "DROP SCHEMA drops its tables anyway.")
        return f"DROP SCHEMA {'IF EXISTS ' if expr.if_exists else ''}{self.format_identifier(expr.schema_name)}", ()


class TruncateFormatting:
    """TRUNCATE TABLE, which always restarts AUTO_INCREMENT."""

    def format_truncate_statement(self, expr: Any) -> SQL:
        if expr.cascade:
            raise UnsupportedFeatureError(self.name, "TRUNCATE ... CASCADE")
        return f"TRUNCATE TABLE {self.format_identifier(expr.table_name)}", ()


class SequenceFormatting:
    """Sequences (MariaDB)."""

    def format_create_sequence_statement(self, expr: Any) -> SQL:
        exists = "IF NOT EXISTS " if expr.if_not_exists else ""
        return f"CREATE SEQUENCE {exists}{self.format_identifier(expr.sequence_name)}{self._sequence_options(expr)}", ()

    def format_alter_sequence_statement(self, expr: Any) -> SQL:
        restart = "" if expr.restart is None else f" RESTART WITH {_integer('restart', expr.restart)}"
        return f"ALTER SEQUENCE {self.format_identifier(expr.sequence_name)}{restart}{self._sequence_options(expr)}", ()

    def format_drop_sequence_statement(self, expr: Any) -> SQL:
        self._require_sequences()
        return f"DROP SEQUENCE {'IF EXISTS ' if expr.if_exists else ''}{self.format_identifier(expr.sequence_name)}", ()

    def _require_sequences(self) -> None:
        self.check_feature_support("supports_sequence", "sequences", "Use an AUTO_INCREMENT column.")

    def _sequence_options(self, expr: Any) -> str:
        self._require_sequences()
        if expr.order or expr.owned_by:
            raise UnsupportedFeatureError(self.name, "ORDER and OWNED BY of a sequence")
        sql = ""
        for option, clause in (
            ("start", "START WITH"),
            ("increment", "INCREMENT BY"),
            ("minvalue", "MINVALUE"),
            ("maxvalue", "MAXVALUE"),
            ("cache", "CACHE"),
        ):
            value = getattr(expr, option)
            if value is not None:
                sql += f" {clause} {_integer(option, value)}"
        if expr.cycle is not None:
            sql += " CYCLE" if expr.cycle else " NOCYCLE"
        return sql


def account(name: str) -> str:
    """``user@host`` as ``'user'@'host'``; CURRENT_USER stays."""
    if name.upper().removesuffix("()") == "CURRENT_USER":
        return "CURRENT_USER"
    user, at, host = name.rpartition("@")
    if not at:
        user, host = name, "%"
    return "@".join(quote_string(part.strip("'`\"")) for part in (user, host))


def _integer(option: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"sequence option {option} must be an int, got {value!r}")
    return value


def _word(option: str, value: str) -> str:
    if not _WORD.fullmatch(value):
        raise ValueError(f"{option} must be a plain name, got {value!r}")
    return value
