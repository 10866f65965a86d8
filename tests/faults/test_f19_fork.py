"""F19: a forked child. The parent's sessions are its own; the child opens others."""

import contextlib
import gc
import multiprocessing
import os
import subprocess
import sys

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient import MySQLBackend, MySQLConnectionConfig
from rhosocial.activerecord.backend.impl.mysqlclient.errors import ConnectionLost

from ..admin import LONG
from .tls import server_with_tls  # noqa: F401, a fixture

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


@pytest.fixture(params=["socket", "tls"])
def config(server, database, request):
    """Over TLS too: there, a goodbye has two parts."""
    tls = request.param == "tls"
    options = {**server.connect_kwargs(tcp=tls), "database": database}
    if tls:
        options["ssl_mode"] = "REQUIRED"
    return MySQLConnectionConfig(**options)


@pytest.fixture
def backend(connect, admin):
    admin.ask("CREATE TABLE t (id INT PRIMARY KEY) ENGINE=InnoDB")
    backend = connect()
    yield backend
    backend.disconnect()
    assert admin.sessions_become(0)


@pytest.fixture
def pooled(backend, connect):
    pooled = connect(pool_size=3, pool_name="f19")
    yield pooled
    pooled.disconnect()
    pooled.pool.close()


@pytest.fixture(params=["backend", "pooled"])
def either(request, backend, pooled):
    return backend if request.param == "backend" else pooled


def session_id(backend):
    return backend.fetch_one("SELECT CONNECTION_ID() AS id")["id"]


def in_child(function):
    """What ``function`` did in a forked child: 0 where it returned; the child ends without cleaning up."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            function()
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def check(condition):
    if not condition:
        raise AssertionError


@pytest.mark.parametrize("end", ["disconnect", "collect", "exit", "use"])
def test_f19_a_child_that(either, end):
    backend = either
    first = session_id(backend)

    def work():
        if end == "disconnect":
            backend.disconnect()
        elif end == "collect":
            below = getattr(backend, "asynchronous", backend)
            below._connection = below._lease = None
            gc.collect()
        elif end == "use":
            check(session_id(backend) != first)
            backend.disconnect()

    assert in_child(work) == 0
    assert session_id(backend) == first
    assert backend.fetch_all("SELECT 'mine' AS tag") == [{"tag": "mine"}]


def test_f19_children_use_what_was_in_use_and_what_was_idle(pooled):
    with pooled.get_connection() as one:
        with pooled.get_connection() as two:
            ids = {session_id(one), session_id(two)}

        def work():
            with contextlib.ExitStack() as stack:
                mine = [stack.enter_context(pooled.get_connection(timeout=LONG)) for _ in range(3)]
                seen = {session_id(connection) for connection in mine}
            check(len(seen) == 3 and not seen & ids)
            check(pooled.pool.stats().size == 3)

        assert [in_child(work) for _ in range(3)] == [0, 0, 0]
        assert session_id(one) in ids
    with pooled.get_connection() as one, pooled.get_connection() as two:
        assert {session_id(one), session_id(two)} == ids


@pytest.mark.parametrize("end", ["commit", "rollback", "statement", "exit"])
def test_f19_the_parents_transaction_is_its_own(backend, admin, end):
    backend.begin_transaction()
    backend.execute("INSERT INTO t VALUES (1)")

    def work():
        if end == "commit":
            with contextlib.suppress(Exception):
                backend.commit_transaction()
        elif end == "rollback":
            backend.rollback_transaction()
        elif end == "statement":
            try:
                backend.execute("INSERT INTO t VALUES (2)")
                raise AssertionError
            except ConnectionLost:
                return

    assert in_child(work) == 0
    assert admin.numbers("SELECT id FROM t") == []
    backend.execute("INSERT INTO t VALUES (3)")
    backend.commit_transaction()
    assert admin.numbers("SELECT id FROM t ORDER BY id") == [1, 3]


def test_f19_a_stream_goes_on_in_the_parent(backend):
    numbers = "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 900)"
    stream = backend.stream(f"{numbers} SELECT i, REPEAT('x', 1000) AS x FROM n", batch_size=10)
    seen = [row["i"] for row in stream.next_batch()]

    def work():
        nonlocal stream
        with contextlib.suppress(Exception):
            stream.next_batch()
        stream = None
        gc.collect()

    assert in_child(work) == 0
    while rows := stream.next_batch():
        seen += [row["i"] for row in rows]
    assert seen == list(range(1, 901))


def test_f19_a_prepared_statement(backend):
    with backend.prepare("SELECT %s AS n") as statement:
        assert statement.execute((1,)).data == [{"n": 1}]
        assert in_child(lambda: check(statement.execute((2,)).data == [{"n": 2}])) == 0
        assert in_child(statement.close) == 0
        assert statement.execute((3,)).data == [{"n": 3}]


def ask(config, queue):
    backend = MySQLBackend(connection_config=config)
    queue.put(session_id(backend))
    backend.disconnect()


def ask_inherited(queue):
    queue.put(session_id(INHERITED[0]))


INHERITED = []


def test_f19_multiprocessing_fork(backend):
    first = session_id(backend)
    INHERITED.append(backend)
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    children = [context.Process(target=ask_inherited, args=(queue,)) for _ in range(2)]
    for child in children:
        child.start()
    ids = {queue.get(), queue.get()}
    for child in children:
        child.join(LONG)
    INHERITED.clear()
    assert [child.exitcode for child in children] == [0, 0]
    assert len(ids) == 2 and first not in ids
    assert session_id(backend) == first


SPAWNING = """
import logging, multiprocessing, sys
from rhosocial.activerecord.backend.impl.mysqlclient import MySQLBackend, MySQLConnectionConfig

