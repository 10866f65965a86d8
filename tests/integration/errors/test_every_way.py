"""Errors on every way a statement takes, on both backends, in another language: class, errno, SQLSTATE, flags."""

import inspect

import pytest
import pytest_asyncio

from rhosocial.activerecord.backend import errors as core
from rhosocial.activerecord.backend.impl.mysqlclient import AsyncMySQLBackend, MySQLBackend, errors, implementation

DUPLICATE = (core.IntegrityError, 1062, "23000")
TOO_LONG = (errors.DataError, 1406, "22001")
# What LOCAL makes of it (manual 15.2.9); without the extension it is INSERTs.
TRUNCATED = (errors.DataError, 1265, "01000") if implementation() == "native" else TOO_LONG
ABSENT = (core.QueryError, 1146, "42S02")


async def done(result):
    return await result if inspect.isawaitable(result) else result


@pytest_asyncio.fixture(params=[MySQLBackend, AsyncMySQLBackend], ids=["sync", "async"])
async def backend(request, config):
    """Whose server speaks French, on the sessions of its streams too."""
    made = request.param(connection_config=config.clone(init_command="SET lc_messages = 'fr_FR'", bulk_load=True))
    await done(made.execute("CREATE TABLE t (id INT PRIMARY KEY, s VARCHAR(3)) ENGINE=InnoDB"))
    await done(made.execute("INSERT INTO t VALUES (1, 'a')"))
    yield made
    await done(made.disconnect())


async def prepared(backend, sql, params=()):
    return await done((await done(backend.prepare(sql))).execute(params))


async def streamed(backend, sql):
    rows = backend.stream(sql)
    return [row async for row in rows] if hasattr(rows, "__aiter__") else list(rows)


async def in_transaction(backend, sql):
    await done(backend.begin_transaction())
    try:
        await done(backend.execute(sql))
    finally:
        await done(backend.rollback_transaction())


INSERT = "INSERT INTO t VALUES (%s, %s)"
WAYS = {
    "execute": (DUPLICATE, lambda b: b.execute("INSERT INTO t VALUES (1, 'b')")),
    "parameters": (TOO_LONG, lambda b: b.execute(INSERT, (2, "four"))),
    "fetch_one": (ABSENT, lambda b: b.fetch_one("SELECT * FROM absent")),
    "in a transaction": (DUPLICATE, lambda b: in_transaction(b, "INSERT INTO t VALUES (1, 'b')")),
    "script": (ABSENT, lambda b: b.executescript("SELECT 1; SELECT * FROM absent; SELECT 2")),
    "prepare": (ABSENT, lambda b: prepared(b, "SELECT * FROM absent")),
    "prepared": (DUPLICATE, lambda b: prepared(b, INSERT, (1, "b"))),
    "prepared values": (TOO_LONG, lambda b: prepared(b, INSERT, (2, "four"))),
    "stream": (ABSENT, lambda b: streamed(b, "SELECT * FROM absent")),
    "execute_many": (DUPLICATE, lambda b: b.execute_many(INSERT, [(2, "b"), (1, "c")])),
    "one by one": (DUPLICATE, lambda b: b.execute_many("INSERT INTO t SELECT %s, %s", [(2, "b"), (1, "c")])),
    "bulk_upsert": (TOO_LONG, lambda b: b.bulk_upsert("t", ["id", "s"], [(1, "four")])),
    "bulk_update_rows": (TOO_LONG, lambda b: b.bulk_update_rows("t", ["id"], ["s"], [(1, "four")])),
    "bulk_load": (DUPLICATE, lambda b: b.bulk_load("t", ["id", "s"], [(2, "b"), (1, "c")])),
    "bulk_load values": (TRUNCATED, lambda b: b.bulk_load("t", ["id", "s"], [(2, "four")])),
}


@pytest.mark.parametrize("way", WAYS)
async def test_of_the_server(backend, way):
    (error_class, errno, sqlstate), call = WAYS[way]
    with pytest.raises(core.DatabaseError) as caught:
        await done(call(backend))
    error = caught.value
    assert (type(error), error.errno, error.sqlstate) == (error_class, errno, sqlstate)
    assert (error.is_disconnect, error.is_retryable) == (False, False)
    assert await done(backend.fetch_all("SELECT id, s FROM t")) == [{"id": 1, "s": "a"}]


async def test_the_language_is_another(backend):
    with pytest.raises(core.QueryError, match="n'existe pas"):
        await done(backend.execute("SELECT * FROM absent"))
    with pytest.raises(core.QueryError, match="n'existe pas"):
        await streamed(backend, "SELECT * FROM absent")
    with pytest.raises(core.QueryError, match="n'existe pas"):
        await prepared(backend, "SELECT * FROM absent")
