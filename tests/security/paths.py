"""Every way on which a value gets to the server and back, for both backends.

A way is an asynchronous function of (backend, value) that returns what the server makes of the value, as a list.
"""

import inspect
from decimal import Decimal
from functools import cache
from typing import ClassVar, Optional

from rhosocial.activerecord.backend.expression import Column, ComparisonPredicate, Literal, QueryExpression
from rhosocial.activerecord.backend.expression.core import TableExpression
from rhosocial.activerecord.backend.expression.predicates import InPredicate, LikePredicate
from rhosocial.activerecord.backend.expression.query_parts import WhereClause
from rhosocial.activerecord.backend.options import (
    BulkInsertOptions,
    BulkUpdateOptions,
    DeleteOptions,
    InsertOptions,
    UpdateOptions,
)
from rhosocial.activerecord.base import FieldProxy
from rhosocial.activerecord.model import ActiveRecord, AsyncActiveRecord

from rhosocial.activerecord.backend.impl.mysqlclient import AsyncFastLoadMixin, AsyncMySQLBackend, FastLoadMixin
from rhosocial.activerecord.backend.impl.mysqlclient.records import plan

TABLE = """CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, s TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
           b BLOB, n DECIMAL(65, 30), f DOUBLE)"""
# What is in a column beside the value.
OTHER = {"s": "other", "b": b"other", "n": 4711, "f": 4711.5}
# Rows from which on bulk_update() is one statement over a temporary table.
MANY = 20


class _Fields:
    __table_name__ = "t"
    c: ClassVar[FieldProxy] = FieldProxy()
    id: Optional[int] = None
    s: Optional[str] = None
    b: Optional[bytes] = None
    n: Optional[Decimal] = None
    f: Optional[float] = None


class Row(_Fields, FastLoadMixin, ActiveRecord):
    pass


class AsyncRow(_Fields, AsyncFastLoadMixin, AsyncActiveRecord):
    pass


class Plain(_Fields, ActiveRecord):
    pass


class AsyncPlain(_Fields, AsyncActiveRecord):
    pass


def is_async(backend):
    return isinstance(backend, AsyncMySQLBackend)


def model(backend, fast=True, key="id"):
    """A model of table t, on this backend until the next call; ``key`` is its primary key."""
    base = (AsyncRow, AsyncPlain) if is_async(backend) else (Row, Plain)
    made = _model(base[0 if fast else 1], key, plan._builders)
    made.__backend__ = backend
    return made


@cache
def _model(base, key, _implementation):
    return type("Model", (base,), {"__module__": __name__, "__primary_key__": key})


async def done(result):
    return await result if inspect.isawaitable(result) else result


async def listed(rows):
    return [row async for row in rows] if hasattr(rows, "__aiter__") else list(rows)


def generated(backend, rows):
    """The rows from a generator, an asynchronous one where the backend is."""

    async def awaited():
        for row in rows:
            yield row

    return awaited() if is_async(backend) else iter(rows)


async def prepared(backend, sql):
    return await done(backend.prepare(sql))


def column(value):
    kinds = {"b": (bytes, bytearray, memoryview), "f": float, "n": (int, Decimal)}
    return next((name for name, kind in kinds.items() if isinstance(value, kind)), "s")


async def rows(backend, sql, params=()):
    return [next(iter(row.values())) for row in await done(backend.fetch_all(sql, params))]


async def stored(backend, value):
    """What the statement before stored, the table being empty again afterwards."""
    found = await rows(backend, f"SELECT {column(value)} AS v FROM t ORDER BY id")
    await done(backend.execute("DELETE FROM t"))
    return found


async def execute(backend, value):
    return await rows(backend, "SELECT %s AS v", (value,))


async def insert(backend, value):
    await done(backend.execute(f"INSERT INTO t ({column(value)}) VALUES (%s)", (value,)))
    return await stored(backend, value)


async def execute_many(backend, value):
    await done(backend.execute_many(f"INSERT INTO t ({column(value)}) VALUES (%s)", [(value,), (value,)]))
    return await stored(backend, value)


async def execute_many_one_by_one(backend, value):
    await done(backend.execute_many(f"INSERT INTO t ({column(value)}) SELECT %s", [(value,), (value,)]))
    return await stored(backend, value)


async def bulk_insert(backend, value):
    options = BulkInsertOptions(table="t", columns=[column(value)], rows=[[value], [value]])
    await done(backend.bulk_insert(options))
    return await stored(backend, value)


async def bulk_upsert(backend, value):
    await done(backend.bulk_upsert("t", ["id", column(value)], [(1, None), (2, value)]))
    await done(backend.bulk_upsert("t", ["id", column(value)], [(1, value), (3, value)]))
    return await stored(backend, value)


