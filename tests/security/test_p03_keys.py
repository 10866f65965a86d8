"""P3: dictionaries as values, as nested values, and their keys as column names.

CVE-2024-36039 (PyMySQL), CVE-2025-65896 (asyncmy): keys of dict parameters went into SQL unescaped.
"""

import json

import pytest
from pydantic import ValidationError
from rhosocial.activerecord.backend.expression import Column, ComparisonPredicate, Literal
from rhosocial.activerecord.backend.options import BulkInsertOptions, DeleteOptions, InsertOptions, UpdateOptions

from rhosocial.activerecord.backend.impl.mysqlclient.errors import QueryError, TypeConversionError

from .paths import COMPARING, OF_MODELS, done, generated, listed, prepared_and_run, rows, ways_of

KEYS = ["x' OR 1=1 -- ", "a`; DROP TABLE t -- ", "`", "a` = 1, `s", '"', "\\", "%s", "s) VALUES (1); -- "]

# What takes rows of (id, s).
ROWS = {
    "execute_many": lambda backend, rows: backend.execute_many("INSERT INTO t (id, s) VALUES (%s, %s)", rows),
    "one_by_one": lambda backend, rows: backend.execute_many("INSERT INTO t (id, s) SELECT %s, %s", rows),
    "generated": lambda backend, rows: backend.execute_many(
        "INSERT INTO t (id, s) VALUES (%s, %s)", generated(backend, rows)),
    "bulk_upsert": lambda backend, rows: backend.bulk_upsert("t", ["id", "s"], rows),
    "bulk_update_rows": lambda backend, rows: backend.bulk_update_rows("t", ["id"], ["s"], rows),
    "bulk_load": lambda backend, rows: backend.bulk_load("t", ["id", "s"], rows),
    "bulk_insert": lambda backend, rows: backend.bulk_insert(
        BulkInsertOptions(table="t", columns=["id", "s"], rows=rows)),
}  # fmt: skip


@pytest.mark.parametrize("key", KEYS)
async def test_as_a_value_it_is_json_text(either, key):
    for value in ({key: 1}, {"nested": {key: [{key: key}]}}, [{key: None}]):
        for name, way in ways_of(value).items():
            if name in COMPARING | OF_MODELS:
                with pytest.raises((TypeConversionError, ValidationError)):
                    await way(either, value)
                await done(either.execute("DELETE FROM t"))
            else:
                found = await way(either, value)
                assert found and [json.loads(v) if isinstance(v, str) else v for v in found] == [value] * len(found)


@pytest.mark.parametrize("key", KEYS)
async def test_parameters_themselves_are_no_mapping(either, key):
    given = {key: "' OR 1=1 -- "}
    for sql in ("SELECT %s AS v", f"SELECT %({key})s AS v", "SELECT 1 AS v"):
        for way in (rows(either, sql, given), listed(either.stream(sql, given)), prepared_and_run(either, sql, given)):
            with pytest.raises((TypeError, ValueError, QueryError)):  # a prepared text is the server's to refuse
                await way
    for name, way in ROWS.items():
        with pytest.raises((TypeError, ValueError), match="rows" if name == "bulk_insert" else "row 2"):
            await done(way(either, [(1, "a"), given]))
        with pytest.raises((TypeError, ValueError), match="row 2"):
            await done(way(either, [(1, "a"), {"id": 2, **given}]))
    assert await rows(either, "SELECT COUNT(*) AS n FROM t") == [0]


@pytest.mark.parametrize("key", KEYS)
async def test_as_a_column_it_is_one_quoted_name(either, key):
    """The server is asked for a column of just that name, and says that there is none."""
    column = ComparisonPredicate(either.dialect, "=", Column(either.dialect, "id"), Literal(either.dialect, 1))
    unknown = ComparisonPredicate(either.dialect, "=", Column(either.dialect, key), Literal(either.dialect, 1))
    ways = [
        lambda: either.insert(InsertOptions(table="t", data={key: 1})),
        lambda: either.bulk_insert(BulkInsertOptions(table="t", columns=[key], rows=[[1], [2]])),
        lambda: either.update(UpdateOptions(table="t", data={key: 1}, where=column)),
        lambda: either.update(UpdateOptions(table="t", data={"s": "x"}, where=unknown)),
        lambda: either.delete(DeleteOptions(table="t", where=unknown)),
    ]
    for way in ways:
        with pytest.raises(Exception) as caught:
            await done(way())
        assert getattr(caught.value, "errno", None) == 1054, caught.value
        assert key in str(caught.value)
    assert await rows(either, "SELECT COUNT(*) AS n FROM t") == [0]


@pytest.mark.parametrize("key", KEYS)
async def test_a_column_that_has_the_name_is_usable(either, key):
    key = key.rstrip()  # error 1166: no name of a column ends with a space
    name = either.dialect.format_identifier(key)
    await done(either.execute(f"CREATE TABLE odd (id INT PRIMARY KEY AUTO_INCREMENT, {name} TEXT)"))
    await done(either.insert(InsertOptions(table="odd", data={key: "a'"})))
    await done(either.bulk_insert(BulkInsertOptions(table="odd", columns=[key], rows=[["b"], ["c"]])))
    assert await rows(either, f"SELECT {name} AS v FROM odd ORDER BY id") == ["a'", "b", "c"]
    assert list(await done(either.fetch_one(f"SELECT {name} FROM odd"))) == [key]


WRONG = [("a",), ("a", "b", "c"), "ab", b"ab", {"a": 1, "b": 2}, {1, 2}, 5]


@pytest.mark.parametrize("params", WRONG, ids=repr)
async def test_parameters_of_another_number_or_kind(either, params):
    """B24: a text is no sequence of its characters, and no statement goes out with too few or too many."""
    sql = "SELECT %s AS v, %s AS w /* %s */"
    for way in (rows(either, sql, params), listed(either.stream(sql, params)), prepared_and_run(either, sql, params)):
        with pytest.raises(TypeConversionError):
            await way
    for name, way in ROWS.items():
        if name != "bulk_insert" or hasattr(params, "__len__"):  # core's options take what has a length
            where = "row 2|All rows" if name == "bulk_insert" else "row 2"
            with pytest.raises((TypeError, ValueError), match=where):
                await done(way(either, [(1, "a"), params]))
    assert await rows(either, "SELECT COUNT(*) AS n FROM t") == [0]
