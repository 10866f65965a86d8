"""The rows that are measured: a table of 12 mixed columns, the same rows on every run.

About a third of the texts have characters beyond ASCII, every nullable column has NULLs.
"""
import json
import random
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

from rhosocial.activerecord.backend.impl.mysqlclient.codec.abc import Code
from rhosocial.activerecord.backend.impl.mysqlclient.codec.plan import Plan

TABLE, WRITTEN = "bench_rows", "bench_written"  # read only; what writing questions fill
ROWS = 20_000


class Column(NamedTuple):
    """A column: its definition, how its cells decode, and the field type of a model of it."""

    name: str
    definition: str
    code: Code
    annotation: Any


COLUMNS = (
    Column("id", "BIGINT NOT NULL PRIMARY KEY", Code.INT, int),
    Column("name", "VARCHAR(100) NOT NULL", Code.TEXT, str),
    Column("note", "TEXT NOT NULL", Code.TEXT, str),
    Column("quantity", "INT NOT NULL", Code.INT, int),
    Column("weight", "DOUBLE", Code.FLOAT, float | None),
    Column("price", "DECIMAL(12,2) NOT NULL", Code.DECIMAL, Decimal),
    Column("active", "TINYINT(1) NOT NULL", Code.INT, bool),
    Column("created", "DATETIME(6) NOT NULL", Code.DATETIME_UTC, datetime),
    Column("birthday", "DATE", Code.DATE, date | None),
    Column("opens", "TIME NOT NULL", Code.TIMEDELTA, time),
    Column("settings", "JSON NOT NULL", Code.TEXT, dict),
    Column("nickname", "VARCHAR(60)", Code.TEXT, str | None),
)
NAMES = tuple(column.name for column in COLUMNS)
SELECT = f"SELECT {', '.join(NAMES)} FROM {TABLE} ORDER BY id"
SELECT_ONE = f"SELECT {', '.join(NAMES)} FROM {TABLE} WHERE id = %s"
INSERT = f"INSERT INTO {TABLE} ({', '.join(NAMES)}) VALUES ({', '.join(['%s'] * len(NAMES))})"
INSERT_WRITTEN = INSERT.replace(TABLE, WRITTEN)
CREATE = (
    f"CREATE TABLE {TABLE} ({', '.join(f'{c.name} {c.definition}' for c in COLUMNS)}) CHARACTER SET utf8mb4",
    f"CREATE TABLE {WRITTEN} LIKE {TABLE}",
    f"ALTER TABLE {WRITTEN} MODIFY id BIGINT NOT NULL AUTO_INCREMENT",
)
FIRST_ID = 10_000_000_000
PLAN = Plan(codes=bytes(column.code for column in COLUMNS), keys=NAMES, names=NAMES)

_FIRST = ("Anna", "Björn", "Chloé", "David", "Élise", "Faruk", "Grace", "Hiroshi", "Ingrid", "José", "Kateřina", "Liam",
          "美咲", "Noah", "Olga", "Pavel", "Rosa", "Søren", "Thomas", "Ursula", "Владимир", "William", "Zoë", "Sarah")
_LAST = ("Andersson", "Brown", "Castillo", "Dvořák", "Evans", "Fischer", "García", "Hughes", "Ito", "Johnson",
         "Kowalski", "Lindqvist", "Müller", "Novák", "O'Brien", "Petrov", "Schmidt", "Taylor", "Williams", "山田")
_WORDS = ("order", "delivered", "to", "the", "back", "door", "customer", "asked", "for", "a", "refund", "twice", "café",
          "invoice", "sent", "again", "by", "e-mail", "naïve", "garden", "gate", "closed", "on", "Monday", "please",
          "call", "before", "noon", "fragile", "glass", "keep", "upright", "paid", "in", "cash", "Straße", "12", "no")
_THEMES = ("light", "dark", "auto")
UTC = timezone.utc
START = datetime(2020, 1, 1, tzinfo=UTC)


@cache
def rows(count: int = ROWS) -> tuple[tuple[Any, ...], ...]:
    """The rows as a model with aware datetimes holds them: `settings` a dict, `active` a bool, `opens` a time."""
    return tuple(_rows(random.Random(7), count))


@cache
def dicts(count: int = ROWS) -> list[dict[str, Any]]:
    """The same as dicts by column."""
    return [dict(zip(NAMES, row)) for row in rows(count)]


def _rows(pick: random.Random, count: int) -> Iterator[tuple[Any, ...]]:
    for number in range(count):
        first = pick.choice(_FIRST)
        yield (
            FIRST_ID + number,
            f"{first} {pick.choice(_LAST)}",
            " ".join(pick.choices(_WORDS, k=pick.randint(5, 25))),
            pick.randint(0, 5000),
            None if pick.random() < 0.1 else round(pick.uniform(0, 1000), 4),
            Decimal(pick.randint(0, 10_000_000)).scaleb(-2),
            pick.random() < 0.7,
            START + timedelta(microseconds=pick.randrange(10**14)),
            None if pick.random() < 0.2 else date(1940, 1, 1) + timedelta(days=pick.randrange(25_000)),
            time(pick.randrange(24), pick.choice((0, 15, 30, 45))),
            {"theme": pick.choice(_THEMES), "limit": pick.randint(1, 500), "tags": pick.choices(_WORDS, k=2)},
            first.lower() if pick.random() < 0.5 else None,
        )


def parameters(row: Sequence[Any]) -> tuple[Any, ...]:
    """A row as parameters every driver takes: JSON as text, the datetime naive in UTC."""
    values = dict(zip(NAMES, row))
    values["created"] = values["created"].replace(tzinfo=None)
    values["settings"] = json.dumps(values["settings"], ensure_ascii=False)
    return tuple(values.values())


@cache
def cells(count: int = ROWS) -> tuple[tuple[bytes | None, ...], ...]:
    """The same rows as the cells of MySQL's text protocol."""
    return tuple(tuple(_cell(value) for value in parameters(row)) for row in rows(count))


def _cell(value: Any) -> bytes | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return b"%d" % value
    if isinstance(value, datetime):
        return value.isoformat(" ", "microseconds").encode()
    return str(value).encode()
