"""P6: names of every kind in every place of the query builder are one back-quoted name, or refused.

In what the dialect makes of a name, all back-quoted names and strings taken away, nothing of the name may be left.
"""

import json
import re
from urllib.parse import urlencode

import pytest
from rhosocial.activerecord.backend.dialect import UnsupportedFeatureError
from rhosocial.activerecord.backend.expression.types import IntType
from rhosocial.activerecord.backend.options import BulkInsertOptions, InsertOptions
from rhosocial.activerecord.query.relational import RelationNotFoundError

from rhosocial.activerecord.backend import expression as e
from rhosocial.activerecord.backend.impl.mysqlclient import MySQLConnectionConfig
from rhosocial.activerecord.backend.impl.mysqlclient.dialect import MySQLDialect
from rhosocial.activerecord.backend.impl.mysqlclient.errors import ConfigError, DatabaseError, TransactionError

from . import names
from .paths import done, rows

MARK = "EVIL"
NAMES = [f"a` {MARK} -- ", f"a'; {MARK} -- ", f'a" {MARK}', f"a\\` {MARK}", f"a.b`; {MARK}", f"*/ {MARK} /*",
         f"a\n{MARK}", f"a) {MARK}", f"``{MARK}"]  # fmt: skip
QUOTED = re.compile(r"`(?:[^`]|``)*`|'(?:[^'\\]|\\.|'')*'", re.DOTALL)
DIALECTS = [MySQLDialect((9, 7, 0)), MySQLDialect((8, 0, 13)), MySQLDialect((10, 11, 19), "mariadb")]


def query(d, **parts):
    return e.QueryExpression(d, **{"select": [e.Column(d, "a")], "from_": e.TableExpression(d, "t"), **parts})


def one(d):
    return e.Literal(d, 1)


def equal(d, name="a"):
    return e.ComparisonPredicate(d, "=", e.Column(d, name), one(d))


def alter(d, *actions):
    return e.AlterTableExpression(d, table_name="t", actions=list(actions))