async def bulk_update_rows(backend, value):
    await done(backend.execute("REPLACE INTO t (id) VALUES (1), (2)"))
    await done(backend.bulk_update_rows("t", ["id"], [column(value)], [(1, value), (2, value)]))
    return await stored(backend, value)


async def bulk_load(backend, value):
    await done(backend.bulk_load("t", [column(value)], [(value,), (value,)]))
    return await stored(backend, value)


async def rows_of_generators(backend, value):
    name, given = column(value), [(value,), (value,)]
    await done(backend.execute_many(f"INSERT INTO t ({name}) VALUES (%s)", generated(backend, given)))
    await done(backend.bulk_load("t", [name], generated(backend, given)))
    return await stored(backend, value)


async def options_insert(backend, value):
    """insert() and update() of core's options, whose texts are remembered, and delete()."""
    name = column(value)
    for _ in range(2):
        await done(backend.insert(InsertOptions(table="t", data={name: value})))
    await done(backend.insert(InsertOptions(table="t", data={"id": 99, name: None})))
    one = ComparisonPredicate(backend.dialect, "=", Column(backend.dialect, "id"), Literal(backend.dialect, 99))
    await done(backend.update(UpdateOptions(table="t", data={name: value}, where=one)))
    return await stored(backend, value)


async def options_delete(backend, value):
    """What a DELETE by the value leaves of two rows."""
    name, dialect = column(value), backend.dialect
    await done(backend.execute(f"INSERT INTO t ({name}) VALUES (%s), (NULL)", (value,)))
    where = ComparisonPredicate(dialect, "=", Column(dialect, name), Literal(dialect, value))
    assert (await done(backend.delete(DeleteOptions(table="t", where=where)))).affected_rows == 1
    await done(backend.execute("DELETE FROM t"))
    return [value]


async def bulk_update(backend, value):
    """By core's CASEs, and by a temporary table."""
    name = column(value)
    for count in (2, MANY):
        keys = list(range(1, count + 1))
        await done(backend.execute_many("REPLACE INTO t (id) VALUES (%s)", [(key,) for key in keys]))
        options = BulkUpdateOptions(table="t", pk_column="id", pk_values=keys, field_values={name: [value] * count})
        await done(backend.bulk_update(options))
    return await stored(backend, value)


async def run_transaction(backend, value):
    """With a savepoint in it."""
    sql = f"INSERT INTO t ({column(value)}) VALUES (%s)"

    async def awaited():
        await backend.execute(sql, (value,))
        async with backend.transaction():
            await backend.execute_many(sql, [(value,), (value,)])

    def called():
        backend.execute(sql, (value,))
        with backend.transaction():
            backend.execute_many(sql, [(value,), (value,)])

    await done(backend.run_transaction(awaited if is_async(backend) else called))
    return await stored(backend, value)


async def cursor(backend, value):
    """Core's introspection and batches use them."""
    opened = await done(backend._get_cursor())
    await done(opened.executemany(f"INSERT INTO t ({column(value)}) VALUES (%s)", [(value,), (value,)]))
    reading = await done(backend._get_dql_cursor())
    await done(reading.execute(f"SELECT {column(value)} FROM t WHERE %s IS NOT NULL", (value,)))
    found = [row[0] for row in await done(reading.fetchmany(9))]
    await done(reading.close())
    await done(opened.execute("DELETE FROM t"))
    return found


async def pooled(backend, value):
    """On a session of the pool's, as a request has it."""
    taken = await done(backend.get_connection())
    try:
        return await rows(taken, "SELECT %s AS v", (value,))
    finally:
        await done(taken.disconnect())


def of_field(value):
    """What pydantic takes for a field."""
    return bytes(value) if isinstance(value, (bytearray, memoryview)) else value


async def save(backend, value):
    name = column(value)
    for fast in (True, False):
        kind = model(backend, fast)
        await done(kind(**{name: of_field(value)}).save())
        changed = kind()
        await done(changed.save())
        setattr(changed, name, of_field(value))
        await done(changed.save())
    return await stored(backend, value)


async def bulk_create(backend, value):
    made = model(backend)
    await done(made.bulk_create([made(**{column(value): of_field(value)}) for _ in range(2)]))
    return await stored(backend, value)


async def find(backend, value):
    """By the primary key, by a dict, by a condition, with core's models and the faster ones."""
    name, found = column(value), []
    await done(backend.execute(f"INSERT INTO t ({name}) VALUES (%s), (NULL)", (value,)))
    for fast in (True, False):
        made = model(backend, fast, key=name)
        found += [await done(made.find_one({name: value})), *await done(made.find_all({name: value}))]
        found += await done(made.query().where(getattr(made.c, name) == value).all())
        if isinstance(value, (str, bytes)):  # of what core takes for a key
            found.append(await done(made.find_one(value)))
    await done(backend.execute("DELETE FROM t"))
    return [getattr(row, name) for row in found]


