"""A field that is text is never compared with a number: the server would take every token for 0."""

import logging
import uuid
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Annotated, ClassVar, Literal, Optional

import pytest
from rhosocial.activerecord.backend.expression import (
    Column,
    DeleteExpression,
    JoinExpression,
    QueryExpression,
    TableExpression,
    UpdateExpression,
)
from rhosocial.activerecord.backend.expression import Literal as LiteralValue
from rhosocial.activerecord.base import FieldProxy
from rhosocial.activerecord.base.fields import UseColumn
from rhosocial.activerecord.model import ActiveRecord, AsyncActiveRecord

from rhosocial.activerecord.backend.impl.mysqlclient import AsyncMySQLBackend, MySQLBackend
from rhosocial.activerecord.backend.impl.mysqlclient.errors import TypeConversionError


class Kind(Enum):
    API = "api"


class Number(IntEnum):
    ZERO = 0


class Fields:
    __table_name__ = "compared_sessions"
    __primary_key__ = "tok"
    c: ClassVar[FieldProxy] = FieldProxy()

    tok: str
    note: Optional[str] = None
    other: Annotated[Optional[str], UseColumn("renamed")] = None
    key: Optional[uuid.UUID] = None
    raw: Optional[bytes] = None
    kind: Optional[Kind] = None
    mode: Optional[Literal["a", "b"]] = None
    number: Optional[int] = None
    amount: Optional[Decimal] = None


class Session(Fields, ActiveRecord):
    """As anybody's model: nothing in it knows of the check."""


class AsyncSession(Fields, AsyncActiveRecord):
    pass


TABLE = """CREATE TABLE compared_sessions (tok VARCHAR(40) PRIMARY KEY, note TEXT, renamed VARCHAR(40), `key` CHAR(36),
    raw VARBINARY(40), kind VARCHAR(9), mode VARCHAR(9), number BIGINT, amount DECIMAL(20,2))"""
TEXT_FIELDS = ["tok", "note", "other", "key", "raw", "kind", "mode"]
CONFUSING = [0, False, 0.0, Decimal(0), Number.ZERO, 2**70, [0], (0,), {"a": 0}, {0}]


@pytest.fixture
def sessions(config):
    Session.configure(config, MySQLBackend)
    backend = Session.backend()
    backend.logger.setLevel(logging.CRITICAL)
    backend.execute(TABLE)
    backend.execute(
        "INSERT INTO compared_sessions VALUES (%s, 'x', 'x', 'abc', 'x', 'api', 'a', 0, 0)", ("secret",)
    )
    yield Session
    backend.disconnect()


def predicates(field, value):
    yield field == value
    yield field != value
    yield field >= value
    yield field < value
    yield field.between(value, value)
    yield field.in_([value])
    yield field.in_(["a", value])
    yield field.not_in([value])
    yield (field == "a") | (field == value)


@pytest.mark.parametrize("value", CONFUSING, ids=repr)
def test_p4_a_text_field_refuses_numbers_and_collections(sessions, value):
    for name in TEXT_FIELDS:
        column = "renamed" if name == "other" else name
        field = getattr(sessions.c, name)
        for predicate in predicates(field, value):
            for query in (sessions.query().where(predicate).all, sessions.query().where(predicate).count,
                          sessions.query().where(predicate).exists):  # fmt: skip
                with pytest.raises(TypeConversionError, match=f"column '{column}' of compared_sessions is text"):
                    query()


@pytest.mark.parametrize("value", [0, False, 0.0])
def test_p4_the_ways_of_finding(sessions, value):
    """find_one and its like name no table; the statement's own is taken."""
    for find in (sessions.find_one, lambda v: sessions.find_all([v]), lambda v: sessions.find_one({"note": v})):
        with pytest.raises(TypeConversionError, match="is text"):
            find(value)


