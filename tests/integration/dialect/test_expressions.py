"""Function calls, operators, CAST, COLLATE, VALUES, dates."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import MySQLdb
import pytest
from rhosocial.activerecord.backend.dialect import UnsupportedFeatureError
from rhosocial.activerecord.backend.expression import Literal, QueryExpression, TableExpression
from rhosocial.activerecord.backend.expression import functions as fn
from rhosocial.activerecord.backend.expression.collation import CollateExpression
from rhosocial.activerecord.backend.expression.operators import BinaryExpression, RawSQLExpression
from rhosocial.activerecord.backend.expression.query_sources import ValuesExpression
from rhosocial.activerecord.backend.expression.types import IntegerType, VarCharType

from rhosocial.activerecord.backend.impl.mysqlclient.dialect.functions_table import FUNCTIONS
from rhosocial.activerecord.backend.impl.mysqlclient.types import MySQLBigIntType, MySQLDecimalType

MOMENT = dt.datetime(2024, 2, 29, 13, 45, 56, 789000)

#: factory of core -> (arguments, what it must give on both servers; ... for "any value")
CALLS: dict[str, tuple[tuple, object]] = {
    "count": (("*",), 3),
    "sum_": (("age",), 50),
    "avg": (("age",), 25),
    "min_": (("age",), 20),
    "max_": (("age",), 30),
    "concat": (("a", "b", "c"), "abc"),
    "coalesce": ((None, "b"), "b"),
    "length": (("abc",), 3),
    "substring": (("abcdef", 2, 3), "bcd"),
    "trim": (("  a ",), "a"),  # with a second argument core mixes up its parameters
    "replace": (("abab", "b", "c"), "acac"),
    "upper": (("a",), "A"),
    "lower": (("A",), "a"),
    "initcap": (("ann lee",), "Ann Lee"),
    "left": (("abc", 2), "ab"),
    "right": (("abc", 2), "bc"),
    "lpad": (("a", 3), "  a"),
    "rpad": (("a", 3), "a  "),
    "reverse": (("abc",), "cba"),
    "strpos": (("abcabc", "c"), 3),
    "concat_op": (("a", "b", "c"), "abc"),
    "chr_": ((65,), "A"),
    "ascii": (("A",), 65),
    "octet_length": (("é",), 2),
    "bit_length": (("é",), 16),
    "position": (("c", "abcabc"), 3),
    "overlay": (("abcdef", "XY", 2, 3), "aXYef"),
    "translate": (("abc", "ab", "xy"), "xyc"),
    "repeat": (("ab", 2), "abab"),
    "space": ((2,), "  "),
    "abs_": ((-5,), 5),
    "round_": ((2.567, 1), 2.6),
    "ceil": ((1.2,), 2),
    "floor": ((1.8,), 1),
    "sqrt": ((16,), 4.0),
    "power": ((2, 3), 8.0),
    "exp": ((0,), 1.0),
    "log": ((1,), 0.0),
    "sin": ((0,), 0.0),
    "cos": ((0,), 1.0),
    "tan": ((0,), 0.0),
    "mod": ((7, 4), 3),
    "sign": ((-3,), -1),
    "truncate": ((2.9,), 2),
    "now": ((), ...),
    "current_date": ((), ...),
    "current_time": ((), ...),
    "year": (("born",), 2024),
    "month": (("born",), 2),
    "day": (("born",), 29),
    "hour": (("born",), 13),
    "minute": (("born",), 45),
    "second": (("born",), 56),
    "date_part": (("dow", "born"), 4),
    "date_trunc": (("month", "born"), dt.datetime(2024, 2, 1)),
    "interval": ((1, "day"), None),
    "date_add": (("born", 1, "day"), dt.datetime(2024, 3, 1, 13, 45, 56, 789000)),
    "date_sub": (("born", 1, "month"), dt.datetime(2024, 1, 29, 13, 45, 56, 789000)),
    "date_diff": (("day", "born", "born"), 0),
    "current_timestamp": ((6,), ...),
    "localtimestamp": ((), ...),
    "extract": (("year", "born"), 2024),
    "case": ((), None),
    "nullif": (("a", "a"), None),
    "greatest": (("a", "b"), "b"),
    "least": (("a", "b"), "a"),
    "row_number": ((), None),
    "rank": ((), None),
    "dense_rank": ((), None),
    "lag": (("age",), None),
    "lead": (("age",), None),
    "first_value": (("age",), None),
    "last_value": (("age",), None),
    "nth_value": (("age", 1), None),
    "json_extract": (("doc", "$.n"), "1"),
    "json_extract_text": (("doc", "$.a.b"), "x"),
    "json_build_object": (("k", "v"), '{"k": "v"}'),
    "json_array_elements": (("doc",), ...),
    "json_objectagg": (("name", "age"), ...),
    "json_arrayagg": (("age",), ...),
    "array_agg": (("age",), ...),
    "unnest": (("age",), ...),
    "array_length": (("age",), ...),
    "cast": (("age", "VARCHAR(10)"), "30"),
    "to_char": (("born", "YYYY-MM-DD"), "2024-02-29"),
    "to_number": (("name",), ...),
    "to_date": (("name", "YYYY"), ...),
    "grouping_sets": (([],), None),
    "rollup": (("age",), None),
    "cube": (("age",), None),
    "current_user": ((), ...),
    "session_user": ((), ...),
    "system_user": ((), ...),
}
#: not calls that stand in a SELECT list: other tests have them
ELSEWHERE = {"case", "interval", "rollup", "cube", "grouping_sets"}
WINDOW = {"row_number", "rank", "dense_rank", "lag", "lead", "first_value", "last_value", "nth_value"}
AGGREGATES = {"count", "sum_", "avg", "min_", "max_", "json_objectagg", "json_arrayagg", "array_agg"}


def test_every_factory_of_core_is_called():
    assert set(CALLS) == {name for name in fn.__all__ if not name.startswith("xml")}
    assert set(fn.__all__) <= set(FUNCTIONS)


@pytest.mark.parametrize("name", sorted(set(CALLS) - ELSEWHERE))
def test_supports_functions_is_what_the_server_does(people, name):
    arguments, expected = CALLS[name]
    sql, params = getattr(fn, name)(people.dialect, *arguments).to_sql()
    where = "" if name in AGGREGATES else " WHERE id = 1"
    over = " OVER (ORDER BY age)" if name in WINDOW else ""
    supported = people.dialect.supports_functions()[name]
    try:
        value = people.run(f"SELECT {sql}{over} FROM people{where}", params)[0][0]
    except MySQLdb.Error:
        assert not supported
        return
    assert supported
    if expected is not ... and name not in WINDOW:
        assert value == expected
    assert value is not None or expected is None or name in WINDOW


POINTS = "ST_GeomFromText('POINT(1 2)'), ST_GeomFromText('POINT(1 2)')"
#: what this package's own factories write
OWN = {
    "bit_and": "6 & 3",
    "bit_or": "6 | 3",
    "bit_xor": "6 ^ 3",
    "bit_count": "BIT_COUNT(7)",
    "bit_get_bit": "(6 >> 1) & 1",
    "bit_shift_left": "1 << 2",
    "bit_shift_right": "8 >> 2",
    "find_in_set": "FIND_IN_SET('b', 'a,b')",
    "elt": "ELT(1, 'a', 'b')",
    "field": "FIELD('b', 'a', 'b')",
    "match_against": "(SELECT COUNT(*) FROM words WHERE MATCH (word) AGAINST ('x'))",
    "pow": "POW(2, 3)",
    "trunc": "TRUNCATE(2.5, 0)",
    "json_unquote": "JSON_UNQUOTE('\"a\"')",
    "json_object": "JSON_OBJECT('a', 1)",
    "json_array": "JSON_ARRAY(1, 2)",
    "json_contains": "JSON_CONTAINS('[1]', '1')",
    "json_set": "JSON_SET('{}', '$.a', 1)",
    "json_remove": "JSON_REMOVE('{\"a\": 1}', '$.a')",
    "json_type": "JSON_TYPE('1')",
    "json_valid": "JSON_VALID('1')",
    "json_search": "JSON_SEARCH('[\"a\"]', 'one', 'a')",
    "st_geom_from_text": "ST_GeomFromText('POINT(1 2)')",
    "st_geom_from_wkb": "ST_GeomFromWKB(ST_AsBinary(ST_GeomFromText('POINT(1 2)')))",
    "st_as_text": "ST_AsText(ST_GeomFromText('POINT(1 2)'))",
    "st_as_geojson": "ST_AsGeoJSON(ST_GeomFromText('POINT(1 2)'))",
    "st_distance": f"ST_Distance({POINTS})",
    "st_within": f"ST_Within({POINTS})",
    "st_contains": f"ST_Contains({POINTS})",
    "st_intersects": f"ST_Intersects({POINTS})",
}


def test_functions_of_this_package(db):
    assert set(OWN) | set(fn.__all__) == set(FUNCTIONS)
    db.run("CREATE TABLE words (word VARCHAR(9), FULLTEXT (word))")
    supported = db.dialect.supports_functions()
    for name, sql in OWN.items():
        assert supported[name] is db.accepts(f"SELECT {sql}"), name


@pytest.mark.parametrize("name", [name for name in fn.__all__ if name.startswith("xml")])
def test_xml_is_unsupported(db, name):
    assert db.dialect.supports_functions()[name] is False


def test_overlay_without_length_replaces_as_much_as_it_brings(db):
    assert db.value(fn.overlay(db.dialect, "abcdef", "XY", 2)) == "aXYdef"


def test_concatenation_is_not_or(db):
    d = db.dialect
    assert db.value(BinaryExpression(d, "||", Literal(d, "a"), Literal(d, "b"))) == "ab"
    assert db.value(BinaryExpression(d, "||", Literal(d, "a"), Literal(d, None))) is None
    assert db.value(BinaryExpression(d, "-", Literal(d, 5), RawSQLExpression(d, "3 - 1"))) == 3


def test_filter_clause_is_refused(db):
    call = fn.count(db.dialect, "*").filter(db.column("a") > 1)
    with pytest.raises(UnsupportedFeatureError, match="FILTER"):
        call.to_sql()


CASTS = [
    ("'12'", "INTEGER", 12),
    ("'12'", "bigint unsigned", 12),
    ("'12'", "UNSIGNED", 12),
    ("12", "VARCHAR(10)", "12"),
    ("12", "TEXT", "12"),
    ("12", "character varying(1)", "1"),
    ("'1.256'", "NUMERIC(10, 2)", Decimal("1.26")),
    ("'1.5'", "DOUBLE PRECISION", 1.5),
    ("'1.5'", "float", 1.5),
    ("'1.5'", "REAL", 1.5),
    ("'1'", "BOOLEAN", 1),
    ("'2024-02-29 01:02:03'", "DATE", dt.date(2024, 2, 29)),
    ("'2024-02-29 01:02:03.456'", "TIMESTAMP(3)", dt.datetime(2024, 2, 29, 1, 2, 3, 456000)),
    ("'01:02:03'", "TIME", dt.timedelta(hours=1, minutes=2, seconds=3)),
    ("'1999'", "YEAR", 1999),
    ("'ab'", "VARBINARY(1)", b"a"),
    ("'ab'", "BLOB", b"ab"),
    ("'x'", "CHAR(4) CHARACTER SET latin1", "x"),
    ("12", VarCharType(5), "12"),
    ("'12'", IntegerType(), 12),
    ("'12'", MySQLBigIntType(unsigned=True), 12),
    ("'1.55'", MySQLDecimalType(4, 1), Decimal("1.6")),
]


@pytest.mark.parametrize(("text", "target", "expected"), CASTS, ids=lambda value: str(value))
def test_cast(db, text, target, expected):
    assert db.value(RawSQLExpression(db.dialect, db.dialect.format_cast_expression(text, target, ())[0])) == expected


def test_cast_to_json(people):
    d = people.dialect
    sql, params = d.format_cast_expression("'[1, 2]'", "JSON", ())
    assert people.run(f"SELECT JSON_LENGTH({sql})", params) == [(2,)]


def test_cast_in_a_chain_and_with_an_alias(people):
    sql, params = people.column("name").cast("VARCHAR(2)").cast("TEXT").as_("short").to_sql()
    with people.connection.cursor() as cursor:
        cursor.execute(f"SELECT {sql} FROM people WHERE id = 1", params or None)
        assert cursor.description[0][0] == "short"
        assert cursor.fetchall() == (("An",),)


@pytest.mark.parametrize("target", ["money", "INTEGER; DROP TABLE t", "POINT(1)"])
def test_cast_to_an_unknown_type(db, target):
    with pytest.raises(ValueError, match="CAST has no type"):
        db.dialect.format_cast_expression("1", target, ())


def test_collate(people):
    d = people.dialect
    condition = CollateExpression(d, people.column("name"), "utf8mb4_general_ci") == "BOB"
    sql, params = condition.to_sql()
    assert people.run(f"SELECT id FROM people WHERE {sql}", params) == [(2,)]
    with pytest.raises(ValueError, match="collation"):
        CollateExpression(d, people.column("name"), "x; y").to_sql()


def test_values(db):
    d = db.dialect
    rows = [(1, "a"), (2, "b"), (3, None)]
    named = ValuesExpression(d, rows, alias="v", column_names=["n", "t"])
    assert db.run(QueryExpression(d, [db.column("t", "v"), db.column("n")], named)) == [("a", 1), ("b", 2), (None, 3)]
    assert db.run(ValuesExpression(d, rows)) == rows
    nameless = ValuesExpression(d, rows)
    assert db.run(QueryExpression(d, [db.column("column_1")], nameless)) == [("a",), ("b",), (None,)]


BORN = "2024-02-29 13:45:56.789"
TRUNCATED = {
    "year": dt.datetime(2024, 1, 1),
    "month": dt.datetime(2024, 2, 1),
    "week": dt.datetime(2024, 2, 26),
    "day": dt.datetime(2024, 2, 29),
    "hour": dt.datetime(2024, 2, 29, 13),
    "minute": dt.datetime(2024, 2, 29, 13, 45),
    "second": dt.datetime(2024, 2, 29, 13, 45, 56),
}


@pytest.mark.parametrize("field", TRUNCATED)
def test_date_trunc(people, field):
    d = people.dialect
    sql, params = fn.date_trunc(d, field, "born").to_sql()
    assert people.run(f"SELECT {sql} FROM people WHERE id IN (1, 3) ORDER BY id", params) == [
        (TRUNCATED[field],),
        (None,),
    ]
    with_parameter = fn.date_trunc(d, field, Literal(d, BORN))
    assert str(people.value(with_parameter))[:19] == str(TRUNCATED[field])


def test_date_trunc_does_not_round_up(people):
    sql, params = fn.date_trunc(people.dialect, "second", "born").to_sql()
    assert people.run(f"SELECT {sql} FROM people WHERE id = 2", params) == [(dt.datetime(2023, 12, 31, 23, 59, 59),)]


@pytest.mark.parametrize(("field", "expected"), [("dow", 4), ("doy", 60), ("week", 8), ("second", 56)])
def test_extract(people, field, expected):
    sql, params = fn.extract(people.dialect, field, "born").to_sql()
    assert people.run(f"SELECT {sql} FROM people WHERE id = 1", params) == [(expected,)]


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (1, "week", dt.timedelta(weeks=1)),
        (1.5, "hour", dt.timedelta(minutes=90)),
        (0.25, "day", dt.timedelta(hours=6)),
        (2.0, "minute", dt.timedelta(minutes=2)),
        (1.5, "second", dt.timedelta(seconds=1.5)),
        (-3, "day", dt.timedelta(days=-3)),
    ],
)
def test_interval(people, value, unit, expected):
    for shift, sign in ((fn.date_add, 1), (fn.date_sub, -1)):
        sql, params = shift(people.dialect, "born", value, unit).to_sql()
        assert people.run(f"SELECT {sql} FROM people WHERE id = 1", params) == [(MOMENT + sign * expected,)]


def test_interval_as_an_operand(people):
    sql, params = (people.column("born") + fn.interval(people.dialect, 1, "day")).to_sql()
    assert people.run(f"SELECT {sql} FROM people WHERE id = 1", params) == [(MOMENT + dt.timedelta(days=1),)]


def test_a_fraction_of_a_month_is_refused(people):
    with pytest.raises(ValueError, match="whole number"):
        fn.date_add(people.dialect, "born", 0.5, "month").to_sql()


def test_date_diff(people):
    d = people.dialect
    sql, params = fn.date_diff(d, "hour", "born", Literal(d, "2024-03-01 13:45:56")).to_sql()
    assert people.run(f"SELECT {sql} FROM people WHERE id = 1", params) == [(23,)]


def test_case(people):
    d = people.dialect
    case = fn.case(d)
    case.cases = [(people.column("age") > 25, Literal(d, "old"))]
    case.else_result = Literal(d, "young")
    query = QueryExpression(d, [case], TableExpression(d, "people"))
    assert people.run(query) == [("old",), ("young",), ("young",)]