PLACES = {
    "column": lambda d, n: query(d, select=[e.Column(d, n)]),
    "column's table": lambda d, n: query(d, select=[e.Column(d, "a", n)]),
    "column's alias": lambda d, n: query(d, select=[e.Column(d, "a", alias=n)]),
    "wildcard's table": lambda d, n: query(d, select=[e.WildcardExpression(d, table=n)]),
    "table": lambda d, n: query(d, from_=e.TableExpression(d, n)),
    "table as str": lambda d, n: query(d, from_=n),
    "table's alias": lambda d, n: query(d, from_=e.TableExpression(d, "t", alias=n)),
    "table's schema": lambda d, n: query(d, from_=e.TableExpression(d, "t", schema_name=n)),
    "where": lambda d, n: query(d, where=e.WhereClause(d, equal(d, n))),
    "order by": lambda d, n: query(d, order_by=e.OrderByClause(d, [(e.Column(d, n), "ASC")])),
    "order by str": lambda d, n: query(d, order_by=e.OrderByClause(d, [n])),
    "order direction": lambda d, n: query(d, order_by=e.OrderByClause(d, [(e.Column(d, "a"), n)])),
    "group by": lambda d, n: query(d, group_by_having=e.GroupByHavingClause(d, [e.Column(d, n)])),
    "function": lambda d, n: query(d, select=[e.FunctionCall(d, n, one(d))]),
    "function's alias": lambda d, n: query(d, select=[e.FunctionCall(d, "ABS", one(d), alias=n)]),
    "aggregate": lambda d, n: query(d, select=[e.AggregateFunctionCall(d, n, one(d))]),
    "window function": lambda d, n: query(d, select=[e.WindowFunctionCall(d, n, [one(d)], "w")]),
    "window": lambda d, n: query(d, select=[e.WindowFunctionCall(d, "RANK", [], n)]),
    "window's frame": lambda d, n: query(d, select=[e.WindowFunctionCall(d, "RANK", [], e.WindowSpecification(
        d, frame=e.WindowFrameSpecification(d, "ROWS", n, n)))]),
    "window's frame kind": lambda d, n: query(d, select=[e.WindowFunctionCall(d, "RANK", [], e.WindowSpecification(
        d, frame=e.WindowFrameSpecification(d, n, "CURRENT ROW")))]),
    "window's partition": lambda d, n: query(d, select=[e.WindowFunctionCall(d, "RANK", [], e.WindowSpecification(
        d, partition_by=[n]))]),
    "window's order": lambda d, n: query(d, select=[e.WindowFunctionCall(d, "RANK", [], e.WindowSpecification(
        d, order_by=e.OrderByClause(d, [n])))]),
    "collation": lambda d, n: e.CollateExpression(d, e.Column(d, "a"), n),
    "operator": lambda d, n: e.ComparisonPredicate(d, n, e.Column(d, "a"), one(d)),
    "like": lambda d, n: e.LikePredicate(d, n, e.Column(d, "a"), one(d)),
    "and": lambda d, n: e.LogicalPredicate(d, n, equal(d), equal(d)),
    "arithmetic": lambda d, n: e.BinaryArithmeticExpression(d, n, e.Column(d, "a"), one(d)),
    "binary": lambda d, n: e.BinaryExpression(d, n, e.Column(d, "a"), one(d)),
    "any": lambda d, n: e.AnyExpression(d, e.Column(d, "a"), n, e.Literal(d, [1])),
    "join kind": lambda d, n: e.JoinExpression(d, e.TableExpression(d, "t"), e.TableExpression(d, "u"), n, equal(d)),
    "join using": lambda d, n: e.JoinExpression(d, e.TableExpression(d, "t"), e.TableExpression(d, "u"), using=[n]),
    "join's alias": lambda d, n: e.JoinExpression(
        d, e.TableExpression(d, "t"), e.TableExpression(d, "u"), condition=equal(d), alias=n),
    "subquery's alias": lambda d, n: e.Subquery(d, query(d), alias=n),
    "cte": lambda d, n: e.CTEExpression(d, name=n, query=query(d)),
    "cte's column": lambda d, n: e.CTEExpression(d, name="c", query=query(d), columns=[n]),
    "case's alias": lambda d, n: e.CaseExpression(d, cases=[(equal(d), one(d))], alias=n),
    "json path": lambda d, n: e.JSONExpression(d, e.Column(d, "a"), n),
    "json operator": lambda d, n: e.JSONExpression(d, e.Column(d, "a"), "$.a", n),
    "grouping": lambda d, n: e.GroupingExpression(d, n, [e.Column(d, "a")]),
    "lock of": lambda d, n: e.ForUpdateClause(d, of_columns=[n]),
    "lock strength": lambda d, n: e.ForUpdateClause(d, dialect_options={"strength": n}),
    "limit": lambda d, n: e.LimitOffsetClause(d, limit=n),
    "interval": lambda d, n: e.IntervalExpression(d, n, "DAY"),
    "interval's unit": lambda d, n: e.IntervalExpression(d, 1, n),
    "cast": lambda d, n: e.Column(d, "a").cast(n),
    "insert table": lambda d, n: e.InsertExpression(d, into=n, columns=["a"], source=e.ValuesSource(d, [[one(d)]])),
    "insert column": lambda d, n: e.InsertExpression(d, into="t", columns=[n], source=e.ValuesSource(d, [[one(d)]])),
    "update table": lambda d, n: e.UpdateExpression(d, table=n, assignments={"a": one(d)}, where=equal(d)),
    "update column": lambda d, n: e.UpdateExpression(d, table="t", assignments={n: one(d)}, where=equal(d)),
    "delete table": lambda d, n: e.DeleteExpression(d, tables=n, where=equal(d)),
    "upsert column": lambda d, n: e.OnConflictClause(d, conflict_target=["id"], update_assignments={n: one(d)}),
    "returning": lambda d, n: e.ReturningClause(d, [e.Column(d, n)]),
    "savepoint": lambda d, n: e.SavepointExpression(d, n),
    "rollback to": lambda d, n: e.RollbackTransactionExpression(d).to_savepoint(n),
    "release": lambda d, n: e.ReleaseSavepointExpression(d, n),
    "create table": lambda d, n: e.CreateTableExpression(d, n, [e.ColumnDefinition("a", IntType())]),
    "table's column": lambda d, n: e.CreateTableExpression(d, "t", [e.ColumnDefinition(n, IntType())]),
    "column's comment": lambda d, n: e.CreateTableExpression(d, "t", [e.ColumnDefinition("a", IntType(), comment=n)]),
    "table's options": lambda d, n: e.CreateTableExpression(
        d, "t", [e.ColumnDefinition("a", IntType())], storage_options={n: 1}),
    "engine": lambda d, n: e.CreateTableExpression(
        d, "t", [e.ColumnDefinition("a", IntType())], storage_options={"ENGINE": n}),
    "charset": lambda d, n: e.CreateTableExpression(
        d, "t", [e.ColumnDefinition("a", IntType())], dialect_options={"charset": n}),
    "primary key": lambda d, n: e.CreateTableExpression(
        d, "t", [e.ColumnDefinition("a", IntType())],
        table_constraints=[e.TableConstraint(e.TableConstraintType.PRIMARY_KEY, columns=[n])]),
    "constraint": lambda d, n: e.CreateTableExpression(
        d, "t", [e.ColumnDefinition("a", IntType())],
        table_constraints=[e.TableConstraint(e.TableConstraintType.UNIQUE, columns=["a"], name=n)]),
    "drop table": lambda d, n: e.DropTableExpression(d, n),
    "truncate": lambda d, n: e.TruncateExpression(d, n),
    "drop column": lambda d, n: alter(d, e.DropColumn(d, n)),
    "rename to": lambda d, n: alter(d, e.RenameObject(d, "a", n)),
    "create index": lambda d, n: e.CreateIndexExpression(d, n, "t", ["a"]),
    "index's table": lambda d, n: e.CreateIndexExpression(d, "i", n, ["a"]),
    "index's column": lambda d, n: e.CreateIndexExpression(d, "i", "t", [n]),
    "index's kind": lambda d, n: e.CreateIndexExpression(d, "i", "t", ["a"], index_type=n),
    "drop index": lambda d, n: e.DropIndexExpression(d, n, "t"),
    "create view": lambda d, n: e.CreateViewExpression(d, n, query(d)),
    "view's column": lambda d, n: e.CreateViewExpression(d, "v", query(d), column_aliases=[n]),
    "drop view": lambda d, n: e.DropViewExpression(d, n),
    "create schema": lambda d, n: e.CreateSchemaExpression(d, n),
    "drop schema": lambda d, n: e.DropSchemaExpression(d, n),
    "drop trigger": lambda d, n: e.DropTriggerExpression(d, n),
    "drop function": lambda d, n: e.DropFunctionExpression(d, n),
    "explain format": lambda d, n: e.ExplainExpression(d, query(d), e.ExplainOptions(format=n)),
}  # fmt: skip


