"""What is called again and again to see whether it keeps anything: every codec function, and statements on a server.

A script too, for a process in which nothing else was ever allocated:

    python growth.py codec python|compiled
    python growth.py server URL

prints, as JSON, by how many KiB the process grew under each.
"""

import contextlib
import gc
import json
import logging
import os
import sys
from datetime import datetime, timezone
from decimal import Decimal
from uuid import UUID

from rhosocial.activerecord.backend.errors import DatabaseError
from rhosocial.activerecord.backend.options import BulkInsertOptions

from rhosocial.activerecord.backend.impl.mysqlclient import MySQLBackend
from rhosocial.activerecord.backend.impl.mysqlclient.codec import _native, _python
from rhosocial.activerecord.backend.impl.mysqlclient.codec.abc import Code, Load, ZeroDates
from rhosocial.activerecord.backend.impl.mysqlclient.codec.plan import Plan

CODECS = {"python": _python, "compiled": _native}
CALLS = {"python": 20_000, "compiled": 100_000}
STATEMENTS = 2_000
WARM_UP = 0.1  # of the calls
NUMBERS = "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < {})"


class Refusing:
    """An adapter that takes no 3."""

    def from_database(self, value, target_type, options=None):
        if value == 3:
            raise ValueError("refused")
        return value


# What the calls share, so that its references can be counted.
PARTS = (b"(", b",", b",", b",", b",", b")")
PARAMS = ("it's", 10**12, Decimal("1.50"), datetime(2024, 1, 2, 3, tzinfo=timezone.utc), b"\0'\\")
REFUSED = (*PARAMS[:4], object())
KINDS = bytes([Load.TEXT, Load.INTEGER, Load.DECIMAL, Load.MEMBER, Load.BINARY])
CODES = bytes([Code.TEXT, Code.INT, Code.DECIMAL, Code.DATETIME_UTC, Code.BOOL, Code.UUID, Code.JSON, Code.SET])
SOME_UUID = b"12345678-1234-5678-1234-567812345678"
CELLS = (b"text", b"123456", b"1.50", b"2024-01-02 03:04:05", b"1", SOME_UUID, b"[1]", None)
BROKEN = (*CELLS[:4], b"2", b"no uuid", b"{", b"\xff")
KEYS = tuple(f"key {i}" for i in range(len(CODES)))
FALLBACK = (Refusing().from_database, int)
PLAN = Plan(CODES, KEYS, KEYS, None, (FALLBACK,) * len(CODES), ZeroDates.NONE, json.loads)
TUPLES = PLAN._replace(keys=None)
CALLED = TUPLES._replace(codes=bytes([Code.INT]), names=KEYS[:1], calls=(FALLBACK,), fallbacks=None)
SHARED = [
    *PARTS, *PARAMS, *REFUSED[-1:], KINDS, CODES, *CELLS, *BROKEN[4:], *KEYS, *PLAN, FALLBACK, PLAN, CALLED,
    PARTS, PARAMS, REFUSED, CELLS, BROKEN, True, False, timezone.utc, Decimal, UUID, datetime, Refusing, ValueError,
]  # fmt: skip


def codec_ways(codec):
    """name -> a call; half of them end well."""
    return {
        "bind": lambda: codec.bind(PARTS, PARAMS, True),
        "bind refused": lambda: codec.bind(PARTS, REFUSED, False),
        "bind too few": lambda: codec.bind(PARTS, PARAMS[1:], True),
        "bind_rows": lambda: codec.bind_rows(PARTS, [PARAMS, PARAMS], 0, 1000, True),
        "bind_rows refused": lambda: codec.bind_rows(PARTS, [PARAMS, REFUSED], 0, 1000, True),
        "bind_rows after the last": lambda: codec.bind_rows(PARTS, [PARAMS], 1, 1000, True),
        "load_rows": lambda: codec.load_rows(KINDS, [PARAMS, PARAMS], 0, 1000),
        "load_rows refused": lambda: codec.load_rows(KINDS, [PARAMS, REFUSED], 0, 1000),
        "load_rows too few": lambda: codec.load_rows(KINDS, [PARAMS[1:]], 0, 1000),
        "decode_rows": lambda: codec.decode_rows(PLAN, [CELLS]),
        "decode_rows tuples": lambda: codec.decode_rows(TUPLES, [CELLS]),
        "decode_rows adapter": lambda: codec.decode_rows(CALLED, [(b"1",), (None,)]),
        "decode_rows broken": lambda: codec.decode_rows(PLAN, [CELLS, BROKEN]),
        "decode_rows adapter refuses": lambda: codec.decode_rows(CALLED, [(b"1",), (b"3",)]),
        "decode_rows too few": lambda: codec.decode_rows(TUPLES, [CELLS, CELLS[1:]]),
        "decode_rows no bytes": lambda: codec.decode_rows(TUPLES, [CELLS, ("text",) * len(CELLS)]),
    }


