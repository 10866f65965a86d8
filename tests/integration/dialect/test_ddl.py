"""Tables, columns, constraints, indexes, views, schemas, sequences, triggers, functions: made, then looked at."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import MySQLdb
import pytest
from rhosocial.activerecord.backend.dialect import UnsupportedFeatureError
from rhosocial.activerecord.backend.expression import Literal, QueryExpression, TableExpression
from rhosocial.activerecord.backend.expression import functions as fn
from rhosocial.activerecord.backend.expression import statements as s
from rhosocial.activerecord.backend.expression.operators import RawSQLExpression
from rhosocial.activerecord.backend.expression.statements.ddl_alter import ChangeColumn, ModifyColumn, RenameObject

from rhosocial.activerecord.backend.impl.mysqlclient import types as t

Column, Constraint = s.ColumnDefinition, s.ColumnConstraint
KEY, DEFAULT, CHECK = s.ColumnConstraintType.PRIMARY_KEY, s.ColumnConstraintType.DEFAULT, s.ColumnConstraintType.CHECK
NOT_NULL, UNIQUE = s.ColumnConstraintType.NOT_NULL, s.ColumnConstraintType.UNIQUE
FOREIGN_KEY = s.ColumnConstraintType.FOREIGN_KEY
INT, TEXT = t.MySQLIntType(), t.MySQLVarCharType(20)


def identity(name="id"):
    return Column(name, INT, [Constraint(KEY, is_auto_increment=True)])


def create(db, *columns, table="t", **more):
    db.run(s.CreateTableExpression(db.dialect, table, list(columns), **more))


def alter(db, *actions, table="t"):
    db.run(s.AlterTableExpression(db.dialect, table, list(actions)))


def columns(db, *attributes, table="t"):
    names = ", ".join(attributes)
    return db.run(
        f"SELECT {names} FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = '{table}'"
        " ORDER BY ORDINAL_POSITION"
    )


def names(db, table="t"):
    return [row[0] for row in columns(db, "COLUMN_NAME", table=table)]


def indexes(db, *attributes, table="t"):
    return db.run(
        f"SELECT {', '.join(attributes)} FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE()"
        f" AND TABLE_NAME = '{table}' AND INDEX_NAME <> 'PRIMARY' ORDER BY INDEX_NAME, SEQ_IN_INDEX"
    )


DEFAULTS = [
    (INT, 7, 7),
    (INT, True, 1),
    (TEXT, "it's a \\ 'x' %s ?", "it's a \\ 'x' %s ?"),
    (TEXT, "CURRENT_TIMESTAMP", "CURRENT_TIMESTAMP"),
    (t.MySQLDecimalType(5, 2), Decimal("1.25"), Decimal("1.25")),
    (t.DateTimeType(), dt.datetime(2024, 2, 29, 1, 2, 3), dt.datetime(2024, 2, 29, 1, 2, 3)),
    (t.DateType(), dt.date(2024, 2, 29), dt.date(2024, 2, 29)),
    (t.MySQLVarBinaryType(5), b"\x00'\\", b"\x00'\\"),
    (t.MySQLEnumType(["a", "b"]), "b", "b"),
]


@pytest.mark.parametrize(("data_type", "value", "expected"), DEFAULTS)
def test_defaults(db, data_type, value, expected):
    create(db, identity(), Column("c", data_type, [Constraint(DEFAULT, default_value=value)]))
    db.run("INSERT INTO t () VALUES ()")
    assert db.run("SELECT c FROM t") == [(expected,)]


def test_default_expressions(db):
    d = db.dialect
    now = fn.current_timestamp(d, 6)
    create(
        db,
        identity(),
        Column("sum", INT, [Constraint(DEFAULT, default_value=Literal(d, 2) + 3)]),
        Column("lit", INT, [Constraint(DEFAULT, default_value=Literal(d, 4))]),
        Column("made", t.DateTimeType(6), [Constraint(DEFAULT, default_value=now)]),
        Column(
            "raw",
            t.TimestampType(),
            [Constraint(DEFAULT, default_value=RawSQLExpression(d, "CURRENT_TIMESTAMP"))],
            dialect_options={"on_update": "CURRENT_TIMESTAMP"},
        ),
    )
    db.run("INSERT INTO t () VALUES ()")
    row = db.run("SELECT `sum`, lit, made IS NULL, raw IS NULL FROM t")
    assert row == [(5, 4, 0, 0)]
    assert "on update" in columns(db, "EXTRA")[4][0].lower()
    with pytest.raises(ValueError, match="ON UPDATE"):
        create(db, Column("x", t.DateTimeType(), dialect_options={"on_update": "1; DROP"}), table="x")
    with pytest.raises(ValueError, match="default value"):
        create(db, Column("x", INT, [Constraint(DEFAULT)]), table="x")


def test_comments_and_options(db):
    text = 'it\'s 100% \\ "quoted"'
    create(
        db,
        identity(),
        Column("c", TEXT, [Constraint(NOT_NULL)], comment=text),
        storage_options={
            "ENGINE": "InnoDB",
            "DEFAULT CHARSET": "utf8mb4",
            "COLLATE": "utf8mb4_bin",
            "auto_increment": 100,
        },
        dialect_options={"comment": text},
    )
    assert columns(db, "COLUMN_COMMENT", "IS_NULLABLE", "COLLATION_NAME")[1] == (text, "NO", "utf8mb4_bin")
    query = "SELECT TABLE_COMMENT, ENGINE FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()"
    assert db.run(query) == [(text, "InnoDB")]
    db.run("INSERT INTO t (c) VALUES ('x')")
    assert db.run("SELECT id FROM t") == [(100,)]
    for options in ({"ENGINE": "InnoDB; DROP TABLE t"}, {"ENGINE=x; --": "y"}):
        with pytest.raises(ValueError, match="option"):
            create(db, identity(), table="x", storage_options=options)


def test_generated_columns(db):
    a = db.column("a")
    stored, virtual = s.GeneratedColumnType.STORED, s.GeneratedColumnType.VIRTUAL
    create(
        db,
        Column("a", INT),
        Column("b", INT, [Constraint(NOT_NULL)], generated_expression=a * 2, generated_type=stored),
        Column("c", INT, [Constraint(UNIQUE)], comment="x", generated_expression=a + 1, generated_type=virtual),
    )
    db.run("INSERT INTO t (a) VALUES (5)")
    assert db.run("SELECT * FROM t") == [(5, 10, 6)]
    extra = [row[0].upper() for row in columns(db, "EXTRA")]
    assert "STORED" in extra[1] and "VIRTUAL" in extra[2]


def test_invisible_columns(db):
    create(db, Column("a", INT), Column("b", INT, dialect_options={"invisible": True}))
    db.run("INSERT INTO t (a, b) VALUES (1, 2)")
    assert db.run("SELECT * FROM t") == [(1,)]


@pytest.mark.parametrize("level", ["column", "table"])
def test_check(db, level):
    positive = db.column("a") > 0
    if level == "column":
        create(db, Column("a", INT, [Constraint(CHECK, name="positive", check_condition=positive)], comment="c"))
    else:
        check = s.TableConstraint(s.TableConstraintType.CHECK, "positive", check_condition=positive)
        create(db, Column("a", INT), table_constraints=[check])
    assert not db.accepts("INSERT INTO t VALUES (-1)")
    alter(db, s.DropTableConstraint(db.dialect, "positive"))
    assert db.accepts("INSERT INTO t VALUES (-1)")


def test_checks_of_altered_columns(db):
    d = db.dialect
    create(db, Column("a", INT))
    anonymous = Constraint(CHECK, check_condition=db.column("b") < 9)
    named = Constraint(CHECK, name="n", check_condition=db.column("a") > 0)
    alter(
        db,
        s.AddColumn(d, Column("b", INT, [anonymous], comment="c")),
        ModifyColumn(d, Column("a", t.MySQLBigIntType(), [named])),
    )
    assert [db.accepts(f"INSERT INTO t VALUES {row}") for row in ("(1, 1)", "(0, 1)", "(1, 9)")] == [True, False, False]


def test_check_not_enforced(db):
    check = s.TableConstraint(
        s.TableConstraintType.CHECK, "c", check_condition=db.column("a") > 0, dialect_options={"enforced": False}
    )
    if db.is_mariadb:
        with pytest.raises(UnsupportedFeatureError, match="NOT ENFORCED"):
            create(db, Column("a", INT), table_constraints=[check])
        return
    create(db, Column("a", INT), table_constraints=[check])
    assert db.accepts("INSERT INTO t VALUES (-1)")


def foreign_keys(db):
    return db.run(
        "SELECT TABLE_NAME, CONSTRAINT_NAME, DELETE_RULE, UPDATE_RULE FROM information_schema.REFERENTIAL_CONSTRAINTS"
        " WHERE CONSTRAINT_SCHEMA = DATABASE() ORDER BY 1, 2"
    )


def test_foreign_keys(db):
    create(db, identity(), table="parent")
    key = s.ForeignKeyConstraint(
        name="fk",
        columns=["p"],
        foreign_key_table="parent",
        foreign_key_columns=["id"],
        on_delete=s.ReferentialAction.CASCADE,
        on_update=s.ReferentialAction.SET_NULL,
    )
    create(db, Column("p", INT), table_constraints=[key])
    assert foreign_keys(db) == [("t", "fk", "CASCADE", "SET NULL")]
    db.run("INSERT INTO parent VALUES (1)")
    db.run("INSERT INTO t VALUES (1)")
    db.run("DELETE FROM parent")
    assert db.run("SELECT * FROM t") == []


def test_foreign_key_of_a_column(db):
    """MySQL before 9.0 ignores REFERENCES in a column definition, so it is made a table constraint."""
    create(db, identity(), table="parent")
    reference = Constraint(FOREIGN_KEY, foreign_key_reference=("parent", ["id"]), on_delete=s.ReferentialAction.CASCADE)
    create(db, Column("p", INT, [reference]))
    named = Constraint(FOREIGN_KEY, name="second", foreign_key_reference=("parent", ["id"]))
    alter(db, s.AddColumn(db.dialect, Column("q", INT, [named])))
    rules = {name: rule for _, name, rule, _ in foreign_keys(db)}
    assert sorted(rules.values())[0] == "CASCADE" and rules["second"] in ("NO ACTION", "RESTRICT")
    sql, _ = s.CreateTableExpression(db.dialect, "x", [Column("p", INT, [reference])]).to_sql()
    assert "FOREIGN KEY (`p`) REFERENCES `parent` (`id`) ON DELETE CASCADE" in sql


def test_refused_constraints(db):
    kinds = s.TableConstraintType
    key = {"columns": ["a"], "foreign_key_table": "p", "foreign_key_columns": ["a"]}
    for constraint in (
        s.TableConstraint(kinds.EXCLUDE, columns=["a"]),
        s.ForeignKeyConstraint(match_type="FULL", **key),
        s.ForeignKeyConstraint(deferrable=True, **key),
    ):
        with pytest.raises(UnsupportedFeatureError):
            create(db, Column("a", INT), table_constraints=[constraint])
    for constraint in (
        s.TableConstraint(kinds.PRIMARY_KEY),
        s.ForeignKeyConstraint(columns=["a"]),
        s.TableConstraint(kinds.CHECK),
    ):
        with pytest.raises(ValueError, match="constraint"):
            create(db, Column("a", INT), table_constraints=[constraint])


def test_keys(db):
    kinds = s.TableConstraintType
    keys = [
        s.TableConstraint(kinds.PRIMARY_KEY, columns=["a", "b"]),
        s.TableConstraint(kinds.UNIQUE, "u", columns=["c"]),
    ]
    create(db, Column("a", INT), Column("b", INT), Column("c", INT), table_constraints=keys)
    assert [row[0] for row in columns(db, "COLUMN_KEY")] == ["PRI", "PRI", "UNI"]
    d = db.dialect
    alter(db, s.DropTableConstraint(d, "u"), s.DropTableConstraint(d, "PRIMARY"))
    assert [row[0] for row in columns(db, "COLUMN_KEY")] == ["", "", ""]
    alter(db, s.AddTableConstraint(d, s.TableConstraint(kinds.PRIMARY_KEY, columns=["c"])))
    assert [row[0] for row in columns(db, "COLUMN_KEY")] == ["", "", "PRI"]


def test_inline_indexes(db):
    create(
        db,
        Column("a", INT),
        Column("b", t.MySQLTextType()),
        Column("p", t.MySQLPointType(), [Constraint(NOT_NULL)]),
        indexes=[
            s.IndexDefinition("i", ["a"], unique=True, type="BTREE"),
            s.IndexDefinition("j", ["b"], dialect_options={"lengths": {"b": 10}, "comment": "it's"}),
            s.IndexDefinition("k", ["b"], type="FULLTEXT"),
            s.IndexDefinition("l", ["p"], type="SPATIAL"),
            s.IndexDefinition("m", ["a"], dialect_options={"invisible": True}),
        ],
    )
    found = indexes(db, "INDEX_NAME", "NON_UNIQUE", "INDEX_TYPE", "SUB_PART", "INDEX_COMMENT")
    assert [(n, u, k, c) for n, u, k, _, c in found] == [
        ("i", 0, "BTREE", ""),
        ("j", 1, "BTREE", "it's"),
        ("k", 1, "FULLTEXT", ""),
        ("l", 1, "SPATIAL", ""),
        ("m", 1, "BTREE", ""),
    ]
    assert found[1][3] == 10
    for index in (s.IndexDefinition("x", ["a"], type="GIN"), s.IndexDefinition("x", ["a"], include_columns=["b"])):
        with pytest.raises(UnsupportedFeatureError):
            create(db, Column("a", INT), table="x", indexes=[index])


def test_temporary_exists_like_as(db):
    d = db.dialect
    create(db, identity(), Column("a", INT))
    create(db, identity(), if_not_exists=True)
    create(db, Column("b", INT), temporary=True)  # hides the permanent one in this session
    db.run("INSERT INTO t VALUES (1)")
    assert db.run("SELECT b FROM t") == [(1,)]
    db.run(s.DropTableExpression(d, "t", dialect_options={"temporary": True}))
    assert names(db) == ["id", "a"]
    create(db, table="copy", dialect_options={"like_table": "t"})
    schema = db.run("SELECT DATABASE()")[0][0]
    create(db, table="copy", if_not_exists=True, dialect_options={"like_table": (schema, "t")})
    assert names(db, "copy") == ["id", "a"]
    db.run("INSERT INTO t (a) VALUES (5)")
    query = QueryExpression(d, [db.column("a"), Literal(d, "x").as_("c")], TableExpression(d, "t"))
    create(db, table="made", as_query=query)
    assert db.run("SELECT * FROM made") == [(5, "x")]
    create(db, Column("n", INT), table="mixed", as_query=query)
    assert names(db, "mixed") == ["n", "a", "c"]
    for cascade in (True, False, None):
        db.run(s.DropTableExpression(d, "made", if_exists=True, cascade=cascade))
    assert not db.accepts("SELECT * FROM made")
    with pytest.raises(UnsupportedFeatureError, match="INHERITS"):
        create(db, identity(), table="x", inherits=["t"])


def partitions(db):
    return db.run(
        "SELECT PARTITION_NAME, PARTITION_METHOD, PARTITION_DESCRIPTION FROM information_schema.PARTITIONS"
        " WHERE TABLE_SCHEMA = DATABASE() ORDER BY PARTITION_ORDINAL_POSITION"
    )


STRATEGY = s.PartitionStrategy
PARTITIONS = [
    (STRATEGY.HASH, ["a"], 3, [("p0", "HASH", None), ("p1", "HASH", None), ("p2", "HASH", None)]),
    (STRATEGY.RANGE, ["a"], {"x": 9, "y": None}, [("x", "RANGE COLUMNS", "9"), ("y", "RANGE COLUMNS", "MAXVALUE")]),
    (STRATEGY.RANGE, ["d"], {"x": dt.date(2024, 1, 1)}, [("x", "RANGE COLUMNS", "'2024-01-01'")]),
    (STRATEGY.RANGE, ["a", "b"], {"x": (1, 2), "y": (3, None)},
     [("x", "RANGE COLUMNS", "1,2"), ("y", "RANGE COLUMNS", "3,MAXVALUE")]),
    (STRATEGY.LIST, ["a"], {"x": [1, 2], "y": [3]}, [("x", "LIST COLUMNS", "1,2"), ("y", "LIST COLUMNS", "3")]),
    (STRATEGY.LIST, ["a", "b"], {"x": [(1, 2), (3, 4)]}, [("x", "LIST COLUMNS", "(1,2),(3,4)")]),
]  # fmt: skip


@pytest.mark.parametrize(("strategy", "keys", "wanted", "expected"), PARTITIONS)
def test_partitions(db, strategy, keys, wanted, expected):
    clause = s.PartitionClause(
        db.dialect, strategy, [db.column(k) for k in keys], dialect_options={"partitions": wanted}
    )
    create(db, Column("a", INT), Column("b", INT), Column("d", t.DateType()), partition=clause)
    assert partitions(db) == expected


def test_partitions_by_an_expression(db):
    year = fn.year(db.dialect, db.column("d"))
    clause = s.PartitionClause(
        db.dialect, STRATEGY.RANGE, [year], dialect_options={"partitions": {"old": 2000, "new": None}}
    )
    create(db, Column("d", t.DateType()), partition=clause)
    assert partitions(db) == [("old", "RANGE", "2000"), ("new", "RANGE", "MAXVALUE")]
    with pytest.raises(ValueError, match="partitions"):
        s.PartitionClause(db.dialect, STRATEGY.LIST, [year]).to_sql()


def test_awkward_names(db):
    name = 'a `b` "c" %s ? é'
    create(db, Column(name, INT), table=name)
    db.run(s.InsertExpression(db.dialect, name, s.ValuesSource(db.dialect, [[Literal(db.dialect, 1)]]), [name]))
    assert db.run(QueryExpression(db.dialect, [db.column(name)], TableExpression(db.dialect, name))) == [(1,)]


def test_alter_columns(db):
    d = db.dialect
    create(db, Column("a", INT), Column("b", INT))
    first = s.ColumnDefinition("first", INT, dialect_options={"first": True})
    alter(db, s.AddColumn(d, first), s.AddColumn(d, Column("x", TEXT), dialect_options={"after": "a"}))
    assert names(db) == ["first", "a", "x", "b"]
    alter(
        db,
        ModifyColumn(d, Column("x", t.MySQLBigIntType(unsigned=True)), first=True),
        ChangeColumn(d, "b", Column("c", INT, [Constraint(NOT_NULL)]), after_column="first"),
    )
    assert names(db) == ["x", "first", "c", "a"]
    assert columns(db, "COLUMN_TYPE")[0][0].startswith("bigint") and columns(db, "IS_NULLABLE")[2] == ("NO",)
    alter(db, s.RenameColumn(d, "a", "z"), s.DropColumn(d, "first"))
    assert names(db) == ["x", "c", "z"]
    for operation, value, expected in (("SET DEFAULT", 5, "5"), (s.ColumnAlterOperation.DROP_DEFAULT, None, None)):
        alter(db, s.AlterColumn(d, "c", operation, new_value=value))
        assert columns(db, "COLUMN_DEFAULT")[1][0] == expected
    alter(db, s.AlterColumn(d, "z", "SET DEFAULT", new_value=Literal(d, 1) + 1))
    db.run("INSERT INTO t (c) VALUES (1)")
    assert db.run("SELECT z FROM t") == [(2,)]
    with pytest.raises(UnsupportedFeatureError, match="ModifyColumn"):
        alter(db, s.AlterColumn(d, "c", s.ColumnAlterOperation.SET_NOT_NULL))
    alter(db, s.RenameTable(d, "t", "u"))
    assert names(db, "u") == ["x", "c", "z"]
    with pytest.raises(ValueError, match="no action"):
        alter(db)


def test_if_exists_in_alter_table(db):
    d = db.dialect
    create(db, Column("a", INT))
    actions = [
        s.AddColumn(d, Column("a", INT), if_not_exists=True),
        s.DropColumn(d, "nothing", if_exists=True),
        s.DropTableConstraint(d, "nothing", if_exists=True),
        s.DropIndex(d, "nothing", if_exists=True),
    ]
    for action in actions:
        if db.is_mariadb:
            alter(db, action)
        else:
            with pytest.raises(UnsupportedFeatureError, match="EXISTS"):
                alter(db, action)


def test_indexes(db):
    d = db.dialect
    create(db, Column("a", INT), Column("b", TEXT), Column("c", TEXT))

    def index(name, keys, **more):
        db.run(s.CreateIndexExpression(d, name, "t", keys, **more))

    index("i1", ["a", "b"], unique=True, index_type="BTREE")
    index("i2", ["b"], dialect_options={"lengths": {"b": 5}, "descending": ["b"], "comment": "c"})
    index("i3", [db.column("a", "t"), RawSQLExpression(d, "`b` DESC")])
    index("i4", ["c"], index_type="fulltext")
    assert [row[0] for row in indexes(db, "INDEX_NAME")] == ["i1", "i1", "i2", "i3", "i3", "i4"]
    assert dict(indexes(db, "INDEX_NAME", "SUB_PART"))["i2"] == 5
    functional = s.CreateIndexExpression(d, "i5", "t", [fn.lower(d, db.column("b"))])
    if db.is_mariadb:
        with pytest.raises(UnsupportedFeatureError, match="functional"):
            functional.to_sql()
        index("i6", ["a"], if_not_exists=True)
        db.run(s.DropIndexExpression(d, "i6", "t", if_exists=True))
        db.run(s.DropIndexExpression(d, "i6", "t", if_exists=True))
    else:
        db.run(functional)
        db.run(s.DropIndexExpression(d, "i5", "t"))
        for statement in (
            s.CreateIndexExpression(d, "x", "t", ["a"], if_not_exists=True),
            s.DropIndexExpression(d, "x", "t", if_exists=True),
        ):
            with pytest.raises(UnsupportedFeatureError, match="EXISTS"):
                statement.to_sql()
    db.run(s.DropIndexExpression(d, "i1", "t"))
    alter(
        db,
        s.DropIndex(d, "i2"),
        s.DropIndex(d, "i3"),
        s.DropIndex(d, "i4"),
        s.AddIndex(d, s.IndexDefinition("n", ["a"], unique=True)),
    )
    alter(db, RenameObject(d, "n", "m", object_type="INDEX"))
    assert indexes(db, "INDEX_NAME", "NON_UNIQUE") == [("m", 0)]
    with pytest.raises(ValueError, match="table_name"):
        s.DropIndexExpression(d, "m").to_sql()
    for more in (
        {"where": db.column("a") > 0},
        {"include": ["b"]},
        {"tablespace": "x"},
        {"concurrent": True},
        {"index_type": "GIN"},
    ):
        with pytest.raises(UnsupportedFeatureError):
            s.CreateIndexExpression(d, "x", "t", ["a"], **more).to_sql()


def test_views(db):
    d = db.dialect
    create(db, Column("a", INT), Column("b", INT))
    query = QueryExpression(d, [db.column("a"), db.column("b")], TableExpression(d, "t"), where=db.column("a") > 0)
    options = s.ViewOptions(
        algorithm=s.ViewAlgorithm.MERGE,
        definer="CURRENT_USER",
        security="invoker",
        check_option=s.ViewCheckOption.CASCADED,
    )
    view = s.CreateViewExpression(
        d, "v", query, column_aliases=["x", s.ColumnAlias("b", "y")], replace=True, options=options
    )
    db.run(view)
    db.run(view)
    db.run("INSERT INTO v VALUES (1, 2)")
    assert db.run("SELECT x, y FROM v") == [(1, 2)]
    assert not db.accepts("INSERT INTO v VALUES (-1, 2)")
    db.run(s.CreateViewExpression(d, "w", query, options=s.ViewOptions(definer="root@localhost", security="DEFINER")))
    found = "SELECT DEFINER, SECURITY_TYPE FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE()"
    found += " ORDER BY TABLE_NAME"
    assert db.run(found)[1] == ("root@localhost", "DEFINER") and db.run(found)[0][1] == "INVOKER"
    db.run(s.DropViewExpression(d, "v", if_exists=True, cascade=True))
    db.run(s.DropViewExpression(d, "v", if_exists=True))
    with pytest.raises(UnsupportedFeatureError, match="TEMPORARY"):
        s.CreateViewExpression(d, "v", query, temporary=True).to_sql()
    with pytest.raises(UnsupportedFeatureError, match="MATERIALIZED"):
        s.CreateMaterializedViewExpression(d, "v", query).to_sql()
    with pytest.raises(ValueError, match="SQL SECURITY"):
        s.CreateViewExpression(d, "v", query, options=s.ViewOptions(security="x; y")).to_sql()


def test_schemas(db):
    d = db.dialect
    name = db.run("SELECT DATABASE()")[0][0] + "_other"
    try:
        options = {"charset": "latin1", "collation": "latin1_bin"}
        db.run(s.CreateSchemaExpression(d, name, dialect_options=options))
        db.run(s.CreateSchemaExpression(d, name, if_not_exists=True))
        found = f"SELECT DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = '{name}'"
        assert db.run(found) == [("latin1_bin",)]
        db.run(s.DropSchemaExpression(d, name))
        assert db.run(found) == []
    finally:
        db.run(s.DropSchemaExpression(d, name, if_exists=True))
    with pytest.raises(UnsupportedFeatureError, match="AUTHORIZATION"):
        s.CreateSchemaExpression(d, name, authorization="root").to_sql()
    with pytest.raises(UnsupportedFeatureError, match="CASCADE"):
        s.DropSchemaExpression(d, name, cascade=True).to_sql()
    with pytest.raises(ValueError, match="charset"):
        s.CreateSchemaExpression(d, name, dialect_options={"charset": "x; y"}).to_sql()


def test_truncate(db):
    create(db, identity())
    db.run("INSERT INTO t VALUES (41)")
    db.run(s.TruncateExpression(db.dialect, "t", restart_identity=True))
    db.run("INSERT INTO t () VALUES ()")
    assert db.run("SELECT id FROM t") == [(1,)]
    with pytest.raises(UnsupportedFeatureError, match="CASCADE"):
        s.TruncateExpression(db.dialect, "t", cascade=True).to_sql()


def test_sequences(db):
    d = db.dialect
    sequence = s.CreateSequenceExpression(
        d, "q", start=5, increment=5, minvalue=1, maxvalue=10, cycle=True, cache=2, if_not_exists=True
    )
    if not db.is_mariadb:
        for statement in (sequence, s.DropSequenceExpression(d, "q"), s.AlterSequenceExpression(d, "q", restart=1)):
            with pytest.raises(UnsupportedFeatureError, match="AUTO_INCREMENT"):
                statement.to_sql()
        return
    db.run(sequence)
    assert [db.run("SELECT NEXT VALUE FOR q")[0][0] for _ in range(3)] == [5, 10, 1]
    db.run(s.AlterSequenceExpression(d, "q", restart=7, increment=1, cycle=False))
    assert [db.run("SELECT NEXT VALUE FOR q")[0][0] for _ in range(2)] == [7, 8]
    db.run(s.DropSequenceExpression(d, "q"))
    db.run(s.DropSequenceExpression(d, "q", if_exists=True))
    with pytest.raises(TypeError, match="start"):
        s.CreateSequenceExpression(d, "q", start="1; DROP").to_sql()
    with pytest.raises(UnsupportedFeatureError, match="OWNED BY"):
        s.CreateSequenceExpression(d, "q", owned_by="t.id").to_sql()


def trigger(db, name="g", **more):
    arguments = {"timing": s.TriggerTiming.BEFORE, "events": [s.TriggerEvent.INSERT], "function_name": "note", **more}
    return s.CreateTriggerExpression(db.dialect, name, "t", **arguments)


def test_triggers(db):
    d = db.dialect
    create(db, Column("a", INT))
    db.run("CREATE PROCEDURE note() SET @noted = COALESCE(@noted, 0) + 1")
    db.run(trigger(db))
    body = {"body": "BEGIN SET NEW.a = NEW.a * 10; SET @last = NEW.a; END", "follows": "g"}
    db.run(trigger(db, "h", dialect_options=body))
    db.run(trigger(db, "g", if_not_exists=True))
    db.run("INSERT INTO t VALUES (4)")
    assert db.run("SELECT a, @noted, @last FROM t") == [(40, 1, 40)]
    db.run(s.DropTriggerExpression(d, "g", "t"))
    db.run(s.DropTriggerExpression(d, "g", if_exists=True))
    event = s.TriggerEvent
    for more in (
        {"timing": s.TriggerTiming.INSTEAD_OF},
        {"level": s.TriggerLevel.STATEMENT},
        {"events": [event.INSERT, event.UPDATE]},
        {"events": [event.TRUNCATE]},
        {"update_columns": ["a"]},
        {"condition": db.column("a") > 0},
        {"referencing": "NEW AS n"},
    ):
        with pytest.raises(UnsupportedFeatureError):
            trigger(db, "x", **more).to_sql()


def test_functions(db):
    d = db.dialect
    parameters = [{"name": "a", "type": "INT"}, {"name": "b", "type": "DECIMAL(10, 2)"}]
    function = {"parameters": parameters, "returns": "VARCHAR(20)", "body": "RETURN CONCAT(a, '-', b)"}
    options = {"deterministic": True, "data_access": "no sql"}
    db.run(s.CreateFunctionExpression(d, "f", **function, dialect_options=options))
    assert db.run("SELECT f(1, 2.5)") == [("1-2.50",)]
    replacement = s.CreateFunctionExpression(
        d, "f", returns="INT", body="RETURN 1", or_replace=True, dialect_options=options
    )
    if db.is_mariadb:
        db.run(replacement)
        assert db.run("SELECT f()") == [(1,)]
    else:
        with pytest.raises(UnsupportedFeatureError, match="REPLACE"):
            replacement.to_sql()
    db.run(s.DropFunctionExpression(d, "f", parameters=["INT"]))
    db.run(s.DropFunctionExpression(d, "f", if_exists=True))
    with pytest.raises(UnsupportedFeatureError, match="CASCADE"):
        s.DropFunctionExpression(d, "f", cascade=True).to_sql()
    with pytest.raises(ValueError, match="data type"):
        s.CreateFunctionExpression(d, "f", returns="INT; DROP", body="RETURN 1").to_sql()
    with pytest.raises(ValueError, match="data_access"):
        s.CreateFunctionExpression(
            d, "f", returns="INT", body="RETURN 1", dialect_options={"data_access": "x"}
        ).to_sql()


def test_a_name_too_long_is_refused_before_the_server_sees_it(db):
    with pytest.raises(ValueError, match="64"):
        create(db, identity(), table="x" * 65)
    create(db, identity(), table="x" * 64)
    with pytest.raises(MySQLdb.Error):
        db.run(f"CREATE TABLE {'y' * 65} (a INT)")
