"""INSERT, REPLACE, UPDATE, DELETE, upserts, RETURNING: by the rows that are there afterwards."""

from __future__ import annotations

import pytest
from rhosocial.activerecord.backend.dialect import UnsupportedFeatureError
from rhosocial.activerecord.backend.expression import Literal, QueryExpression, Subquery, TableExpression
from rhosocial.activerecord.backend.expression.query_parts import JoinExpression, OrderByClause
from rhosocial.activerecord.backend.expression.statements import (
    DefaultValuesSource,
    DeleteExpression,
    InsertExpression,
    MergeExpression,
    OnConflictClause,
    ReturningClause,
    SelectSource,
    UpdateExpression,
    ValuesSource,
)


@pytest.fixture
def stock(db):
    db.run(
        "CREATE TABLE items (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(20) UNIQUE, qty INT DEFAULT 7,"
        " note VARCHAR(20))"
    )
    db.run("INSERT INTO items VALUES (1, 'pen', 5, 'old'), (2, 'ink', 3, NULL)")
    db.run("CREATE TABLE delivery (name VARCHAR(20), qty INT)")
    db.run("INSERT INTO delivery VALUES ('pen', 100), ('nib', 50)")
    return db


def items(db):
    return db.run("SELECT id, name, qty, note FROM items ORDER BY id")


def values(db, *rows):
    return ValuesSource(db.dialect, [[Literal(db.dialect, value) for value in row] for row in rows])


def insert(db, *rows, columns=("name", "qty"), **more):
    return db.run(InsertExpression(db.dialect, "items", values(db, *rows), list(columns), **more))


def test_insert(stock):
    insert(stock, ("a", 1), ("b", None))
    assert items(stock)[2:] == [(3, "a", 1, None), (4, "b", None, None)]


def test_insert_default_values(stock):
    stock.run(InsertExpression(stock.dialect, "items", DefaultValuesSource(stock.dialect)))
    assert items(stock)[2:] == [(3, None, 7, None)]


def test_insert_select(stock):
    d = stock.dialect
    query = QueryExpression(
        d, [stock.column("name"), stock.column("qty")], TableExpression(d, "delivery"), where=stock.column("qty") < 99
    )
    stock.run(InsertExpression(d, "items", SelectSource(d, query), ["name", "qty"]))
    assert items(stock)[2:] == [(3, "nib", 50, None)]


def test_insert_ignore_and_replace(stock):
    insert(stock, ("pen", 9), ("new", 9), dialect_options={"ignore": True})
    assert [row[1:3] for row in items(stock)] == [("pen", 5), ("ink", 3), ("new", 9)]
    insert(stock, ("pen", 9), dialect_options={"replace": True})
    assert sorted(row[1:] for row in items(stock)) == [("ink", 3, None), ("new", 9, None), ("pen", 9, None)]
    with pytest.raises(ValueError, match="REPLACE"):
        insert(stock, ("pen", 9), dialect_options={"replace": True, "ignore": True})


def upsert(db, *rows, columns=("name", "qty"), target=("name",), **conflict):
    clause = OnConflictClause(db.dialect, list(target) if target else None, **conflict)
    insert(db, *rows, columns=columns, on_conflict=clause)


@pytest.mark.parametrize("new_row", ["excluded", "new"])
def test_upsert(stock, new_row):
    d = stock.dialect
    assignments = {
        "qty": stock.column("qty", "items") + stock.column("qty", new_row),
        "note": Literal(d, "`new`.`note`"),
    }
    upsert(stock, ("pen", 10), ("cap", 1), update_assignments=assignments)
    assert [row[1:] for row in items(stock)] == [("pen", 15, "`new`.`note`"), ("ink", 3, None), ("cap", 1, None)]


def test_upsert_with_bare_columns(stock):
    """A bare column is the old row's."""
    upsert(stock, ("pen", 10), update_assignments={"qty": stock.column("qty") + stock.column("qty", "excluded")})
    assert items(stock)[0][:3] == (1, "pen", 15)


def test_upsert_from_a_column_that_was_not_given(stock):
    """The new row has it anyway, with its default."""
    assignments = {"qty": stock.column("qty", "excluded"), "note": stock.column("note", "excluded")}
    upsert(stock, ("pen",), columns=("name",), update_assignments=assignments)
    assert items(stock)[0] == (1, "pen", 7, None)


def test_upsert_without_column_names(stock):
    d = stock.dialect
    clause = OnConflictClause(d, None, update_assignments={"qty": stock.column("qty", "new") + stock.column("qty")})
    stock.run(InsertExpression(d, "items", values(stock, (1, "pen", 10, "n")), on_conflict=clause))
    assert items(stock)[0] == (1, "pen", 15, "old")


