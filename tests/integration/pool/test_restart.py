"""A server that is restarted under a pool, and one that allows no more connections at all."""

import threading
from contextlib import closing

import MySQLdb
import pytest
from rhosocial.activerecord.backend.errors import DatabaseError

from rhosocial.activerecord.backend.impl.mysqlclient import MySQLBackend
from rhosocial.activerecord.backend.impl.mysqlclient.errors import PoolTimeout
from rhosocial.activerecord.backend.impl.mysqlclient.server import PrivateServer

from ...admin import LONG, all_places, eventually
from .conftest import number

LIMIT = 10  # the least that MariaDB takes


@pytest.fixture(scope="module", params=["mysql", "mariadb"])
def private(request):
    with PrivateServer(request.param, {"max_connections": LIMIT}) as server:
        with closing(MySQLdb.connect(**server.connect_kwargs(), autocommit=True)) as admin:
            admin.query("CREATE USER app IDENTIFIED BY 'x'")
        yield server


@pytest.fixture
def options(private):
    return {**private.connect_kwargs(), "user": "app", "password": "x"}


def test_max_connections_is_waited_for_and_told(options):
    backend = MySQLBackend(**options, pool_size=2, pool_timeout=0.5)
    with all_places(LIMIT, **options):
        with pytest.raises(PoolTimeout, match="opening one failed: .*1040") as caught:
            backend.get_connection()
        assert caught.value.__cause__.errno == 1040
    with backend.get_connection(timeout=LONG) as connection:
        assert number(connection, "SELECT 1") == 1
    backend.pool.close()


def test_a_restart_costs_each_user_one_statement_and_no_storm(private, options):
    backend = MySQLBackend(**options, pool_size=4, pool_timeout=120)
    stop, failed, before, after = threading.Event(), [], [0] * 8, [0] * 8
    restarted = threading.Event()

    def work(n):
        while not stop.is_set():
            counted, session = after if restarted.is_set() else before, None
            try:
                with backend.get_connection() as connection:
                    session = connection._connection.id
                    assert number(connection, "SELECT 7") == 7
                    counted[n] += 1
            except DatabaseError as error:
                failed.append((session, counted is after, error))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    assert eventually(lambda: min(before) >= 3)
    private.restart()
    restarted.set()
    assert eventually(lambda: min(after) >= 3, 120)
    stop.set()
    for thread in threads:
        thread.join()
    lost = [session for session, _, _ in failed]
    assert len(set(lost)) == len(lost) and None not in lost, "each session is lost once; none is awaited in vain"
    assert not any(since for _, since, _ in failed), "what is asked after the restart is answered"
    with closing(MySQLdb.connect(**options)) as connection:
        opened_since_the_start = connection.thread_id()
    assert opened_since_the_start < 50
    stats = backend.pool.stats()
    assert stats.in_use == 0 and stats.size <= 4
    backend.pool.close()
