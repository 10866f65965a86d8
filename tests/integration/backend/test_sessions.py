"""Connecting, losing and sharing sessions."""

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from rhosocial.activerecord.backend.errors import ConnectionError, DatabaseError

from rhosocial.activerecord.backend.impl.mysqlclient import MySQLBackend, MySQLConnectionConfig, driver
from rhosocial.activerecord.backend.impl.mysqlclient.errors import (
    AccessDenied,
    ConnectionLost,
    QueryCanceled,
    UnknownDatabase,
)

from ...admin import eventually

SECRET = "s3cret-pa55word"


def connection_id(backend):
    return backend.fetch_one("SELECT CONNECTION_ID() AS id")["id"]


def test_connect_and_disconnect_are_idempotent(backend, admin):
    backend.connect()
    first = connection_id(backend)
    backend.connect()
    assert connection_id(backend) == first
    assert set(admin.sessions()) == {first}
    backend.disconnect()
    backend.disconnect()
    assert admin.sessions_become(0)


def test_context_opens_and_closes_one_session(backend, admin):
    with backend.context() as inside:
        assert set(admin.sessions()) == {connection_id(inside)}
    assert admin.sessions_become(0)


def test_the_server_is_recognised(backend, server):
    backend.introspect_and_adapt()
    assert backend.dialect.vendor == server.flavor
    assert backend.get_server_version() >= ((8, 0, 0) if server.flavor == "mysql" else (10, 5, 0))


def test_the_session_is_as_documented(backend, config):
    row = backend.fetch_one(
        "SELECT @@session.time_zone AS tz, @@session.autocommit AS ac, @@session.character_set_client AS cs,"
        " @@session.sql_mode = @@global.sql_mode AS mode"
    )
    assert row == {"tz": "+00:00", "ac": 1, "cs": "utf8mb4", "mode": 1}


@pytest.mark.parametrize("tcp", [False, True])
def test_a_wrong_password_is_one_clear_error_without_it(server, tcp):
    options = {**server.connect_kwargs(tcp=tcp), "user": "nobody_here", "password": SECRET}
    with pytest.raises(AccessDenied) as caught:
        MySQLBackend(**options).connect()
    assert caught.value.errno == 1045 and "nobody_here" in str(caught.value)
    assert SECRET not in repr(caught.value) + repr(caught.value.__cause__)


def test_an_unknown_database_is_named(server):
    with pytest.raises(UnknownDatabase, match="no_such_database") as caught:
        MySQLBackend(**server.connect_kwargs(), database="no_such_database").connect()
    assert caught.value.errno == 1049


def test_an_unreachable_server_is_named():
    with pytest.raises(ConnectionError, match="127.0.0.1.*is the server running") as caught:
        MySQLBackend(host="127.0.0.1", port=1, username="root", connect_timeout=2).connect()
    assert caught.value.errno in (2002, 2003)


def test_a_session_ended_while_idle_is_replaced(backend, admin, monkeypatch):
    monkeypatch.setattr(driver, "_IDLE_SECONDS", 0.0)
    first = connection_id(backend)
    admin.kill(first)
    assert eventually(backend._connection.hung_up)
    assert connection_id(backend) != first


def test_a_session_ended_just_before_a_statement_is_an_error_once(backend, admin, trusted):
    first = connection_id(backend)
    admin.kill(first)
    with pytest.raises(ConnectionLost) as caught:
        connection_id(backend)
    assert caught.value.is_disconnect
    assert connection_id(backend) != first


def test_a_session_ended_during_a_statement_is_an_error(backend, admin):
    first = connection_id(backend)
    with admin.once_it_runs("SLEEP", f"KILL {first}"), pytest.raises(ConnectionLost):
        backend.execute("SELECT SLEEP(60)")
    assert connection_id(backend) != first


def test_ping(backend, admin):
    assert backend.ping()
    admin.kill(connection_id(backend))
    assert backend.ping(reconnect=False) is False
    assert backend.ping(reconnect=True) is True
    backend.disconnect()
    assert backend.ping(reconnect=False) is False


def test_threads_sharing_a_backend_get_their_own_answers(backend):
    def ask(tag):
        sql = "SELECT %s AS tag, %s AS i UNION ALL SELECT %s, %s"
        return [backend.fetch_all(sql, (tag, i, tag, i)) for i in range(100)]

    tags = [f"t{n}" for n in range(8)]
    with ThreadPoolExecutor(8) as threads:
        for tag, answers in zip(tags, threads.map(ask, tags)):
            assert answers == [[{"tag": tag, "i": i}] * 2 for i in range(100)]


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="needs POSIX signals")
def test_an_interrupted_statement_ends_its_session(backend, admin, database):
    def interrupt(*_):
        raise KeyboardInterrupt

    def once_it_runs():
        if eventually(lambda: admin.runs("stale")):
            signal.pthread_kill(threading.main_thread().ident, signal.SIGALRM)
        admin.ask(f"DO RELEASE_LOCK('{database}')")

    first = connection_id(backend)
    admin.ask(f"DO GET_LOCK('{database}', 0)")
    previous = signal.signal(signal.SIGALRM, interrupt)
    thread = threading.Thread(target=once_it_runs)
    thread.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            backend.fetch_all("SELECT GET_LOCK(DATABASE(), 60) AS s, 'stale' AS tag")
    finally:
        thread.join()
        signal.signal(signal.SIGALRM, previous)
    assert connection_id(backend) != first


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("end", ["close", "collect", "exit"])
def test_a_forked_child_leaves_the_parents_session_alone(backend, end):
    first = connection_id(backend)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            if end == "close":
                backend.disconnect()
            elif end == "collect":
                backend._connection = None
            elif connection_id(backend) == first:
                os._exit(2)
            status = 0
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert connection_id(backend) == first