def test_row_alias_where_the_server_has_it(stock):
    clause = OnConflictClause(stock.dialect, None, update_assignments={"qty": stock.column("qty", "excluded")})
    statement = InsertExpression(stock.dialect, "items", values(stock, ("pen", 1)), ["name", "qty"], on_conflict=clause)
    sql, _ = statement.to_sql()
    assert ("VALUES(`qty`)" in sql) is stock.is_mariadb
    assert ("`new`.`new_1`" in sql) is not stock.is_mariadb


def test_upsert_with_plain_values(stock):
    upsert(stock, ("pen", 10), update_assignments={"qty": 0, "note": "x"})
    assert items(stock)[0] == (1, "pen", 0, "x")


def test_upsert_into_a_table_called_new(db):
    db.run("CREATE TABLE new (id INT PRIMARY KEY, qty INT)")
    db.run("INSERT INTO new VALUES (1, 5)")
    clause = OnConflictClause(
        db.dialect, None, update_assignments={"qty": db.column("qty", "new") + db.column("qty", "excluded")}
    )
    db.run(InsertExpression(db.dialect, "new", values(db, (1, 10)), ["id", "qty"], on_conflict=clause))
    assert db.run("SELECT * FROM new") == [(1, 15)]


def test_upsert_from_a_query(stock):
    d = stock.dialect
    query = QueryExpression(d, [stock.column("name"), stock.column("qty")], TableExpression(d, "delivery"))
    for conflict, expected in (
        ({"do_nothing": True}, 5),
        ({"update_assignments": {"qty": stock.column("qty", "excluded")}}, 100),
    ):
        clause = OnConflictClause(d, ["name"], **conflict)
        stock.run(InsertExpression(d, "items", SelectSource(d, query), ["name", "qty"], on_conflict=clause))
        assert items(stock)[0][2] == expected
        assert [row[1] for row in items(stock)] == ["pen", "ink", "nib"]


@pytest.mark.parametrize("target", [("name",), None])
def test_do_nothing(stock, target):
    upsert(stock, ("pen", 10), ("cap", 1), target=target, do_nothing=True)
    assert [row[1:3] for row in items(stock)] == [("pen", 5), ("ink", 3), ("cap", 1)]


def test_do_nothing_still_reports_other_errors(stock):
    with pytest.raises(Exception) as failure:
        upsert(stock, ("pen", "many"), do_nothing=True)
    assert failure.value.args[0] == 1366  # INSERT IGNORE would have swallowed it


def test_conditional_upsert(stock):
    d = stock.dialect
    newer = stock.column("qty", "excluded") > stock.column("qty", "items")
    assignments = {"qty": stock.column("qty", "excluded"), "note": Literal(d, "more")}
    upsert(stock, ("pen", 9), ("ink", 1), update_assignments=assignments, update_where=newer)
    assert items(stock) == [(1, "pen", 9, "more"), (2, "ink", 3, None)]
    both = newer & (stock.column("note", "items").is_null())
    with pytest.raises(UnsupportedFeatureError, match="condition"):
        upsert(stock, ("pen", 9), update_assignments=assignments, update_where=both)


def test_on_conflict_clause_on_its_own(stock):
    d = stock.dialect
    clause = OnConflictClause(
        d, ["id"], update_assignments={"qty": stock.column("qty", "excluded"), "note": Literal(d, "n")}
    )
    sql, params = clause.to_sql()
    stock.run(f"INSERT INTO items (id, qty) VALUES (1, 44) {sql}", params)
    assert items(stock)[0] == (1, "pen", 44, "n")
    with pytest.raises(ValueError, match="DO NOTHING"):
        OnConflictClause(d, None, do_nothing=True).to_sql()


def test_several_conflict_clauses_are_refused(stock):
    clause = OnConflictClause(stock.dialect, ["id"], do_nothing=True)
    with pytest.raises(UnsupportedFeatureError, match="multiple"):
        insert(stock, ("pen", 1), on_conflict=[clause, clause])


def update(db, assignments, **more):
    db.run(UpdateExpression(db.dialect, more.pop("table", "items"), assignments, **more))


def test_update(stock):
    update(stock, {"qty": stock.column("qty") * 2}, where=stock.column("name") == "pen")
    assert [row[2] for row in items(stock)] == [10, 3]


def test_update_from(stock):
    d = stock.dialect
    update(
        stock,
        {"qty": stock.column("qty", "items") + stock.column("qty", "delivery")},
        from_=TableExpression(d, "delivery"),
        where=stock.column("name", "items") == stock.column("name", "delivery"),
    )
    assert [row[2] for row in items(stock)] == [105, 3]


def test_update_from_a_subquery_with_parameters(stock):
    d = stock.dialect
    best = Subquery(d, "SELECT name, qty FROM delivery WHERE qty > %s", (60,), "best")
    update(
        stock,
        {"qty": stock.column("qty", "best"), "note": Literal(d, "p")},
        table=TableExpression(d, "items", alias="i"),
        from_=[best, "delivery"],
        where=stock.column("name", "i") == stock.column("name", "best"),
    )
    assert items(stock) == [(1, "pen", 100, "p"), (2, "ink", 3, None)]


