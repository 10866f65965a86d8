"""SELECT: LIMIT, joins, grouping, set operations, common table expressions, locks."""

from __future__ import annotations

import MySQLdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rhosocial.activerecord.backend.dialect import UnsupportedFeatureError
from rhosocial.activerecord.backend.expression import (
    CTEExpression,
    Literal,
    QueryExpression,
    Subquery,
    TableExpression,
    WithQueryExpression,
)
from rhosocial.activerecord.backend.expression import functions as fn
from rhosocial.activerecord.backend.expression.operators import RawSQLExpression
from rhosocial.activerecord.backend.expression.query_parts import (
    ForUpdateClause,
    GroupByHavingClause,
    GroupingExpression,
    JoinExpression,
    JoinType,
    LimitOffsetClause,
    OrderByClause,
)
from rhosocial.activerecord.backend.expression.query_sources import (
    LateralExpression,
    SetOperationExpression,
    TableFunctionExpression,
)


@pytest.fixture
def shop(db):
    db.run("CREATE TABLE orders (id INT PRIMARY KEY, customer INT, total INT)")
    db.run("CREATE TABLE customers (id INT PRIMARY KEY, name VARCHAR(20))")
    db.run("INSERT INTO orders VALUES (1, 1, 10), (2, 1, 20), (3, 2, 30), (4, 9, 40)")
    db.run("INSERT INTO customers VALUES (1, 'Ann'), (2, 'Bob'), (3, 'Cid')")
    return db


def select(db, *columns, table="orders", **clauses):
    items = [db.column(c) if isinstance(c, str) else c for c in columns]
    return QueryExpression(
        db.dialect, items, TableExpression(db.dialect, table) if isinstance(table, str) else table, **clauses
    )


def ordered(db, *columns):
    return OrderByClause(db.dialect, [db.column(c) for c in columns])


@pytest.mark.parametrize(
    ("limit", "offset", "expected"),
    [(2, None, [1, 2]), (2, 1, [2, 3]), (None, 3, [4]), (0, None, []), (10, 0, [1, 2, 3, 4])],
)
def test_limit_and_offset(shop, limit, offset, expected):
    clause = LimitOffsetClause(shop.dialect, limit, offset)
    rows = shop.run(select(shop, "id", order_by=ordered(shop, "id"), limit_offset=clause))
    assert [row[0] for row in rows] == expected
    sql, params = shop.dialect.format_limit_offset(limit, offset)
    assert shop.run(f"SELECT id FROM orders ORDER BY id {sql or ''}", tuple(params)) == rows


def test_limit_takes_expressions_and_refuses_text(shop):
    d = shop.dialect
    clause = LimitOffsetClause(d, Literal(d, 1), Literal(d, 2))
    assert shop.run(select(shop, "id", order_by=ordered(shop, "id"), limit_offset=clause)) == [(3,)]
    for value in ("1", "1; DROP TABLE orders", 1.5, True):
        with pytest.raises(TypeError, match="LIMIT"):
            LimitOffsetClause(d, value).to_sql()


def join(shop, join_type, **more):
    d = shop.dialect
    if "using" not in more and not more.get("natural") and "CROSS" not in join_type:
        more["condition"] = shop.column("customer", "orders") == shop.column("id", "customers")
    source = JoinExpression(d, "orders", "customers", join_type, **more)
    query = select(shop, shop.column("id", "orders"), shop.column("name", "customers"), table=source)
    return sorted(shop.run(query), key=lambda row: (row[0] or 0, row[1] or ""))


def test_joins(shop):
    inner = [(1, "Ann"), (2, "Ann"), (3, "Bob")]
    assert join(shop, JoinType.INNER.value) == inner
    assert join(shop, JoinType.STRAIGHT.value) == inner
    assert join(shop, JoinType.LEFT_OUTER.value) == inner + [(4, None)]
    assert join(shop, JoinType.RIGHT.value) == [(None, "Cid")] + inner
    assert len(join(shop, JoinType.CROSS.value)) == 12
    assert join(shop, JoinType.INNER.value, using=["id"]) == [(1, "Ann"), (2, "Bob"), (3, "Cid")]
    assert join(shop, JoinType.INNER.value, natural=True) == [(1, "Ann"), (2, "Bob"), (3, "Cid")]
    with pytest.raises(UnsupportedFeatureError, match="FULL JOIN"):
        join(shop, JoinType.FULL.value)
    with pytest.raises(UnsupportedFeatureError, match="alias"):
        join(shop, JoinType.INNER.value, alias="j")


