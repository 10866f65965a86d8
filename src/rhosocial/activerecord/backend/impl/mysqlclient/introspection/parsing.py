"""Rows of information_schema -> the core's info objects, for both vendors; no I/O."""

import re
from typing import Any

from rhosocial.activerecord.backend.expression.introspection import TableInfoExpression
from rhosocial.activerecord.backend.expression.types import DataType
from rhosocial.activerecord.backend.introspection.base import IntrospectorMixin
from rhosocial.activerecord.backend.introspection.types import (
    ColumnInfo,
    ColumnNullable,
    DatabaseInfo,
    ForeignKeyInfo,
    IndexColumnInfo,
    IndexInfo,
    IndexType,
    ReferentialAction,
    TableInfo,
    TableType,
    TriggerInfo,
    ViewInfo,
)

Row = dict[str, Any]

VENDOR_NAMES = {"mysql": "MySQL", "mariadb": "MariaDB"}

_TABLE_TYPES = {
    "BASE TABLE": TableType.BASE_TABLE,
    "SYSTEM VERSIONED": TableType.BASE_TABLE,
    "VIEW": TableType.VIEW,
    "SYSTEM VIEW": TableType.SYSTEM_TABLE,
    "TEMPORARY": TableType.TEMPORARY,
    "SEQUENCE": TableType.EXTERNAL,
}
_INDEX_TYPES = {**{kind.value: kind for kind in IndexType}, "RTREE": IndexType.SPATIAL}
_ON_UPDATE = re.compile(r"on update (\S+)", re.IGNORECASE)
_MARIADB_LITERAL = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?|b'[01]*'|x'[0-9a-fA-F]*'|0x[0-9a-fA-F]*|NULL")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "Z": "\x1a"}


