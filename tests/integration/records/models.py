"""Models in pairs: on core alone, and the same with the mixin."""

import datetime
import decimal
import enum
import uuid
from typing import Annotated, Any, ClassVar, Dict, NamedTuple, Optional

from pydantic import Field, field_validator
from rhosocial.activerecord.base import FieldProxy
from rhosocial.activerecord.base.fields import UseColumn
from rhosocial.activerecord.field import AsyncSoftDeleteMixin, SoftDeleteMixin, TimestampMixin
from rhosocial.activerecord.model import ActiveRecord, AsyncActiveRecord
from rhosocial.activerecord.relation import BelongsTo, HasMany
from rhosocial.activerecord.relation.async_descriptors import AsyncBelongsTo, AsyncHasMany

from rhosocial.activerecord.backend.impl.mysqlclient.records import AsyncFastLoadMixin, FastLoadMixin

TABLES = (
    """CREATE TABLE writers (
        id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(50) NOT NULL, active TINYINT(1) NOT NULL DEFAULT 1,
        score DOUBLE, balance DECIMAL(12,2), born DATE, seen DATETIME(6), clock TIME(6), token CHAR(36),
        color VARCHAR(9), data JSON, photo BLOB
    )""",
    "CREATE TABLE books (id INT AUTO_INCREMENT PRIMARY KEY, writer_id INT, title VARCHAR(50) NOT NULL)",
    # a is kept in the column b, and b in a
    "CREATE TABLE crossed (id INT AUTO_INCREMENT PRIMARY KEY, a VARCHAR(9), b VARCHAR(9))",
    """CREATE TABLE notes (id INT AUTO_INCREMENT PRIMARY KEY, text VARCHAR(50) NOT NULL,
        created_at DATETIME(6), updated_at DATETIME(6), deleted_at DATETIME(6))""",
    "CREATE TABLE pairs (x INT, y INT, value VARCHAR(9), PRIMARY KEY (x, y))",
    "CREATE TABLE keyed (code VARCHAR(9) PRIMARY KEY, amount INT)",
)


class Color(enum.Enum):
    RED = "red"
    GREEN = "green"


class WriterFields:
    __table_name__ = "writers"

    id: Optional[int] = None
    name: str
    active: bool = True
    score: Optional[float] = None
    balance: Optional[decimal.Decimal] = None
    born: Optional[datetime.date] = None
    seen: Optional[datetime.datetime] = None
    clock: Optional[datetime.time] = None
    token: Optional[uuid.UUID] = None
    color: Optional[Color] = None
    data: Optional[Dict[str, Any]] = None
    photo: Optional[bytes] = None


class CrossedFields:
    __table_name__ = "crossed"

    id: Optional[int] = None
    a: Annotated[Optional[str], UseColumn("b")] = None
    b: Annotated[Optional[str], UseColumn("a")] = None


class NoteFields:
    __table_name__ = "notes"

    id: Optional[int] = None
    text: str


class PairFields:
    __table_name__ = "pairs"
    __primary_key__ = ("x", "y")
    __pk_auto_generated__ = False

    x: int
    y: int
    value: Optional[str] = None


class KeyedFields:
    __table_name__ = "keyed"
    __primary_key__ = "code"
    __pk_auto_generated__ = False

    code: str
    amount: int = 0


class BookFields:
    __table_name__ = "books"

    id: Optional[int] = None
    writer_id: Optional[int] = None
    title: str


class Family(NamedTuple):
    """Their tables in one backend."""

    writer: Any
    author: Any  # a writer with books
    book: Any
    checked: Any
    crossed: Any
    note: Any
    pair: Any
    keyed: Any


class Relations(NamedTuple):
    record: Any
    soft_delete: Any
    many: Any
    belongs: Any


SYNC = Relations(ActiveRecord, SoftDeleteMixin, HasMany, BelongsTo)
ASYNC = Relations(AsyncActiveRecord, AsyncSoftDeleteMixin, AsyncHasMany, AsyncBelongsTo)


def family(backend, using, *front):
    record, soft_delete, many, belongs = using

    class Writer(*front, WriterFields, record):
        __backend__ = backend
        c: ClassVar[FieldProxy] = FieldProxy()

    class Book(*front, BookFields, record):
        __backend__ = backend
        writer: ClassVar[belongs[Writer]] = belongs(foreign_key="writer_id")

    class Author(*front, WriterFields, record):
        __backend__ = backend
        books: ClassVar[many[Book]] = many(foreign_key="writer_id")

    class Checked(*front, record):
        __table_name__ = "writers"
        __backend__ = backend

        id: Optional[int] = None
        name: str = Field(max_length=20)
        score: Optional[float] = Field(None, ge=0)

        @field_validator("name")
        @classmethod
        def named(cls, value):
            if value == "nobody":
                raise ValueError("nobody")
            return value

    class Crossed(*front, CrossedFields, record):
        __backend__ = backend

    class Note(*front, NoteFields, TimestampMixin, soft_delete, record):
        __backend__ = backend

    class Pair(*front, PairFields, record):
        __backend__ = backend

    class Keyed(*front, KeyedFields, record):
        __backend__ = backend

    return Family(Writer, Author, Book, Checked, Crossed, Note, Pair, Keyed)


class Twins(NamedTuple):
    core: Family
    fast: Family


def sync_models(backend):
    return Twins(family(backend, SYNC), family(backend, SYNC, FastLoadMixin))


def async_models(backend):
    return Twins(family(backend, ASYNC), family(backend, ASYNC, AsyncFastLoadMixin))
