"""F26: what one user of a pool left in a session, by whichever call, the next does not find."""

import asyncio
import inspect

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient.errors import QueryError

ISOLATION = {"mysql": "transaction_isolation", "mariadb": "tx_isolation"}
CLEAN = {
    "SELECT @secret IS NULL": 1,
    "SELECT IS_FREE_LOCK(DATABASE())": 1,
    "SELECT @@autocommit": 1,
    "SELECT @@sql_mode = @@GLOBAL.sql_mode": 1,
    "SELECT @@time_zone": "+00:00",
    "SELECT @@{isolation} = @@GLOBAL.{isolation}": 1,
    "SELECT @@max_heap_table_size = @@GLOBAL.max_heap_table_size": 1,
    "SELECT LAST_INSERT_ID()": 0,
    "SELECT COUNT(*) FROM t": 0,
    "SELECT DATABASE() LIKE 'test%%'": 1,
}
ALL = [
    "SET @secret = 7",
    "CREATE TEMPORARY TABLE t AS SELECT 7 AS n",
    "SELECT GET_LOCK(DATABASE(), 0)",
    "SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE",
    "SET time_zone = '+05:00'",
    "SET sql_mode = 'ANSI,NO_BACKSLASH_ESCAPES'",
    "SET max_heap_table_size = 16384",
    "SELECT LAST_INSERT_ID(77)",
    "PREPARE stolen FROM 'SELECT 7'",
    "SET autocommit = 0",
    "INSERT INTO real_t VALUES (1)",
    "LOCK TABLES real_t WRITE",
]


async def one_by_one(connection):
    for statement in ALL:
        await connection.execute(statement)


async def by_a_script(connection):
    await connection.executescript(";\n".join(ALL))


async def by_prepared_statements(connection):
    for text in ALL:
        statement = await connection.prepare(text)
        run = statement.execute
        await (run() if inspect.iscoroutinefunction(run) else asyncio.to_thread(run))


async def before_an_error(connection):
    await one_by_one(connection)
    with pytest.raises(QueryError):
        await connection.execute("SELECT nothing")


async def in_a_transaction(connection):
    await connection.begin_transaction()
    await one_by_one(connection)


async def by_a_procedure(connection):
    await connection.execute("CALL leave_state()")


@pytest.mark.parametrize(
    "leave",
    [one_by_one, by_a_script, by_prepared_statements, before_an_error, in_a_transaction, by_a_procedure],
)
async def test_f26_the_next_finds_nothing_of_it(open, admin, server, leave):
    admin.ask("CREATE TABLE t (n INT)")
    admin.ask("CREATE TABLE real_t (n INT) ENGINE=InnoDB")
    admin.ask(
        "CREATE PROCEDURE leave_state() BEGIN SET @secret = 7; DO GET_LOCK(DATABASE(), 0); SET time_zone = '+05:00';"
        " SET sql_mode = 'ANSI'; CREATE TEMPORARY TABLE t AS SELECT 7 AS n; SET autocommit = 0; END"
    )
    backend = open(pool_size=1)
    connection = await backend.get_connection()
    await leave(connection)
    await backend.return_connection(connection)
    connection = await backend.get_connection()
    found = {}
    for sql in CLEAN:
        rows = (await connection.execute(sql.replace("%%", "%").format(isolation=ISOLATION[server.flavor]))).data
        found[sql] = next(iter(rows[0].values()))
    assert found == CLEAN
    with pytest.raises(QueryError):
        await connection.execute("EXECUTE stolen")
    assert not connection.in_transaction
    await connection.execute("INSERT INTO real_t VALUES (2)")
    assert [*(await connection.execute("SELECT n FROM real_t ORDER BY n")).data][-1] == {"n": 2}
    await backend.return_connection(connection)
    assert 2 in admin.numbers("SELECT n FROM real_t"), "committed by itself, no lock in the way"


async def test_f26_the_next_transactions_isolation_level_is_not_another_users(open, admin):
    """SET TRANSACTION without SESSION holds for one transaction, which has not begun yet."""
    admin.ask("CREATE TABLE t (n INT) ENGINE=InnoDB")
    backend = open(pool_size=1)
    connection = await backend.get_connection()
    await connection.execute("SET TRANSACTION READ ONLY")
    await backend.return_connection(connection)
    connection = await backend.get_connection()
    await connection.execute("INSERT INTO t VALUES (1)")
    await backend.return_connection(connection)
    assert admin.numbers("SELECT n FROM t") == [1]
