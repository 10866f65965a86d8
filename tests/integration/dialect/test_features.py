"""Every row of the feature table, against the server: a feature is there exactly if its statement runs."""

from __future__ import annotations

import re

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient.dialect.features import FEATURES

#: what a probe finds, if it names it
SETUP = {
    r"\bt\b": "CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, a INT, b VARCHAR(50), c TEXT, j JSON)",
    r"\bu\b": "CREATE TABLE u (id INT PRIMARY KEY, v INT)",
    r"\bMATCH\b": "CREATE FULLTEXT INDEX ft ON t (c)",
}

#: feature -> the statements, of which the last decides
PROBES: dict[str, tuple[str, ...]] = {
    "basic_cte": ("WITH x AS (SELECT 1) SELECT * FROM x",),
    "recursive_cte": ("WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x WHERE n < 3) SELECT * FROM x",),
    "materialized_cte": ("WITH x AS MATERIALIZED (SELECT 1) SELECT * FROM x",),
    "window_functions": ("SELECT RANK() OVER (ORDER BY a) FROM t",),
    "window_frame_clause": ("SELECT SUM(a) OVER (ORDER BY a ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t",),
    "filter_clause": ("SELECT COUNT(*) FILTER (WHERE a > 0) FROM t",),
    "ordered_set_aggregation": ("SELECT PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY a) FROM t",),
    "qualify_clause": ("SELECT a FROM t QUALIFY RANK() OVER (ORDER BY a) = 1",),
    "rollup": ("SELECT a, COUNT(*) FROM t GROUP BY a WITH ROLLUP",),
    "cube": ("SELECT a, COUNT(*) FROM t GROUP BY CUBE (a)",),
    "grouping_sets": ("SELECT a, COUNT(*) FROM t GROUP BY GROUPING SETS ((a), ())",),
    "union": ("SELECT a FROM t UNION SELECT v FROM u",),
    "union_all": ("SELECT a FROM t UNION ALL SELECT v FROM u",),
    "intersect": ("SELECT a FROM t INTERSECT SELECT v FROM u",),
    "except": ("SELECT a FROM t EXCEPT SELECT v FROM u",),
    "set_operation_order_by": ("SELECT a FROM t UNION SELECT v FROM u ORDER BY a",),
    "set_operation_limit_offset": ("SELECT a FROM t UNION SELECT v FROM u LIMIT 1 OFFSET 1",),
    "set_operation_for_update": ("SELECT a FROM t UNION SELECT v FROM u FOR UPDATE",),
    "inner_join": ("SELECT a FROM t INNER JOIN u ON t.id = u.id",),
    "left_join": ("SELECT a FROM t LEFT JOIN u ON t.id = u.id",),
    "right_join": ("SELECT a FROM t RIGHT JOIN u ON t.id = u.id",),
    "full_join": ("SELECT a FROM t AS x FULL OUTER JOIN u ON x.id = u.id",),
    "cross_join": ("SELECT a FROM t CROSS JOIN u",),
    "natural_join": ("SELECT a FROM t NATURAL JOIN u",),
    "explicit_inner_join": ("SELECT a FROM t INNER JOIN u ON t.id = u.id",),
    "lateral_join": ("SELECT * FROM t CROSS JOIN LATERAL (SELECT v FROM u WHERE u.id = t.id) AS l",),
    "offset_without_limit": ("SELECT a FROM t LIMIT 18446744073709551615 OFFSET 1",),
    "wildcard": ("SELECT t.* FROM t",),
    "ilike": ("SELECT a FROM t WHERE LOWER(b) LIKE LOWER('X')",),
    "collate_expression": ("SELECT b COLLATE utf8mb4_bin FROM t",),
    "temporal_tables": ("CREATE TABLE h (a INT) WITH SYSTEM VERSIONING",),
    "table_statement": ("TABLE t",),
    "values_table_constructor": ("VALUES ROW(1, 2)", "VALUES (1, 2)"),
    "explain_analyze": ("EXPLAIN ANALYZE SELECT 1", "ANALYZE SELECT 1"),
    "for_update": ("SELECT a FROM t FOR UPDATE",),
    "for_update_of": ("SELECT a FROM t FOR UPDATE OF t",),
    "for_update_nowait": ("SELECT a FROM t FOR UPDATE NOWAIT",),
    "for_update_skip_locked": ("SELECT a FROM t FOR UPDATE SKIP LOCKED",),
    "for_share": ("SELECT a FROM t LOCK IN SHARE MODE",),
    "returning_insert": ("INSERT INTO t (a) VALUES (1) RETURNING id",),
    "returning_update": ("UPDATE t SET a = 2 RETURNING id",),
    "returning_delete": ("DELETE FROM t RETURNING id",),
    "upsert": ("INSERT INTO t (id, a) VALUES (1, 2) ON DUPLICATE KEY UPDATE a = VALUES(a)",),
    "on_conflict_clause": ("INSERT INTO t (id, a) VALUES (1, 2) ON DUPLICATE KEY UPDATE a = 3",),
    "multiple_on_conflict_clauses": (
        "INSERT INTO t (id) VALUES (1) ON DUPLICATE KEY UPDATE a=1 ON DUPLICATE KEY UPDATE a=2",
    ),
    "insert_row_alias": ("INSERT INTO t (id, a) VALUES (1, 2) AS new ON DUPLICATE KEY UPDATE a = new.a",),
    "insert_ignore": ("INSERT IGNORE INTO t (id) VALUES (1)",),
    "replace_into": ("REPLACE INTO t (id) VALUES (1)",),
    "merge_statement": ("MERGE INTO t USING u ON t.id = u.id WHEN MATCHED THEN UPDATE SET a = v",),
    "transaction_mode": ("START TRANSACTION READ WRITE",),
    "isolation_level_in_begin": ("START TRANSACTION ISOLATION LEVEL SERIALIZABLE",),
    "read_only_transaction": ("START TRANSACTION READ ONLY",),
    "deferrable_transaction": ("START TRANSACTION READ ONLY, DEFERRABLE",),
    "savepoint": ("START TRANSACTION", "SAVEPOINT s"),
    "json_type": ("CREATE TABLE x (j JSON)",),
    "json_arrow_operators": ("SELECT j->'$.k', j->>'$.k' FROM t",),
    "json_merge_patch": ("SELECT JSON_MERGE_PATCH('{}', '{}')",),
    "cast_json": ("SELECT CAST('1' AS JSON)",),
    "cast_float": ("SELECT CAST(1 AS FLOAT), CAST(1 AS DOUBLE)",),
    "cast_year": ("SELECT CAST(1999 AS YEAR)",),
    "array_type": ("CREATE TABLE x (a INT ARRAY)",),
    "array_constructor": ("SELECT ARRAY[1, 2]",),
    "array_access": ("SELECT (b)[1] FROM t",),
    "set_type": ("CREATE TABLE x (s SET('a', 'b'))",),
    "srid_attribute": ("CREATE TABLE x (p POINT SRID 4326)",),
    "spatial_index": ("CREATE TABLE x (p POINT NOT NULL, SPATIAL INDEX (p))",),
    "geojson": ("SELECT ST_AsGeoJSON(ST_GeomFromText('POINT(1 2)'))",),
    "vector_type": ("CREATE TABLE x (v VECTOR(3))",),
    "vector_index": ("CREATE TABLE x (v VECTOR(3) NOT NULL, VECTOR INDEX (v))",),
    "microsecond_timestamp": ("CREATE TABLE x (m TIMESTAMP(6) NULL)",),
    "create_table": ("CREATE TABLE x (a INT)",),
    "drop_table": ("DROP TABLE u",),
    "alter_table": ("ALTER TABLE u ADD COLUMN w INT",),
    "temporary_table": ("CREATE TEMPORARY TABLE x (a INT)",),
    "if_not_exists_table": ("CREATE TABLE IF NOT EXISTS t (a INT)",),
    "if_exists_table": ("DROP TABLE IF EXISTS nothing",),
    "drop_table_cascade": ("DROP TABLE u CASCADE",),
    "drop_table_restrict": ("DROP TABLE u RESTRICT",),
    "table_tablespace": ("CREATE TABLE x (a INT) TABLESPACE innodb_file_per_table",),
    "table_like_syntax": ("CREATE TABLE x LIKE t",),
    "inline_index": ("CREATE TABLE x (a INT, INDEX i (a))",),
    "storage_engine_option": ("CREATE TABLE x (a INT) ENGINE=InnoDB",),
    "charset_option": ("CREATE TABLE x (a INT) DEFAULT CHARSET=utf8mb4",),
    "rename_table": ("ALTER TABLE u RENAME TO w",),
    "multi_table_rename": ("RENAME TABLE u TO w, t TO z",),
    "drop_column": ("ALTER TABLE u DROP COLUMN v",),
    "alter_column_type": ("ALTER TABLE u MODIFY COLUMN v BIGINT",),
    "rename_column": ("ALTER TABLE u RENAME COLUMN v TO w",),
    "modify_column": ("ALTER TABLE u MODIFY COLUMN v BIGINT FIRST",),
    "change_column": ("ALTER TABLE u CHANGE COLUMN v w BIGINT",),
    "add_column_if_not_exists": ("ALTER TABLE u ADD COLUMN IF NOT EXISTS v INT",),
    "drop_column_if_exists": ("ALTER TABLE u DROP COLUMN IF EXISTS nothing",),
    "drop_constraint_if_exists": ("ALTER TABLE u DROP CONSTRAINT IF EXISTS nothing",),
    "invisible_column": ("ALTER TABLE u ADD COLUMN w INT INVISIBLE",),
    "generated_column": ("CREATE TABLE x (a INT, b INT GENERATED ALWAYS AS (a + 1))",),
    "generated_columns": ("CREATE TABLE x (a INT, b INT GENERATED ALWAYS AS (a + 1))",),
    "stored_generated_columns": ("CREATE TABLE x (a INT, b INT GENERATED ALWAYS AS (a + 1) STORED)",),
    "virtual_generated_columns": ("CREATE TABLE x (a INT, b INT GENERATED ALWAYS AS (a + 1) VIRTUAL)",),
    "default_column_value_expression": ("CREATE TABLE x (a INT DEFAULT (1 + 1))",),
    "primary_key_constraint": ("CREATE TABLE x (a INT, PRIMARY KEY (a))",),
    "unique_constraint": ("CREATE TABLE x (a INT, CONSTRAINT k UNIQUE (a))",),
    "not_null_constraint": ("CREATE TABLE x (a INT NOT NULL)",),
    "constraint_enforced": ("CREATE TABLE x (a INT, CHECK (a > 0) NOT ENFORCED)",),
    "foreign_key_constraint": ("CREATE TABLE x (a INT, FOREIGN KEY (a) REFERENCES t (id))",),
    "fk_on_delete": ("CREATE TABLE x (a INT, FOREIGN KEY (a) REFERENCES t (id) ON DELETE CASCADE)",),
    "fk_on_update": ("CREATE TABLE x (a INT, FOREIGN KEY (a) REFERENCES t (id) ON UPDATE SET NULL)",),
    "deferrable_constraint": ("CREATE TABLE x (a INT, FOREIGN KEY (a) REFERENCES t (id) DEFERRABLE)",),
    "add_constraint": ("ALTER TABLE u ADD CONSTRAINT k UNIQUE (v)",),
    "drop_constraint": ("ALTER TABLE u ADD CONSTRAINT k UNIQUE (v)", "ALTER TABLE u DROP CONSTRAINT k"),
    "create_index": ("CREATE INDEX i ON t (a)",),
    "drop_index": ("CREATE INDEX i ON t (a)", "DROP INDEX i ON t"),
    "unique_index": ("CREATE UNIQUE INDEX i ON t (a)",),
    "index_if_not_exists": ("CREATE INDEX IF NOT EXISTS i ON t (a)",),
    "index_if_exists": ("DROP INDEX IF EXISTS nothing ON t",),
    "index_type": ("CREATE INDEX i USING BTREE ON t (a)",),
    "partial_index": ("CREATE INDEX i ON t (a) WHERE a > 0",),
    "functional_index": ("CREATE INDEX i ON t ((a + 1))",),
    "index_include": ("CREATE INDEX i ON t (a) INCLUDE (b)",),
    "index_tablespace": ("CREATE INDEX i ON t (a) TABLESPACE innodb_file_per_table",),
    "concurrent_index": ("CREATE INDEX CONCURRENTLY i ON t (a)",),
    "descending_index": ("CREATE INDEX i ON t (a DESC)",),
    "fulltext_index": ("CREATE FULLTEXT INDEX i ON t (b)",),
    "fulltext_search": ("SELECT a FROM t WHERE MATCH (c) AGAINST ('words')",),
    "fulltext_parser": ("CREATE FULLTEXT INDEX i ON t (b) WITH PARSER ngram",),
    "fulltext_boolean_mode": ("SELECT a FROM t WHERE MATCH (c) AGAINST ('+words' IN BOOLEAN MODE)",),
    "fulltext_query_expansion": ("SELECT a FROM t WHERE MATCH (c) AGAINST ('words' WITH QUERY EXPANSION)",),
    "create_view": ("CREATE VIEW v AS SELECT a FROM t",),
    "drop_view": ("CREATE VIEW v AS SELECT a FROM t", "DROP VIEW v"),
    "or_replace_view": ("CREATE OR REPLACE VIEW v AS SELECT a FROM t",),
    "if_exists_view": ("DROP VIEW IF EXISTS v",),
    "cascade_view": ("DROP VIEW IF EXISTS v CASCADE",),
    "view_check_option": ("CREATE VIEW v AS SELECT a FROM t WHERE a > 0 WITH LOCAL CHECK OPTION",),
    "temporary_view": ("CREATE TEMPORARY VIEW v AS SELECT a FROM t",),
    "refresh_materialized_view": ("CREATE VIEW v AS SELECT a FROM t", "REFRESH MATERIALIZED VIEW v"),
    "materialized_view_tablespace": ("CREATE MATERIALIZED VIEW v TABLESPACE x AS SELECT a FROM t",),
    "materialized_view_storage_options": ("CREATE MATERIALIZED VIEW v WITH (x = 1) AS SELECT a FROM t",),
    "create_schema": ("CREATE SCHEMA {db}_x",),
    "drop_schema": ("CREATE SCHEMA {db}_x", "DROP SCHEMA {db}_x"),
    "schema_if_not_exists": ("CREATE SCHEMA IF NOT EXISTS {db}_x",),
    "schema_if_exists": ("DROP SCHEMA IF EXISTS {db}_x",),
    "schema_cascade": ("CREATE SCHEMA {db}_x", "DROP SCHEMA {db}_x CASCADE"),
    "schema_authorization": ("CREATE SCHEMA {db}_x AUTHORIZATION root",),
    "truncate": ("TRUNCATE u",),
    "truncate_table_keyword": ("TRUNCATE TABLE u",),
    "truncate_restart_identity": ("TRUNCATE TABLE u RESTART IDENTITY",),
    "truncate_cascade": ("TRUNCATE TABLE u CASCADE",),
    "sequence": ("CREATE SEQUENCE s",),
    "create_sequence": ("CREATE SEQUENCE s START WITH 5 INCREMENT BY 2",),
    "drop_sequence": ("DROP SEQUENCE IF EXISTS s",),
    "sequence_if_not_exists": ("CREATE SEQUENCE IF NOT EXISTS s",),
    "sequence_if_exists": ("DROP SEQUENCE IF EXISTS s",),
    "sequence_cycle": ("CREATE SEQUENCE s CYCLE",),
    "sequence_cache": ("CREATE SEQUENCE s CACHE 10",),
    "sequence_order": ("CREATE SEQUENCE s ORDER",),
    "sequence_owned_by": ("CREATE SEQUENCE s OWNED BY t.id",),
    "table_partitioning": ("CREATE TABLE x (a INT) PARTITION BY HASH (a)",),
    "partitioned_table_creation": ("CREATE TABLE x (a INT) PARTITION BY HASH (a) PARTITIONS 2",),
    "range_table_partitioning": ("CREATE TABLE x (a INT) PARTITION BY RANGE (a) (PARTITION p VALUES LESS THAN (9))",),
    "list_table_partitioning": ("CREATE TABLE x (a INT) PARTITION BY LIST (a) (PARTITION p VALUES IN (1, 2))",),
    "hash_table_partitioning": ("CREATE TABLE x (a INT) PARTITION BY HASH (a)",),
    "trigger": ("CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1",),
    "create_trigger": ("CREATE TRIGGER g AFTER UPDATE ON t FOR EACH ROW SET @x = 1",),
    "drop_trigger": ("DROP TRIGGER IF EXISTS g",),
    "trigger_if_not_exists": ("CREATE TRIGGER IF NOT EXISTS g BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1",),
    "instead_of_trigger": (
        "CREATE VIEW v AS SELECT a FROM t",
        "CREATE TRIGGER g INSTEAD OF INSERT ON v FOR EACH ROW SET @x = 1",
    ),
    "statement_trigger": ("CREATE TRIGGER g AFTER INSERT ON t FOR EACH STATEMENT SET @x = 1",),
    "trigger_referencing": ("CREATE TRIGGER g AFTER INSERT ON t REFERENCING NEW AS n FOR EACH ROW SET @x = 1",),
    "trigger_when": ("CREATE TRIGGER g AFTER INSERT ON t FOR EACH ROW WHEN (NEW.a > 0) SET @x = 1",),
    "function": ("CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1",),
    "create_function": ("CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1",),
    "drop_function": ("DROP FUNCTION IF EXISTS f",),
    "function_parameters": ("CREATE FUNCTION f(a INT) RETURNS INT DETERMINISTIC RETURN a",),
    "function_or_replace": ("CREATE OR REPLACE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1",),
    "introspection": ("SELECT * FROM information_schema.TABLES LIMIT 1",),
    "database_info": ("SELECT DEFAULT_CHARACTER_SET_NAME FROM information_schema.SCHEMATA",),
    "table_introspection": ("SELECT TABLE_NAME FROM information_schema.TABLES",),
    "column_introspection": ("SELECT GENERATION_EXPRESSION FROM information_schema.COLUMNS",),
    "index_introspection": ("SELECT INDEX_NAME FROM information_schema.STATISTICS",),
    "foreign_key_introspection": ("SELECT UPDATE_RULE FROM information_schema.REFERENTIAL_CONSTRAINTS",),
    "view_introspection": ("SELECT VIEW_DEFINITION FROM information_schema.VIEWS",),
    "trigger_introspection": ("SELECT ACTION_STATEMENT FROM information_schema.TRIGGERS",),
}
#: where the two vendors spell it differently: either statement will do
EITHER = {"values_table_constructor", "explain_analyze"}


