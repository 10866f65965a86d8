"""Transactions, EXPLAIN, introspection queries."""

from __future__ import annotations

import json

import MySQLdb
import pytest
from rhosocial.activerecord.backend.dialect import UnsupportedFeatureError
from rhosocial.activerecord.backend.expression import QueryExpression, TableExpression
from rhosocial.activerecord.backend.expression import introspection as i
from rhosocial.activerecord.backend.expression.statements import (
    ExplainExpression,
    ExplainFormat,
    ExplainOptions,
    ExplainType,
)
from rhosocial.activerecord.backend.expression.transaction import (
    BeginTransactionExpression,
    CommitTransactionExpression,
    ReleaseSavepointExpression,
    RollbackTransactionExpression,
    SavepointExpression,
    SetTransactionExpression,
)
from rhosocial.activerecord.backend.transaction import IsolationLevel


def count(db):
    return db.run("SELECT COUNT(*) FROM people")[0][0]


def test_transactions_and_savepoints(people):
    d = people.dialect
    people.run(BeginTransactionExpression(d))
    people.run("DELETE FROM people WHERE id = 1")
    people.run(SavepointExpression(d, "a `point`"))
    people.run("DELETE FROM people")
    people.run(RollbackTransactionExpression(d).to_savepoint("a `point`"))
    people.run(ReleaseSavepointExpression(d, "a `point`"))
    assert count(people) == 2
    people.run(RollbackTransactionExpression(d))
    assert count(people) == 3
    people.run(BeginTransactionExpression(d).read_write())
    people.run("DELETE FROM people WHERE id = 1")
    people.run(CommitTransactionExpression(d))
    people.run("ROLLBACK")
    assert count(people) == 2


def test_read_only(people):
    people.run(BeginTransactionExpression(people.dialect).read_only())
    with pytest.raises(MySQLdb.Error) as failure:
        people.run("DELETE FROM people")
    assert failure.value.args[0] == 1792


@pytest.mark.parametrize("level", list(IsolationLevel))
def test_isolation_level(people, level):
    d = people.dialect
    people.run(SetTransactionExpression(d).isolation_level(level).session())
    variable = "tx_isolation" if people.is_mariadb else "transaction_isolation"
    assert people.run(f"SELECT @@{variable}") == [(level.name.replace("_", "-"),)]
    people.run(SetTransactionExpression(d).isolation_level(level).read_only())
    people.run(BeginTransactionExpression(d))
    assert not people.accepts("DELETE FROM people")


def test_refused_transactions(db):
    d = db.dialect
    with pytest.raises(UnsupportedFeatureError, match="DEFERRABLE"):
        BeginTransactionExpression(d).deferrable().to_sql()
    with pytest.raises(UnsupportedFeatureError, match="IMMEDIATE"):
        BeginTransactionExpression(d).begin_type("IMMEDIATE").to_sql()
    with pytest.raises(ValueError, match="SET TRANSACTION"):
        SetTransactionExpression(d).to_sql()


def explain(people, options):
    d = people.dialect
    query = QueryExpression(d, [people.column("id")], TableExpression(d, "people"), where=people.column("age") > 1)
    return people.run(ExplainExpression(d, query, options))


def test_explain(people):
    for options in (
        None,
        ExplainOptions(),
        ExplainOptions(format=ExplainFormat.TEXT),
        ExplainOptions(format=ExplainFormat.TRADITIONAL),
    ):
        assert explain(people, options)[0][1] == "SIMPLE"
    assert "query_block" in explain(people, ExplainOptions(format=ExplainFormat.JSON))[0][0] or json.loads(
        explain(people, ExplainOptions(format=ExplainFormat.JSON))[0][0]
    )
    for options in (ExplainOptions(analyze=True), ExplainOptions(type=ExplainType.ANALYZE)):
        assert explain(people, options)
    json.loads(explain(people, ExplainOptions(analyze=True, format=ExplainFormat.JSON))[0][0])


@pytest.mark.parametrize("name", [format.value for format in ExplainFormat])
def test_explain_formats_are_what_the_server_knows(people, name):
    for analyze in (False, True):
        options = ExplainOptions(analyze=analyze, format=ExplainFormat[name])
        try:
            assert explain(people, options)
        except UnsupportedFeatureError:
            word = ("ANALYZE" if people.is_mariadb else "EXPLAIN ANALYZE") if analyze else "EXPLAIN"
            assert not people.accepts(f"{word} FORMAT={name} SELECT id FROM people")
            assert analyze or not people.dialect.supports_explain_format(name)
        else:
            assert analyze or people.dialect.supports_explain_format(name)


