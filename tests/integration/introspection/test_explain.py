"""EXPLAIN's formats as both servers write them."""

import pytest
from rhosocial.activerecord.backend.expression import Column, Literal, QueryExpression
from rhosocial.activerecord.backend.expression.statements import ExplainFormat, ExplainOptions

from rhosocial.activerecord.backend.impl.mysqlclient.explain import MySQLExplainResult, MySQLExplainRow, parse_explain


@pytest.fixture
def explain(backend):
    backend.execute("CREATE TABLE item (id INT PRIMARY KEY, kind INT, label VARCHAR(20), KEY by_kind (kind))")
    values = ", ".join(f"({i}, {i % 50}, 'x{i}')" for i in range(500))
    backend.execute(f"INSERT INTO item VALUES {values}")
    backend.fetch_all("ANALYZE TABLE item")

    def run(prefix, sql):
        query = f"{prefix} {sql}"
        return parse_explain(backend.fetch_all(query), query, 0.1)

    return run


FORMATS = {"mysql": ["FORMAT=TRADITIONAL", "FORMAT=JSON", "FORMAT=TREE"], "mariadb": ["", "FORMAT=JSON"]}

QUERIES = [
    ("SELECT * FROM item WHERE label = 'q'", "full_scan", {"item": ("ALL", None)}),
    ("SELECT * FROM item WHERE kind = 3", "index_with_lookup", {"item": ("ref", "by_kind")}),
    ("SELECT kind, id FROM item WHERE kind = 3", "covering_index", {"item": ("ref", "by_kind")}),
    ("SELECT * FROM item WHERE id BETWEEN 3 AND 5", "index_with_lookup", {"item": ("range", "PRIMARY")}),
    ("SELECT * FROM item WHERE kind IN (1, 2) AND label > 'a'", "index_with_lookup", {"item": ("range", "by_kind")}),
    (
        "SELECT a.label FROM item a JOIN item b ON b.id = a.kind WHERE a.label = 'q'",
        "full_scan",
        {"a": ("ALL", None), "b": ("eq_ref", "PRIMARY")},
    ),
]


@pytest.mark.parametrize(("sql", "usage", "accesses"), QUERIES)
def test_all_formats_give_the_same_accesses(explain, server, sql, usage, accesses):
    for name in FORMATS[server.flavor]:
        result = explain(f"EXPLAIN {name}", sql)
        found = {row.table: (row.type, row.key) for row in result.rows}
        assert found == accesses, name
        assert result.analyze_index_usage() == usage, name
        assert result.is_full_scan is (usage == "full_scan") and result.is_index_used is (usage != "full_scan")
        assert result.is_covering_index is (usage == "covering_index")
        assert (result.plan is not None) is ("JSON" in name) and (result.tree is not None) is ("TREE" in name)
        assert all(row.rows is not None and row.rows >= 1 for row in result.rows)


@pytest.mark.flavor("mysql")
def test_json_version_1(explain, backend):
    backend.execute("SET explain_json_format_version = 1")
    for sql, usage, accesses in QUERIES:
        result = explain("EXPLAIN FORMAT=JSON", sql)
        assert {row.table: (row.type, row.key) for row in result.rows} == accesses
        assert result.analyze_index_usage() == usage


def test_measured_rows(explain, server):
    sql = "SELECT * FROM item WHERE kind = 3"
    for prefix in {
        "mysql": ["EXPLAIN ANALYZE", "EXPLAIN ANALYZE FORMAT=JSON"],
        "mariadb": ["ANALYZE", "ANALYZE FORMAT=JSON"],
    }[server.flavor]:
        (row,) = explain(prefix, sql).rows
        assert (row.r_rows, row.key) == (10, "by_kind"), prefix


def test_statements_without_a_base_table_say_unknown(explain, server):
    assert explain("EXPLAIN", "SELECT 1").analyze_index_usage() == "unknown"
    for name in FORMATS[server.flavor]:
        derived = explain(f"EXPLAIN {name}", "SELECT * FROM (SELECT 1 AS a UNION SELECT 2) AS d")
        assert derived.analyze_index_usage() == "unknown", name


def test_explain_of_an_expression(explain, backend, server):
    statement = QueryExpression(
        backend.dialect,
        select=[Column(backend.dialect, "id")],
        from_="item",
        where=Column(backend.dialect, "kind") == Literal(backend.dialect, 3),
    )
    result = backend.explain(statement)
    assert isinstance(result, MySQLExplainResult) and result.sql.startswith("EXPLAIN")
    assert result.is_covering_index and result.rows[0].key == "by_kind" and result.duration > 0
    as_json = backend.explain(statement, ExplainOptions(format=ExplainFormat.JSON))
    assert as_json.is_covering_index and as_json.plan
    (measured,) = backend.explain(statement, ExplainOptions(analyze=True)).rows
    assert measured.r_rows == 10


def test_union_and_constant_tables(explain):
    sql = "SELECT id FROM item WHERE id = 5 UNION SELECT kind FROM item WHERE kind = 2"
    assert explain("EXPLAIN", sql).is_index_used


@pytest.mark.parametrize(
    ("extra", "covering"),
    [("Using index", True), ("Using where; Using index", True), ("Using index condition", False),
     ("Using index for group-by", True), ("Using where", False), (None, False)],
)  # fmt: skip
def test_using_index_condition_is_not_a_covering_index(extra, covering):
    row = MySQLExplainRow(table="t", type="ref", key="k", Extra=extra)
    assert row.uses_covering_index is covering
    assert row.index_usage == ("covering_index" if covering else "index_with_lookup")
