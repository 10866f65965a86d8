"""The dialect under models: the queries that core's generic SQL gets wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import ClassVar, Optional

import MySQLdb
import pytest
from rhosocial.activerecord.backend.expression import Column
from rhosocial.activerecord.backend.expression.operators import RawSQLPredicate
from rhosocial.activerecord.base import FieldProxy
from rhosocial.activerecord.model import ActiveRecord

from rhosocial.activerecord.backend.impl.mysqlclient import MySQLBackend, MySQLConnectionConfig


@pytest.fixture
def pet(server, database) -> Iterator[type[ActiveRecord]]:
    class Pet(ActiveRecord):
        __table_name__ = "pets"
        c: ClassVar[FieldProxy] = FieldProxy()
        id: Optional[int] = None
        name: str
        kind: str
        age: Optional[int] = None

    with closing(MySQLdb.connect(**server.connect_kwargs(), database=database)) as connection:
        connection.query(
            "CREATE TABLE pets (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(20), kind VARCHAR(20), age INT)"
        )
    config = MySQLConnectionConfig(
        host=server.host, port=server.port, username=server.user, password=server.password, database=database
    )
    Pet.configure(config, MySQLBackend)
    yield Pet
    Pet.backend().disconnect()


@pytest.fixture
def pets(pet):
    for name, kind, age in (("Ada", "cat", 3), ("Bo", "dog", 5), ("Cy", "cat", 9), ("Di", "fish", None)):
        pet(name=name, kind=kind, age=age).save()
    return pet


def names(query):
    return [pet.name for pet in query.order_by("id").all()]


def test_the_dialect_knows_its_server(pet, server):
    assert pet.backend().dialect.vendor == server.flavor
    assert pet.backend().dialect.supports_returning_insert() is (server.flavor == "mariadb")


def test_saved_models_get_their_ids(pets):
    assert [pet.id for pet in pets.query().order_by("id").all()] == [1, 2, 3, 4]


def test_or_before_and(pets):
    cat_or_dog = (pets.c.kind == "cat") | (pets.c.kind == "dog")
    assert names(pets.query().where(cat_or_dog).where(pets.c.age > 4)) == ["Bo", "Cy"]
    assert names(pets.query().where("kind = ? OR kind = ?", ("cat", "dog")).where(pets.c.age > 4)) == ["Bo", "Cy"]
    text = RawSQLPredicate(pets.backend().dialect, "kind = 'cat' OR kind = 'dog'")
    assert names(pets.query().where(pets.c.age > 4).where(text)) == ["Bo", "Cy"]
    assert names(pets.query().where(~cat_or_dog)) == ["Di"]


def test_arithmetic_and_empty_lists(pets):
    assert names(pets.query().where(pets.c.age - (pets.c.age - 1) == 1)) == ["Ada", "Bo", "Cy"]
    assert names(pets.query().where(pets.c.name.in_([]))) == []
    assert names(pets.query().where(pets.c.name.not_in([]))) == ["Ada", "Bo", "Cy", "Di"]


def test_offset_without_limit(pets):
    assert names(pets.query().offset(2)) == ["Cy", "Di"]


def test_set_operations_keep_each_limit(pets):
    oldest = pets.query().select("name").order_by((pets.c.age, "DESC")).limit(1)
    youngest = pets.query().select("name").where(pets.c.age > 0).order_by("age").limit(1)
    assert {row["name"] for row in oldest.union(youngest).aggregate()} == {"Ada", "Cy"}


def test_ilike(pets):
    assert names(pets.query().where(pets.c.name.ilike("b%"))) == ["Bo"]


@pytest.mark.parametrize("mode", ["ANSI_QUOTES", "PIPES_AS_CONCAT", "NO_BACKSLASH_ESCAPES", "ANSI"])
def test_other_sql_modes(pets, mode):
    """Names and literals hold in every sql_mode."""
    backend = pets.backend()
    backend.execute(f"SET SESSION sql_mode = '{mode}'")
    text = "\\' OR 1=1 -- "
    assert names(pets.query().where(pets.c.name == text)) == []
    odd = Column(backend.dialect, "name")
    condition = RawSQLPredicate(backend.dialect, f"name = '{backend.dialect._escape_sql_string(text)}'")
    assert names(pets.query().where(condition)) == []
    assert names(pets.query().where((odd == "Bo") | (odd == "Di"))) == ["Bo", "Di"]