@pytest.mark.parametrize("value", [0, [0]], ids=repr)
def test_p4_aliases_joins_updates_and_deletes(sessions, value):
    dialect = sessions.backend().dialect
    mine, theirs = sessions.c.with_table_alias("a"), sessions.c.with_table_alias("b")
    a, b = (TableExpression(dialect, "compared_sessions", alias=alias) for alias in "ab")
    joined = JoinExpression(dialect, a, b, condition=mine.tok == theirs.tok)
    inner = QueryExpression(dialect, select=[mine.tok], from_=joined, where=theirs.note == value)
    statements = [
        inner,
        QueryExpression(dialect, select=[mine.tok], from_=a, where=mine.tok.in_([value])),
        UpdateExpression(dialect, a, {"note": LiteralValue(dialect, "y")}, where=mine.tok == value),
        DeleteExpression(dialect, TableExpression(dialect, "compared_sessions"), where=Column(dialect, "tok") == value),
    ]
    for statement in statements:
        with pytest.raises(TypeConversionError, match="of compared_sessions is text"):
            statement.to_sql()


def test_what_fits_is_compared(sessions):
    one = {"tok": "secret", "note": "x", "other": "x", "kind": Kind.API, "mode": "a", "number": 0, "amount": Decimal(0)}
    for name, value in one.items():
        assert sessions.query().where(getattr(sessions.c, name) == value).count() == 1, name
    for value in (False, 0.0, "0", Number.ZERO):
        assert sessions.query().where(sessions.c.number == value).count() == 1
    assert sessions.query().where(sessions.c.tok == "0").count() == 0
    assert sessions.query().where(sessions.c.tok == None).count() == 0  # noqa: E711
    assert sessions.query().where(sessions.c.tok.in_(["secret", "0"])).count() == 1
    assert sessions.query().where(sessions.c.tok.in_([])).count() == 0
    with pytest.raises(TypeConversionError, match="'number' of compared_sessions is number: .* with list"):
        sessions.query().where(sessions.c.number == [0]).all()


def test_b11_in_lists(sessions):
    field = sessions.c.number
    assert sessions.query().where(field.in_([0])).count() == 1
    assert sessions.query().where(field.in_(list(range(70_000)))).count() == 1
    assert sessions.query().where(field.in_([None, 1])).count() == 0
    assert sessions.query().where(field.in_([None, 0])).count() == 1
    with pytest.raises(TypeConversionError, match="with list"):
        sessions.query().where(field.in_([[0]])).count()


def test_columns_of_unknown_tables_are_compared_as_ever(sessions):
    backend = sessions.backend()
    backend.execute("CREATE TABLE elsewhere (tok VARCHAR(9))")
    backend.execute("INSERT INTO elsewhere VALUES ('0')")
    assert backend.fetch_one("SELECT COUNT(*) AS n FROM elsewhere WHERE tok = %s", (0,)) == {"n": 1}


def test_p4_a_list_in_raw_sql_is_a_text_that_matches_no_other(sessions):
    """Raw SQL names no field: a list becomes its JSON text, which is equal to nothing but that text."""
    assert sessions.query().where("tok = ?", ([0],)).count() == 0
    assert sessions.query().where("note = ?", ([0],)).count() == 0


def test_a_model_that_has_the_column_as_a_number_lifts_the_check(sessions):
    class Modern(ActiveRecord):
        __table_name__ = "compared_elsewhere"
        __primary_key__ = "tok"
        c: ClassVar[FieldProxy] = FieldProxy()
        tok: str
        mode: str

    class Legacy(Modern):
        mode: int

    Legacy.__backend__ = sessions.backend()
    sessions.backend().execute("CREATE TABLE compared_elsewhere (tok VARCHAR(9), mode INT)")
    assert Legacy.query().where(Legacy.c.mode == 5).count() == 0
    with pytest.raises(TypeConversionError):
        Legacy.query().where(Legacy.c.tok == 0).count()


@pytest.mark.parametrize("value", [0, False, [0]], ids=repr)
async def test_p4_async(config, value):
    backend = AsyncMySQLBackend(connection_config=config)
    AsyncSession.__backend__ = backend
    try:
        await backend.execute(TABLE)
        await backend.execute("INSERT INTO compared_sessions (tok) VALUES ('secret')")
        with pytest.raises(TypeConversionError, match="'tok' of compared_sessions is text"):
            await AsyncSession.query().where(AsyncSession.c.tok == value).all()
        assert (await AsyncSession.find_one("secret")).tok == "secret"
        if not isinstance(value, list):
            with pytest.raises(TypeConversionError):
                await AsyncSession.find_one(value)
    finally:
        AsyncSession.__backend__ = None
        await backend.disconnect()