def test_chained_joins_and_lists_of_sources(shop):
    d = shop.dialect
    one = JoinExpression(
        d,
        TableExpression(d, "orders", alias="o"),
        TableExpression(d, "customers", alias="c"),
        "JOIN",
        condition=shop.column("customer", "o") == shop.column("id", "c"),
    )
    two = one.left_join(
        TableExpression(d, "orders", alias="p"), condition=shop.column("id", "p") == shop.column("total", "o")
    )
    assert len(shop.run(select(shop, shop.column("id", "o"), table=two))) == 3
    both = select(shop, shop.column("name"), table=["customers", Subquery(d, "SELECT 1 AS x", (), "s")])
    assert len(shop.run(both)) == 3


def test_derived_tables_get_the_name_the_server_demands(shop):
    inner = select(shop, "id")
    both = SetOperationExpression(shop.dialect, inner, select(shop, "total"), "UNION")
    assert len(shop.run(select(shop, "id", table=both))) == 8
    named = SetOperationExpression(shop.dialect, inner, select(shop, "total"), "UNION ALL", alias="u")
    assert len(shop.run(select(shop, shop.column("id", "u"), table=named))) == 8


def test_rollup(shop):
    d = shop.dialect
    grouping = GroupingExpression(d, "ROLLUP", [shop.column("customer")])
    query = select(shop, "customer", fn.sum_(d, "total"), group_by_having=GroupByHavingClause(d, [grouping]))
    assert shop.run(query) == [(1, 30), (2, 30), (9, 40), (None, 100)]
    having = GroupByHavingClause(d, [fn.rollup(d, "customer", "id")], having=fn.sum_(d, "total") > 25)
    assert shop.run(select(shop, "customer", "id", group_by_having=having)) == [
        (1, None),
        (2, 3),
        (2, None),
        (9, 4),
        (9, None),
        (None, None),
    ]
    for operation in ("CUBE", "GROUPING SETS"):
        with pytest.raises(UnsupportedFeatureError, match=operation):
            GroupingExpression(d, operation, [shop.column("customer")]).to_sql()
    with pytest.raises(UnsupportedFeatureError, match="ROLLUP"):
        GroupByHavingClause(d, [shop.column("id"), grouping]).to_sql()


SETS = {"UNION": set.union, "INTERSECT": set.intersection, "EXCEPT": set.difference}
OPERATIONS = st.recursive(
    st.sets(st.integers(1, 5), min_size=1, max_size=3).map(sorted).map(tuple),
    lambda inner: st.tuples(st.sampled_from(sorted(SETS)), inner, inner),
    max_leaves=5,
)


def build(db, tree):
    d = db.dialect
    if not isinstance(tree[0], str):
        rows = " UNION ALL ".join(f"SELECT {n}" for n in tree[1:])
        source = f"SELECT {tree[0]} AS n" + (f" UNION ALL {rows}" if rows else "")
        query = select(db, "n", table=Subquery(d, source, (), "s"))
        if len(tree) == 2:  # as models make them: text that has its own ORDER BY and LIMIT
            return RawSQLExpression(d, query.to_sql()[0] + " ORDER BY n LIMIT 9")
        return query
    return SetOperationExpression(d, build(db, tree[1]), build(db, tree[2]), tree[0])


def evaluate(tree):
    return SETS[tree[0]](evaluate(tree[1]), evaluate(tree[2])) if isinstance(tree[0], str) else set(tree)


@settings(max_examples=80)
@given(tree=OPERATIONS)
def test_nested_set_operations(db, tree):
    assert {row[0] for row in db.run(build(db, tree))} == evaluate(tree)


def test_set_operation_clauses(shop):
    d = shop.dialect
    first = select(shop, "id", order_by=ordered(shop, "total"), limit_offset=LimitOffsetClause(d, 1))
    last = select(
        shop, "id", order_by=OrderByClause(d, [(shop.column("id"), "DESC")]), limit_offset=LimitOffsetClause(d, 2)
    )
    order = OrderByClause(d, [(shop.column("id"), "DESC")])
    whole = SetOperationExpression(
        d, first, last, "UNION", order_by_clause=order, limit_offset_clause=LimitOffsetClause(d, 2, 1)
    )
    assert shop.run(whole) == [(3,), (1,)]
    everything = SetOperationExpression(d, select(shop, "customer"), select(shop, "customer"), "UNION", all_=True)
    assert len(shop.run(everything)) == 8
    locking = SetOperationExpression(
        d, select(shop, "id"), select(shop, "total"), "UNION", for_update_clause=ForUpdateClause(d)
    )
    assert len(shop.run(locking)) == 8


def test_set_operation_over_common_table_expressions(shop):
    d = shop.dialect
    cte = CTEExpression(d, "small", select(shop, "id", where=shop.column("total") < 25))
    query = WithQueryExpression(d, [cte], select(shop, "id", table="small"))
    assert sorted(shop.run(SetOperationExpression(d, query, select(shop, "total"), "UNION"))) == [
        (n,) for n in (1, 2, 10, 20, 30, 40)
    ]
    assert shop.run(SetOperationExpression(d, query, select(shop, "id"), "INTERSECT")) == [(1,), (2,)]
    assert sorted(shop.run(SetOperationExpression(d, select(shop, "id"), query, "EXCEPT"))) == [(3,), (4,)]