async def stream_models(backend, value):
    await done(backend.execute(f"INSERT INTO t ({column(value)}) VALUES (%s), (%s)", (value, value)))
    query = f"SELECT * FROM t WHERE {column(value)} = %s"
    found = [row for fast in (True, False)
             for row in await listed(backend.stream(query, (value,), model=model(backend, fast)))]  # fmt: skip
    await done(backend.execute("DELETE FROM t"))
    return [getattr(row, column(value)) for row in found]


async def array(backend, value):
    """As parameters of an array of rows on MariaDB, with libmariadb and the native codec."""
    await done(backend.execute("REPLACE INTO t (id) VALUES (1), (2), (3), (4), (5)"))
    updates = [(value, number) for number in range(1, 6)]
    await done(backend.execute_many(f"UPDATE t SET {column(value)} = %s WHERE id = %s", updates))
    return await stored(backend, value)


async def prepare(backend, value):
    # a CAST, since a parameter of a prepared statement has no type of its own (manual 15.5.1)
    targets = {"s": "CHAR CHARACTER SET utf8mb4", "b": "BINARY", "n": "DECIMAL(65, 30)", "f": "DOUBLE"}
    statement = await prepared(backend, f"SELECT CAST(%s AS {targets[column(value)]}) AS v")
    result = await done(statement.execute((value,)))
    return [row["v"] for row in result.data]


async def prepare_insert(backend, value):
    statement = await prepared(backend, f"INSERT INTO t ({column(value)}) VALUES (%s)")
    await done(statement.execute((value,)))
    return await stored(backend, value)


async def stream(backend, value):
    return [row["v"] for row in await listed(backend.stream("SELECT %s AS v", (value,)))]


async def in_list(backend, value):
    name = column(value)
    await done(backend.execute(f"INSERT INTO t ({name}) VALUES (%s), (%s), (%s)", (value, OTHER[name], value)))
    predicate = InPredicate(backend.dialect, Column(backend.dialect, name), Literal(backend.dialect, [value, value]))
    found = await select_where(backend, predicate, name)
    await done(backend.execute("DELETE FROM t"))
    return found


async def compared(backend, value):
    name = column(value)
    await done(backend.execute(f"INSERT INTO t ({name}) VALUES (%s), (%s)", (value, OTHER[name])))
    predicate = ComparisonPredicate(
        backend.dialect, "=", Column(backend.dialect, name), Literal(backend.dialect, value)
    )
    found = await select_where(backend, predicate, name)
    await done(backend.execute("DELETE FROM t"))
    return found


async def like(backend, value):
    """LIKE with everything escaped that is special in a pattern finds the value and nothing else."""
    text = value if isinstance(value, str) else bytes(value).decode("latin1")
    pattern = "".join(f"|{character}" if character in "%_|" else character for character in text)
    pattern = pattern if isinstance(value, str) else pattern.encode("latin1")
    name = column(value)
    await done(backend.execute(f"INSERT INTO t ({name}) VALUES (%s), ('other')", (value,)))
    found = await rows(backend, f"SELECT {name} AS v FROM t WHERE {name} LIKE %s ESCAPE '|'", (pattern,))
    await done(backend.execute("DELETE FROM t"))
    return found


async def like_predicate(backend, value):
    """A pattern that the query builder writes: what it finds is the server's business, what it is is ours."""
    name, dialect = column(value), backend.dialect
    await done(backend.execute("DELETE FROM t"))
    predicate = LikePredicate(dialect, "LIKE", Column(dialect, name), Literal(dialect, value))
    assert await select_where(backend, predicate, name) == []
    return [value]


async def raw_fragment(backend, value):
    """A value beside raw SQL with all that looks like a placeholder or the end of a string."""
    sql = "SELECT 'it''s %s ? :a', /* %s ' */ `v`.`v` AS v FROM (SELECT %s AS v) AS `v` -- ' %s\n"
    return [row["v"] for row in await done(backend.fetch_all(sql, (value,)))]


async def prepared_fragment(backend, value):
    """The same, prepared: what is no placeholder is none to the server either."""
    sql = "SELECT 'it''s %s ? :a', /* ? %s ' */ `v?`.`v` AS v FROM (SELECT CAST(%s AS BINARY) AS v) AS `v?` -- ' %s ?\n"
    found = [bytes(row["v"]) for row in (await prepared_and_run(backend, sql, (value,))).data]
    return [text.decode() for text in found] if isinstance(value, str) else found


