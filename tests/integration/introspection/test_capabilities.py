"""DatabaseCapabilities of both servers, and whether the servers agree."""

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient.capabilities import PROBE, capabilities, probed_variables
from rhosocial.activerecord.backend.impl.mysqlclient.errors import DatabaseError

STATEMENTS = {
    ("cte", "basic"): "WITH c AS (SELECT 1 AS a) SELECT a FROM c",
    (
        "cte",
        "recursive",
    ): "WITH RECURSIVE c AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM c WHERE a < 3) SELECT a FROM c",
    ("cte", "materialized"): "WITH c AS MATERIALIZED (SELECT 1 AS a) SELECT a FROM c",
    ("json", "json_extract"): "SELECT JSON_EXTRACT('{\"a\": 1}', '$.a')",
    ("json", "json_search"): "SELECT JSON_SEARCH('[\"a\"]', 'one', 'a')",
    ("json", "json_table"): "SELECT a FROM JSON_TABLE('[1]', '$[*]' COLUMNS (a INT PATH '$')) AS t",
    ("json", "arrow_operators"): "SELECT doc->'$.a' FROM capable",
    ("window_functions", "row_number"): "SELECT ROW_NUMBER() OVER (ORDER BY id) FROM capable",
    ("window_functions", "frame_clause"): "SELECT SUM(id) OVER (ORDER BY id ROWS 1 PRECEDING) FROM capable",
    ("full_text", "boolean_mode"): "SELECT id FROM capable WHERE MATCH (body) AGAINST ('+a' IN BOOLEAN MODE)",
    ("full_text", "query_expansion"): "SELECT id FROM capable WHERE MATCH (body) AGAINST ('a' WITH QUERY EXPANSION)",
    ("advanced_grouping", "rollup"): "SELECT id, COUNT(*) FROM capable GROUP BY id WITH ROLLUP",
    ("advanced_grouping", "cube"): "SELECT id, COUNT(*) FROM capable GROUP BY CUBE (id)",
    ("advanced_grouping", "grouping_sets"): "SELECT id, COUNT(*) FROM capable GROUP BY GROUPING SETS ((id), ())",
    ("connection", "savepoints"): "SAVEPOINT s1",
    ("connection", "prepared_statements"): "PREPARE p1 FROM 'SELECT 1'",
}


@pytest.fixture
def capable(backend):
    backend.execute("CREATE TABLE capable (id INT PRIMARY KEY, doc JSON, body TEXT, FULLTEXT KEY (body))")
    return capabilities(backend.dialect, probed_variables(backend.fetch_all(PROBE)))


def test_what_is_claimed_is_what_the_server_does(backend, capable):
    for (category, feature), statement in STATEMENTS.items():
        try:
            backend.fetch_all(statement)
            works = True
        except DatabaseError:
            works = False
        assert capable.supports(category, feature) is works, (category, feature)


def test_six_categories(backend, capable):
    assert set(capable.to_dict()) == {
        "cte", "json", "window_functions", "full_text", "advanced_grouping", "connection",
    }  # fmt: skip
    assert all(capable.supports(category) for category in capable.to_dict())
    assert capable.supports("connection", "pooling")
    with pytest.raises(KeyError):
        capable.supports("connection", "telepathy")


def test_local_infile_follows_the_server(backend, capable):
    allowed = backend.fetch_one("SELECT @@GLOBAL.local_infile AS allowed")["allowed"]
    assert capable.supports("connection", "local_infile") is bool(allowed)