def left_of(sql):
    return QUOTED.sub("", sql)


QUOTED_PLACES = ("column", "table", "alias", "savepoint", "cte", "index")
QUOTES = {place for place in PLACES if place.endswith(QUOTED_PLACES) and place != "join's alias"}


@pytest.mark.parametrize("place", PLACES)
def test_in_the_query_builder(place):
    built = refused = 0
    for dialect in DIALECTS:
        for name in NAMES:
            try:
                sql, params = PLACES[place](dialect, name).to_sql()
            except (ValueError, KeyError, TypeError, AttributeError, UnsupportedFeatureError, NotImplementedError):
                refused += 1
                continue
            built += 1
            assert MARK not in left_of(sql), (dialect.vendor, name, sql)
    assert built + refused == len(DIALECTS) * len(NAMES)
    if place in QUOTES:
        assert built >= len(NAMES), "a name is quoted, not refused"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("option", ["collation", "sql_mode", "isolation_level", "time_zone", "charset", "auth_plugin",
                                    "ssl_ciphers", "zero_dates", "timezone", "tls_versions", "host"])  # fmt: skip
def test_in_options(option, name, monkeypatch, tmp_path):
    with pytest.raises(ConfigError):
        MySQLConnectionConfig(**{option: name})
    with pytest.raises(ConfigError):
        MySQLConnectionConfig(timezone=None).clone(**{option: name})
    with pytest.raises(ConfigError):
        MySQLConnectionConfig.from_url(f"mysql://u@h/d?{urlencode({option: name})}")
    for suffix in ("toml", "json"):  # JSON's strings are TOML's, too
        file = tmp_path / f"options.{suffix}"
        text = json.dumps(name, ensure_ascii=True)
        file.write_text(f"{option} = {text}\n" if suffix == "toml" else json.dumps({option: name}))
        with pytest.raises(ConfigError):
            MySQLConnectionConfig.from_file(file)
    monkeypatch.setenv(f"MYSQL_{option.upper()}", name)
    with pytest.raises(ConfigError):
        MySQLConnectionConfig.from_env()
    with pytest.raises(ConfigError):
        MySQLConnectionConfig.load()