def test_recursive_cte(db):
    d = db.dialect
    first = QueryExpression(d, [Literal(d, 1).as_("n")])
    rest = QueryExpression(d, [db.column("n") + 1], TableExpression(d, "numbers"), where=db.column("n") < 4)
    cte = CTEExpression(d, "numbers", SetOperationExpression(d, first, rest, "UNION ALL"), columns=["n"])
    query = QueryExpression(d, [fn.sum_(d, "n")], TableExpression(d, "numbers"))
    assert db.run(WithQueryExpression(d, [cte], query, recursive=True)) == [(10,)]
    with pytest.raises(UnsupportedFeatureError, match="MATERIALIZED"):
        CTEExpression(d, "m", first, materialized=True).to_sql()


def test_lateral(shop):
    d = shop.dialect
    inner = Subquery(d, "SELECT MAX(total) AS top FROM orders WHERE orders.customer = customers.id")
    lateral = LateralExpression(d, inner, alias="best", join_type="LEFT")
    query = select(shop, shop.column("name", "customers"), shop.column("top", "best"), table=["customers", lateral])
    if shop.is_mariadb:
        with pytest.raises(UnsupportedFeatureError, match="LATERAL"):
            query.to_sql()
    else:
        assert shop.run(query) == [("Ann", 20), ("Bob", 30), ("Cid", None)]


def test_other_table_functions_are_refused(db):
    with pytest.raises(UnsupportedFeatureError, match="UNNEST"):
        TableFunctionExpression(db.dialect, "UNNEST", db.column("a")).to_sql()


def test_system_versioned_tables(db):
    d = db.dialect
    moment = TableExpression(d, "h", temporal_options={"AS OF": "2037-01-01 00:00:00"})
    query = QueryExpression(d, [db.column("a")], moment)
    if not db.is_mariadb:
        with pytest.raises(UnsupportedFeatureError, match="SYSTEM_TIME"):
            query.to_sql()
        return
    db.run("CREATE TABLE h (a INT) WITH SYSTEM VERSIONING")
    db.run("INSERT INTO h VALUES (1)")
    db.run("UPDATE h SET a = 2")
    assert db.run(query) == [(2,)]
    history = QueryExpression(d, [db.column("a")], TableExpression(d, "h", temporal_options={"all": None}))
    assert sorted(db.run(history)) == [(1,), (2,)]
    between = TableExpression(d, "h", temporal_options={"between": ("2001-01-01", "2037-01-01")})
    assert len(db.run(QueryExpression(d, [db.column("a")], between))) == 2
    with pytest.raises(ValueError, match="SYSTEM_TIME"):
        TableExpression(d, "h", temporal_options={"sometime": 1}).to_sql()


def locked_by_others(shop, clause):
    """The ids that another session finds locked after a locking read of order 1."""
    d = shop.dialect
    shop.connection.autocommit(False)
    shop.run(select(shop, "id", where=shop.column("id") == 1, for_update=clause))
    other = MySQLdb.connect(**connect_arguments(shop))
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT id FROM orders ORDER BY id FOR UPDATE SKIP LOCKED")
            free = {row[0] for row in cursor.fetchall()}
        return {1, 2, 3, 4} - free
    finally:
        other.close()
        shop.run("ROLLBACK")
        assert d is shop.dialect


def connect_arguments(db):
    socket = db.run("SELECT @@socket, DATABASE()")[0]
    return {"unix_socket": socket[0], "database": socket[1], "user": "root"}


class Share(ForUpdateClause):
    strength = "FOR SHARE"


def test_locks(shop):
    d = shop.dialect
    assert locked_by_others(shop, ForUpdateClause(d)) == {1}
    assert locked_by_others(shop, ForUpdateClause(d, nowait=True)) == {1}
    assert locked_by_others(shop, ForUpdateClause(d, skip_locked=True)) == {1}
    assert locked_by_others(shop, Share(d)) == {1}
    assert locked_by_others(shop, ForUpdateClause(d, dialect_options={"strength": "SHARE"})) == {1}
    with pytest.raises(ValueError, match="exclude"):
        ForUpdateClause(d, nowait=True, skip_locked=True).to_sql()


def test_lock_of_tables(shop):
    d = shop.dialect
    clause = ForUpdateClause(d, of_columns=[shop.column("id", "orders"), shop.column("total", "orders"), "orders"])
    if shop.is_mariadb:
        with pytest.raises(UnsupportedFeatureError, match="OF"):
            clause.to_sql()
        return
    assert locked_by_others(shop, clause) == {1}
    assert clause.to_sql()[0] == "FOR UPDATE OF `orders`"
    with pytest.raises(ValueError, match="table"):
        ForUpdateClause(d, of_columns=[shop.column("id")]).to_sql()
