"""What is called again and again to see whether it keeps anything: every codec function, and statements on a server.

A script too, for a process in which nothing else was ever allocated:

    python growth.py codec python|compiled
    python growth.py server URL
    python growth.py async URL

prints, as JSON, how many bytes of memory each call kept. It needs ENVIRONMENT.
"""

import asyncio
import contextlib
import ctypes
import gc
import json
import logging
import statistics
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, time, timedelta, timezone
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
CALLS = 1_000  # a round
STATEMENTS = 200  # a round, at most
ROUNDS = 5
# Python's objects too are malloc's, and what is freed is not kept for later (glibc counts that as given out).
ENVIRONMENT = {"PYTHONMALLOC": "malloc", "GLIBC_TUNABLES": "glibc.malloc.tcache_count=0:glibc.malloc.arena_max=1"}
EXECUTOR = ThreadPoolExecutor(1)
TWO_RESULTS = "CREATE PROCEDURE two(n INT) BEGIN SELECT n AS a; SELECT 2 AS b UNION SELECT 3; END"
# Parameters as arrays of rows on MariaDB, and cells of every way in which they come.
UPDATE = "UPDATE t SET text = CONCAT(%s, %s, %s, %s, %s) WHERE id = -%s"
CELLS_IN_BINARY = (
    "SELECT CAST(%s AS FLOAT) AS f, CAST(%s AS DOUBLE) AS d, CAST('10:11:12.5' AS TIME(1)) AS t,"
    " TIMESTAMP('2024-01-02 03:04:05') AS at, CAST(%s AS CHAR) AS text, 1 AS n"
)
IN_BINARY = (1.5, 2.5, "\u00e9")
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


class Document(BaseModel):
    content: dict
    items: list


KINDS_OF_ITEM = ((int, False, _records.Kind.SAME), (str, False, _records.Kind.TEXT))


def _builders(codec):
    return _records if codec is _python else _native


BUILDERS = {
    codec: builders.ModelBuilder(
        Item, ("number", "text"), ("number", "text"), KINDS_OF_ITEM, (), validated, lambda item: {"text": item.text},
        refuse, True,
    )
    for codec, builders in ((_python, _records), (_native, _native))
}  # fmt: skip
KINDS_OF_DOCUMENT = ((dict, False, _records.Kind.DICT), (list, False, _records.Kind.LIST))
DOCUMENTS = {
    codec: builders.ModelBuilder(
        Document, ("content", "items"), ("content", "items"), KINDS_OF_DOCUMENT, (), refuse, refuse, refuse, True
    )
    for codec, builders in ((_python, _records), (_native, _native))
}
EXACT = [{"number": 1000, "text": "it's"}] * 3
INEXACT = [*EXACT, {"number": "1000", "text": "it's"}]
RENAMES = {"n": "number"}
RENAMED = [{"n": "1000", "text": "it's"}]
DOCUMENT = {"content": {"a": [1, {"b": "it's"}]}, "items": [{}, [1.5]]}

# What the calls share, so that its references can be counted.
PARTS = (b"(", b",", b",", b",", b",", b")")
PARAMS = ("it's", 10**12, Decimal("1.50"), datetime(2024, 1, 2, 3, tzinfo=timezone.utc), b"\0'\\")
REFUSED = (*PARAMS[:4], object())
OTHERS = (1.5, date(2024, 1, 2), time(3, 4, 5), timedelta(hours=-3), UUID(int=3))
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
    EXACT, INEXACT, RENAMES, RENAMED, DOCUMENT, *OTHERS, Item, Document, validated, refuse,
    PARTS, PARAMS, REFUSED, CELLS, BROKEN, True, False, timezone.utc, Decimal, UUID, datetime, Refusing, ValueError,
]  # fmt: skip


