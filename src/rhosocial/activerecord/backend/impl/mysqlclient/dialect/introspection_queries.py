"""information_schema queries of the introspector.

Each SELECT names its columns with AS, so the rows carry the same keys on MySQL and MariaDB.
Where one of them lacks a column the other has, NULL stands in.
"""

from __future__ import annotations

from typing import Any, Optional

from rhosocial.activerecord.backend.introspection.types import IntrospectionScope

from .predicates import SQL

SYSTEM_SCHEMAS = ("information_schema", "mysql", "performance_schema", "sys")

_DATABASE = ("SCHEMA_NAME", "DEFAULT_CHARACTER_SET_NAME", "DEFAULT_COLLATION_NAME")
_TABLE = (
    "TABLE_SCHEMA",
    "TABLE_NAME",
    "TABLE_TYPE",
    "ENGINE",
    "ROW_FORMAT",
    "TABLE_ROWS",
    "DATA_LENGTH",
    "INDEX_LENGTH",
    "AUTO_INCREMENT",
    "CREATE_TIME",
    "UPDATE_TIME",
    "TABLE_COLLATION",
    "CREATE_OPTIONS",
    "TABLE_COMMENT",
)
_COLUMN = (
    "TABLE_SCHEMA",
    "TABLE_NAME",
    "COLUMN_NAME",
    "ORDINAL_POSITION",
    "COLUMN_DEFAULT",
    "IS_NULLABLE",
    "DATA_TYPE",
    "CHARACTER_MAXIMUM_LENGTH",
    "NUMERIC_PRECISION",
    "NUMERIC_SCALE",
    "DATETIME_PRECISION",
    "CHARACTER_SET_NAME",
    "COLLATION_NAME",
    "COLUMN_TYPE",
    "COLUMN_KEY",
    "EXTRA",
    "COLUMN_COMMENT",
    "GENERATION_EXPRESSION",
)
_INDEX = (
    "TABLE_SCHEMA",
    "TABLE_NAME",
    "INDEX_NAME",
    "NON_UNIQUE",
    "SEQ_IN_INDEX",
    "COLUMN_NAME",
    "COLLATION",
    "CARDINALITY",
    "SUB_PART",
    "NULLABLE",
    "INDEX_TYPE",
    "INDEX_COMMENT",
)
_VIEW = (
    "TABLE_SCHEMA",
    "TABLE_NAME",
    "VIEW_DEFINITION",
    "CHECK_OPTION",
    "IS_UPDATABLE",
    "DEFINER",
    "SECURITY_TYPE",
)
_TRIGGER = (
    "TRIGGER_SCHEMA",
    "TRIGGER_NAME",
    "EVENT_MANIPULATION",
    "EVENT_OBJECT_SCHEMA",
    "EVENT_OBJECT_TABLE",
    "ACTION_ORDER",
    "ACTION_STATEMENT",
    "ACTION_TIMING",
    "ACTION_ORIENTATION",
    "CREATED",
    "DEFINER",
)
_FOREIGN_KEY = (
    "SELECT kcu.TABLE_SCHEMA AS TABLE_SCHEMA, kcu.TABLE_NAME AS TABLE_NAME, "
    "kcu.CONSTRAINT_NAME AS CONSTRAINT_NAME, kcu.COLUMN_NAME AS COLUMN_NAME, "
    "kcu.ORDINAL_POSITION AS ORDINAL_POSITION, kcu.REFERENCED_TABLE_SCHEMA AS REFERENCED_TABLE_SCHEMA, "
    "kcu.REFERENCED_TABLE_NAME AS REFERENCED_TABLE_NAME, kcu.REFERENCED_COLUMN_NAME AS REFERENCED_COLUMN_NAME, "
    "rc.UPDATE_RULE AS UPDATE_RULE, rc.DELETE_RULE AS DELETE_RULE, rc.MATCH_OPTION AS MATCH_OPTION "
    "FROM information_schema.KEY_COLUMN_USAGE AS kcu "
    "JOIN information_schema.REFERENTIAL_CONSTRAINTS AS rc "
    "ON rc.CONSTRAINT_SCHEMA = kcu.CONSTRAINT_SCHEMA AND rc.CONSTRAINT_NAME = kcu.CONSTRAINT_NAME "
    "AND rc.TABLE_NAME = kcu.TABLE_NAME"
)


class _Conditions:
    """WHERE with its parameters."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.params: list[Any] = []

    def equal(self, column: str, value: Any) -> None:
        self.parts.append(f"{column} = %s")
        self.params.append(value)

    def schema(self, column: str, name: Optional[str]) -> None:
        """No name: the session's own database."""
        if name:
            self.equal(column, name)
        else:
            self.parts.append(f"{column} = DATABASE()")

    def not_system(self, column: str) -> None:
        self.parts.append(f"{column} NOT IN ({', '.join(repr(name) for name in SYSTEM_SCHEMAS)})")

    def query(self, select: str, order_by: str = "") -> SQL:
        order = f" ORDER BY {order_by}" if order_by else ""
        return f"{select} WHERE {' AND '.join(self.parts)}{order}", tuple(self.params)


