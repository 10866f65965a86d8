"""execute, execute_many and the fetch methods on real servers."""

from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
from rhosocial.activerecord.backend.errors import IntegrityError, QueryError, TypeConversionError
from rhosocial.activerecord.backend.options import ExecutionOptions
from rhosocial.activerecord.backend.schema import StatementType

from rhosocial.activerecord.backend.impl.mysqlclient import MySQLBackend
from rhosocial.activerecord.backend.impl.mysqlclient.type_converters import MySQLBooleanAdapter, MySQLJSONAdapter

ONE_TABLE = "CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(100) UNIQUE, n INT NOT NULL DEFAULT 0)"


@pytest.fixture
def table(backend):
    backend.execute(ONE_TABLE)
    return backend


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 7 AS x",
        "(SELECT 7 AS x)",
        "/* first */ SELECT 7 AS x",
        "-- first\nSELECT 7 AS x",
        "WITH c AS (SELECT 7 AS x) SELECT * FROM c",
        "SHOW VARIABLES LIKE 'port'",
        "DESCRIBE information_schema.tables",
        "EXPLAIN SELECT 1",
        "CHECKSUM TABLE t",
    ],
)
def test_whatever_has_rows_gives_them(table, sql):
    data = table.execute(sql).data
    assert data and isinstance(data[0], dict)
    if " AS x" in sql:
        assert data == [{"x": 7}]


@pytest.mark.flavor("mysql")
@pytest.mark.parametrize("sql", ["TABLE t", "VALUES ROW(1, 'a', 2)"])
def test_tables_and_values_are_queries_on_mysql(table, sql):
    table.execute("INSERT INTO t VALUES (1, 'a', 2)")
    assert [tuple(row.values()) for row in table.execute(sql).data] == [(1, "a", 2)]


def test_statements_without_rows_have_no_data(table):
    inserted = table.execute("INSERT INTO t (name) VALUES (%s), (%s)", ("a", "b"))
    assert (inserted.data, inserted.affected_rows, inserted.last_insert_id) == (None, 2, 1)
    updated = table.execute("UPDATE t SET n = 5 WHERE name = %s", ("a",))
    assert (updated.data, updated.affected_rows, updated.last_insert_id) == (None, 1, None)
    unchanged = table.execute("UPDATE t SET n = 5 WHERE name = 'a'")
    assert unchanged.affected_rows == 0, "changed rows are counted, not found ones"
    assert table.execute("CREATE TABLE u (a INT)").last_insert_id is None


def test_rows_come_without_the_id_of_a_statement_before(table, server):
    """A result set brings no generated id."""
    insert = "INSERT INTO t (name) VALUES (%s)" + " RETURNING id" * (server.flavor == "mariadb")
    expected = (None, [{"id": 2}]) if server.flavor == "mariadb" else (2, None)
    for run in (table.execute, lambda sql, params: table.prepare(sql).execute(params)):
        table.execute("TRUNCATE TABLE t")
        assert table.execute("INSERT INTO t (name) VALUES ('a')").last_insert_id == 1
        assert run("SELECT %s AS x", (1,)).last_insert_id is None
        result = run(insert, ("b",))
        assert (result.last_insert_id, result.data) == expected
        assert table.execute("SELECT LAST_INSERT_ID() AS id").data == [{"id": 2}]


def test_rows_may_be_declined(table):
    options = ExecutionOptions(StatementType.DML, process_result_set=False)
    assert table.execute("SELECT 1", options=options).data is None


def test_placeholders_only_where_sql_has_them(table):
    sql = (
        "SELECT '100%s' AS a, DATE_FORMAT('2024-01-02 03:04:05', '%H:%i:%s') AS b, %s AS c,"
        " 'x' LIKE '%x' AS d, 7 % 4 AS e"
    )
    assert table.fetch_one(sql, ("it's",)) == {"a": "100%s", "b": "03:04:05", "c": "it's", "d": 1, "e": 3}
    assert table.fetch_one("SELECT '%s' AS a, '%' AS b") == {"a": "%s", "b": "%"}
    assert table.fetch_one("SELECT '%s' AS a", ()) == {"a": "%s"}


@pytest.mark.parametrize("params", [("a",), ("a", "b", "c")])
def test_a_wrong_number_of_parameters_is_counted(backend, params):
    with pytest.raises(TypeConversionError, match=f"2 placeholders, {len(params)} parameter"):
        backend.execute("SELECT %s, %s", params)


def test_a_parameter_that_cannot_be_bound_is_named(backend):
    with pytest.raises(TypeError, match="parameter 2: ") as caught:
        backend.execute("SELECT %s, %s", (1, object()))
    assert isinstance(caught.value, TypeConversionError)
    with pytest.raises(ValueError, match="parameter 1: "):
        backend.execute("SELECT %s", (float("nan"),))
    with pytest.raises(ValueError, match="parameter 1: "):
        backend.execute("SELECT %s", ("\ud800",))
    assert backend.fetch_one("SELECT 1 AS a") == {"a": 1}