@pytest.mark.parametrize("operator", ["=", "<=>", "!=", "IS NOT", "is not distinct from", "NOT LIKE", "MEMBER OF"])
def test_operators_of_the_servers_are_taken(operator):
    for dialect in DIALECTS:
        sql, _ = e.ComparisonPredicate(dialect, operator, e.Column(dialect, "a"), one(dialect)).to_sql()
        assert "`a`" in sql


@pytest.mark.parametrize("operator", ["= 1 OR", "OR password =", "--", "/*", "= b", "", " ", "=#", "; DROP", None, 1])
def test_what_is_no_operator(operator):
    with pytest.raises((ValueError, TypeError)):
        e.ComparisonPredicate(DIALECTS[0], operator, e.Column(DIALECTS[0], "a"), one(DIALECTS[0])).to_sql()


# What would do harm if it were SQL anywhere, and names with what stands for parameters.
HOSTILE = ["s`; DROP TABLE t -- ", "s' OR '1'='1", "s) VALUES (1); -- ", "%s", "s\\`", "?", "s` = 'x', `b"]


@pytest.fixture
async def table(either):
    await done(either.execute("INSERT INTO t (id, s) VALUES (1, 'kept')"))
    yield either
    assert await rows(either, "SELECT s FROM t") == ["kept"]


@pytest.mark.parametrize("way", names.ASKED_FOR)
async def test_the_server_is_asked_for_the_whole_name(table, way):
    for name in HOSTILE:
        with pytest.raises(DatabaseError) as caught:
            await done(names.ASKED_FOR[way](table, name))
        assert caught.value.errno in names.NO_SUCH and name in str(caught.value), (name, caught.value)


@pytest.mark.flavor("mariadb")
async def test_so_it_is_in_returning(table):
    for name in HOSTILE:
        one = InsertOptions(table="t", data={"s": "x"}, returning_columns=[name])
        two = BulkInsertOptions(table="t", columns=["s"], rows=[["x"], ["y"]], returning_columns=[name])
        for way, options in ((table.insert, one), (table.bulk_insert, two)):
            with pytest.raises(DatabaseError) as caught:
                await done(way(options))
            assert caught.value.errno == 1054 and name in str(caught.value)


@pytest.mark.parametrize("way", names.REFUSED)
async def test_what_is_no_such_name_is_refused(table, way):
    for name in HOSTILE:
        with pytest.raises((ValueError, TypeError, AttributeError, TransactionError, RelationNotFoundError)) as caught:
            await done(names.REFUSED[way](table, name))
        assert getattr(caught.value, "errno", None) is None, "the server was asked"


@pytest.mark.parametrize("way", names.TAKEN)
async def test_names_that_are_values_or_new(table, way):
    for name in HOSTILE:
        assert not await done(names.TAKEN[way](table, name))