def codec_ways(codec):
    """name -> a call; half of them end well."""
    return {
        "bind": lambda: codec.bind(PARTS, PARAMS, True),
        "bind others": lambda: codec.bind(PARTS, OTHERS, True),
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
        "decode_rows no number": lambda: codec.decode_rows(PLAN, [(CELLS[0], b"x", *CELLS[2:])]),
        "decode_rows adapter refuses": lambda: codec.decode_rows(CALLED, [(b"1",), (b"3",)]),
        "decode_rows too few": lambda: codec.decode_rows(TUPLES, [CELLS, CELLS[1:]]),
        "models": lambda: BUILDERS[codec].build(EXACT),
        "models validated": lambda: BUILDERS[codec].build(INEXACT),
        "models renamed": lambda: BUILDERS[codec].build(RENAMED, RENAMES),
        "models of documents": lambda: DOCUMENTS[codec].build([DOCUMENT]),
        "a document's snapshot": lambda: DOCUMENTS[codec].snapshot(DOCUMENT),
        "class_version": lambda: _builders(codec).class_version(Item),
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
    update = [(1.5, "\u00e9", Decimal(i), date(2024, 1, 2), b"x", i + 1) for i in range(200)]
    backend.execute(TWO_RESULTS)
    pooled = MySQLBackend(connection_config=backend.config.clone(pool_size=1))
    prepared_cells, prepared_call = backend.prepare(CELLS_IN_BINARY), backend.prepare("CALL two(%s)")
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

    def by_pool():
        with pooled.get_connection() as connection:
            connection.execute("SET @a = 1")

    def anew():
        other = MySQLBackend(connection_config=backend.config)
        other.execute("SELECT 1 AS a")
        other.disconnect()

    def prepare():
        with backend.prepare("SELECT %s AS a") as statement:
            statement.execute((1,))

    return {
        "several results": (lambda: backend.execute("CALL two(1)"), 0.2),
        "prepared, several results": (lambda: prepared_call.execute((1,)), 0.2),
        "prepared, cells in binary": (lambda: prepared_cells.execute(IN_BINARY), 1),
        "prepared anew": (prepare, 0.2),
        "a backend": (anew, 0.1),
        "a session of a pool, reset": (by_pool, 0.2),
        "execute_many of updates": (lambda: backend.execute_many(UPDATE, update), 0.2),
        "execute_many of updates, a row refused": (
            lambda: backend.execute_many(UPDATE, [*update, (*update[0][:5], object())]), 0.2,
        ),
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
    update = [(1.5, "\u00e9", Decimal(i), date(2024, 1, 2), b"x", i + 1) for i in range(200)]
    loop.run_until_complete(backend.execute(TWO_RESULTS))
    prepared_cells, prepared_call = (
        loop.run_until_complete(backend.prepare(sql)) for sql in (CELLS_IN_BINARY, "CALL two(%s)")
    )
    slow = f"{many} SELECT n.i, SLEEP(n.i = 300) AS s, %s AS text FROM n"
    prepared, prepared_slow = (
        loop.run_until_complete(backend.prepare(sql)) for sql in (f"{few} SELECT i, %s AS text FROM n", slow)
    )

    def awaited(function, *arguments, **options):
        return lambda: loop.run_until_complete(function(*arguments, **options))

    async def cancelled(function, *arguments):
        """In a session of its own: it may or may not survive."""
        await backend.connect()
        task = asyncio.ensure_future(function(*arguments))
        await asyncio.sleep(0.005)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await backend.disconnect()

    async def stream(leave):
        async with backend.stream(f"{many} SELECT n.i FROM n, n AS m LIMIT 2000", batch_size=50) as rows:
            async for row in rows:
                if leave:
                    return row

    text = ("x" * 5000,)
    return {
        "several results": (awaited(backend.execute, "CALL two(1)"), 0.2),
        "prepared, several results": (awaited(prepared_call.execute, (1,)), 0.2),
        "prepared, cells in binary": (awaited(prepared_cells.execute, IN_BINARY), 0.5),
        "execute_many of updates": (awaited(backend.execute_many, UPDATE, update), 0.2),
        "rows": (awaited(backend.fetch_all, f"{few} SELECT i, %s AS text FROM n", text), 0.5),
        "an adapter refuses": (awaited(backend.execute, f"{few} SELECT i FROM n", column_adapters=refusing), 0.5),
        "an error before the rows": (awaited(backend.execute, "SELECT nothing"), 0.5),
        "cancelled": (awaited(cancelled, backend.execute, slow, text), 0.15),
        "prepared": (awaited(prepared.execute, text), 0.5),
        "prepared, an adapter refuses": (awaited(prepared.execute, (1,), column_adapters=refusing), 0.5),
        "prepared, cancelled": (awaited(cancelled, prepared_slow.execute, text), 0.15),
        "execute_many, a row twice": (awaited(backend.execute_many, insert, twice), 0.2),
        "a stream": (awaited(stream, False), 0.1),
        "a stream left early": (awaited(stream, True), 0.2),
    }


mallinfo2 = getattr(ctypes.CDLL(None), "mallinfo2", None)  # glibc 2.33


def repeat(call, times):
    for _ in range(times):
        with contextlib.suppress(TypeError, ValueError, DatabaseError):
            call()


class Allocated(ctypes.Structure):
    """glibc's struct mallinfo2."""

    _names_ = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"
    _fields_ = [(name, ctypes.c_size_t) for name in _names_.split()]


if mallinfo2 is not None:
    mallinfo2.restype = Allocated


def allocated():
    """Bytes that malloc has given out."""
    now = mallinfo2()
    return now.uordblks + now.hblkhd


def settle():
    """Wait for the threads that end what was cancelled, and drop cycles."""
    for thread in threading.enumerate():
        if thread not in (threading.main_thread(), *EXECUTOR._threads):
            thread.join()
    gc.collect()


def kept(call, times):
    """Bytes that a call keeps: the median of some rounds, since what is kept once is no leak."""
    rounds = []
    settle()
    for _ in range(1 + ROUNDS):
        before = allocated()
        repeat(call, times)
        settle()
        rounds.append((allocated() - before) / times)
    return statistics.median(rounds[1:])


def main(of, argument):
    if of == "codec":
        return {name: kept(call, CALLS) for name, call in codec_ways(CODECS[argument]).items()}
    logging.disable()
    loop = asyncio.new_event_loop()
    loop.set_default_executor(EXECUTOR)
    if of == "async":
        backend = AsyncMySQLBackend(dsn=argument)
        run, ways = loop.run_until_complete, async_ways
    else:
        backend = MySQLBackend(dsn=argument, bulk_load=True)
        run, ways = lambda done: done, lambda loop, backend: server_ways(backend)
    run(backend.execute("CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, text VARCHAR(100)) ENGINE=InnoDB"))
    found = {name: kept(call, int(STATEMENTS * part)) for name, (call, part) in ways(loop, backend).items()}
    run(backend.disconnect())
    loop.close()
    return found


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
