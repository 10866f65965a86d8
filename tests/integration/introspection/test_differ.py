"""What the schema differ notices, on snapshots of real tables."""

import json

import pytest
from rhosocial.activerecord.backend.schema.snapshot import SchemaSnapshot, SyncSchemaSnapshotBuilder

from rhosocial.activerecord.backend.impl.mysqlclient.schema import MySQLSchemaDiffer

BASE = (
    "CREATE TABLE owner (id INT PRIMARY KEY)",
    """CREATE TABLE pet (
        id INT AUTO_INCREMENT PRIMARY KEY,
        name VARCHAR(20),
        born DATETIME(6),
        weight INT UNSIGNED,
        kind ENUM('cat','dog'),
        twice INT AS (weight * 2) STORED,
        owner_id INT,
        KEY by_name (name(5)),
        CONSTRAINT owned FOREIGN KEY (owner_id) REFERENCES owner (id)
    )""",
)


@pytest.fixture
def snapshot(backend):
    for statement in BASE:
        backend.execute(statement)
    return SyncSchemaSnapshotBuilder(backend.introspector, backend.dialect).build


def changes(old, new):
    diff = MySQLSchemaDiffer().compare(old, new)
    table = diff.table_diffs.get("pet")
    if table is None:
        return set()
    return (
        {f"column {item.column_name}" for item in table.column_diffs}
        | {f"+index {item.name}" for item in table.added_indexes}
        | {f"-index {item.name}" for item in table.removed_indexes}
        | {f"+key {item.name}" for item in table.added_foreign_keys}
        | {f"-key {item.name}" for item in table.removed_foreign_keys}
    )


@pytest.mark.parametrize(
    ("alter", "expected"),
    [
        ("ADD COLUMN color INT AFTER id", {"column color"}),
        ("DROP COLUMN kind", {"column kind"}),
        ("MODIFY name VARCHAR(20) AFTER weight", {"column name"}),
        ("MODIFY name VARCHAR(21)", {"column name"}),
        ("MODIFY name VARCHAR(20) NOT NULL", {"column name"}),
        ("MODIFY name VARCHAR(20) DEFAULT 'x'", {"column name"}),
        ("MODIFY name VARCHAR(20) COLLATE utf8mb4_bin", {"column name"}),
        ("MODIFY name VARCHAR(20) COMMENT 'called'", {"column name"}),
        ("MODIFY born DATETIME(3)", {"column born"}),
        ("MODIFY weight INT", {"column weight"}),
        ("MODIFY weight MEDIUMINT UNSIGNED", {"column weight"}),
        ("MODIFY kind ENUM('cat','dog','it''s')", {"column kind"}),
        ("MODIFY twice INT AS (weight * 3) STORED", {"column twice"}),
        ("DROP INDEX by_name, ADD INDEX by_name (name(6))", {"-index by_name", "+index by_name"}),
        ("ADD INDEX by_born (born)", {"+index by_born"}),
        ("COMMENT = 'animals'", set()),
    ],
)
def test_changes_are_noticed_and_nothing_else(snapshot, backend, alter, expected):
    before = snapshot()
    backend.execute(f"ALTER TABLE pet {alter}")
    assert changes(before, snapshot()) == expected


def test_foreign_keys(snapshot, backend):
    before = snapshot()
    for action, expected in (("ON DELETE CASCADE", {"-key owned", "+key owned"}), ("ON DELETE NO ACTION", set())):
        backend.execute("ALTER TABLE pet DROP FOREIGN KEY owned")
        backend.execute(f"ALTER TABLE pet ADD CONSTRAINT owned FOREIGN KEY (owner_id) REFERENCES owner (id) {action}")
        assert changes(before, snapshot()) == expected


def test_tables_come_and_go(snapshot, backend):
    before = snapshot()
    backend.execute("CREATE TABLE toy (id INT)")
    diff = MySQLSchemaDiffer().compare(before, snapshot())
    assert diff.added_tables == ["toy"] and MySQLSchemaDiffer().compare(snapshot(), before).removed_tables == ["toy"]


def test_a_snapshot_survives_json(snapshot):
    taken = snapshot()
    assert changes(taken, SchemaSnapshot.from_dict(json.loads(json.dumps(taken.to_dict())))) == set()
