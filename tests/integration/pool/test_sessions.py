"""Taking and giving back: which session one gets, and what is in it."""

import gc
import os
import threading
import time

import pytest
from rhosocial.activerecord.backend.errors import ConnectionError

from rhosocial.activerecord.backend.impl.mysqlclient import MySQLBackend, implementation
from rhosocial.activerecord.backend.impl.mysqlclient.errors import ConnectionLost, OperationalError, PoolTimeout

from ...admin import LONG, eventually
from .conftest import number

ID = "SELECT CONNECTION_ID()"


def test_what_was_given_back_is_taken_again(pooled, admin):
    backend = pooled()
    connection = backend.get_connection()
    first = number(connection, ID)
    backend.return_connection(connection)
    with backend.get_connection() as connection:
        assert number(connection, ID) == first
    assert set(admin.sessions()) == {first}


def test_connections_are_apart(pooled, admin):
    backend = pooled()
    with backend.get_connection() as one, backend.get_connection() as other:
        assert {number(one, ID), number(other, ID)} == set(admin.sessions())
        assert len(admin.sessions()) == 2
        one.execute("CREATE TABLE t (n INT)")
        with one.transaction():
            one.execute("INSERT INTO t VALUES (1)")
            assert number(other, "SELECT COUNT(*) FROM t") == 0


def test_a_backend_with_pool_options_connects_from_the_pool(pooled, admin):
    backend = pooled()
    ids = []
    for _ in range(5):
        with backend.context() as inside:
            ids.append(number(inside, ID))
    assert len(set(ids)) == 1 and set(admin.sessions()) == set(ids)


def test_backends_of_equal_options_share_a_pool(pooled, pool_config):
    one, other = pooled(), pooled()
    assert one.pool is other.pool
    assert pooled(pool_size=3).pool is not one.pool
    assert pooled(pool_name="reports").pool is not one.pool
    assert pooled(sql_mode="ANSI").pool is not one.pool


def test_without_pool_options_disconnect_closes(pool_config, admin):
    options = {name: value for name, value in pool_config().to_dict().items() if not name.startswith("pool_")}
    backend = MySQLBackend(**options)
    with backend.context():
        assert len(admin.sessions()) == 1
    assert admin.sessions_become(0)
    with backend.get_connection() as connection:  # the pool has its defaults
        assert number(connection, "SELECT 1") == 1
    backend.pool.close()


LEFT = {
    "variable": ("SET @secret = 7", "SELECT @secret IS NULL"),
    "variable in a query": ("SELECT @secret := 7", "SELECT @secret IS NULL"),
    "temporary table": ("CREATE TEMPORARY TABLE t AS SELECT 7 AS n", "SELECT COUNT(*) = 0 FROM t"),
    "named lock": ("SELECT GET_LOCK(DATABASE(), 0)", "SELECT IS_FREE_LOCK(DATABASE())"),
    "autocommit": ("SET autocommit = 0", "SELECT @@autocommit"),
    "sql_mode": ("SET sql_mode = 'ANSI,NO_BACKSLASH_ESCAPES'", "SELECT @@sql_mode = @@GLOBAL.sql_mode"),
    "time_zone": ("SET time_zone = '+05:00'", "SELECT @@time_zone = '+00:00'"),
    "isolation level": (
        "SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE",
        "SELECT @@{isolation} = @@GLOBAL.{isolation}",
    ),
    "character set": ("SET NAMES utf8mb3", "SELECT @@character_set_client = 'utf8mb4'"),
    "database": ("USE mysql", "SELECT DATABASE() LIKE 'test%'"),
    "procedure": ("CALL leave_secret()", "SELECT @secret IS NULL"),
}


@pytest.mark.parametrize("left", LEFT)
def test_nothing_is_left_for_the_next_user(pooled, left, server):
    statement, clean = LEFT[left]
    clean = clean.format(isolation={"mysql": "transaction_isolation", "mariadb": "tx_isolation"}[server.flavor])
    backend = pooled(pool_size=1)
    backend.execute("CREATE PROCEDURE leave_secret() SET @secret = 7")
    backend.execute("CREATE TABLE t (n INT)")
    backend.disconnect()
    with backend.get_connection() as connection:
        session = number(connection, ID)
        connection.execute(statement)
        assert number(connection, clean) == 0
    with backend.get_connection() as connection:
        assert number(connection, clean) == 1
        kept = number(connection, ID) == session
    assert kept == (implementation() == "native")  # elsewhere there is no COM_RESET_CONNECTION


