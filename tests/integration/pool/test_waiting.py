"""The queue, the error at its end, and what happens where no session can be opened."""

import asyncio
import threading
import time
from contextlib import closing

import MySQLdb
import pytest
from rhosocial.activerecord.backend.errors import ConnectionError

from rhosocial.activerecord.backend.impl.mysqlclient import MySQLBackend
from rhosocial.activerecord.backend.impl.mysqlclient.errors import AccessDenied, PoolTimeout, UnknownDatabase
from rhosocial.activerecord.backend.impl.mysqlclient.pool import SessionPool

from ...admin import LONG, eventually
from .conftest import anumber, number


def test_threads_are_served_in_turn(pooled):
    backend, order = pooled(pool_size=1), []

    def work(n):
        with backend.get_connection():
            order.append(n)

    threads = []
    with backend.get_connection():
        for n in range(20):
            threads.append(threading.Thread(target=work, args=(n,)))
            threads[-1].start()
            assert eventually(lambda: backend.pool.stats().waiters == len(threads))
    for thread in threads:
        thread.join()
    assert order == list(range(20))


def test_the_error_says_who_holds_what(pooled):
    backend = pooled(pool_size=2, pool_timeout=0.1, pool_name="shop", pool_leak_threshold=100)
    with backend.get_connection(), backend.get_connection():
        with pytest.raises(PoolTimeout) as caught:
            backend.get_connection()
    text, figures = str(caught.value), caught.value.statistics
    assert "pool shop: no session within 0.1 s: size 2 of 2, 2 in use, 0 idle" in text
    assert "held by thread MainThread" in text and "test_the_error_says_who_holds_what" in text
    assert {name: figures[name] for name in ("size", "in_use", "idle", "timeouts", "oldest_holder")} == {
        "size": 2, "in_use": 2, "idle": 0, "timeouts": 1, "oldest_holder": "thread MainThread"
    }  # fmt: skip
    assert figures["oldest_seconds"] >= 0.1 and "test_waiting.py" in figures["oldest_stack"]
    assert isinstance(caught.value, ConnectionError)


def test_a_wait_that_ran_out_leaves_the_queue(pooled):
    backend = pooled(pool_size=1)
    with backend.get_connection():
        for _ in range(3):
            with pytest.raises(PoolTimeout):
                backend.get_connection(timeout=0.01)
        assert backend.pool.stats().waiters == 0
    with backend.get_connection(timeout=0.01) as connection:
        assert number(connection, "SELECT 1") == 1


@pytest.mark.parametrize(
    ("options", "error"), [({"database": "no_such_database"}, UnknownDatabase), ({"user": "nobody"}, AccessDenied)]
)
def test_a_failed_open_is_told_at_once_and_gives_its_place_back(server, options, error):
    backend = MySQLBackend(**{**server.connect_kwargs(), "pool_size": 1, "pool_timeout": 60, **options})
    started = time.monotonic()
    for _ in range(3):
        with pytest.raises(error):
            backend.get_connection()
    assert time.monotonic() - started < 30  # nobody waited for the timeout
    assert backend.pool.stats().size == 0


@pytest.fixture
def few(admin, server, database):
    """Options of an account that may have two sessions at once."""
    name = f"few_{database[5:]}"
    admin.ask(f"CREATE USER {name} IDENTIFIED BY 'x' WITH MAX_USER_CONNECTIONS 2")
    admin.ask(f"GRANT ALL ON {database}.* TO {name}")
    yield {**server.connect_kwargs(), "user": name, "password": "x", "database": database, "pool_size": 4}
    admin.ask(f"DROP USER {name}")


def raw(options):
    return closing(MySQLdb.connect(**{name: value for name, value in options.items() if name != "pool_size"}))


def test_too_many_connections_are_waited_for_until_the_timeout(few):
    backend = MySQLBackend(**few, pool_timeout=0.5)
    with raw(few), raw(few):
        started = time.monotonic()
        with pytest.raises(PoolTimeout, match="opening one failed") as caught:
            backend.get_connection()
        assert 0.17 < time.monotonic() - started < 20  # the fourth pause, of 0.2 s at least, may be too long
        assert caught.value.__cause__.errno in (1040, 1203, 1226)
    assert backend.pool.stats().size == 0
    backend.pool.close()