def test_values_of_every_kind_come_back(backend):
    row = backend.fetch_one(
        "SELECT %s AS i, CAST(%s AS DECIMAL(65,30)) AS d, %s AS s, CAST(%s AS DATETIME(6)) AS t,"
        " TIMEDIFF(%s, '00:00:00') AS td, %s AS b, %s AS n, CAST('[1]' AS CHAR) AS j, b'101' AS bits, 1e-5 AS f",
        (
            2**63,
            Decimal("1.000000000000000000000000000001"),
            "żółw 🐢",
            datetime(2024, 1, 2, tzinfo=timezone.utc),
            timedelta(hours=-30),
            b"\x00\xff",
            None,
        ),
    )
    assert row["i"] == 2**63
    assert row["d"] == Decimal("1.000000000000000000000000000001")
    assert row["s"] == "żółw 🐢"
    assert row["t"] == datetime(2024, 1, 2, tzinfo=timezone.utc)
    assert row["td"] == timedelta(hours=-30)
    assert row["b"] == b"\x00\xff"
    assert row["n"] is None
    assert row["f"] == 1e-5


def test_adapters_and_mapping_of_the_options(backend):
    options = ExecutionOptions(
        StatementType.DQL,
        column_adapters={"flag": (MySQLBooleanAdapter(), bool), "doc": (MySQLJSONAdapter(), dict)},
        column_mapping={"doc": "document"},
    )
    sql = "SELECT 1 AS flag, '{\"a\": [1]}' AS doc, NULL AS other"
    assert backend.execute(sql, options=options).data == [{"flag": True, "document": {"a": [1]}, "other": None}]
    assert backend.execute(sql, column_mapping={"flag": "f"}).data[0]["f"] == 1, "the peer's keyword arguments"


@pytest.mark.parametrize(
    "sql, kind, errno, sqlstate",
    [
        ("SELEKT 1", QueryError, 1064, "42000"),
        ("SELECT nope FROM t", QueryError, 1054, "42S22"),
        ("SELECT * FROM nope", QueryError, 1146, "42S02"),
        ("INSERT INTO t (name) VALUES ('a'), ('a')", IntegrityError, 1062, "23000"),
        ("INSERT INTO t (n) VALUES (NULL)", IntegrityError, 1048, "23000"),
        ("SELECT 1; SELECT 2", QueryError, 1064, "42000"),
    ],
)
def test_a_failing_statement_is_typed_and_leaves_the_session_usable(table, sql, kind, errno, sqlstate):
    before = table.fetch_one("SELECT CONNECTION_ID() AS id")
    with pytest.raises(kind) as caught:
        table.execute(sql)
    assert (caught.value.errno, caught.value.sqlstate) == (errno, sqlstate)
    assert caught.value.__cause__.args[0] == errno
    assert not caught.value.is_disconnect
    assert table.fetch_one("SELECT CONNECTION_ID() AS id") == before


def test_a_cell_that_cannot_be_decoded_names_the_column_and_leaves_the_session_usable(config):
    backend = MySQLBackend(connection_config=config.clone(zero_dates="raise", sql_mode=""))
    backend.execute("CREATE TABLE z (id INT, d DATE)")
    backend.execute_many(
        "INSERT INTO z VALUES (%s, %s)", [(i, "0000-00-00" if i == 700 else "2024-01-01") for i in range(5000)]
    )
    before = backend.fetch_one("SELECT CONNECTION_ID() AS id")
    with pytest.raises(TypeConversionError, match="column 'd'.*zero_dates"):
        backend.fetch_all("SELECT * FROM z ORDER BY id")
    assert backend.fetch_one("SELECT CONNECTION_ID() AS id") == before
    assert len(backend.fetch_all("SELECT * FROM z WHERE id <> 700")) == 4999
    backend.disconnect()


@pytest.mark.parametrize("count", [0, 1, 255, 256, 257, 5000])
def test_results_of_any_length(table, server, count):
    limit = "cte_max_recursion_depth" if server.flavor == "mysql" else "max_recursive_iterations"
    table.execute(f"SET SESSION {limit} = 10000")
    rows = table.fetch_all(
        "WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < %s)"
        " SELECT n, REPEAT('ab', n % 400) AS t FROM c WHERE n <= %s",
        (max(count, 1), count),
    )
    assert [row["n"] for row in rows] == list(range(1, count + 1))
    assert all(row["t"] == "ab" * (row["n"] % 400) for row in rows)


def test_cells_larger_than_a_chunk_between_small_ones(backend):
    sizes = [10, 65_535, 65_536, 65_537, 0, 3_000_000, 7]
    sql = " UNION ALL ".join(f"SELECT {i} AS i, REPEAT('x', {size}) AS t, NULL AS n" for i, size in enumerate(sizes))
    rows = backend.fetch_all(sql)
    assert [(row["i"], len(row["t"]), row["n"]) for row in rows] == [(i, size, None) for i, size in enumerate(sizes)]


def test_thousands_of_columns(backend):
    width = 4000
    row = backend.fetch_one("SELECT " + ", ".join(f"{i} AS c{i}" for i in range(width)))
    assert row == {f"c{i}": i for i in range(width)}


