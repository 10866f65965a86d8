"""PyMySQL, with its DictCursor."""
from typing import Any

import pymysql
from drivers.mysqlclient import close, fetch_dicts, fetch_one, insert_many
from pymysql.cursors import DictCursor

__all__ = ["close", "connect", "fetch_dicts", "fetch_one", "insert_many"]


def connect(login: dict[str, Any]) -> pymysql.Connection:
    return pymysql.connect(**login, charset="utf8mb4", autocommit=True, cursorclass=DictCursor)
