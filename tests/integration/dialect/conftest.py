"""A database on each server, and the dialect adapted to it. Statements are executed, never only compared."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import MySQLdb
import pytest
from rhosocial.activerecord.backend.expression import Column

from rhosocial.activerecord.backend.impl.mysqlclient.codec._python import bind
from rhosocial.activerecord.backend.impl.mysqlclient.codec.sql import template
from rhosocial.activerecord.backend.impl.mysqlclient.dialect import MySQLDialect


class Database:
    """One session; ``run`` executes an expression or SQL text."""

    def __init__(self, connection: MySQLdb.Connection) -> None:
        self.connection = connection
        text = self.run("SELECT VERSION()")[0][0]
        version = tuple(int(part) for part in re.findall(r"\d+", text)[:3])
        self.dialect = MySQLDialect(version, "mariadb" if "MariaDB" in text else "mysql")

    def run(self, statement: Any, params: tuple = ()) -> list[tuple]:
        """All rows. Raises MySQLdb.Error."""
        if not isinstance(statement, str):
            statement, params = statement.to_sql()
        text = bind(template(statement, True).parts, params, True) if params else statement
        with closing(self.connection.cursor()) as cursor:
            cursor.execute(text)
            return list(cursor.fetchall())

    def accepts(self, *statements: str) -> bool:
        """Whether the last of the statements succeeds. The others must."""
        for statement in statements[:-1]:
            self.run(statement)
        try:
            self.run(statements[-1])
        except MySQLdb.Error:
            return False
        return True

    def value(self, expression: Any) -> Any:
        """What the server makes of one value expression."""
        sql, params = expression.to_sql()
        return self.run(f"SELECT {sql}", params)[0][0]

    def column(self, name: str, table: str | None = None) -> Column:
        return Column(self.dialect, name, table)

    @property
    def is_mariadb(self) -> bool:
        return self.dialect.vendor == "mariadb"


@pytest.fixture(scope="module")
def _module_database(server: Any) -> Iterator[str]:
    name = f"test_dialect_{uuid.uuid4().hex[:12]}"
    with closing(
        MySQLdb.connect(**server.connect_kwargs(), init_command="SET SESSION lock_wait_timeout = 10")
    ) as admin:
        admin.query(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        yield name
        admin.query(f"DROP DATABASE {name}")


@pytest.fixture
def db(server: Any, _module_database: str) -> Iterator[Database]:
    """An empty database: what a test creates is dropped after it."""
    arguments = {**server.connect_kwargs(), "database": _module_database}
    with closing(MySQLdb.connect(**arguments, charset="utf8mb4", autocommit=True)) as connection:
        database = Database(connection)
        yield database
        connection.rollback()
        drop_all(database)


def drop_all(database: Database) -> None:
    database.run("SET foreign_key_checks = 0")
    for name, kind in database.run(
        "SELECT TABLE_NAME, TABLE_TYPE FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()"
    ):
        word = {"VIEW": "VIEW", "SEQUENCE": "SEQUENCE"}.get(kind, "TABLE")
        database.run(f"DROP {word} IF EXISTS `{name.replace('`', '``')}`")
    routines = "SELECT ROUTINE_TYPE, ROUTINE_NAME FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE()"
    for kind, name in database.run(routines):
        database.run(f"DROP {kind} `{name}`")


@pytest.fixture
def people(db: Database) -> Database:
    """A database with the table ``people``."""
    db.run(
        "CREATE TABLE people (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(40) COLLATE utf8mb4_bin, age INT,"
        " born DATETIME(6), doc JSON)"
    )
    db.run(
        """INSERT INTO people (id, name, age, born, doc) VALUES
        (1, 'Ann', 30, '2024-02-29 13:45:56.789', '{"a": {"b": "x"}, "n": 1, "t": [10, 20]}'),
        (2, 'bob', 20, '2023-12-31 23:59:59.999999', '{"a": {"b": "y"}, "n": 2, "t": []}'),
        (3, 'Cid', NULL, NULL, NULL)"""
    )
    return db
