"""What is called again and again to see whether it keeps anything: every codec function, and statements on a server.

A script too, for a process in which nothing else was ever allocated:

    python growth.py codec python|compiled
    python growth.py server URL
    python growth.py async URL

prints, as JSON, by how many KiB the process grew under each.
"""

import asyncio
import contextlib
import gc
import json
import logging
import os
import sys
from datetime import datetime, timezone
from decimal import Decimal
from uuid import UUID

from pydantic import BaseModel
from rhosocial.activerecord.backend.errors import DatabaseError
from rhosocial.activerecord.backend.options import BulkInsertOptions

from rhosocial.activerecord.backend.impl.mysqlclient import AsyncMySQLBackend, MySQLBackend
from rhosocial.activerecord.backend.impl.mysqlclient.codec import _native, _python
from rhosocial.activerecord.backend.impl.mysqlclient.codec.abc import Code, Load, ZeroDates
from rhosocial.activerecord.backend.impl.mysqlclient.codec.plan import Plan
from rhosocial.activerecord.backend.impl.mysqlclient.records import _python as _records

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


class Item(BaseModel):
    number: int
    text: str


def validated(row):
    if row["number"] == "3":
        raise ValueError("refused")
    return {**row, "number": int(row["number"])}, None, set(row)


def refuse(row):
    raise ValueError("refused")


KINDS_OF_ITEM = ((int, False, _records.Kind.SAME), (str, False, _records.Kind.TEXT))
BUILDERS = {
    codec: builders.ModelBuilder(
        Item, ("number", "text"), ("number", "text"), KINDS_OF_ITEM, (), validated, lambda item: {"text": item.text},
        refuse, True,
    )
    for codec, builders in ((_python, _records), (_native, _native))
}  # fmt: skip
EXACT = [{"number": 1000, "text": "it's"}] * 3
INEXACT = [*EXACT, {"number": "1000", "text": "it's"}]

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
    EXACT, INEXACT, Item, validated, refuse,
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
        "models": lambda: BUILDERS[codec].build(EXACT),
        "models validated": lambda: BUILDERS[codec].build(INEXACT),
        "models refused": lambda: BUILDERS[codec].build([*INEXACT, {"number": "3", "text": ""}]),
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

    def failing():
        yield from new
        raise ValueError("no more rows")

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
        "bulk_load, its rows fail": (lambda: backend.bulk_load("t", columns, failing()), 0.05),
        "bulk_load, a row refused": (lambda: backend.bulk_load("t", columns, [*new, (1, object())]), 0.05),
        "bulk_load, a row twice": (lambda: backend.bulk_load("t", columns, twice), 0.05),
        "bulk_load": (lambda: backend.bulk_load("t", columns, [(None, "x")] * 20), 0.05),
        "a stream": (lambda: list(backend.stream(f"{few} SELECT i FROM n", batch_size=3)), 0.2),
        "a stream left early": (loop_left, 0.1),
        "a stream with an error": (lambda: list(backend.stream(f"{many} {late}", batch_size=100)), 0.1),
    }  # fmt: skip


def async_ways(loop, backend):
    """As server_ways: complete, failed in the middle, cancelled."""
    few, many = NUMBERS.format(10), NUMBERS.format(600)
    refusing = {"i": (Refusing(), int)}
    insert = "INSERT INTO t VALUES (%s, %s)"
    twice = [(7, "a"), *[(None, "x" * 50)] * 200, (7, "b")]
    slow = f"{many} SELECT n.i, SLEEP(n.i = 300) AS s, %s AS text FROM n"
    prepared, prepared_slow = (
        loop.run_until_complete(backend.prepare(sql)) for sql in (f"{few} SELECT i, %s AS text FROM n", slow)
    )

    def awaited(function, *arguments, **options):
        return lambda: loop.run_until_complete(function(*arguments, **options))

    async def cancelled(function, *arguments):
        task = asyncio.ensure_future(function(*arguments))
        await asyncio.sleep(0.005)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    async def stream(leave):
        async with backend.stream(f"{many} SELECT n.i FROM n, n AS m LIMIT 2000", batch_size=50) as rows:
            async for row in rows:
                if leave:
                    return row

    text = ("x" * 5000,)
    return {
        "rows": (awaited(backend.fetch_all, f"{few} SELECT i, %s AS text FROM n", text), 0.5),
        "an adapter refuses": (awaited(backend.execute, f"{few} SELECT i FROM n", column_adapters=refusing), 0.5),
        "an error before the rows": (awaited(backend.execute, "SELECT nothing"), 0.5),
        "cancelled": (awaited(cancelled, backend.execute, slow, text), 0.05),
        "prepared": (awaited(prepared.execute, text), 0.5),
        "prepared, an adapter refuses": (awaited(prepared.execute, (1,), column_adapters=refusing), 0.5),
        "prepared, cancelled": (awaited(cancelled, prepared_slow.execute, text), 0.05),
        "execute_many, a row twice": (awaited(backend.execute_many, insert, twice), 0.2),
        "a stream": (awaited(stream, False), 0.1),
        "a stream left early": (awaited(stream, True), 0.1),
    }


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
    loop = asyncio.new_event_loop()
    if of == "async":
        backend = AsyncMySQLBackend(dsn=argument)
        run, ways = loop.run_until_complete, async_ways
    else:
        backend = MySQLBackend(dsn=argument, bulk_load=True)
        run, ways = lambda done: done, lambda loop, backend: server_ways(backend)
    run(backend.execute("CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, text VARCHAR(100)) ENGINE=InnoDB"))
    grown = {name: growth(call, int(STATEMENTS * part)) for name, (call, part) in ways(loop, backend).items()}
    run(backend.disconnect())
    loop.close()
    return grown


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
