"""mysqlclient alone, with its DictCursor."""
from collections.abc import Sequence
from typing import Any

import MySQLdb
from MySQLdb.cursors import DictCursor


def connect(login: dict[str, Any]) -> MySQLdb.Connection:
    return MySQLdb.connect(**login, charset="utf8mb4", autocommit=True, cursorclass=DictCursor)


def close(connection: MySQLdb.Connection) -> None:
    connection.close()


def fetch_dicts(connection: MySQLdb.Connection, sql: str) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


def fetch_one(connection: MySQLdb.Connection, sql: str, params: tuple[Any, ...]) -> dict[str, Any] | None:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchone()


def insert_many(connection: MySQLdb.Connection, sql: str, rows: Sequence[tuple[Any, ...]]) -> None:
    connection.begin()
    with connection.cursor() as cursor:
        cursor.executemany(sql, rows)
    connection.commit()


def bind(connection: MySQLdb.Connection, sql: str, params: tuple[Any, ...]) -> bytes:
    """The statement as it would be sent."""
    with connection.cursor() as cursor:
        return cursor.mogrify(sql, params).encode()
