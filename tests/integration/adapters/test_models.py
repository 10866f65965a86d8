"""Fields of models whose types need adapters, saved and read back on both servers."""

import logging
import uuid
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Any, Optional

import pytest
from pydantic import BaseModel
from rhosocial.activerecord.model import ActiveRecord

from rhosocial.activerecord.backend.impl.mysqlclient import MySQLBackend, MySQLConnectionConfig


class Color(Enum):
    RED = "red"
    GREEN = "green"


class Level(IntEnum):
    LOW = 10
    HIGH = 20


class Address(BaseModel):
    city: str
    since: date


class Everything(ActiveRecord):
    __table_name__ = "everything"

    id: Optional[int] = None
    flag: bool
    maybe: Optional[bool] = None
    bit: bool
    amount: Decimal
    ratio: Decimal
    identity: uuid.UUID
    packed: uuid.UUID
    day: date
    clock: time
    span: timedelta
    moment: datetime
    blob: bytes
    buffer: Any
    numbers: list[int]
    document: dict[str, Any]
    pair: tuple[int, int]
    address: Address
    color: Color
    code: Optional[Color] = None
    level: Level
    tags: set[str]
    frozen: frozenset[str]


TABLE = """CREATE TABLE everything (
    id INT AUTO_INCREMENT PRIMARY KEY, flag TINYINT(1) NOT NULL, maybe TINYINT(1), bit BIT(1) NOT NULL,
    amount DECIMAL(65,30), ratio DOUBLE, identity CHAR(36), packed BINARY(16), day DATE, clock TIME(6), span TIME(6),
    moment DATETIME(6), `blob` BLOB, buffer BLOB, numbers JSON, document JSON, pair JSON, address JSON,
    color ENUM('red','green'), code VARCHAR(9), level INT, tags SET('a','b','c'), frozen SET('a','b','c')
)"""

VALUES = {
    "flag": True, "bit": True, "amount": Decimal("12345678901234567890123456789012345.123456789012345678901234567891"),
    "ratio": Decimal("0.1"), "identity": uuid.UUID(int=2**127 + 5), "packed": uuid.UUID(int=7),
    "day": date(1000, 1, 1), "clock": time(23, 59, 59, 999999), "span": timedelta(hours=-838, minutes=-59),
    "moment": datetime(2024, 2, 29, 12, 0, 0, 123456, timezone(timedelta(hours=9))), "blob": bytes(range(256)),
    "buffer": bytearray(b"\\0'\xff"), "numbers": [1, -(2**63), 2**64 - 1], "document": {"é": [None, 1.5, {"x": "'"}]},
    "pair": (3, 4), "address": Address(city="X", since=date(2020, 1, 2)), "color": Color.GREEN, "code": Color.RED,
    "level": Level.HIGH, "tags": {"c", "a"}, "frozen": frozenset({"b"}),
}  # fmt: skip


@pytest.fixture
def model(server, database):
    config = MySQLConnectionConfig(
        host=server.host, port=server.port, username=server.user, password=server.password, database=database
    )

    class Bound(Everything):
        __table_name__ = "everything"

    Bound.configure(config, MySQLBackend)
    Bound.backend().logger.setLevel(logging.WARNING)
    Bound.backend().execute(TABLE)
    yield Bound
    Bound.backend().disconnect()


def insert(model):
    """Writes `packed` as BINARY(16), which needs bytes."""
    columns = {**VALUES, "packed": VALUES["packed"].bytes}
    names = ", ".join(f"`{name}`" for name in columns)
    marks = ", ".join(["%s"] * len(columns))
    columns["pair"], columns["address"] = list(VALUES["pair"]), VALUES["address"].model_dump(mode="json")
    model.backend().execute(f"INSERT INTO everything ({names}) VALUES ({marks})", tuple(columns.values()))
    return model.query().one()


def test_every_field_comes_back_as_it_went_in(model):
    read = insert(model)
    for name, value in VALUES.items():
        found = getattr(read, name)
        assert found == value, name
        if name != "buffer":
            assert type(found) is type(value), name
    assert read.maybe is None
    assert read.moment.tzinfo is timezone.utc and read.moment.hour == 3


def test_saving_a_change_keeps_the_rest(model):
    record = insert(model)
    record.color, record.tags, record.numbers, record.amount = Color.RED, {"b"}, [], Decimal("0.1")
    record.packed = uuid.UUID(int=7)
    record.save()
    again = model.find_one(record.id)
    assert (again.color, again.tags, again.numbers, again.amount) == (Color.RED, {"b"}, [], Decimal("0.1"))
    assert again.document == VALUES["document"] and again.span == VALUES["span"]


def test_queries_take_the_same_values(model):
    record = insert(model)
    for column, value in (("amount", VALUES["amount"]), ("color", Color.GREEN), ("level", Level.HIGH), ("flag", True),
                          ("identity", VALUES["identity"]), ("day", VALUES["day"]), ("moment", VALUES["moment"]),
                          ("tags", VALUES["tags"])):  # fmt: skip
        assert model.query().where(f"{column} = ?", (value,)).one().id == record.id, column


def test_null_stays_none(model):
    backend = model.backend()
    backend.execute("INSERT INTO everything (flag, bit) VALUES (0, 0)")
    row = backend.fetch_one("SELECT * FROM everything", column_adapters=model.get_column_adapters())
    assert {name for name, value in row.items() if value is not None} == {"id", "flag", "bit"}
    assert row["flag"] is False and row["bit"] is False


def test_what_a_column_cannot_be_is_an_error_not_a_wrong_value(model):
    record = insert(model)
    model.backend().execute("UPDATE everything SET clock = '-01:00:00'")
    with pytest.raises(ValueError, match="timedelta"):
        model.find_one(record.id)
