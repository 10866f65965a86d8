"""Conditions select the rows they say: every combination is executed and compared with Python's own logic."""

from __future__ import annotations

from itertools import product
from operator import add, mul, sub

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rhosocial.activerecord.backend.expression import Literal, QueryExpression, Subquery, TableExpression
from rhosocial.activerecord.backend.expression.advanced_functions import AllExpression, AnyExpression, ExistsExpression
from rhosocial.activerecord.backend.expression.operators import RawSQLExpression, RawSQLPredicate, UnaryExpression
from rhosocial.activerecord.backend.expression.predicates import (
    ComparisonPredicate,
    InPredicate,
    LikePredicate,
    LogicalPredicate,
)
from rhosocial.activerecord.backend.expression.query_parts import WhereClause

GENERATED = settings(max_examples=60)
BITS = list(product((0, 1), repeat=3))
LEAVES = st.sampled_from("abc")
TREES = st.recursive(
    st.tuples(st.sampled_from(["is", "raw", "or"]), LEAVES, LEAVES),
    lambda inner: st.one_of(
        st.tuples(st.just("not"), inner),
        st.tuples(st.sampled_from(["and", "or2", "xor"]), inner, inner),
    ),
    max_leaves=8,
)


@pytest.fixture
def bits(db):
    db.run("CREATE TABLE bits (a INT, b INT, c INT)")
    db.run(f"INSERT INTO bits VALUES {', '.join(map(str, BITS))}")
    return db


def build(db, tree):
    kind = tree[0]
    if kind == "is":
        return db.column(tree[1]) == 1
    if kind == "raw":
        return RawSQLPredicate(db.dialect, f"{tree[1]} = %s AND {tree[2]} = %s", (1, 1))
    if kind == "or":
        return RawSQLPredicate(db.dialect, f"{tree[1]} = 1 OR {tree[2]} = 1")
    if kind == "not":
        return ~build(db, tree[1])
    left, right = build(db, tree[1]), build(db, tree[2])
    return {
        "and": lambda: left & right,
        "or2": lambda: left | right,
        "xor": lambda: LogicalPredicate(db.dialect, "XOR", left, right),
    }[kind]()


def holds(tree, row):
    kind = tree[0]
    if kind == "is":
        return row[tree[1]] == 1
    if kind == "raw":
        return row[tree[1]] == 1 and row[tree[2]] == 1
    if kind == "or":
        return row[tree[1]] == 1 or row[tree[2]] == 1
    if kind == "not":
        return not holds(tree[1], row)
    left, right = holds(tree[1], row), holds(tree[2], row)
    return {"and": left and right, "or2": left or right, "xor": left != right}[kind]


@GENERATED
@given(tree=TREES)
def test_logic(bits, tree):
    sql, params = WhereClause(bits.dialect, build(bits, tree)).to_sql()
    expected = [row for row in BITS if holds(tree, dict(zip("abc", row)))]
    assert sorted(bits.run(f"SELECT a, b, c FROM bits {sql}", params)) == expected


def test_a_later_where_keeps_an_earlier_or_together(bits):
    a, b, c = (bits.column(name) for name in "abc")
    clause = WhereClause(bits.dialect, (a == 1) | (b == 1)).and_(c == 1)
    sql, params = clause.to_sql()
    assert sorted(bits.run(f"SELECT a, b, c FROM bits {sql}", params)) == [(0, 1, 1), (1, 0, 1), (1, 1, 1)]


OPERATORS = {"+": add, "-": sub, "*": mul}
SUMS = st.recursive(st.integers(-9, 9), lambda inner: st.tuples(st.sampled_from("+-*"), inner, inner), max_leaves=8)


def build_sum(db, tree):
    if isinstance(tree, int):
        return RawSQLExpression(db.dialect, f"{tree} + 1 - 1") if tree % 2 else Literal(db.dialect, tree)
    return OPERATORS[tree[0]](build_sum(db, tree[1]), build_sum(db, tree[2]))


def evaluate(tree):
    return tree if isinstance(tree, int) else OPERATORS[tree[0]](evaluate(tree[1]), evaluate(tree[2]))


@GENERATED
@given(tree=SUMS)
def test_arithmetic(db, tree):
    assert db.value(build_sum(db, tree)) == evaluate(tree)


def names(people, predicate):
    sql, params = predicate.to_sql()
    return [name for (name,) in people.run(f"SELECT name FROM people WHERE {sql} ORDER BY id", params)]


