"""P4: a value of another type than the column's matches everything: `WHERE token = 0` (mysqljs#2554)."""

from decimal import Decimal
from typing import ClassVar, Optional

import pytest
from rhosocial.activerecord.base import FieldProxy
from rhosocial.activerecord.model import ActiveRecord, AsyncActiveRecord

from rhosocial.activerecord.backend.impl.mysqlclient import AsyncMySQLBackend
from rhosocial.activerecord.backend.impl.mysqlclient.errors import TypeConversionError
from rhosocial.activerecord.backend.impl.mysqlclient.records import AsyncFastLoadMixin, FastLoadMixin

from .paths import done, rows


class Fields:
    __table_name__ = "tokens"
    c: ClassVar[FieldProxy] = FieldProxy()

    id: Optional[int] = None
    token: str


def model(backend, fast):
    kinds = (AsyncFastLoadMixin, AsyncActiveRecord) if isinstance(backend, AsyncMySQLBackend) else (
        FastLoadMixin, ActiveRecord)  # fmt: skip
    made = type("Token", (Fields, *kinds[0 if fast else 1 :]), {"__module__": __name__})
    made.__backend__ = backend
    return made


CONFUSED = [0, False, True, 0.0, Decimal(0), [0], (0,), {0}, {"token": 0}]


@pytest.fixture
async def tokens(either):
    await done(either.execute("CREATE TABLE tokens (id INT PRIMARY KEY AUTO_INCREMENT, token VARCHAR(40))"))
    await done(either.execute_many("INSERT INTO tokens (token) VALUES (%s)", [("secret",), ("other",)]))
    return either


@pytest.mark.parametrize("fast", [False, True], ids=["core", "fast"])
@pytest.mark.parametrize("value", CONFUSED, ids=repr)
async def test_a_text_field_is_compared_with_text_only(tokens, value, fast):
    kind = model(tokens, fast)
    column = kind.c.token
    for make in (
        lambda: kind.query().where(column == value).all(),
        lambda: kind.query().where(column == value).one(),
        lambda: kind.query().where(column.in_([value])).all(),
        lambda: kind.query().where(column != value).count(),
        lambda: kind.find_one({"token": value}),
        lambda: kind.find_all({"token": value}),
    ):
        with pytest.raises((TypeConversionError, TypeError, ValueError)):
            await done(make())


@pytest.mark.parametrize("fast", [False, True], ids=["core", "fast"])
async def test_text_finds_the_one_row(tokens, fast):
    kind = model(tokens, fast)
    assert [found.token for found in await done(kind.query().where(kind.c.token == "secret").all())] == ["secret"]
    assert await done(kind.query().where(kind.c.token == "0").all()) == []
    assert await done(kind.query().where(kind.c.token == "' OR 1=1 -- ").all()) == []


@pytest.mark.parametrize("value", [["secret", "other"], {"secret": 1}], ids=repr)
async def test_a_collection_in_raw_sql_matches_nothing(tokens, value):
    assert await rows(tokens, "SELECT id FROM tokens WHERE token = %s", (value,)) == []


async def test_a_sequence_of_parameters_is_no_text(tokens):
    """'ab' is not two parameters."""
    for params in ("ab", b"ab"):
        with pytest.raises(TypeError):
            await rows(tokens, "SELECT id FROM tokens WHERE token = %s OR token = %s", params)
