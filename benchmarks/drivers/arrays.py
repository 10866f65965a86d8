"""An array of rows by one prepared statement, as MariaDB takes it: this backend's wire, without the backend."""
from collections.abc import Sequence
from typing import Any

import MySQLdb

from rhosocial.activerecord.backend.impl.mysqlclient.codec.sql import template
from rhosocial.activerecord.backend.impl.mysqlclient.driver import CODEC
from rhosocial.activerecord.backend.impl.mysqlclient.driver_prepared import ARRAY_BYTES


def connect(login: dict[str, Any]) -> MySQLdb.Connection:
    return MySQLdb.connect(**login, charset="utf8mb4", autocommit=True)


def close(connection: MySQLdb.Connection) -> None:
    connection.close()


def insert_many(connection: MySQLdb.Connection, sql: str, rows: Sequence[tuple[Any, ...]]) -> None:
    statement = CODEC.functions.Statement(CODEC.library, connection)
    statement.prepare(b"?".join(template(sql, True).parts))
    connection.begin()
    done = 0
    while done < len(rows):
        done = statement.execute_rows(rows, done, ARRAY_BYTES)
        statement.close()
    connection.commit()
    statement.finish()
