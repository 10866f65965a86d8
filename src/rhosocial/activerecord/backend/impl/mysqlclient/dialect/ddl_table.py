"""CREATE TABLE, DROP TABLE, ALTER TABLE."""

from __future__ import annotations

import re
from typing import Any

from rhosocial.activerecord.backend.dialect import UnsupportedFeatureError
from rhosocial.activerecord.backend.expression.statements import CreateTableExpression

from .predicates import SQL
from .text import quote_string

#: table options whose value is a bare word or a number (manual, CREATE TABLE); all others are strings
_WORD_OPTIONS = frozenset(
    {
        "ENGINE",
        "CHARSET",
        "DEFAULT CHARSET",
        "CHARACTER SET",
        "DEFAULT CHARACTER SET",
        "COLLATE",
        "DEFAULT COLLATE",
        "ROW_FORMAT",
        "INSERT_METHOD",
        "PACK_KEYS",
        "STATS_AUTO_RECALC",
        "STATS_PERSISTENT",
        "STATS_SAMPLE_PAGES",
        "CHECKSUM",
        "DELAY_KEY_WRITE",
    }
)
_OPTION_NAME = re.compile(r"(?:DEFAULT )?(?:CHARACTER SET|(?:DATA|INDEX) DIRECTORY|[A-Z][A-Z0-9_]*)")
_WORD = re.compile(r"[A-Za-z0-9_]+")


class TableFormatting:
    """``dialect_options`` of CREATE TABLE: ``like_table`` (a name, or (schema, name)), ``comment``."""

    def format_create_table_statement(self, expr: CreateTableExpression) -> SQL:
        if "like_table" in expr.dialect_options:
            return self.format_create_table_like(expr)
        if expr.inherits:
            raise UnsupportedFeatureError(self.name, "INHERITS")
        head, params = self._create_table(expr)
        elements, element_params = self._table_elements(expr)
        parts = [head]
        if elements:
            parts.append(f"({', '.join(elements)})")
        params += element_params
        parts += self._table_options(expr)
        if expr.partition is not None:
            sql, partition_params = expr.partition.to_sql()
            parts.append(sql)
            params += tuple(partition_params)
        if expr.as_query:
            sql, query_params = expr.as_query.to_sql()
            parts.append(f"AS {sql}")
            params += tuple(query_params)
        return " ".join(parts), params

    def _create_table(self, expr: CreateTableExpression) -> SQL:
        sql, params = expr.table.to_sql()
        temporary = "TEMPORARY " if expr.temporary else ""
        exists = "IF NOT EXISTS " if expr.if_not_exists else ""
        return f"CREATE {temporary}TABLE {exists}{sql}", tuple(params)

    def _table_elements(self, expr: CreateTableExpression) -> tuple[list[str], tuple]:
        """Columns, then constraints, then indexes."""
        elements, params = [], ()
        for column in expr.columns or ():
            sql, column_params = self.format_column_definition(column)
            elements.append(sql)
            params += column_params
        constraints = [hoisted for column in expr.columns or () for hoisted in self.hoisted_constraints(column)]
        constraints += [self.format_table_constraint_sql(constraint) for constraint in expr.table_constraints]
        for sql, constraint_params in constraints:
            elements.append(sql)
            params += constraint_params
        elements += [self.format_inline_index(index) for index in expr.indexes]
        return elements, params

    def _table_options(self, expr: CreateTableExpression) -> list[str]:
        options = dict(expr.storage_options)
        if "comment" in expr.dialect_options:
            options["COMMENT"] = expr.dialect_options["comment"]
        parts = [self.format_storage_options(options)] if options else []
        if expr.tablespace:
            parts.append(f"TABLESPACE {self.format_identifier(expr.tablespace)}")
        return parts

    def format_storage_options(self, storage_options: dict[str, Any]) -> str:
        """Table options, as in ``{"ENGINE": "InnoDB", "AUTO_INCREMENT": 100, "COMMENT": "..."}``.

        Raises:
            ValueError: an option name, or the value of an option that takes a word, is not one.
        """
        return " ".join(f"{_option_name(name)}={_option_value(name, value)}" for name, value in storage_options.items())

    def format_create_table_like(self, expr: CreateTableExpression) -> SQL:
        head, params = self._create_table(expr)
        like = expr.dialect_options["like_table"]
        names = like if isinstance(like, tuple) else (like,)
        return f"{head} LIKE {'.'.join(self.format_identifier(name) for name in names)}", params

    def format_drop_table_statement(self, expr: Any) -> SQL:
        """DROP [TEMPORARY] TABLE; ``dialect_options["temporary"]`` keeps it from a permanent table."""
        sql, params = expr.table.to_sql()
        temporary = "TEMPORARY " if expr.dialect_options.get("temporary") else ""
        exists = "IF EXISTS " if expr.if_exists else ""
        behaviour = {None: "", True: " CASCADE", False: " RESTRICT"}[expr.cascade]
        return f"DROP {temporary}TABLE {exists}{sql}{behaviour}", tuple(params)

    def format_alter_table_statement(self, expr: Any) -> SQL:
        if not expr.actions:
            raise ValueError(f"ALTER TABLE {expr.table_name} has no action")
        parts, params = [], ()
        for action in expr.actions:
            sql, action_params = action.to_sql()
            parts.append(sql)
            params += tuple(action_params)
        return f"ALTER TABLE {self.format_identifier(expr.table_name)} {', '.join(parts)}", params


def _option_name(name: str) -> str:
    normal = " ".join(name.upper().split())
    if not _OPTION_NAME.fullmatch(normal):
        raise ValueError(f"not a table option: {name!r}")
    return normal


def _option_value(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, int):
        return str(value)
    if _option_name(name) not in _WORD_OPTIONS:
        return quote_string(str(value))
    if not _WORD.fullmatch(str(value)):
        raise ValueError(f"table option {name} takes a word, got {value!r}")
    return str(value)