def test_division_and_remainder(db):
    d = db.dialect
    seven, three, two = (Literal(d, n) for n in (7, 3, 2))
    assert float(db.value(seven / (three / two))) == pytest.approx(14 / 3, abs=1e-3)
    assert db.value(Literal(d, 20) - (seven % three)) == 19
    assert db.value(Literal(d, 20) % (seven - three)) == 0


def test_operands_that_are_conditions_themselves(people):
    d, age, name = people.dialect, people.column("age"), people.column("name")
    assert names(people, ComparisonPredicate(d, "=", age > 25, name == "Ann")) == ["Ann", "bob"]
    assert names(people, ComparisonPredicate(d, "=", age.is_null(), Literal(d, 1))) == ["Cid"]
    assert names(people, ComparisonPredicate(d, "<", RawSQLExpression(d, "age = 30 OR age = 20"), Literal(d, 1))) == []


def test_null_safe_comparison(people):
    d, age = people.dialect, people.column("age")
    null = Literal(d, None)
    assert names(people, ComparisonPredicate(d, "IS NOT DISTINCT FROM", age, null)) == ["Cid"]
    assert names(people, ComparisonPredicate(d, "IS DISTINCT FROM", age, null)) == ["Ann", "bob"]


def test_in(people):
    d, name = people.dialect, people.column("name")
    ages = QueryExpression(d, [people.column("name")], TableExpression(d, "people"), where=people.column("age") > 25)
    assert names(people, name.in_(["Ann", "Cid"])) == ["Ann", "Cid"]
    assert names(people, name.in_([])) == []
    assert names(people, name.not_in([])) == ["Ann", "bob", "Cid"]
    assert names(people, InPredicate(d, name, ages)) == ["Ann"]
    assert names(people, InPredicate(d, name, Subquery(d, ages))) == ["Ann"]
    assert names(people, InPredicate(d, name, Literal(d, {"bob"}))) == ["bob"]


def test_like_keeps_case_and_ilike_does_not(people):
    d, name = people.dialect, people.column("name")
    assert names(people, name.like("B%")) == []
    assert names(people, name.ilike("B%")) == ["bob"]
    assert names(people, LikePredicate(d, "NOT ILIKE", name, Literal(d, "B%"))) == ["Ann", "Cid"]
    for negate, expected in ((False, ["bob"]), (True, ["Ann", "Cid"])):
        for column in ("name", name):
            sql, params = d.format_ilike_expression(column, "BO%", negate)
            assert names(people, RawSQLPredicate(d, sql, params)) == expected


def test_between_null_boolean(people):
    age = people.column("age")
    assert names(people, age.between(25, 35)) == ["Ann"]
    assert names(people, age.is_not_null() & ~age.between(25, 35)) == ["bob"]
    assert names(people, (age > 25).__and__(age.is_not_null()) | age.is_null()) == ["Ann", "Cid"]
    assert names(people, age.is_not_true()) == ["Cid"]
    assert names(people, age.is_false()) == []


def test_any_and_all(people):
    d, age = people.dialect, people.column("age")
    ages = QueryExpression(d, [age], TableExpression(d, "people"), where=age.is_not_null())
    assert names(people, AnyExpression(d, age, "=", Literal(d, [20, 99]))) == ["bob"]
    assert names(people, AllExpression(d, age, ">", Literal(d, [10, 25]))) == ["Ann"]
    assert names(people, AnyExpression(d, age, "=", Literal(d, []))) == []
    assert names(people, AllExpression(d, age, "=", Literal(d, []))) == ["Ann", "bob", "Cid"]
    assert names(people, AllExpression(d, age, ">=", Subquery(d, ages))) == ["Ann"]
    assert names(people, AnyExpression(d, age, ">", ages)) == ["Ann"]
    assert names(people, AnyExpression(d, age, "=", Literal(d, [20, 30])) & (people.column("id") == 1)) == ["Ann"]


def test_exists(people):
    d = people.dialect
    old = QueryExpression(d, [Literal(d, 1)], TableExpression(d, "people"), where=people.column("age") > 90)
    assert names(people, ExistsExpression(d, old)) == []
    assert len(names(people, ExistsExpression(d, old, is_not=True))) == 3


def test_unary(db):
    d = db.dialect
    assert db.value(UnaryExpression(d, "-", Literal(d, 2) - Literal(d, 5))) == 3
