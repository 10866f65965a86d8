"""The least that any reader must do: send, and copy every row out of the client library, decoding none."""
from typing import Any

import MySQLdb

from rhosocial.activerecord.backend.impl.mysqlclient.driver import CODEC


class Drain:
    """A connection, and the reader of its rows."""

    def __init__(self, login: dict[str, Any]) -> None:
        self.connection = MySQLdb.connect(**login, charset="utf8mb4", autocommit=True)
        self.reader = CODEC.functions.Reader(CODEC.library, self.connection)


def connect(login: dict[str, Any]) -> Drain:
    return Drain(login)


def close(drain: Drain) -> None:
    drain.connection.close()


def count_rows(drain: Drain, sql: str) -> int:
    drain.connection.query(sql.encode())
    drain.reader.open()
    rows = drain.reader.skip()
    drain.reader.close()
    return rows