def test_a_connection_is_opened_as_soon_as_one_is_allowed(few):
    backend = MySQLBackend(**few, pool_timeout=LONG)
    with raw(few):
        filler = raw(few)
        timer = threading.Timer(0.3, filler.thing.close)
        timer.start()
        with backend.get_connection() as connection:
            assert number(connection, "SELECT 1") == 1
        timer.join()
    backend.pool.close()


def test_while_none_can_be_opened_one_given_back_is_taken(few):
    backend = MySQLBackend(**few, pool_timeout=LONG)
    one, other = backend.get_connection(), backend.get_connection()
    threading.Timer(0.3, one.disconnect).start()
    with backend.get_connection() as third:
        assert number(third, "SELECT 1") == 1
        stats = backend.pool.stats()
        assert (stats.size, stats.opened, stats.in_use) == (2, 2, 2)
    other.disconnect()
    backend.pool.close()


def test_one_given_back_while_opening_another_fails_is_taken(few, monkeypatch):
    backend = MySQLBackend(**few, pool_timeout=LONG)
    one, other = backend.get_connection(), backend.get_connection()
    opened = SessionPool._open

    def open_while_one_is_given_back(pool, lease):
        try:
            opened(pool, lease)
        finally:
            one.disconnect()

    monkeypatch.setattr(SessionPool, "_open", open_while_one_is_given_back)
    with backend.get_connection() as third:
        assert number(third, "SELECT 1") == 1
    other.disconnect()
    backend.pool.close()


@pytest.mark.asyncio
async def test_tasks_wait_for_too_many_connections_too(few, apooled):
    backend = apooled(**few, pool_timeout=0.5)
    with raw(few), raw(few):
        with pytest.raises(PoolTimeout, match="opening one failed") as caught:
            await backend.get_connection()
        assert caught.value.__cause__.errno in (1040, 1203, 1226)
    one, other = await backend.get_connection(LONG), await backend.get_connection(LONG)  # raw() has ended a moment ago
    third = asyncio.create_task(backend.get_connection(LONG))
    await asyncio.sleep(0.2)
    await one.disconnect()
    async with await third as third:
        assert await anumber(third, "SELECT 1") == 1
        assert backend.pool.stats().opened == 2
    await other.disconnect()


def test_a_server_that_is_down_is_waited_for(pooled):
    backend = pooled(host="127.0.0.1", port=1, unix_socket=None, pool_timeout=0.3)
    with pytest.raises(PoolTimeout, match="is the server running") as caught:
        backend.get_connection()
    assert caught.value.__cause__.errno in (2002, 2003)


def test_sixteen_threads_over_a_pool_of_four(pooled, admin):
    backend = pooled(pool_size=4)
    seen, wrong, done = set(), [], [0] * 16

    def work(thread):
        for _ in range(50):
            tag = f"{thread}-{done[thread]}"
            with backend.get_connection() as connection:
                if done[thread] % 3 == 0:
                    connection.execute("SET @tag = %s", (tag,))
                sql = "SELECT %s AS tag, CONNECTION_ID() AS id UNION ALL SELECT %s, 0"
                rows = connection.fetch_all(sql, (tag, tag))
                if [row["tag"] for row in rows] != [tag, tag]:
                    wrong.append((tag, rows))
                seen.add(rows[0]["id"])
                if done[thread] % 7 == 0:
                    connection._connection.discard()  # as after an interruption
            done[thread] += 1

    threads = [threading.Thread(target=work, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == [] and done == [50] * 16
    stats = backend.pool.stats()
    assert (stats.in_use, stats.waiters, stats.size) == (0, 0, stats.idle) and stats.idle <= 4
    assert stats.opened == len(seen)
    assert admin.sessions_become(stats.idle)