def test_execute_many_inserts_in_few_statements(table):
    rows = [(f"name {i} '\\", i) for i in range(3000)]
    before = int(table.fetch_one("SHOW SESSION STATUS LIKE 'Com_insert'")["Value"])
    result = table.execute_many("INSERT INTO t (name, n) VALUES (%s, %s)", rows)
    sent = int(table.fetch_one("SHOW SESSION STATUS LIKE 'Com_insert'")["Value"]) - before
    assert (result.affected_rows, result.last_insert_id) == (3000, 1)
    assert 1 <= sent <= 12  # of 255 rows each, as arrays
    assert [(row["name"], row["n"]) for row in table.fetch_all("SELECT name, n FROM t ORDER BY id")] == rows


def test_execute_many_of_other_statements(table):
    table.execute_many("INSERT INTO t (name) VALUES (%s)", [("a",), ("b",), ("c",)])
    result = table.execute_many("UPDATE t SET n = %s WHERE name = %s", [(1, "a"), (2, "b"), (3, "none")])
    assert result.affected_rows == 2
    assert table.execute_many("DELETE FROM t WHERE name = %s", [("a",)]).affected_rows == 1
    assert table.execute_many("DELETE FROM t WHERE name = %s", []).affected_rows == 0


def test_execute_many_does_all_or_nothing(table):
    rows = [(f"n{i}",) for i in range(8000)] + [("n0",)]
    with pytest.raises(IntegrityError):
        table.execute_many("INSERT INTO t (name) VALUES (%s)", rows)
    assert table.fetch_one("SELECT COUNT(*) AS c FROM t") == {"c": 0}
    with pytest.raises(TypeError, match="row 3, parameter 1"):
        table.execute_many("INSERT INTO t (name) VALUES (%s)", [("a",), ("b",), (object(),)])
    assert table.fetch_one("SELECT COUNT(*) AS c FROM t") == {"c": 0}
    assert not table.in_transaction


def test_without_autocommit_each_statement_outside_a_transaction_is_committed(config, admin, database):
    backend = MySQLBackend(connection_config=config.clone(autocommit=False))
    backend.execute(ONE_TABLE)
    backend.execute("INSERT INTO t (name) VALUES ('a')")
    backend.execute_many("INSERT INTO t (name) VALUES (%s)", [("b",), ("c",)])
    backend.disconnect()
    assert int(admin.ask(f"SELECT COUNT(*) FROM {database}.t")[0][0]) == 3


def test_call_gives_its_first_result_and_drains_the_rest(backend):
    backend.execute("CREATE PROCEDURE several() BEGIN SELECT 1 AS a; SELECT 2 AS b UNION ALL SELECT 3; END")
    assert backend.execute("CALL several()").data == [{"a": 1}]
    backend.execute("CREATE PROCEDURE broken() BEGIN SELECT 1 AS a; SELECT * FROM nope; END")
    before = backend.fetch_one("SELECT CONNECTION_ID() AS id")
    with pytest.raises(QueryError) as caught:
        backend.execute("CALL broken()")
    assert caught.value.errno == 1146
    assert backend.fetch_one("SELECT CONNECTION_ID() AS id") == before


def test_cursors_go_the_same_way(table):
    cursor = table._get_cursor()
    assert cursor.execute("INSERT INTO t (name) VALUES (%s)", ("a%s",)).lastrowid == 1
    assert cursor.description is None and cursor.rowcount == 1 and cursor.fetchall() == []
    cursor.execute("SELECT id, name, 7 % 4 AS m FROM t WHERE name = %s", ("a%s",))
    assert [column[0] for column in cursor.description] == ["id", "name", "m"]
    assert cursor.fetchone() == (1, "a%s", 3) and cursor.fetchone() is None
    cursor.execute("SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3", ())
    assert (cursor.fetchmany(2), cursor.fetchmany(2), cursor.fetchmany(2)) == ([(1,), (2,)], [(3,)], [])
    assert cursor.executemany("INSERT INTO t (name) VALUES (%s)", [("b",), ("c",)]).rowcount == 2
    with pytest.raises(QueryError):
        cursor.execute("SELEKT")
    cursor.close()


def test_a_script_runs_statement_by_statement(backend):
    backend.executescript(
        "CREATE TABLE s (t VARCHAR(20)); -- ; here\n"
        "INSERT INTO s VALUES ('a;b'), ('it''s');\n"
        "DELIMITER //\nCREATE PROCEDURE p() BEGIN DECLARE n INT; SET n = 2; SELECT n AS n; END//\nDELIMITER ;\n"
    )
    assert [row["t"] for row in backend.fetch_all("SELECT t FROM s")] == ["a;b", "it's"]
    assert backend.execute("CALL p()").data == [{"n": 2}]
    with pytest.raises(QueryError):
        backend.executescript("INSERT INTO s VALUES ('c'); SELEKT; INSERT INTO s VALUES ('d')")
    assert [row["t"] for row in backend.fetch_all("SELECT t FROM s")] == ["a;b", "it's", "c"]
