"""Two ways of this backend to insert many rows into MariaDB: arrays of a prepared statement, and multi-row INSERTs."""
from collections.abc import Sequence
from functools import partial
from typing import Any

from drivers.ours import close, connect

from rhosocial.activerecord.backend.impl.mysqlclient import MySQLBackend, bulk
from rhosocial.activerecord.backend.impl.mysqlclient.prepared import prepared_text

__all__ = ["close", "connect", "insert_array", "insert_texts"]
Rows = Sequence[tuple[Any, ...]]


def insert_array(backend: MySQLBackend, sql: str, rows: Rows) -> None:
    text, done = partial(prepared_text, sql), 0
    with backend.transaction():
        while done < len(rows):
            outcome, done = backend._connection.run_array(text, rows, done)


def insert_texts(backend: MySQLBackend, sql: str, rows: Rows) -> None:
    batch = bulk.Batch(sql, bulk.Rows(rows, backend._bindable))
    batch.arrays = False
    backend._run_batch(batch)