def server_ways(backend):
    """name -> (a call, how often it is called, of STATEMENTS): results left early, and errors between their rows."""
    few, many = NUMBERS.format(10), NUMBERS.format(600)
    refusing = {"i": (Refusing(), int)}
    late = "SELECT i, (SELECT 1 UNION SELECT 1 + (n.i = 600)) FROM n"  # 1242 in the last row
    insert = "INSERT INTO t VALUES (%s, %s)"
    new = [(None, "x" * 50)] * 200
    twice = [(7, "a"), *new, (7, "b")]
    columns = ["id", "text"]
    prepared = backend.prepare(f"{few} SELECT i, %s AS text FROM n")
    prepared_late = backend.prepare(f"{many} {late} WHERE i > %s")

    def loop_left():
        for row in backend.stream(f"{many} SELECT n.i FROM n, n AS m", batch_size=50):
            return row

    def bulk(rows):
        with backend.transaction():
            backend.bulk_insert(BulkInsertOptions(table="t", columns=columns, rows=rows))
            raise ValueError("rolled back")

    def by_text():
        with backend.transaction():
            backend.execute_many(insert, new)
            raise ValueError("rolled back")

    return {
        "rows": (lambda: backend.fetch_all(f"{few} SELECT i, %s AS text FROM n", ("x" * 5000,)), 1),
        "an adapter refuses": (lambda: backend.execute(f"{few} SELECT i FROM n", column_adapters=refusing), 1),
        "an error before the rows": (lambda: backend.execute("SELECT nothing"), 1),
        "an error between rows": (lambda: backend.execute(f"{many} {late}"), 0.2),
        "prepared": (lambda: prepared.execute(("x" * 5000,)), 1),
        "prepared, an adapter refuses": (lambda: prepared.execute((1,), column_adapters=refusing), 1),
        "prepared, a parameter refused": (lambda: prepared.execute((object(),)), 1),
        "prepared, an error between rows": (lambda: prepared_late.execute((0,)), 0.2),
        "execute_many": (by_text, 0.2),
        "execute_many, a row refused": (lambda: backend.execute_many(insert, [*new, (1, object())]), 0.2),
        "execute_many, a row twice": (lambda: backend.execute_many(insert, twice), 0.2),
        "bulk_insert": (lambda: bulk(new), 0.2),
        "a stream": (lambda: list(backend.stream(f"{few} SELECT i FROM n", batch_size=3)), 0.2),
        "a stream left early": (loop_left, 0.1),
        "a stream with an error": (lambda: list(backend.stream(f"{many} {late}", batch_size=100)), 0.1),
    }  # fmt: skip


def repeat(call, times):
    for _ in range(times):
        with contextlib.suppress(TypeError, ValueError, DatabaseError):
            call()


def resident():
    """KiB of memory that the process has."""
    with open("/proc/self/statm") as pages:
        return int(pages.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


def growth(call, times):
    repeat(call, int(times * WARM_UP))
    gc.collect()
    before = resident()
    repeat(call, times)
    gc.collect()
    return resident() - before


def main(of, argument):
    if of == "codec":
        return {name: growth(call, CALLS[argument]) for name, call in codec_ways(CODECS[argument]).items()}
    logging.disable()
    backend = MySQLBackend(dsn=argument)
    backend.execute("CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, text VARCHAR(100)) ENGINE=InnoDB")
    ways = server_ways(backend)
    grown = {name: growth(call, int(STATEMENTS * part)) for name, (call, part) in ways.items()}
    backend.disconnect()
    return grown


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
