"""Every way on which a value gets to the server and back, for both backends.

A way is an asynchronous function of (backend, value) that returns what the server makes of the value, as a list.
"""

import inspect

from rhosocial.activerecord.backend.expression import Column, ComparisonPredicate, Literal, QueryExpression
from rhosocial.activerecord.backend.expression.core import TableExpression
from rhosocial.activerecord.backend.expression.predicates import InPredicate, LikePredicate
from rhosocial.activerecord.backend.expression.query_parts import WhereClause
from rhosocial.activerecord.backend.options import BulkInsertOptions

from rhosocial.activerecord.backend.impl.mysqlclient import AsyncMySQLBackend

TABLE = """CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, s TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
           b BLOB)"""


async def done(result):
    return await result if inspect.isawaitable(result) else result


async def prepared(backend, sql):
    return await done(backend.prepare(sql))


def column(value):
    return "s" if isinstance(value, str) else "b"


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


async def array(backend, value):
    """As parameters of an array of rows on MariaDB, with libmariadb and the native codec."""
    await done(backend.execute("REPLACE INTO t (id) VALUES (1), (2), (3), (4), (5)"))
    updates = [(value, number) for number in range(1, 6)]
    await done(backend.execute_many(f"UPDATE t SET {column(value)} = %s WHERE id = %s", updates))
    return await stored(backend, value)


async def prepare(backend, value):
    # a CAST, since a parameter of a prepared statement has no type of its own (manual 15.5.1)
    target = "CHAR CHARACTER SET utf8mb4" if isinstance(value, str) else "BINARY"
    statement = await prepared(backend, f"SELECT CAST(%s AS {target}) AS v")
    result = await done(statement.execute((value,)))
    return [row["v"] for row in result.data]


async def prepare_insert(backend, value):
    statement = await prepared(backend, f"INSERT INTO t ({column(value)}) VALUES (%s)")
    await done(statement.execute((value,)))
    return await stored(backend, value)


async def stream(backend, value):
    opened = backend.stream("SELECT %s AS v", (value,))
    if isinstance(backend, AsyncMySQLBackend):
        return [row["v"] async for row in opened]
    return [row["v"] for row in opened]


async def in_list(backend, value):
    await done(backend.execute(f"INSERT INTO t ({column(value)}) VALUES (%s), ('other'), (%s)", (value, value)))
    name = column(value)
    predicate = InPredicate(backend.dialect, Column(backend.dialect, name), Literal(backend.dialect, [value, value]))
    found = await select_where(backend, predicate, name)
    await done(backend.execute("DELETE FROM t"))
    return found


async def compared(backend, value):
    await done(backend.execute(f"INSERT INTO t ({column(value)}) VALUES (%s), ('other')", (value,)))
    name = column(value)
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


async def json_path(backend, value):
    """As a key of a JSON document, found by a path with the key in double quotes."""
    if not isinstance(value, str):
        return [value]
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
        array, prepare, prepare_insert, stream, in_list, compared, like, like_predicate, raw_fragment, json_path,
        session_variable,
    )
}  # fmt: skip
