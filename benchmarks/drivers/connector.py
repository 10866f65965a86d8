"""mysql-connector: its C extension where that version has one, else its pure-Python mode."""
from typing import Any

import mysql.connector


def connect(login: dict[str, Any]) -> Any:
    return mysql.connector.connect(**login, charset="utf8mb4", autocommit=True, use_pure=not mysql.connector.HAVE_CEXT)


def close(connection: Any) -> None:
    connection.close()


def fetch_dicts(connection: Any, sql: str) -> list[dict[str, Any]]:
    with connection.cursor(dictionary=True) as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def fetch_one(connection: Any, sql: str, params: tuple[Any, ...]) -> dict[str, Any] | None:
    with connection.cursor(dictionary=True) as cursor:
        cursor.execute(sql, params)
        return cursor.fetchone()