def test_an_abandoned_backend_leaves_no_session(config, admin):
    backend = MySQLBackend(connection_config=config)
    backend.connect()
    assert len(admin.sessions()) == 1
    del backend
    assert admin.sessions_become(0)


def test_tls_that_is_not_there_is_refused(server, admin):
    config = MySQLConnectionConfig(**server.connect_kwargs(tcp=True), ssl_mode="REQUIRED")
    backend = MySQLBackend(connection_config=config)
    if server.flavor == "mysql":
        assert backend.fetch_one("SHOW SESSION STATUS LIKE 'Ssl_cipher'")["Value"]
        backend.disconnect()
    else:  # the private MariaDB has no certificate
        with pytest.raises(ConnectionError, match="ssl_mode"):
            backend.connect()


def run(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **environment}, capture_output=True, text=True, timeout=300
    )


REPORT = (
    "from rhosocial.activerecord.backend.impl import mysqlclient as m\n"
    "print(m.implementation(), m.implementation_reasons())"
)


@pytest.mark.flavor("mysql")
@pytest.mark.parametrize("name", ["native", "compiled", "python"])
def test_the_implementation_demanded_is_the_one_used(server, name):
    assert run(REPORT, RHOSOCIAL_MYSQLCLIENT_IMPL=name).stdout.split()[0] == name


@pytest.mark.flavor("mysql")
def test_an_implementation_that_cannot_be_had_is_an_import_error_saying_why(server):
    done = run(REPORT, RHOSOCIAL_MYSQLCLIENT_IMPL="rust")
    assert done.returncode == 1 and "choose one of native, compiled, python" in done.stderr
    hide = "import sys; sys.modules['rhosocial.activerecord.backend.impl.mysqlclient.codec._native'] = None\n"
    done = run(hide + REPORT, RHOSOCIAL_MYSQLCLIENT_IMPL="native")
    assert done.returncode == 1 and "native cannot be had: the extension is not there" in done.stderr
    done = run(hide + REPORT, RHOSOCIAL_MYSQLCLIENT_IMPL="")
    assert done.stdout.startswith("python {'native': 'the extension is not there")


def test_a_statement_killed_while_its_rows_are_read_leaves_the_session_usable(backend, admin):
    first = connection_id(backend)
    # 256 rows fill a chunk, so that the error comes after the first rows
    rows = f"SELECT ROW_NUMBER() OVER () AS i, 1 AS n FROM ({' UNION ALL '.join(['SELECT 0'] * 300)}) AS r"
    with admin.once_it_runs("SLEEP", f"KILL QUERY {first}"), pytest.raises(QueryCanceled) as caught:
        backend.fetch_all(f"SELECT n, SLEEP(IF(i > 290, 9, 0)) FROM ({rows}) AS s")
    assert caught.value.errno == 1317 and not caught.value.is_disconnect
    assert connection_id(backend) == first


def test_a_batch_on_a_new_session_has_it_alone_too(backend, admin):
    """The batch waits for another thread's statement, with which its session ends."""
    backend.execute("CREATE TABLE t (n INT)")
    session = backend.fetch_one("SELECT CONNECTION_ID() AS id")["id"]
    between = threading.Event()

    def sleep():
        with pytest.raises(DatabaseError):
            backend.execute("SELECT SLEEP(30)")

    def interrupt():
        backend.execute("SELECT 1")
        between.set()

    def rows():
        other = threading.Thread(target=interrupt)
        other.start()
        others.append(other)
        seen.append(between.wait(0.3))
        yield (1,)

    def batch():
        backend.execute_many("INSERT INTO t VALUES (%s)", rows())

    seen, others = [], []
    sleeper, batcher = threading.Thread(target=sleep), threading.Thread(target=batch)
    sleeper.start()
    assert eventually(lambda: admin.runs("SLEEP"))
    batcher.start()
    assert eventually(lambda: _waits_in(batcher, "_run_batch"))
    admin.kill(session)
    for thread in (sleeper, batcher, *others):
        thread.join()
    assert seen == [False]
    assert between.wait(10)


def _waits_in(thread, function):
    frame = sys._current_frames().get(thread.ident)
    return frame is not None and frame.f_code.co_name == function
