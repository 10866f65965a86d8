"""A model with a field of every kind saves, and finds itself again equal; the same for both kinds of models."""

import logging
import uuid
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Any, ClassVar, Dict, List, Optional

import pytest
from pydantic import BaseModel
from rhosocial.activerecord.base import FieldProxy
from rhosocial.activerecord.model import ActiveRecord, AsyncActiveRecord

from rhosocial.activerecord.backend.impl.mysqlclient import AsyncMySQLBackend, MySQLBackend
from rhosocial.activerecord.backend.impl.mysqlclient.geometry import point
from rhosocial.activerecord.backend.impl.mysqlclient.type_converters import Vector

UTC = timezone.utc


class Color(Enum):
    RED = "red"
    DARK = "it's dark"


class Level(IntEnum):
    LOW = 10


class Address(BaseModel):
    city: str
    since: date


class Fields:
    __table_name__ = "records_of_every_type"
    c: ClassVar[FieldProxy] = FieldProxy()

    id: Optional[int] = None
    flag: bool
    small: int
    unsigned: int
    bits: int
    amount: Decimal
    ratio: float
    text: str
    long: Optional[str] = None
    key: uuid.UUID
    day: date
    moment: datetime
    stamp: Optional[datetime] = None
    clock: time
    span: timedelta
    year: int
    blob: bytes
    raw: Optional[bytes] = None
    color: Color
    level: Level
    tags: set[str]
    frozen: frozenset[str]
    numbers: List[int]
    document: Dict[str, Any]
    maybe: Optional[Dict[str, List[int]]] = None
    address: Address
    place: bytes


class Record(Fields, ActiveRecord):
    pass


class AsyncRecord(Fields, AsyncActiveRecord):
    pass


class VectorRecord(ActiveRecord):
    __table_name__ = "vectors"
    id: Optional[int] = None
    embedding: Optional[Vector] = None


TABLE = """CREATE TABLE records_of_every_type (
    id INT AUTO_INCREMENT PRIMARY KEY, flag TINYINT(1), small TINYINT, `unsigned` BIGINT UNSIGNED, bits BIT(64),
    amount DECIMAL(65,30), ratio DOUBLE, text VARCHAR(99), `long` LONGTEXT, `key` CHAR(36), day DATE,
    moment DATETIME(6), stamp TIMESTAMP(6) NULL, clock TIME(6), span TIME(6), year YEAR, `blob` LONGBLOB,
    raw VARBINARY(99), color ENUM('red','it''s dark'), level INT, tags SET('a','b','ż'), frozen SET('a','b'),
    numbers JSON, document JSON, maybe JSON, address JSON, place GEOMETRY) CHARACTER SET utf8mb4"""

EDGES = dict(
    flag=True, small=-128, unsigned=2**64 - 1, bits=2**64 - 1, amount=Decimal("9" * 35 + "." + "9" * 30), ratio=5e-324,
    text="it's \\ \N{SNOWMAN}\0%s", long="\U0001f600" * 20_000, key=uuid.UUID(int=2**128 - 1),
    day=date(1, 1, 1), moment=datetime(9999, 12, 31, 23, 59, 59, 999_999, UTC),
    stamp=datetime(2038, 1, 19, 3, 14, 7, tzinfo=UTC), clock=time(23, 59, 59, 999_999),
    span=-timedelta(hours=838, minutes=59, seconds=59), year=2155, blob=bytes(range(256)) * 300, raw=b"\xbf'\\",
    color=Color.DARK, level=Level.LOW, tags={"ż", "a"}, frozen=frozenset("ab"), numbers=[2**64 - 1, -(2**63)],
    document={"ż": [None, 1.5, {"x": "'"}], "n": 2**53 + 1},
    maybe={"a": [1]}, address=Address(city="X", since=date.max),
    place=point(1, 2),
)  # fmt: skip
PLAIN = dict(
    flag=False, small=0, unsigned=0, bits=0, amount=Decimal("-0.1"), ratio=-1e300, text="", key=uuid.UUID(int=0),
    day=date.max, moment=datetime(1, 1, 1, tzinfo=UTC), clock=time(0), span=timedelta(0),
    year=0, blob=b"", color=Color.RED, level=10, tags=set(), frozen=frozenset(), numbers=[], document={},
    address=Address(city="", since=date.min), place=point(-0.5, 1e300, srid=0),
)  # fmt: skip
# Values that a query can compare for equality in SQL.
FOUND_BY = ("flag", "small", "unsigned", "amount", "ratio", "text", "key", "day", "moment", "clock", "span", "year",
            "color", "level", "raw")  # fmt: skip


def unequal(found, values):
    return {name: (getattr(found, name), value) for name, value in values.items()
            if getattr(found, name) != value or type(getattr(found, name)) is not type(value)}  # fmt: skip


@pytest.mark.parametrize("values", [EDGES, PLAIN], ids=["edges", "plain"])
def test_a_record_finds_itself_again(config, values):
    Record.configure(config, MySQLBackend)
    backend = Record.backend()
    backend.logger.setLevel(logging.CRITICAL)
    try:
        backend.execute(TABLE)
        record = Record(**values)
        assert record.save() == 1
        expected = {name: getattr(record, name) for name in Fields.__annotations__ if name not in ("c", "id")}
        assert not unequal(Record.find_one(record.id), expected)
        for name in FOUND_BY:
            if getattr(record, name) is not None:
                query = Record.query().where(getattr(Record.c, name) == getattr(record, name))
                assert query.one().id == record.id, name
        again = Record.find_one(record.id)
        again.tags, again.amount, again.document = {"b"}, Decimal("1E-30"), {"k": [1]}
        assert again.save() == 1
        expected.update(tags={"b"}, amount=Decimal("1E-30"), document={"k": [1]})
        assert not unequal(Record.query().all()[0], expected)
    finally:
        Record.__backend__ = None
        backend.disconnect()


@pytest.mark.parametrize("values", [EDGES, PLAIN], ids=["edges", "plain"])
async def test_an_async_record_finds_itself_again(config, values):
    await AsyncRecord.configure(config, AsyncMySQLBackend)
    backend = AsyncRecord.backend()
    backend.logger.setLevel(logging.CRITICAL)
    try:
        await backend.execute(TABLE)
        record = AsyncRecord(**values)
        assert await record.save() == 1
        expected = {name: getattr(record, name) for name in Fields.__annotations__ if name not in ("c", "id")}
        assert not unequal(await AsyncRecord.find_one(record.id), expected)
        for name in FOUND_BY:
            if getattr(record, name) is not None:
                query = AsyncRecord.query().where(getattr(AsyncRecord.c, name) == getattr(record, name))
                assert (await query.one()).id == record.id, name
    finally:
        AsyncRecord.__backend__ = None
        await backend.disconnect()


@pytest.mark.flavor("mysql")
def test_a_vector_field(config):
    VectorRecord.configure(config, MySQLBackend)
    backend = VectorRecord.backend()
    try:
        backend.execute("CREATE TABLE vectors (id INT AUTO_INCREMENT PRIMARY KEY, embedding VECTOR(3))")
        record = VectorRecord(embedding=[1.0, -0.5, 2.0**-126])
        record.save()
        found = VectorRecord.find_one(record.id)
        assert found.embedding == [1.0, -0.5, 2.0**-126] and type(found.embedding) is Vector
        found.embedding = Vector([0, 1, 2])
        found.save()
        assert VectorRecord.find_one(record.id).embedding == [0.0, 1.0, 2.0]
    finally:
        VectorRecord.__backend__ = None
        backend.disconnect()
