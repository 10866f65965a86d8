"""F22: 64 threads, and 64 tasks, over a pool of 8, raising, closing and being slow: nobody gets another's rows."""

import asyncio
import random
import threading
import time

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient import AsyncMySQLBackend, MySQLBackend, MySQLConnectionConfig
from rhosocial.activerecord.backend.impl.mysqlclient.errors import QueryError

from ..admin import eventually

CROWD = 64
ROUNDS = 15
NUMBERS = "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 50)"


class Chance(random.Random):
    """What one of the crowd does in one round; the same every time."""

    DEEDS = ("read", "read", "write", "raise", "fail", "slow", "end")

    def __init__(self, who):
        super().__init__(who)
        self.who = who
        self.served = []

    def deed(self):
        return self.choice(self.DEEDS)


class Broken(Exception):
    """Somebody's own."""


@pytest.fixture
def config(server, database, admin):
    admin.ask("CREATE TABLE t (who INT, round INT) ENGINE=InnoDB")
    return MySQLConnectionConfig(**server.connect_kwargs(), database=database, pool_size=8, pool_timeout=60)


def assert_all_is_well(admin, pool, expected):
    statistics = pool.stats()
    assert (statistics.in_use, statistics.waiters, statistics.timeouts) == (0, 0, 0)
    assert statistics.size <= 8 and admin.sessions_become(statistics.size)
    assert sorted((int(who), int(i)) for who, i in admin.ask("SELECT who, round FROM t")) == sorted(expected)


def test_f22_threads(config, admin):
    backend = MySQLBackend(connection_config=config)
    failures, written, peak = [], [], []
    ready = threading.Barrier(CROWD)

    def act(connection, chance, i):
        deed, tag = chance.deed(), f"{chance.who}:{i}"
        with connection.transaction():
            rows = connection.fetch_all(f"{NUMBERS} SELECT %s AS tag, i FROM n", (tag,))
            assert rows == [{"tag": tag, "i": n} for n in range(1, 51)], "another's rows"
            if deed in ("write", "raise"):
                connection.execute("INSERT INTO t VALUES (%s, %s)", (chance.who, i))
            if deed == "raise":
                raise Broken
            if deed == "fail":
                connection.execute("SELECT nothing")
            if deed == "slow":
                time.sleep(0.01)
        if deed == "write":
            written.append((chance.who, i))
        if deed == "end":
            connection._connection.end()

    def one_of_them(who):
        chance = Chance(who)
        ready.wait()
        for i in range(ROUNDS):
            try:
                with backend.get_connection() as connection:
                    peak.append(backend.pool.stats().in_use)
                    act(connection, chance, i)
            except (Broken, QueryError):
                continue
            except BaseException as error:
                failures.append(error)

    threads = [threading.Thread(target=one_of_them, args=(who,)) for who in range(CROWD)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert max(peak) <= 8
    assert_all_is_well(admin, backend.pool, written)
    backend.pool.close()
    assert admin.sessions_become(0)


async def test_f22_tasks(config, admin):
    backend = AsyncMySQLBackend(connection_config=config)
    failures, written, peak = [], [], []

    async def act(connection, chance, i):
        deed, tag = chance.deed(), f"{chance.who}:{i}"
        async with connection.transaction():
            rows = (await connection.execute(f"{NUMBERS} SELECT %s AS tag, i FROM n", (tag,))).data
            assert rows == [{"tag": tag, "i": n} for n in range(1, 51)], "another's rows"
            if deed in ("write", "raise"):
                await connection.execute("INSERT INTO t VALUES (%s, %s)", (chance.who, i))
            if deed == "raise":
                raise Broken
            if deed == "fail":
                await connection.execute("SELECT nothing")
            if deed == "slow":
                await asyncio.sleep(0.01)
        if deed == "write":
            written.append((chance.who, i))
        if deed == "end":
            connection._connection.end()

    async def one_of_them(who):
        chance = Chance(who)
        for i in range(ROUNDS):
            try:
                async with await backend.get_connection() as connection:
                    peak.append(backend.pool.stats().in_use)
                    await act(connection, chance, i)
            except (Broken, QueryError):
                continue
            except Exception as error:
                failures.append(error)

    await asyncio.gather(*(one_of_them(who) for who in range(CROWD)))
    assert failures == []
    assert max(peak) <= 8
    await asyncio.to_thread(assert_all_is_well, admin, backend.pool, written)
    await backend.pool.close()
    assert await asyncio.to_thread(admin.sessions_become, 0)


def test_f22_who_waits_first_is_served_first(config, admin):
    backend = MySQLBackend(connection_config=config.clone(pool_size=1))
    held, served, threads = backend.get_connection(), [], []

    def wait(who):
        with backend.get_connection():
            served.append(who)

    for who in range(10):
        threads.append(threading.Thread(target=wait, args=(who,)))
        threads[-1].start()
        assert eventually(lambda: backend.pool.stats().waiters > who)  # noqa: B023
    held.disconnect()
    for thread in threads:
        thread.join()
    assert served == list(range(10))
    backend.pool.close()