@pytest.mark.parametrize("feature", sorted(PROBES))
def test_flag_is_what_the_server_does(db, feature):
    for name, statement in SETUP.items():
        if re.search(name, " ".join(PROBES[feature])):
            db.run(statement)
    name = db.run("SELECT DATABASE()")[0][0]
    statements = [statement.replace("{db}", name) for statement in PROBES[feature]]
    try:
        if feature in EITHER:
            accepted = any(db.accepts(statement) for statement in statements)
        else:
            accepted = db.accepts(*statements)
        assert getattr(db.dialect, f"supports_{feature}")() is accepted
    finally:
        db.run(f"DROP SCHEMA IF EXISTS {name}_x")


def test_alter_sequence(db):
    accepted = db.accepts("CREATE SEQUENCE s") and db.accepts("ALTER SEQUENCE s RESTART WITH 7")
    assert db.dialect.supports_alter_sequence() is accepted


def test_invisible_index(db):
    db.run("CREATE TABLE t (a INT)")
    accepted = any(db.accepts(f"CREATE INDEX i ON t (a) {word}") for word in ("INVISIBLE", "IGNORED"))
    assert db.dialect.supports_invisible_index() is accepted


def test_check_constraints_are_enforced(db):
    db.run("CREATE TABLE t (a INT, CHECK (a > 0))")
    assert db.dialect.supports_check_constraint() is not db.accepts("INSERT INTO t VALUES (-1)")


