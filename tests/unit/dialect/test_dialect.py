"""The dialect without a server: names, placeholders, protocols, what it refuses before it knows the server."""

from __future__ import annotations

import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rhosocial.activerecord.backend.dialect import DialectNotAdaptedException, protocols
from rhosocial.activerecord.backend.expression import Literal

from rhosocial.activerecord.backend.impl.mysqlclient.dialect import MySQLDialect
from rhosocial.activerecord.backend.impl.mysqlclient.dialect.features import ALWAYS, FEATURES
from rhosocial.activerecord.backend.impl.mysqlclient.dialect.text import enclose, is_atomic, outermost_words

PROTOCOLS = [p for name, p in vars(protocols).items() if name.endswith("Support") and getattr(p, "_is_protocol", False)]
MYSQL = MySQLDialect((9, 7, 0))


def members(protocol):
    return [name for name, value in vars(protocol).items() if inspect.isfunction(value) and not name.startswith("_")]


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda protocol: protocol.__name__)
def test_every_protocol_is_implemented(protocol):
    assert isinstance(MYSQL, protocol)
    for base in protocol.__mro__:
        for name in members(base) if base in PROTOCOLS else ():
            owner = next(cls for cls in MySQLDialect.__mro__ if name in vars(cls))
            assert owner not in PROTOCOLS, f"{name} is a stub of {owner.__name__}"


def test_a_flag_of_a_protocol_is_in_the_table_or_false():
    other = {"json_table", "explain_format", "functions", "data_types", "returning_clause", "explain_plan"}
    for protocol in PROTOCOLS:
        for name in members(protocol):
            feature = name.removeprefix("supports_")
            if name.startswith("supports_") and feature not in FEATURES and feature not in other:
                assert getattr(MYSQL, name)() is False, name


def test_vendor_and_version_decide():
    old, new = MySQLDialect((8, 0, 30)), MySQLDialect((8, 0, 31))
    assert (old.supports_except(), new.supports_except()) == (False, True)
    mariadb = MySQLDialect((10, 11, 2), "mariadb")
    assert mariadb.supports_returning_insert() and not mariadb.supports_returning_update()
    assert not new.supports_returning_insert()
    new.adapt((10, 5, 0), "mariadb")
    assert new.supports_sequence() and new.version == new.get_server_version() == (10, 5, 0)
    with pytest.raises(ValueError, match="vendor"):
        new.adapt((1, 0, 0), "oracle")


def test_the_version_can_be_set_as_on_any_dialect_of_core():
    dialect = MySQLDialect()
    dialect.version = (8, 4, 0)
    assert dialect.supports_lateral_join()


@pytest.mark.parametrize("feature", FEATURES)
def test_before_the_server_is_known(feature):
    dialect = MySQLDialect()
    mysql, mariadb = FEATURES[feature]
    supports = getattr(dialect, f"supports_{feature}")
    if mysql == mariadb and mysql in (ALWAYS, None):
        assert supports() is (mysql is not None)
    else:
        with pytest.raises(DialectNotAdaptedException):
            supports()


def test_functions_and_version_before_the_server_is_known():
    for question in (MySQLDialect().supports_functions, MySQLDialect().get_server_version):
        with pytest.raises(DialectNotAdaptedException):
            question()


@pytest.mark.parametrize(
    ("name", "quoted"), [("a", "`a`"), ("a`b", "`a``b`"), ('"', '`"`'), ("x" * 64, "`" + "x" * 64 + "`")]
)
def test_identifiers(name, quoted):
    assert MYSQL.format_identifier(name) == MYSQL.escape_identifier(name) == quoted


@pytest.mark.parametrize("name", ["", "a\0b", "x" * 65])
def test_refused_identifiers(name):
    with pytest.raises(ValueError, match="identifier"):
        MYSQL.format_identifier(name)


@pytest.mark.parametrize("name", [None, 1, b"a"])
def test_identifiers_are_text(name):
    with pytest.raises(TypeError, match="identifier"):
        MYSQL.format_identifier(name)


@pytest.mark.parametrize(
    ("sql", "converted"),
    [
        ("a = ? AND b IN (?, ?)", "a = %s AND b IN (%s, %s)"),
        (r"a \? b", "a ? b"),
        ("'?' \"?\" `?`", "'?' \"?\" `?`"),
        (r"'it''s \' ?' = ?", r"'it''s \' ?' = %s"),
        ("? -- ?\n?", "%s -- ?\n%s"),
        ("5--?", "5--%s"),
        ("? # ?", "%s # ?"),
        ("/* ? */ ?", "/* ? */ %s"),
        ("a LIKE '10%' AND b = ?", "a LIKE '10%' AND b = %s"),
    ],
)
def test_convert_sql(sql, converted):
    assert MYSQL.convert_sql(sql) == converted


def test_last_insert_id_query():
    assert MYSQL.last_insert_id_query("t") == MYSQL.last_insert_id_query() == "SELECT LAST_INSERT_ID()"


@pytest.mark.parametrize(
    "sql",
    [
        "%s",
        "`a`",
        "`a`.`b``c`",
        "1.5",
        "'x'",
        "f()",
        "f(g(1), ')')",
        "(a + b)",
        "ANY (SELECT 1)",
        "INTERVAL 1 DAY",
        "CAST(a AS CHAR(1))",
    ],
)
def test_atomic(sql):
    assert is_atomic(sql) and enclose(sql) == sql


@pytest.mark.parametrize(
    "sql",
    [
        "a + b",
        "(a) + (b)",
        "f(a) - 1",
        "-1",
        "NOT (a)",
        "SELECT (1)",
        "a IS NULL",
        "CASE WHEN a THEN b END",
        "f(a) OVER (b)",
        "('(') + 1",
    ],
)
def test_not_atomic(sql):
    assert not is_atomic(sql) and enclose(sql) == f"({sql})"


def test_outermost_words():
    sql = "SELECT 'ORDER' FROM (SELECT a LIMIT 1) AS `FOR` /* UNION */ order by f(LOCK)"
    assert outermost_words(sql) == {"SELECT", "FROM", "AS", "ORDER", "BY", "F"}


@given(st.text(alphabet="ab()'`\"\\ +-%s", max_size=20))
def test_enclosing_is_never_an_error(sql):
    assert enclose(sql) in (sql, f"({sql})")


@given(st.text())
def test_escaped_strings_end_where_they_should(value):
    """Undoing the two doublings gives the value back, and no quote stands alone."""
    escaped = MYSQL._escape_sql_string(value)
    assert escaped.replace("''", "'").replace("\\\\", "\\") == value or "\\'" in value
    assert escaped.replace("''", "").count("'") == 0


def test_placeholder_and_literal():
    assert Literal(MYSQL, 1).to_sql() == (MYSQL.get_parameter_placeholder(), (1,)) == ("%s", (1,))