@pytest.fixture
def catalog(db):
    db.run("CREATE TABLE parent (a INT, b INT, PRIMARY KEY (a, b)) COMMENT 'p'")
    db.run(
        "CREATE TABLE child (id INT PRIMARY KEY AUTO_INCREMENT, a INT, b INT, t VARCHAR(20) DEFAULT 'x' COMMENT 'c',"
        " g INT GENERATED ALWAYS AS (h + 1) STORED, h INT, m DATETIME(3), KEY k (t(5), a),"
        " CONSTRAINT fk FOREIGN KEY (a, b) REFERENCES parent (a, b) ON UPDATE CASCADE)"
    )
    db.run("CREATE VIEW v AS SELECT a FROM parent")
    db.run("CREATE TRIGGER tr BEFORE INSERT ON child FOR EACH ROW SET NEW.t = 'y'")
    return db


def rows(db, expression):
    sql, params = expression.to_sql()
    with db.connection.cursor() as cursor:
        cursor.execute(sql, params or None)
        keys = [column[0] for column in cursor.description]
        return [dict(zip(keys, row)) for row in cursor.fetchall()]


@pytest.mark.parametrize("named", [True, False], ids=["schema given", "session's schema"])
def test_introspection_queries(catalog, named):
    d = catalog.dialect
    schema = catalog.run("SELECT DATABASE()")[0][0]

    def query(cls, *arguments, **more):
        return rows(catalog, cls(d, *arguments, schema=schema if named else None, **more))

    assert query(i.DatabaseInfoExpression)[0]["DEFAULT_CHARACTER_SET_NAME"] == "utf8mb4"
    tables = query(i.TableListExpression)
    assert [(row["TABLE_NAME"], row["TABLE_TYPE"]) for row in tables] == [
        ("child", "BASE TABLE"),
        ("parent", "BASE TABLE"),
        ("v", "VIEW"),
    ]
    assert [row["TABLE_NAME"] for row in query(i.TableListExpression, include_views=False)] == ["child", "parent"]
    assert [row["TABLE_NAME"] for row in query(i.TableListExpression, table_type="VIEW")] == ["v"]
    assert query(i.TableInfoExpression, "parent")[0]["TABLE_COMMENT"] == "p"
    columns = {row["COLUMN_NAME"]: row for row in query(i.ColumnInfoExpression, "child")}
    assert list(columns) == ["id", "a", "b", "t", "g", "h", "m"]
    assert columns["t"]["COLUMN_COMMENT"] == "c" and columns["m"]["DATETIME_PRECISION"] == 3
    assert "h" in columns["g"]["GENERATION_EXPRESSION"] and "STORED" in columns["g"]["EXTRA"]
    keys = [row for row in query(i.IndexInfoExpression, "child") if row["INDEX_NAME"] == "k"]
    assert [(r["COLUMN_NAME"], r["SUB_PART"], r["IS_VISIBLE"], r["EXPRESSION"]) for r in keys] == [
        ("t", 5, "YES", None),
        ("a", None, "YES", None),
    ]
    foreign = query(i.ForeignKeyExpression, "child")
    assert [(r["COLUMN_NAME"], r["REFERENCED_TABLE_NAME"], r["REFERENCED_COLUMN_NAME"]) for r in foreign] == [
        ("a", "parent", "a"),
        ("b", "parent", "b"),
    ]
    assert foreign[0]["REFERENCED_TABLE_SCHEMA"] == schema and foreign[0]["UPDATE_RULE"] == "CASCADE"
    assert [row["TABLE_NAME"] for row in query(i.ViewListExpression)] == ["v"]
    assert "parent" in query(i.ViewInfoExpression, "v")[0]["VIEW_DEFINITION"]
    for found in (
        query(i.TriggerListExpression),
        query(i.TriggerListExpression, table_name="child"),
        query(i.TriggerInfoExpression, "tr"),
    ):
        assert [(r["TRIGGER_NAME"], r["ACTION_TIMING"], r["EVENT_MANIPULATION"]) for r in found] == [
            ("tr", "BEFORE", "INSERT")
        ]
    assert query(i.TriggerListExpression, table_name="parent") == []


def test_system_schemas_are_left_out_unless_asked_for(db):
    hidden = i.TableListExpression(db.dialect, schema="mysql")
    assert rows(db, hidden) == []
    assert rows(db, i.TableListExpression(db.dialect, schema="mysql", include_system=True))


def test_hidden_and_functional_keys(db):
    db.run("CREATE TABLE t (a INT, b VARCHAR(9))")
    db.run(f"CREATE INDEX i ON t (a) {'IGNORED' if db.is_mariadb else 'INVISIBLE'}")
    assert rows(db, i.IndexInfoExpression(db.dialect, "t"))[0]["IS_VISIBLE"] == "NO"
    if db.dialect.supports_functional_index():
        db.run("CREATE INDEX j ON t ((LOWER(b)) DESC)")
        row = rows(db, i.IndexInfoExpression(db.dialect, "t"))[1]
        assert "lower" in row["EXPRESSION"] and row["COLLATION"] == "D"