def _select(columns: tuple[str, ...], table: str, *extra: str) -> str:
    names = ", ".join([f"{name} AS {name}" for name in columns] + list(extra))
    return f"SELECT {names} FROM information_schema.{table}"


class IntrospectionFormatting:
    """Introspection queries, each for one schema (default: the session's database)."""

    def get_supported_introspection_scopes(self) -> list[IntrospectionScope]:
        return [
            IntrospectionScope.DATABASE,
            IntrospectionScope.TABLE,
            IntrospectionScope.COLUMN,
            IntrospectionScope.INDEX,
            IntrospectionScope.FOREIGN_KEY,
            IntrospectionScope.VIEW,
            IntrospectionScope.TRIGGER,
        ]

    def format_database_info_query(self, expr: Any) -> SQL:
        where = _Conditions()
        where.schema("SCHEMA_NAME", expr.get_params().get("schema"))
        return where.query(_select(_DATABASE, "SCHEMATA"))

    def format_table_list_query(self, expr: Any) -> SQL:
        params = expr.get_params()
        where = _Conditions()
        where.schema("TABLE_SCHEMA", params.get("schema"))
        if not params.get("include_system", False):
            where.not_system("TABLE_SCHEMA")
        if not params.get("include_views", True):
            where.parts.append("TABLE_TYPE = 'BASE TABLE'")
        if params.get("table_type"):
            where.equal("TABLE_TYPE", _table_type(params["table_type"]))
        return where.query(_select(_TABLE, "TABLES"), "TABLE_NAME")

    def format_table_info_query(self, expr: Any) -> SQL:
        return self._of_table(expr, _select(_TABLE, "TABLES"), "")

    def format_column_info_query(self, expr: Any) -> SQL:
        srs_id = "SRS_ID AS SRS_ID" if self.vendor == "mysql" else "NULL AS SRS_ID"
        return self._of_table(expr, _select(_COLUMN, "COLUMNS", srs_id), "ORDINAL_POSITION")

    def format_index_info_query(self, expr: Any) -> SQL:
        # functional key parts are MySQL 8.0.13; MariaDB 10.6 calls an invisible index ignored
        expression = "EXPRESSION AS EXPRESSION" if self.available((8, 0, 13), None) else "NULL AS EXPRESSION"
        visible = "'YES' AS IS_VISIBLE"
        if self.supports_invisible_index():
            visible = "IS_VISIBLE AS IS_VISIBLE"
            if self.vendor == "mariadb":
                visible = "IF(IGNORED = 'YES', 'NO', 'YES') AS IS_VISIBLE"
        return self._of_table(expr, _select(_INDEX, "STATISTICS", expression, visible), "INDEX_NAME, SEQ_IN_INDEX")

    def format_foreign_key_query(self, expr: Any) -> SQL:
        where = _Conditions()
        where.schema("kcu.TABLE_SCHEMA", expr.get_params().get("schema"))
        where.equal("kcu.TABLE_NAME", expr.get_params()["table_name"])
        where.parts.append("kcu.REFERENCED_TABLE_NAME IS NOT NULL")
        return where.query(_FOREIGN_KEY, "kcu.CONSTRAINT_NAME, kcu.ORDINAL_POSITION")

    def format_view_list_query(self, expr: Any) -> SQL:
        params = expr.get_params()
        where = _Conditions()
        where.schema("TABLE_SCHEMA", params.get("schema"))
        if not params.get("include_system", False):
            where.not_system("TABLE_SCHEMA")
        return where.query(_select(_VIEW, "VIEWS"), "TABLE_NAME")

    def format_view_info_query(self, expr: Any) -> SQL:
        where = _Conditions()
        where.schema("TABLE_SCHEMA", expr.get_params().get("schema"))
        where.equal("TABLE_NAME", expr.get_params()["view_name"])
        return where.query(_select(_VIEW, "VIEWS"))

    def format_trigger_list_query(self, expr: Any) -> SQL:
        return self._triggers(expr)

    def format_trigger_info_query(self, expr: Any) -> SQL:
        return self._triggers(expr)

    def _triggers(self, expr: Any) -> SQL:
        params = expr.get_params()
        where = _Conditions()
        where.schema("TRIGGER_SCHEMA", params.get("schema"))
        for column, name in (("TRIGGER_NAME", "trigger_name"), ("EVENT_OBJECT_TABLE", "table_name")):
            if params.get(name):
                where.equal(column, params[name])
        return where.query(_select(_TRIGGER, "TRIGGERS"), "TRIGGER_NAME")

    def _of_table(self, expr: Any, select: str, order_by: str) -> SQL:
        where = _Conditions()
        where.schema("TABLE_SCHEMA", expr.get_params().get("schema"))
        where.equal("TABLE_NAME", expr.get_params()["table_name"])
        return where.query(select, order_by)


def _table_type(name: str) -> str:
    return "BASE TABLE" if name.upper() == "TABLE" else name