def test_match_is_parsed_but_not_obeyed(db):
    """MATCH FULL forbids a key of which only a part is NULL."""
    db.run("CREATE TABLE p (a INT, b INT, PRIMARY KEY (a, b))")
    accepted = db.accepts("CREATE TABLE c (a INT, b INT, FOREIGN KEY (a, b) REFERENCES p (a, b) MATCH FULL)")
    obeyed = accepted and not db.accepts("INSERT INTO c VALUES (1, NULL)")
    assert db.dialect.supports_fk_match() is obeyed


def test_a_materialized_view_is_not_materialized(db):
    """MySQL 9 parses the word; only a secondary engine obeys it."""
    db.run("CREATE TABLE t (a INT)")
    accepted = db.accepts("CREATE MATERIALIZED VIEW v AS SELECT a FROM t")
    db.run("INSERT INTO t VALUES (1)")
    stored = accepted and db.run("SELECT * FROM v") == []
    assert db.dialect.supports_materialized_view() is stored


def test_load_data(db):
    db.run("CREATE TABLE t (a INT)")
    with pytest.raises(Exception) as failure:
        db.run("LOAD DATA INFILE '/nowhere/file' INTO TABLE t")
    assert failure.value.args[0] != 1064  # the file is missing, the statement is not


SEPARATE = {"alter_sequence", "invisible_index", "check_constraint", "fk_match", "load_data", "materialized_view"}


def test_every_feature_is_probed():
    assert set(PROBES) | SEPARATE == set(FEATURES)