class MySQLIntrospectorMixin(IntrospectorMixin):
    """The parsing that both introspectors share. A schema not named is the session's own: DATABASE()."""

    def _get_default_schema(self) -> str:
        return ""  # the dialect's queries then ask for DATABASE()

    def _build_table_info_sql(self, table_name: str, schema: str | None) -> tuple[str, tuple]:
        return TableInfoExpression(self.dialect, table_name).schema(schema or "").to_sql()

    def _parse_database_info(self, rows: list[Row]) -> DatabaseInfo:
        row = rows[0] if rows else {}
        version = self.dialect.version
        return DatabaseInfo(
            name=row.get("SCHEMA_NAME", ""),
            version=".".join(map(str, version)),
            version_tuple=version,
            vendor=VENDOR_NAMES[self.dialect.vendor],
            encoding=row.get("DEFAULT_CHARACTER_SET_NAME"),
            collation=row.get("DEFAULT_COLLATION_NAME"),
        )

    def _parse_tables(self, rows: list[Row], schema: str | None) -> list[TableInfo]:
        return [
            TableInfo(
                name=row["TABLE_NAME"],
                schema=row["TABLE_SCHEMA"],
                table_type=_TABLE_TYPES.get(row["TABLE_TYPE"], TableType.BASE_TABLE),
                comment=(row["TABLE_COMMENT"] or None) if row["TABLE_TYPE"] != "VIEW" else None,  # MySQL: 'VIEW'
                row_count=row["TABLE_ROWS"],
                size_bytes=_sum(row["DATA_LENGTH"], row["INDEX_LENGTH"]),
                auto_increment=row["AUTO_INCREMENT"],
                create_time=_text(row["CREATE_TIME"]),
                update_time=_text(row["UPDATE_TIME"]),
                extra=_present(
                    engine=row["ENGINE"],
                    row_format=row["ROW_FORMAT"],
                    collation=row["TABLE_COLLATION"],
                    create_options=row["CREATE_OPTIONS"],
                    table_type=row["TABLE_TYPE"],
                ),
            )
            for row in rows
        ]

    def _parse_columns(self, rows: list[Row], table_name: str, schema: str) -> list[ColumnInfo]:
        return [self._parse_column(row) for row in rows]

    def _parse_column(self, row: Row) -> ColumnInfo:
        extra = row["EXTRA"] or ""
        generated = self._parse_expression(row["GENERATION_EXPRESSION"])
        default, is_expression = self._parse_default(row["COLUMN_DEFAULT"], extra)
        on_update = _ON_UPDATE.search(extra)
        return ColumnInfo(
            name=row["COLUMN_NAME"],
            table_name=row["TABLE_NAME"],
            schema=row["TABLE_SCHEMA"],
            ordinal_position=row["ORDINAL_POSITION"],
            data_type=row["DATA_TYPE"].lower(),
            data_type_full=row["COLUMN_TYPE"],
            parsed_data_type=DataType.parse_data_type_str(self.dialect, row["COLUMN_TYPE"]),
            nullable=ColumnNullable.NULLABLE if row["IS_NULLABLE"] == "YES" else ColumnNullable.NOT_NULL,
            default_value=default,
            is_primary_key=row["COLUMN_KEY"] == "PRI",
            is_unique=row["COLUMN_KEY"] == "UNI",
            is_auto_increment="auto_increment" in extra.lower(),
            is_generated=generated is not None,
            generated_expression=generated,
            comment=row["COLUMN_COMMENT"] or None,
            character_maximum_length=row["CHARACTER_MAXIMUM_LENGTH"],
            numeric_precision=row["NUMERIC_PRECISION"],
            numeric_scale=row["NUMERIC_SCALE"],
            datetime_precision=row["DATETIME_PRECISION"],
            charset=row["CHARACTER_SET_NAME"],
            collation=row["COLLATION_NAME"],
            extra=_present(
                default_is_expression=is_expression,
                on_update=on_update[1] if on_update else None,
                generated="STORED" if "STORED" in extra else "VIRTUAL" if generated else None,
                invisible="INVISIBLE" in extra,
                srs_id=row["SRS_ID"],
            ),
        )

    def _parse_default(self, default: str | None, extra: str) -> tuple[str | None, bool]:
        """(default, whether it is an expression). MariaDB gives SQL text (10.2.7), MySQL the bare value."""
        if self.dialect.vendor == "mysql":
            is_expression = "DEFAULT_GENERATED" in extra
            return (self._parse_expression(default) if is_expression else default), is_expression
        if default is None:
            return None, False
        if default.startswith("'") and default.endswith("'"):
            return _unescape(default[1:-1].replace("''", "'")), False
        if _MARIADB_LITERAL.fullmatch(default):
            return (None if default == "NULL" else default), False
        return default, True

    def _parse_expression(self, text: str | None) -> str | None:
        """Its SQL text. MySQL's information_schema shows it as the content of a string literal."""
        return _unescape(text) if text and self.dialect.vendor == "mysql" else text or None

    def _parse_indexes(self, rows: list[Row], table_name: str, schema: str) -> list[IndexInfo]:
        grouped: dict[str, list[Row]] = {}
        for row in rows:
            grouped.setdefault(row["INDEX_NAME"], []).append(row)
        return [self._parse_index(name, parts) for name, parts in grouped.items()]

    def _parse_index(self, name: str, parts: list[Row]) -> IndexInfo:
        first = parts[0]
        return IndexInfo(
            name=name,
            table_name=first["TABLE_NAME"],
            schema=first["TABLE_SCHEMA"],
            is_unique=not first["NON_UNIQUE"],
            is_primary=name == "PRIMARY",
            index_type=_INDEX_TYPES.get(first["INDEX_TYPE"], IndexType.UNKNOWN),
            columns=[
                IndexColumnInfo(
                    name=part["COLUMN_NAME"] or self._parse_expression(part["EXPRESSION"]),
                    ordinal_position=part["SEQ_IN_INDEX"],
                    is_descending=part["COLLATION"] == "D",
                )
                for part in parts
            ],
            comment=first["INDEX_COMMENT"] or None,
            extra=_present(
                index_type=first["INDEX_TYPE"],
                prefix_lengths={part["COLUMN_NAME"]: part["SUB_PART"] for part in parts if part["SUB_PART"]},
                expressions=[self._parse_expression(part["EXPRESSION"]) for part in parts if part["EXPRESSION"]],
                invisible=first["IS_VISIBLE"] == "NO",
            ),
        )

    def _parse_foreign_keys(self, rows: list[Row], table_name: str, schema: str) -> list[ForeignKeyInfo]:
        found: dict[str, ForeignKeyInfo] = {}
        for row in rows:
            name = row["CONSTRAINT_NAME"]
            if name not in found:
                found[name] = ForeignKeyInfo(
                    name=name,
                    table_name=row["TABLE_NAME"],
                    schema=row["TABLE_SCHEMA"],
                    referenced_schema=row["REFERENCED_TABLE_SCHEMA"],
                    referenced_table=row["REFERENCED_TABLE_NAME"],
                    on_update=ReferentialAction(row["UPDATE_RULE"]),
                    on_delete=ReferentialAction(row["DELETE_RULE"]),
                )
            found[name].columns.append(row["COLUMN_NAME"])
            found[name].referenced_columns.append(row["REFERENCED_COLUMN_NAME"])
        return list(found.values())

    def _parse_views(self, rows: list[Row], schema: str) -> list[ViewInfo]:
        return [
            ViewInfo(
                name=row["TABLE_NAME"],
                schema=row["TABLE_SCHEMA"],
                definition=row["VIEW_DEFINITION"],
                check_option=row["CHECK_OPTION"],
                is_updatable=row["IS_UPDATABLE"] == "YES",
                extra=_present(definer=row["DEFINER"], security_type=row["SECURITY_TYPE"]),
            )
            for row in rows
        ]

    def _parse_view_info(self, rows: list[Row], view_name: str, schema: str) -> ViewInfo | None:
        return next(iter(self._parse_views(rows, schema)), None)

    def _parse_triggers(self, rows: list[Row], schema: str) -> list[TriggerInfo]:
        return [
            TriggerInfo(
                name=row["TRIGGER_NAME"],
                table_name=row["EVENT_OBJECT_TABLE"],
                schema=row["TRIGGER_SCHEMA"],
                timing=row["ACTION_TIMING"],
                events=[row["EVENT_MANIPULATION"]],
                level=row["ACTION_ORIENTATION"],
                definition=row["ACTION_STATEMENT"],
                extra=_present(definer=row["DEFINER"], action_order=row["ACTION_ORDER"], created=_text(row["CREATED"])),
            )
            for row in rows
        ]


def _present(**values: Any) -> dict[str, Any]:
    """The values that say something."""
    return {name: value for name, value in values.items() if value not in (None, False, "", [], {})}


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), text, flags=re.DOTALL)


def _sum(*sizes: int | None) -> int | None:
    known = [size for size in sizes if size is not None]
    return sum(known) if known else None


def _text(moment: Any) -> str | None:
    return None if moment is None else str(moment)
