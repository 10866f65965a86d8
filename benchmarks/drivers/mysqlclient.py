"""mysqlclient alone, with its DictCursor."""
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