logging.disable()

def ask(config, queue):
    backend = MySQLBackend(connection_config=config)
    queue.put(backend.fetch_one("SELECT CONNECTION_ID() AS id")["id"])
    backend.disconnect()

if __name__ == "__main__":
    config = MySQLConnectionConfig.from_url(sys.argv[1])
    backend = MySQLBackend(connection_config=config)
    first = backend.fetch_one("SELECT CONNECTION_ID() AS id")["id"]
    context = multiprocessing.get_context("spawn")
    queue = context.SimpleQueue()
    child = context.Process(target=ask, args=(config, queue))
    child.start()
    assert queue.get() != first
    child.join(60)
    assert child.exitcode == 0
    assert backend.fetch_one("SELECT CONNECTION_ID() AS id")["id"] == first
"""


def test_f19_multiprocessing_spawn_gives_the_configuration_to_the_child(config, admin, tmp_path):
    script = tmp_path / "spawning.py"
    script.write_text(SPAWNING)
    done = subprocess.run([sys.executable, script, config.to_url(show_password=True)], capture_output=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, b"")
    assert admin.sessions_become(0)


def test_f19_a_child_that_ends_as_programs_do(config, admin):
    """Its atexit functions and finalizers run: pools, sessions and streams among them."""
    code = (
        "import logging, os, sys\n"
        "logging.disable()\n"
        "from rhosocial.activerecord.backend.impl.mysqlclient import MySQLBackend, MySQLConnectionConfig\n"
        "config = MySQLConnectionConfig.from_url(sys.argv[1], pool_size=2)\n"
        "backend = MySQLBackend(connection_config=config)\n"
        "first = backend.fetch_one('SELECT CONNECTION_ID() AS id')\n"
        "with backend.get_connection() as connection: connection.execute('SELECT 1')\n"
        "stream = iter(backend.stream('SELECT 1 UNION SELECT 2', batch_size=1)); next(stream)\n"
        "child = os.fork()\n"
        "if child == 0: sys.exit(0)\n"
        "assert os.waitpid(child, 0)[1] == 0\n"
        "assert backend.fetch_one('SELECT CONNECTION_ID() AS id') == first\n"
        "with backend.get_connection() as connection: connection.execute('SELECT 1')\n"
        "assert len(list(stream)) == 1\n"
    )
    done = subprocess.run([sys.executable, "-c", code, config.to_url(show_password=True)], capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
    assert admin.sessions_become(0)
