"""P3: dictionaries as values, as nested values, and their keys as column names.

CVE-2024-36039 (PyMySQL), CVE-2025-65896 (asyncmy): keys of dict parameters went into SQL unescaped.
"""

import json

import pytest
from rhosocial.activerecord.backend.expression import Column, ComparisonPredicate, Literal
from rhosocial.activerecord.backend.options import BulkInsertOptions, DeleteOptions, InsertOptions, UpdateOptions

from .paths import done, rows

KEYS = ["x' OR 1=1 -- ", "a`; DROP TABLE t -- ", "`", "a` = 1, `s", '"', "\\", "%s", "s) VALUES (1); -- "]


@pytest.mark.parametrize("key", KEYS)
async def test_as_a_value_it_is_json_text(either, key):
    for value in ({key: 1}, {"nested": {key: [{key: key}]}}, [{key: None}]):
        (found,) = await rows(either, "SELECT %s AS v", (value,))
        assert json.loads(found) == value
        await done(either.execute("INSERT INTO t (s) VALUES (%s)", (value,)))
        await done(either.execute_many("INSERT INTO t (s) VALUES (%s)", [(value,), (value,)]))
        stored = await rows(either, "SELECT s AS v FROM t")
        assert [json.loads(text) for text in stored] == [value] * 3
        await done(either.execute("DELETE FROM t"))


@pytest.mark.parametrize("key", KEYS)
async def test_parameters_themselves_are_no_mapping(either, key):
    for sql in ("SELECT %s AS v", f"SELECT %({key})s AS v", "SELECT 1 AS v"):
        with pytest.raises(Exception) as caught:
            await rows(either, sql, {key: "' OR 1=1 -- "})
        assert isinstance(caught.value, (TypeError, ValueError)), caught.value


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