async def json_path(backend, value):
    """As a key of a JSON document, found by a path with the key in double quotes."""
    return await rows(backend, "SELECT JSON_UNQUOTE(JSON_EXTRACT(JSON_OBJECT('k', %s), '$.k')) AS v", (value,))


async def session_variable(backend, value):
    await done(backend.execute("SET @kept = %s", (value,)))
    return await rows(backend, "SELECT @kept AS v")


async def select_where(backend, predicate, name):
    dialect = backend.dialect
    query = QueryExpression(
        dialect,
        select=[Column(dialect, name, alias="v")],
        from_=TableExpression(dialect, "t"),
        where=WhereClause(dialect, predicate),
    )
    return await rows(backend, *query.to_sql())


WAYS = {
    way.__name__: way
    for way in (
        execute, insert, execute_many, execute_many_one_by_one, bulk_insert, bulk_upsert, bulk_update_rows, bulk_load,
        rows_of_generators, options_insert, options_delete, bulk_update, run_transaction, cursor, pooled, save,
        bulk_create, find, stream_models, array, prepare, prepare_insert, stream, in_list, compared, like,
        like_predicate, raw_fragment, prepared_fragment, json_path, session_variable,
    )
}  # fmt: skip


# Ways that only text has, and bytes where there is no character set to it.
_TEXTS = (str, bytes, bytearray, memoryview)
_OF_TEXT = {"json_path": str, "like": _TEXTS, "prepared_fragment": _TEXTS}
# Where a value is compared with what is text to a model: collections are refused. And where it is a model's own.
COMPARING = {"options_delete", "find", "in_list", "compared"}
OF_MODELS = {"save", "bulk_create"}


def ways_of(value):
    """The ways that a value of its type has."""
    return {name: way for name, way in WAYS.items() if isinstance(value, _OF_TEXT.get(name, object))}


async def _cursor(backend, sql):
    opened = await done(backend._get_cursor())
    await done(opened.execute(sql))


async def _dql_cursor(backend, sql):
    opened = await done(backend._get_dql_cursor())
    await done(opened.execute(sql))


async def _in_transaction(backend, sql):
    await done(backend.run_transaction(lambda: backend.execute(sql)))


async def _array(backend, sql):
    await done(backend.execute_many(f"UPDATE t SET s = %s WHERE id = %s; {sql}", [("x", i) for i in range(9)]))


# Every way on which the text of a statement gets to the server: asynchronous functions of (backend, sql).
TEXTS = {
    "execute": lambda backend, sql: done(backend.execute(sql)),
    "parameters": lambda backend, sql: done(backend.execute(f"SELECT %s; {sql}", (1,))),
    "fetch_one": lambda backend, sql: done(backend.fetch_one(sql)),
    "execute_many": lambda backend, sql: done(
        backend.execute_many(f"INSERT INTO t (s) VALUES (%s); {sql}", [(1,), (2,)])),
    "one_by_one": lambda backend, sql: done(backend.execute_many(f"INSERT INTO t (s) SELECT %s; {sql}", [(1,)] * 2)),
    "array": _array,
    "prepare": lambda backend, sql: prepared_and_run(backend, sql),
    "stream": lambda backend, sql: listed(backend.stream(sql)),
    "stream_models": lambda backend, sql: listed(backend.stream(sql, model=model(backend))),
    "run_transaction": _in_transaction,
    "cursor": _cursor,
    "dql_cursor": _dql_cursor,
    "where": lambda backend, sql: done(model(backend).query().where(f"id = 1; {sql}").all()),
}  # fmt: skip


async def prepared_and_run(backend, sql, params=()):
    return await done((await prepared(backend, sql)).execute(params))


async def _read_stream(backend, sql):
    opened = backend.stream(sql, batch_size=1)
    return await done(opened.next_batch())


async def _read_cursor(backend, sql, get="_get_cursor"):
    opened = await done(getattr(backend, get)())
    await done(opened.execute(sql))
    found = await done(opened.fetchmany(9))
    await done(opened.close())
    return [dict(zip([column[0] for column in opened.description], row)) for row in found]


# Every way on which rows come back as dicts: asynchronous functions of (backend, sql).
READS = {
    "execute": lambda backend, sql: _data(backend.execute(sql)),
    "fetch_all": lambda backend, sql: done(backend.fetch_all(sql)),
    "fetch_one": lambda backend, sql: listed_one(backend.fetch_one(sql)),
    "prepare": lambda backend, sql: _data(prepared_and_run(backend, sql)),
    "stream": lambda backend, sql: listed(backend.stream(sql)),
    "next_batch": _read_stream,
    "cursor": _read_cursor,
    "dql_cursor": lambda backend, sql: _read_cursor(backend, sql, "_get_dql_cursor"),
}


async def _data(result):
    return (await done(result)).data


async def listed_one(row):
    return [await done(row)]
