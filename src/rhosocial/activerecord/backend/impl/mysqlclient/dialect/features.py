"""What each server can do: one table, from which the ``supports_*()`` methods are made.

A row is ``name: (MySQL since, MariaDB since)``. ``ALWAYS`` holds for every version this package
connects to, ``NEVER`` means the server refuses it. The tests execute a statement for every row.
"""

from __future__ import annotations

from typing import Callable, Optional, Tuple

from rhosocial.activerecord.backend.dialect import DialectNotAdaptedException

Version = Tuple[int, int, int]
Since = Optional[Version]

ALWAYS: Version = (0, 0, 0)
NEVER: Since = None

FEATURES: dict[str, tuple[Since, Since]] = {
    # queries
    "basic_cte": ((8, 0, 1), (10, 2, 1)),
    "recursive_cte": ((8, 0, 1), (10, 2, 2)),
    "materialized_cte": (NEVER, NEVER),
    "window_functions": ((8, 0, 2), (10, 2, 0)),
    "window_frame_clause": ((8, 0, 2), (10, 2, 0)),
    "filter_clause": (NEVER, NEVER),
    "ordered_set_aggregation": (NEVER, NEVER),
    "qualify_clause": (NEVER, NEVER),
    "rollup": (ALWAYS, ALWAYS),
    "cube": (NEVER, NEVER),
    "grouping_sets": (NEVER, NEVER),
    "union": (ALWAYS, ALWAYS),
    "union_all": (ALWAYS, ALWAYS),
    "intersect": ((8, 0, 31), (10, 3, 0)),
    "except": ((8, 0, 31), (10, 3, 0)),
    "set_operation_order_by": (ALWAYS, ALWAYS),
    "set_operation_limit_offset": (ALWAYS, ALWAYS),
    "set_operation_for_update": (ALWAYS, ALWAYS),
    "inner_join": (ALWAYS, ALWAYS),
    "left_join": (ALWAYS, ALWAYS),
    "right_join": (ALWAYS, ALWAYS),
    "full_join": (NEVER, NEVER),
    "cross_join": (ALWAYS, ALWAYS),
    "natural_join": (ALWAYS, ALWAYS),
    "explicit_inner_join": (ALWAYS, ALWAYS),
    "lateral_join": ((8, 0, 14), NEVER),
    "offset_without_limit": (ALWAYS, ALWAYS),
    "wildcard": (ALWAYS, ALWAYS),
    "ilike": (ALWAYS, ALWAYS),
    "collate_expression": (ALWAYS, ALWAYS),
    "temporal_tables": (NEVER, (10, 3, 4)),
    "table_statement": ((8, 0, 19), NEVER),
    "values_table_constructor": ((8, 0, 19), (10, 3, 3)),
    "explain_analyze": ((8, 0, 18), ALWAYS),
    # locking
    "for_update": (ALWAYS, ALWAYS),
    "for_update_of": ((8, 0, 1), NEVER),
    "for_update_nowait": ((8, 0, 1), (10, 3, 0)),
    "for_update_skip_locked": ((8, 0, 1), (10, 6, 0)),
    "for_share": (ALWAYS, ALWAYS),
    # data changes
    "returning_insert": (NEVER, (10, 5, 0)),
    "returning_update": (NEVER, NEVER),
    "returning_delete": (NEVER, ALWAYS),
    "upsert": (ALWAYS, ALWAYS),
    "on_conflict_clause": (ALWAYS, ALWAYS),
    "multiple_on_conflict_clauses": (NEVER, NEVER),
    "insert_row_alias": ((8, 0, 19), NEVER),
    "insert_ignore": (ALWAYS, ALWAYS),
    "replace_into": (ALWAYS, ALWAYS),
    "load_data": (ALWAYS, ALWAYS),
    "merge_statement": (NEVER, NEVER),
    # transactions
    "transaction_mode": (ALWAYS, ALWAYS),
    "isolation_level_in_begin": (NEVER, NEVER),
    "read_only_transaction": (ALWAYS, ALWAYS),
    "deferrable_transaction": (NEVER, NEVER),
    "savepoint": (ALWAYS, ALWAYS),
    # types, JSON
    "json_type": (ALWAYS, (10, 2, 7)),
    "json_arrow_operators": (ALWAYS, NEVER),
    "json_merge_patch": ((8, 0, 3), (10, 2, 25)),
    "cast_json": (ALWAYS, NEVER),
    "cast_float": ((8, 0, 17), ALWAYS),
    "cast_year": ((8, 0, 22), NEVER),
    "array_type": (NEVER, NEVER),
    "array_constructor": (NEVER, NEVER),
    "array_access": (NEVER, NEVER),
    "set_type": (ALWAYS, ALWAYS),
    "srid_attribute": ((8, 0, 3), NEVER),
    "spatial_index": (ALWAYS, ALWAYS),
    "geojson": (ALWAYS, (10, 2, 4)),
    "vector_type": ((9, 0, 0), (11, 7, 1)),
    "vector_index": (NEVER, (11, 7, 1)),
    "microsecond_timestamp": (ALWAYS, ALWAYS),
    # tables, columns
    "create_table": (ALWAYS, ALWAYS),
    "drop_table": (ALWAYS, ALWAYS),
    "alter_table": (ALWAYS, ALWAYS),
    "temporary_table": (ALWAYS, ALWAYS),
    "if_not_exists_table": (ALWAYS, ALWAYS),
    "if_exists_table": (ALWAYS, ALWAYS),
    "drop_table_cascade": (ALWAYS, ALWAYS),  # parsed, without effect (manual, DROP TABLE)
    "drop_table_restrict": (ALWAYS, ALWAYS),
    "table_tablespace": (ALWAYS, ALWAYS),  # MariaDB parses and ignores it
    "table_like_syntax": (ALWAYS, ALWAYS),
    "inline_index": (ALWAYS, ALWAYS),
    "storage_engine_option": (ALWAYS, ALWAYS),
    "charset_option": (ALWAYS, ALWAYS),
    "rename_table": (ALWAYS, ALWAYS),
    "multi_table_rename": (ALWAYS, ALWAYS),
    "drop_column": (ALWAYS, ALWAYS),
    "alter_column_type": (ALWAYS, ALWAYS),
    "rename_column": (ALWAYS, (10, 5, 2)),
    "modify_column": (ALWAYS, ALWAYS),
    "change_column": (ALWAYS, ALWAYS),
    "add_column_if_not_exists": (NEVER, ALWAYS),
    "drop_column_if_exists": (NEVER, ALWAYS),
    "drop_constraint_if_exists": (NEVER, ALWAYS),
    "invisible_column": ((8, 0, 23), (10, 3, 3)),
    "generated_column": (ALWAYS, (10, 2, 1)),
    "generated_columns": (ALWAYS, (10, 2, 1)),
    "stored_generated_columns": (ALWAYS, (10, 2, 1)),
    "virtual_generated_columns": (ALWAYS, (10, 2, 1)),
    "default_column_value_expression": ((8, 0, 13), (10, 2, 1)),
    # constraints
    "primary_key_constraint": (ALWAYS, ALWAYS),
    "unique_constraint": (ALWAYS, ALWAYS),
    "not_null_constraint": (ALWAYS, ALWAYS),
    "check_constraint": ((8, 0, 16), (10, 2, 1)),
    "constraint_enforced": ((8, 0, 16), NEVER),
    "foreign_key_constraint": (ALWAYS, ALWAYS),
    "fk_on_delete": (ALWAYS, ALWAYS),
    "fk_on_update": (ALWAYS, ALWAYS),
    "fk_match": (NEVER, NEVER),  # parsed, but it disables ON DELETE/UPDATE (manual, FOREIGN KEY)
    "deferrable_constraint": (NEVER, NEVER),
    "add_constraint": (ALWAYS, ALWAYS),
    "drop_constraint": ((8, 0, 19), (10, 2, 1)),
    # indexes
    "create_index": (ALWAYS, ALWAYS),
    "drop_index": (ALWAYS, ALWAYS),
    "unique_index": (ALWAYS, ALWAYS),
    "index_if_not_exists": (NEVER, ALWAYS),
    "index_if_exists": (NEVER, ALWAYS),
    "index_type": (ALWAYS, ALWAYS),
    "partial_index": (NEVER, NEVER),
    "functional_index": ((8, 0, 13), NEVER),
    "index_include": (NEVER, NEVER),
    "index_tablespace": (NEVER, NEVER),
    "concurrent_index": (NEVER, NEVER),
    "invisible_index": (ALWAYS, (10, 6, 0)),
    "descending_index": ((8, 0, 1), (10, 8, 1)),
    "fulltext_index": (ALWAYS, ALWAYS),
    "fulltext_search": (ALWAYS, ALWAYS),
    "fulltext_parser": (ALWAYS, NEVER),
    "fulltext_boolean_mode": (ALWAYS, ALWAYS),
    "fulltext_query_expansion": (ALWAYS, ALWAYS),
    # views, schemas, truncate, sequences
    "create_view": (ALWAYS, ALWAYS),
    "drop_view": (ALWAYS, ALWAYS),
    "or_replace_view": (ALWAYS, ALWAYS),
    "if_exists_view": (ALWAYS, ALWAYS),
    "cascade_view": (ALWAYS, ALWAYS),  # parsed, without effect (manual, DROP VIEW)
    "view_check_option": (ALWAYS, ALWAYS),
    "temporary_view": (NEVER, NEVER),
    "materialized_view": (NEVER, NEVER),
    "refresh_materialized_view": (NEVER, NEVER),
    "materialized_view_tablespace": (NEVER, NEVER),
    "materialized_view_storage_options": (NEVER, NEVER),
    "create_schema": (ALWAYS, ALWAYS),
    "drop_schema": (ALWAYS, ALWAYS),
    "schema_if_not_exists": (ALWAYS, ALWAYS),
    "schema_if_exists": (ALWAYS, ALWAYS),
    "schema_cascade": (NEVER, NEVER),
    "schema_authorization": (NEVER, NEVER),
    "truncate": (ALWAYS, ALWAYS),
    "truncate_table_keyword": (ALWAYS, ALWAYS),
    "truncate_restart_identity": (NEVER, NEVER),
    "truncate_cascade": (NEVER, NEVER),
    "sequence": (NEVER, (10, 3, 1)),
    "create_sequence": (NEVER, (10, 3, 1)),
    "drop_sequence": (NEVER, (10, 3, 1)),
    "alter_sequence": (NEVER, (10, 3, 1)),
    "sequence_if_not_exists": (NEVER, (10, 3, 1)),
    "sequence_if_exists": (NEVER, (10, 3, 1)),
    "sequence_cycle": (NEVER, (10, 3, 1)),
    "sequence_cache": (NEVER, (10, 3, 1)),
    "sequence_order": (NEVER, NEVER),
    "sequence_owned_by": (NEVER, NEVER),
    # partitions
    "table_partitioning": (ALWAYS, ALWAYS),
    "partitioned_table_creation": (ALWAYS, ALWAYS),
    "range_table_partitioning": (ALWAYS, ALWAYS),
    "list_table_partitioning": (ALWAYS, ALWAYS),
    "hash_table_partitioning": (ALWAYS, ALWAYS),
    # stored programs
    "trigger": (ALWAYS, ALWAYS),
    "create_trigger": (ALWAYS, ALWAYS),
    "drop_trigger": (ALWAYS, ALWAYS),
    "trigger_if_not_exists": ((8, 0, 29), (10, 1, 4)),
    "instead_of_trigger": (NEVER, NEVER),
    "statement_trigger": (NEVER, NEVER),
    "trigger_referencing": (NEVER, NEVER),
    "trigger_when": (NEVER, NEVER),
    "function": (ALWAYS, ALWAYS),
    "create_function": (ALWAYS, ALWAYS),
    "drop_function": (ALWAYS, ALWAYS),
    "function_parameters": (ALWAYS, ALWAYS),
    "function_or_replace": (NEVER, (10, 1, 3)),
    # introspection queries this dialect formats
    "introspection": (ALWAYS, ALWAYS),
    "database_info": (ALWAYS, ALWAYS),
    "table_introspection": (ALWAYS, ALWAYS),
    "column_introspection": (ALWAYS, ALWAYS),
    "index_introspection": (ALWAYS, ALWAYS),
    "foreign_key_introspection": (ALWAYS, ALWAYS),
    "view_introspection": (ALWAYS, ALWAYS),
    "trigger_introspection": (ALWAYS, ALWAYS),
}


class FeatureFlags:
    """``supports_x()`` for every row of ``FEATURES``.

    A row that depends on the vendor or the version raises ``DialectNotAdaptedException``
    until the dialect knows its server.
    """

    vendor: str
    _version: Optional[Version]

    def available(self, mysql: Since, mariadb: Since) -> bool:
        """True if the server is at least the given version of its vendor (None: never)."""
        if mysql == mariadb and mysql in (ALWAYS, NEVER):
            return mysql is not NEVER
        version = self._version
        if version is None:
            raise DialectNotAdaptedException(type(self).__name__.removesuffix("Dialect"))
        since = mariadb if self.vendor == "mariadb" else mysql
        return since is not None and version >= since


def _flag(name: str, mysql: Since, mariadb: Since) -> Callable[[FeatureFlags], bool]:
    def supports(self: FeatureFlags) -> bool:
        return self.available(mysql, mariadb)

    supports.__name__ = f"supports_{name}"
    supports.__qualname__ = f"FeatureFlags.supports_{name}"
    return supports


for _name, _since in FEATURES.items():
    setattr(FeatureFlags, f"supports_{_name}", _flag(_name, *_since))