def test_lock_tables_ends(pooled):
    backend = pooled()
    backend.execute("CREATE TABLE t (n INT)")
    with backend.get_connection() as connection:
        connection.execute("LOCK TABLES t WRITE")
    backend.execute("INSERT INTO t VALUES (1)")
    assert number(backend, "SELECT n FROM t") == 1


@pytest.mark.parametrize("begin", ["START TRANSACTION", "BEGIN", "/* now */ begin", "SET autocommit=0"])
def test_an_open_transaction_is_rolled_back(pooled, begin):
    backend = pooled(pool_size=1)
    backend.execute("CREATE TABLE t (n INT)")
    backend.disconnect()
    with backend.get_connection() as connection:
        connection.execute(begin)
        connection.execute("INSERT INTO t VALUES (1)")
    with backend.get_connection() as connection:
        assert number(connection, "SELECT COUNT(*) FROM t") == 0


def test_without_pool_reset_session_state_stays_and_the_transaction_does_not(pooled):
    backend = pooled(pool_size=1, pool_reset_session=False)
    backend.execute("CREATE TABLE t (n INT)")
    backend.disconnect()
    with backend.get_connection() as connection:
        connection.execute("SET @mine = 7")
        connection.begin_transaction()
        connection.execute("INSERT INTO t VALUES (1)")
    with backend.get_connection() as connection:
        assert number(connection, "SELECT @mine") == 7
        assert number(connection, "SELECT COUNT(*) FROM t") == 0


def test_a_session_that_left_nothing_costs_no_word_to_the_server(pooled):
    backend = pooled(pool_size=1)
    with backend.get_connection() as connection:
        before = int(connection.fetch_one("SHOW SESSION STATUS LIKE 'Questions'")["Value"])
    for _ in range(10):
        with backend.get_connection():
            pass
    with backend.get_connection() as connection:
        assert int(connection.fetch_one("SHOW SESSION STATUS LIKE 'Questions'")["Value"]) == before + 1


def test_prepared_statements_outlive_a_reset(pooled):
    backend = pooled(pool_size=1)
    for n in range(3):
        with backend.get_connection() as connection:
            assert connection.prepare("SELECT %s AS n").execute((n,)).data == [{"n": n}]
            connection.execute("SET @dirty = 1")
    assert backend.pool.stats().opened == (1 if implementation() == "native" else 3)


def test_a_connection_given_back_is_of_no_more_use(pooled, admin):
    backend = pooled()
    connection = backend.get_connection()
    session = connection._connection
    backend.return_connection(connection)
    backend.return_connection(connection)
    with pytest.raises(ConnectionError, match="given back"):
        connection.execute("SELECT 1")
    assert session.closed
    with pytest.raises(OperationalError, match="get_connection"):
        backend.return_connection(backend)
    assert backend.pool.stats().idle == 1 and len(admin.sessions()) == 1


def test_a_session_killed_while_idle_is_replaced_silently(pooled, admin, kill):
    backend = pooled()
    with backend.get_connection() as connection:
        first = number(connection, ID)
    kill(first)
    with backend.get_connection() as connection:
        assert number(connection, ID) != first
    assert admin.sessions_become(1)


def test_a_session_the_server_ended_for_idling_is_replaced_silently(pooled, admin):
    backend = pooled(init_command="SET SESSION wait_timeout = 3")
    with backend.get_connection() as connection:
        first = number(connection, ID)
    assert admin.sessions_become(0)
    with backend.get_connection() as connection:
        assert number(connection, ID) != first


def test_a_session_killed_in_use_is_replaced_for_its_user_and_the_next(pooled, admin, kill):
    backend = pooled(pool_size=1)
    with backend.get_connection() as connection:
        first = number(connection, ID)
        kill(first)
        with pytest.raises(ConnectionLost):
            connection.execute("SELECT 1")
        assert number(connection, ID) != first
    with backend.get_connection() as connection:
        assert number(connection, ID) != first
    assert admin.sessions_become(1)


class Interrupted(BaseException):
    pass


