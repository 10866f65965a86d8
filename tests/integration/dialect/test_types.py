"""Column types, as the server stores and reports them."""

from __future__ import annotations

import pytest
from rhosocial.activerecord.backend.dialect import UnsupportedFeatureError
from rhosocial.activerecord.backend.expression import types as core
from rhosocial.activerecord.backend.expression.statements import ColumnDefinition, CreateTableExpression
from rhosocial.activerecord.backend.schema.snapshot import _data_type_from_dict, _data_type_to_dict

from rhosocial.activerecord.backend.impl.mysqlclient import types as t

AWKWARD = ["a", "it's", "b,c", "(d)", "back\\slash", "new\nline", "", "é%s?", '"quoted"', "``"]

INTEGERS = (t.MySQLTinyIntType, t.MySQLSmallIntType, t.MySQLMediumIntType, t.MySQLIntType, t.MySQLBigIntType)

TYPES = [
    *(cls(**arguments) for cls in INTEGERS for arguments in ({}, {"unsigned": True}, {"zerofill": True})),
    t.MySQLTinyIntType(display_width=1), t.MySQLDecimalType(), t.MySQLDecimalType(10),
    t.MySQLDecimalType(10, 3, unsigned=True), t.MySQLFloatType(), t.MySQLFloatType(unsigned=True),
    t.MySQLFloatType(7, 3), t.MySQLDoubleType(), t.MySQLDoubleType(9, 4, zerofill=True), t.MySQLBitType(),
    t.MySQLBitType(64), t.MySQLYearType(), t.MySQLCharType(), t.MySQLCharType(9), t.MySQLVarCharType(),
    t.MySQLVarCharType(99), t.MySQLTinyTextType(), t.MySQLTextType(), t.MySQLMediumTextType(),
    t.MySQLLongTextType(), t.MySQLBinaryType(), t.MySQLBinaryType(5), t.MySQLVarBinaryType(5),
    t.MySQLTinyBlobType(), t.MySQLBlobType(), t.MySQLMediumBlobType(), t.MySQLLongBlobType(),
    t.MySQLEnumType(AWKWARD), t.MySQLSetType([member for member in AWKWARD if "," not in member]),
    t.MySQLGeometryType(), t.MySQLPointType(), t.MySQLLineStringType(), t.MySQLPolygonType(),
    t.MySQLMultiPointType(), t.MySQLMultiLineStringType(), t.MySQLMultiPolygonType(),
    t.MySQLGeometryCollectionType(), t.DateType(), t.TimeType(), t.TimeType(3), t.DateTimeType(),
    t.DateTimeType(6), t.TimestampType(), t.TimestampType(2),
]  # fmt: skip
ATTRIBUTES = [
    t.MySQLVarCharType(10, charset="latin1"), t.MySQLVarCharType(10, collation="utf8mb4_bin"),
    t.MySQLTextType(charset="latin1", collation="latin1_bin"), t.MySQLTextType(100), t.MySQLBlobType(100),
    t.MySQLEnumType(["a"], "latin1", "latin1_bin"), t.MySQLSetType(["a"], charset="latin1"),
    t.MySQLIntType(display_width=5), t.MySQLYearType(4), t.BooleanType(), t.JsonType(),
]  # fmt: skip
CORE = [
    core.TinyIntType(), core.SmallIntType(), core.IntType(), core.IntegerType(), core.BigIntType(),
    core.FloatType(), core.FloatType(30), core.RealType(), core.DoubleType(), core.DecimalType(),
    core.DecimalType(8, 2), core.BooleanType(), core.CharType(3), core.VarCharType(), core.VarCharType(7),
    core.TextType(), core.BlobType(), core.DateType(), core.TimeType(1), core.TimeTzType(),
    core.DateTimeType(3), core.TimestampType(6), core.TimestampTzType(6), core.JsonType(), core.JsonBType(),
    core.CustomType("INT UNSIGNED"),
]  # fmt: skip


def make(db, data_type):
    """COLUMN_TYPE of a column of that type."""
    db.run(
        CreateTableExpression(
            db.dialect, "t", [ColumnDefinition("c", data_type), ColumnDefinition("d", t.MySQLIntType())]
        )
    )
    query = "SELECT COLUMN_TYPE FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND COLUMN_NAME = 'c'"
    return db.run(query)[0][0]


@pytest.mark.parametrize("data_type", TYPES, ids=repr)
def test_what_the_server_reports_parses_to_the_same_type(db, data_type):
    parsed = db.dialect.parse_type(make(db, data_type))
    assert parsed.is_equivalent(data_type), parsed
    assert type(parsed) is type(data_type)


@pytest.mark.parametrize("data_type", TYPES + ATTRIBUTES, ids=repr)
def test_parsing_undoes_formatting(db, data_type):
    make(db, data_type)
    sql, params = data_type.to_sql(db.dialect)
    parsed = db.dialect.parse_type(sql)
    assert params == ()
    assert parsed == data_type or (parsed.is_equivalent(data_type) and data_type.length is None)
    assert parsed.to_sql(db.dialect) == (sql, ())


@pytest.mark.parametrize("data_type", CORE, ids=lambda data_type: type(data_type).__name__)
def test_types_of_core(db, data_type):
    make(db, data_type)


@pytest.mark.parametrize("data_type", TYPES + ATTRIBUTES + [t.MySQLPointType(4326), t.MySQLVectorType(3)], ids=repr)
def test_snapshots_keep_every_attribute(data_type):
    assert _data_type_from_dict(_data_type_to_dict(data_type)) == data_type


def test_members_are_stored_as_given(db):
    make(db, t.MySQLEnumType(AWKWARD))
    for member in AWKWARD:
        db.run("INSERT INTO t (c) VALUES (%s)", (member,))
    assert [row[0] for row in db.run("SELECT c FROM t ORDER BY c + 0")] == AWKWARD


def test_server_specific_types(db):
    d = db.dialect
    if db.is_mariadb:
        for data_type in (t.MySQLPointType(4326), t.MySQLVectorType(3)):
            with pytest.raises(UnsupportedFeatureError):
                data_type.to_sql(d)
        return
    assert make(db, t.MySQLPointType(4326)) == "point"
    assert db.run(
        "SELECT SRS_ID FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND COLUMN_NAME = 'c'"
    ) == [(4326,)]
    db.run("DROP TABLE t")
    assert d.parse_type(make(db, t.MySQLVectorType(3))) == t.MySQLVectorType(3)
    assert d.parse_type("point SRID 4326") == t.MySQLPointType(4326)


def test_json_column(db):
    parsed = db.dialect.parse_type(make(db, t.JsonType()))
    expected = t.MySQLLongTextType() if db.is_mariadb else t.JsonType()  # in MariaDB JSON is another name of LONGTEXT
    assert parsed == expected


def test_arrays_and_intervals_have_no_type(db):
    for data_type in (core.ArrayType(core.IntegerType()), core.IntervalType()):
        with pytest.raises(TypeError):
            data_type.to_sql(db.dialect)
