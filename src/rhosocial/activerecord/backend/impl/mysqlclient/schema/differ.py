"""Which tables, columns, indexes and foreign keys differ between two snapshots."""

from difflib import SequenceMatcher
from typing import Any

from rhosocial.activerecord.backend.introspection.types import (
    ColumnInfo,
    ForeignKeyInfo,
    IndexInfo,
    ReferentialAction,
    TableInfo,
)
from rhosocial.activerecord.backend.schema.differ import ColumnDiff, SchemaDiffer, TableDiff


class MySQLSchemaDiffer(SchemaDiffer):
    """The core's differ with what else makes a MySQL table: column order, generated columns, key parts.

    A column counts as moved if it changed places among the columns that both tables have; one added or
    dropped before it does not move it.
    """

    def _diff_table(self, name: str, old_tbl: TableInfo, new_tbl: TableInfo) -> TableDiff:
        diff = super()._diff_table(name, old_tbl, new_tbl)
        old, new = ({column.name: column for column in table.columns} for table in (old_tbl, new_tbl))
        reported = {column.column_name for column in diff.column_diffs}
        moved = _moved([key for key in old if key in new], [key for key in new if key in old])
        diff.column_diffs += [ColumnDiff(key, old[key], new[key]) for key in moved if key not in reported]
        return diff

    def _columns_equivalent(self, old_col: ColumnInfo, new_col: ColumnInfo) -> bool:
        return super()._columns_equivalent(old_col, new_col) and _column(old_col) == _column(new_col)

    def _indexes_equivalent(self, old_idx: IndexInfo, new_idx: IndexInfo) -> bool:
        return super()._indexes_equivalent(old_idx, new_idx) and old_idx.extra == new_idx.extra

    def _fk_equivalent(self, old_fk: ForeignKeyInfo, new_fk: ForeignKeyInfo) -> bool:
        return _foreign_key(old_fk) == _foreign_key(new_fk)


def _column(column: ColumnInfo) -> tuple[Any, ...]:
    return (
        column.is_auto_increment,
        column.generated_expression,
        column.datetime_precision,
        column.collation,
        column.comment,
        column.extra,
    )


def _foreign_key(key: ForeignKeyInfo) -> tuple[Any, ...]:
    elsewhere = key.referenced_schema if key.referenced_schema != key.schema else None
    actions = tuple(
        # InnoDB does the same for both (manual, "FOREIGN KEY Constraints"); the vendors report either
        ReferentialAction.RESTRICT if action is ReferentialAction.NO_ACTION else action
        for action in (key.on_update, key.on_delete)
    )
    return (key.columns, elsewhere, key.referenced_table, key.referenced_columns, actions)


def _moved(old: list[str], new: list[str]) -> list[str]:
    """The names outside a longest common run of both orders."""
    blocks = SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
    kept = {name for block in blocks for name in old[block.a : block.a + block.size]}
    return [name for name in new if name not in kept]