def test_a_session_interrupted_before_its_last_row_never_goes_back(pooled, admin, monkeypatch):
    backend = pooled(pool_size=1)
    connection = backend.get_connection()
    first = number(connection, ID)
    session = connection._connection
    query = session._query

    def interrupted(statement):
        query(statement)
        raise Interrupted

    with monkeypatch.context() as patch, pytest.raises(Interrupted):
        patch.setattr(session, "_query", interrupted)
        connection.execute("SELECT 1 UNION SELECT 2")
    backend.return_connection(connection)
    with backend.get_connection() as connection:
        assert number(connection, ID) != first
        assert number(connection, "SELECT 3") == 3
    assert admin.sessions_become(1)


def test_a_forgotten_connection_frees_its_place(pooled, admin, caplog):
    backend = pooled(pool_size=1)
    connection = backend.get_connection()
    first = number(connection, ID)
    del connection
    gc.collect()
    with backend.get_connection(timeout=LONG) as connection:
        assert number(connection, ID) != first
    assert "never given back" in caplog.text
    assert admin.sessions_become(1)


def test_a_forgotten_connection_wakes_who_waits(pooled):
    backend = pooled(pool_size=1)
    connection = backend.get_connection()
    got = []

    def wait():
        with backend.get_connection() as mine:
            got.append(number(mine, "SELECT 1"))

    thread = threading.Thread(target=wait)
    thread.start()
    assert eventually(lambda: backend.pool.stats().waiters == 1)
    del connection
    gc.collect()
    thread.join(LONG)
    assert got == [1]


def test_disconnect_never_opens_anything(pooled, admin):
    backend = pooled()
    backend.disconnect()
    backend.begin_transaction()
    backend.disconnect()
    backend.disconnect()
    assert backend.pool.stats().opened == 1 and len(admin.sessions()) == 1
    assert not backend.in_transaction


def test_connect_twice_takes_one(pooled):
    backend = pooled()
    backend.connect()
    backend.connect()
    assert backend.pool.stats().in_use == 1


def test_a_forked_child_begins_with_an_empty_pool(pooled, admin):
    backend = pooled()
    with backend.get_connection() as used, backend.get_connection() as idle:
        idle.disconnect()
        first = number(used, ID)
        assert len(admin.sessions()) == 2
        child = os.fork()
        if child == 0:
            code = 1
            try:
                gc.collect()
                empty = backend.pool.stats()[1:5] == (0, 0, 0, 0)
                with backend.get_connection() as mine:
                    other = number(mine, ID)
                used.disconnect()
                backend.pool.close()
                code = 0 if empty and other != first else 2
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert number(used, ID) == first
    assert admin.sessions_become(2)
    assert backend.pool.stats().idle == 2


def test_a_child_forked_while_others_use_the_pool_is_not_blocked(pooled):
    backend = pooled()
    stop = threading.Event()

    def use():
        while not stop.is_set():
            with backend.get_connection() as mine:
                mine.execute("SELECT 1")

    users = [threading.Thread(target=use) for _ in range(3)]
    for user in users:
        user.start()
    try:
        for _ in range(5):
            child = os.fork()
            if child == 0:
                code = 1
                try:
                    with backend.get_connection(timeout=LONG) as mine:
                        code = 0 if number(mine, "SELECT 5") == 5 else 2
                finally:
                    os._exit(code)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    finally:
        stop.set()
        for user in users:
            user.join()


def test_close_waits_for_those_in_use(pooled, admin):
    backend = pooled()
    pool = backend.pool
    connection = backend.get_connection()
    with backend.get_connection():
        pass
    started = time.monotonic()
    assert pool.close(timeout=0.2) == 1
    assert time.monotonic() - started >= 0.2
    with pytest.raises(ConnectionError, match="closed"):
        pool.take()
    assert number(connection, "SELECT 1") == 1
    backend.return_connection(connection)
    assert admin.sessions_become(0)
    with backend.get_connection() as connection:  # from the next pool
        assert number(connection, "SELECT 1") == 1


def test_close_wakes_who_waits(pooled):
    backend = pooled(pool_size=1)
    pool, errors = backend.pool, []
    connection = backend.get_connection()

    def wait():
        try:
            pool.take()
        except ConnectionError as error:
            errors.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    assert eventually(lambda: pool.stats().waiters == 1)
    pool.close()
    thread.join(LONG)
    assert "closed" in str(errors[0]) and not isinstance(errors[0], PoolTimeout)
    connection.disconnect()


def test_a_connections_introspector_asks_on_its_own_session(pooled, admin):
    backend = pooled()
    _ = backend.introspector
    with backend.get_connection() as connection:
        connection.introspector.list_tables()
        assert set(admin.sessions()) == {number(connection, ID)}