def test_update_from_a_join(stock):
    d = stock.dialect
    joined = JoinExpression(
        d,
        TableExpression(d, "delivery", alias="a"),
        TableExpression(d, "delivery", alias="b"),
        "JOIN",
        condition=stock.column("name", "a") == stock.column("name", "b"),
    )
    update(
        stock, {"note": Literal(d, "j")}, from_=joined, where=stock.column("name", "items") == stock.column("name", "a")
    )
    assert [row[3] for row in items(stock)] == ["j", None]


def test_ordered_and_limited_update_and_delete(stock):
    d = stock.dialect
    options = {"order_by": OrderByClause(d, [(stock.column("qty"), "ASC")]), "limit": 1}
    update(stock, {"note": Literal(d, "least")}, dialect_options=options)
    assert [row[3] for row in items(stock)] == ["old", "least"]
    update(stock, {"name": Literal(d, "pen")}, where=stock.column("id") == 2, dialect_options={"ignore": True})
    assert [row[1] for row in items(stock)] == ["pen", "ink"]
    stock.run(DeleteExpression(d, "items", dialect_options=options))
    assert [row[1] for row in items(stock)] == ["pen"]


def test_delete(stock):
    stock.run(DeleteExpression(stock.dialect, "items", where=stock.column("id") == 1))
    assert [row[0] for row in items(stock)] == [2]


def test_delete_with_an_alias(stock):
    table = TableExpression(stock.dialect, "items", alias="i")
    stock.run(DeleteExpression(stock.dialect, table, where=stock.column("id", "i") == 1))
    assert [row[0] for row in items(stock)] == [2]


def test_delete_using(stock):
    d = stock.dialect
    arrived = Subquery(d, "SELECT name FROM delivery WHERE qty > %s", (60,), "arrived")
    condition = (stock.column("name", "items") == stock.column("name", "arrived")) & (stock.column("qty", "items") < 6)
    stock.run(DeleteExpression(d, "items", using=arrived, where=condition))
    assert [row[1] for row in items(stock)] == ["ink"]


def test_delete_from_two_tables(stock):
    same = stock.column("name", "items") == stock.column("name", "delivery")
    stock.run(DeleteExpression(stock.dialect, ["items", "delivery"], where=same))
    assert [row[1] for row in items(stock)] == ["ink"]
    assert stock.run("SELECT name FROM delivery") == [("nib",)]


def returning(db, *columns):
    return ReturningClause(db.dialect, [db.column(column) for column in columns])


def test_returning(stock):
    d = stock.dialect
    source = values(stock, ("a", 1), ("b", 2))
    statements = [
        InsertExpression(d, "items", source, ["name", "qty"], returning=returning(stock, "id", "qty")),
        InsertExpression(
            d,
            "items",
            values(stock, ("a", 5)),
            ["name", "qty"],
            dialect_options={"replace": True},
            returning=returning(stock, "qty"),
        ),
        DeleteExpression(d, "items", where=stock.column("id") < 3, returning=returning(stock, "name")),
    ]
    if not stock.is_mariadb:
        for statement in statements:
            with pytest.raises(UnsupportedFeatureError, match="RETURNING"):
                statement.to_sql()
    else:
        assert stock.run(statements[0]) == [(3, 1), (4, 2)]
        assert stock.run(statements[1]) == [(5,)]
        assert sorted(stock.run(statements[2])) == [("ink",), ("pen",)]
    with pytest.raises(UnsupportedFeatureError, match="UPDATE"):
        update(stock, {"qty": Literal(d, 1)}, returning=returning(stock, "id"))


def test_returning_after_an_upsert(stock):
    if not stock.is_mariadb:
        assert not stock.dialect.supports_returning_insert()
        return
    clause = OnConflictClause(stock.dialect, ["name"], update_assignments={"qty": stock.column("qty", "excluded")})
    statement = InsertExpression(
        stock.dialect,
        "items",
        values(stock, ("pen", 8)),
        ["name", "qty"],
        on_conflict=clause,
        returning=returning(stock, "id", "qty"),
    )
    assert stock.run(statement) == [(1, 8)]


def test_merge_is_refused(stock):
    d = stock.dialect
    merge = MergeExpression(d, "items", TableExpression(d, "delivery"), stock.column("a") == stock.column("b"))
    with pytest.raises(UnsupportedFeatureError, match="ON DUPLICATE KEY"):
        merge.to_sql()


def test_last_insert_id_query(stock):
    insert(stock, ("a", 1), ("b", 2))
    assert stock.run(stock.dialect.last_insert_id_query("items")) == [(3,)]
