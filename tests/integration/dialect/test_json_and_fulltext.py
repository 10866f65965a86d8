"""JSON paths, JSON_TABLE, full-text search."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Optional

import pytest
from rhosocial.activerecord.backend.dialect import UnsupportedFeatureError
from rhosocial.activerecord.backend.expression import Literal, QueryExpression, TableExpression
from rhosocial.activerecord.backend.expression import functions as fn
from rhosocial.activerecord.backend.expression.advanced_functions import JSONExpression, JSONPathMode
from rhosocial.activerecord.backend.expression.query_sources import JSONTableColumn, JSONTableExpression
from rhosocial.activerecord.backend.expression.statements import (
    CreateFulltextIndexExpression,
    DropFulltextIndexExpression,
)


def one(people, expression):
    sql, params = expression.to_sql()
    return people.run(f"SELECT {sql} FROM people WHERE id = 1", params)[0][0]


def test_paths(people):
    d = people.dialect
    assert one(people, fn.json_extract(d, "doc", "$.n")) == "1"
    assert one(people, fn.json_extract_text(d, "doc", "$.a.b")) == "x"
    assert one(people, JSONExpression(d, "doc", "$.t[1]").cast("INTEGER").as_("n")) == 20
    assert one(people, JSONExpression(d, Literal(d, '{"it\'s": "%s?"}'), '$."it\'s"', "->>")) == "%s?"
    where = fn.json_extract_text(d, "doc", "$.a.b") == "y"
    sql, params = where.to_sql()
    assert people.run(f"SELECT name FROM people WHERE {sql}", params) == [("bob",)]
    with pytest.raises(ValueError, match="->"):
        JSONExpression(d, "doc", "$.n", "#>").to_sql()


def test_arrows_are_used_when_demanded(people):
    d = people.dialect
    arrow = JSONExpression(d, "doc", "$.a.b", "->>", mode=JSONPathMode.ARROW)
    if people.is_mariadb:
        with pytest.raises(UnsupportedFeatureError, match="arrow"):
            arrow.to_sql()
    else:
        assert one(people, arrow) == "x"


def test_core_json_table(people):
    d = people.dialect
    columns = [JSONTableColumn("first key", "VARCHAR(10)", "$.k"), JSONTableColumn("n", "INT", "$.n")]
    document = Literal(d, '[{"k": "a", "n": 1}, {"k": "b", "n": 2}]')
    for alias in ("jt", None):
        table = JSONTableExpression(d, document, "$[*]", columns, alias=alias)
        query = QueryExpression(d, [people.column("first key"), people.column("n", alias)], table)
        assert people.run(query) == [("a", 1), ("b", 2)]


def test_json_table_of_a_column(people):
    d = people.dialect
    table = JSONTableExpression(
        d, people.column("doc", "people"), "$.t[*]", [JSONTableColumn("t", "INT", "$")], alias="jt"
    )
    query = QueryExpression(d, [people.column("name", "people"), people.column("t", "jt")], ["people", table])
    assert people.run(query) == [("Ann", 10), ("Ann", 20)]


@dataclass
class Column:
    name: str
    type: Optional[str] = None
    path: Optional[str] = None
    ordinality: bool = False
    exists: bool = False
    error_handling: Optional[str] = None
    default_value: Any = None


@dataclass
class Nested:
    path: str
    columns: list


@dataclass
class Table:
    """What the dialect reads of an expression of its own."""

    json_doc: Any
    path: str
    columns: list
    nested_paths: list = field(default_factory=list)
    alias: Optional[str] = "jt"


def test_json_table_with_everything(people):
    document = '[{"n": {"o": 1}, "l": [1, 2]}, {"k": 5}]'
    columns = [Column("row", ordinality=True), Column("n", "INT", "$.n", error_handling="default", default_value=-1)]
    if not people.is_mariadb:  # EXISTS PATH is not in MariaDB
        columns.append(Column("has_k", "INT", "$.k", exists=True))
    nested = [Nested("$.l[*]", [Column("l", "INT", "$", error_handling="NULL")])]
    sql, params = people.dialect.format_json_table_expression(Table(document, "$[*]", columns, nested))
    rows = people.run(f"SELECT `row`, jt.n, l FROM {sql}", params)
    assert rows == [(1, -1, 1), (1, -1, 2), (2, -1, None)]
    for broken in (Column("a", "INT) --", "$"), Column("a", "INT", "$", error_handling="x")):
        with pytest.raises(ValueError):
            people.dialect.format_json_table_expression(Table("[]", "$", [broken]))


@pytest.fixture
def library(db):
    db.run("CREATE TABLE books (id INT PRIMARY KEY, title VARCHAR(50), body TEXT) ENGINE=InnoDB")
    db.run(
        "INSERT INTO books VALUES (1, 'database systems', 'tuning'), (2, 'gardens', 'roses need care'),"
        " (3, 'database', 'roses')"
    )
    db.run(CreateFulltextIndexExpression(db.dialect, "ft", "books", ["title", "body"]))
    return db


@pytest.mark.parametrize(
    ("mode", "term", "expected"),
    [
        (None, "roses", {2, 3}),
        ("NATURAL LANGUAGE", "roses", {2, 3}),
        ("BOOLEAN", "+roses -database", {2}),
        ("in boolean mode", "+roses +database", {3}),
        ("QUERY EXPANSION", "tuning", {1, 3}),
        ("WITH QUERY EXPANSION", "tuning", {1, 3}),
    ],
)
def test_match(library, mode, term, expected):
    for match in (library.dialect.format_fulltext_match, library.dialect.format_match_against):
        sql, params = match(["title", "body"], term, mode)
        assert {row[0] for row in library.run(f"SELECT id FROM books WHERE {sql}", params)} >= expected
    with pytest.raises(ValueError, match="mode"):
        library.dialect.format_fulltext_match(["title"], "x", "FUZZY) --")


def test_fulltext_indexes(library):
    d = library.dialect
    library.run(DropFulltextIndexExpression(d, "ft", "books"))
    parsed = CreateFulltextIndexExpression(d, "ng", "books", ["title"], parser="ngram")
    if library.is_mariadb:
        assert not d.supports_fulltext_parser()
        library.run(CreateFulltextIndexExpression(d, "ng", "books", ["title"], if_not_exists=True))
    else:
        library.run(parsed)
    assert library.run("SELECT id FROM books WHERE MATCH (title) AGAINST ('gardens')") == [(2,)]
    assert TableExpression(d, "books").to_sql() == ("`books`", ())
