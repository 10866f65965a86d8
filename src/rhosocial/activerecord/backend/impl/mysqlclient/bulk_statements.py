"""The SQL of upserts and batched updates."""

from itertools import count
from typing import Any, Optional, Sequence

from .bulk import Batch, Rows

_NUMBERS = count()


def table_name(dialect: Any, table: str, schema_name: Optional[str]) -> str:
    name = dialect.format_identifier
    return f"{name(schema_name)}.{name(table)}" if schema_name else name(table)


def insert_sql(dialect: Any, table: str, columns: Sequence[str]) -> str:
    """INSERT of one row. table: as table_name() quotes it"""
    if isinstance(columns, str) or not columns or len(set(columns)) < len(columns):
        raise ValueError(f"columns must be the names of one column or more, each once, not {columns!r}")
    names = ", ".join(map(dialect.format_identifier, columns))
    return f"INSERT INTO {table} ({names}) VALUES ({', '.join(['%s'] * len(columns))})"


def upsert_sql(dialect: Any, table: str, columns: Sequence[str], update_columns: Optional[Sequence[str]]) -> str:
    """INSERT of one row, or the update of the one that has its key."""
    updates = columns if update_columns is None else update_columns
    unknown = [column for column in updates if column not in columns]
    if isinstance(updates, str) or unknown:
        raise ValueError(f"update_columns must be some of columns, not {unknown or updates!r}")
    insert, name = insert_sql(dialect, table, columns), dialect.format_identifier
    if not updates:
        same = f"{table}.{name(columns[0])}"
        return f"{insert} ON DUPLICATE KEY UPDATE {same} = {same}"
    if not dialect.supports_insert_row_alias():
        values = ", ".join(f"{name(column)} = VALUES({name(column)})" for column in updates)
        return f"{insert} ON DUPLICATE KEY UPDATE {values}"
    new = name("new" if not table.endswith("`new`") else "new_row")
    values = ", ".join(f"{name(column)} = {new}.{name(column)}" for column in updates)
    return f"{insert} AS {new} ON DUPLICATE KEY UPDATE {values}"


class UpdateBatch(Batch):
    """An UPDATE of many rows by their keys, through a temporary table: its columns have the types, character sets and
    collations of the table's own, where a list of literals would be given those that they have in common.

    columns: the keys', then those that are set; ``rows`` have their values in this order
    """

    arrays = False  # a statement prepared for a temporary table is of no use afterwards

    def __init__(self, dialect: Any, table: str, columns: Sequence[str], keys: int, rows: Rows) -> None:
        name = dialect.format_identifier
        given = name(f"bulk_update_{next(_NUMBERS)}")
        names = [name(column) for column in columns]
        key = ", ".join(names[:keys])
        super().__init__(insert_sql(dialect, given, columns), rows)
        if not 0 < keys < len(columns):
            raise ValueError("an update needs columns that are the key, and columns to set")
        create = f"CREATE TEMPORARY TABLE {given} (PRIMARY KEY ({key})) SELECT {', '.join(names)} FROM {table} LIMIT 0"
        values = ", ".join(f"{table}.{column} = {given}.{column}" for column in names[keys:])
        self.before = (create.encode(),)
        self.after = (f"UPDATE {table} JOIN {given} USING ({key}) SET {values}".encode(),)
        self.cleanup = (f"DROP TEMPORARY TABLE IF EXISTS {given}".encode(),)

    def conclude(self, outcome: Any) -> None:
        """The rows put into the temporary table are nobody's."""
        self._affected, self._first_id = outcome.affected_rows, None
