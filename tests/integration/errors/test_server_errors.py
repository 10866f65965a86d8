"""Errors that real servers send, through the backend: class, number, SQLSTATE, cause."""

import threading
import time

import MySQLdb
import pytest

from rhosocial.activerecord.backend import errors as core
from rhosocial.activerecord.backend.impl.mysqlclient import MySQLBackend, MySQLConnectionConfig, errors

from ...admin import eventually

TABLES = (
    "CREATE TABLE parent (id INT PRIMARY KEY)",
    """CREATE TABLE t (
        id INT PRIMARY KEY, n TINYINT NOT NULL, s VARCHAR(3), d DATE, p INT, FOREIGN KEY (p) REFERENCES parent (id),
        CONSTRAINT small CHECK (n < 100)
    )""",
    "INSERT INTO t (id, n) VALUES (1, 1)",
)


def configuration(server, database, **options):
    return MySQLConnectionConfig(
        host=server.host, port=server.port, username=server.user, password=server.password, database=database, **options
    )


@pytest.fixture
def backend(server, database):
    made = MySQLBackend(connection_config=configuration(server, database, read_timeout=30))
    made.introspect_and_adapt()
    for statement in TABLES:
        made.execute(statement)
    yield made
    made.disconnect()


@pytest.fixture
def other(server, database):
    made = MySQLBackend(connection_config=configuration(server, database))
    made.introspect_and_adapt()
    yield made
    made.disconnect()


STATEMENTS = [
    ("INSERT INTO t (id, n) VALUES (1, 1)", core.IntegrityError, 1062, "23000"),
    ("INSERT INTO t (id, n) VALUES (2, NULL)", core.IntegrityError, 1048, "23000"),
    ("INSERT INTO t (id) VALUES (2)", core.IntegrityError, 1364, "HY000"),
    ("INSERT INTO t (id, n, p) VALUES (2, 1, 9)", core.IntegrityError, 1452, "23000"),
    ("INSERT INTO t (id, n) VALUES (2, 120)", core.IntegrityError, {"mysql": 3819, "mariadb": 4025}, None),
    ("INSERT INTO t (id, n, s) VALUES (2, 1, 'four')", errors.DataError, 1406, "22001"),
    ("INSERT INTO t (id, n) VALUES (2, 1000)", errors.DataError, 1264, "22003"),
    ("INSERT INTO t (id, n) VALUES (2, 'x')", errors.DataError, 1366, None),
    ("INSERT INTO t (id, n, d) VALUES (2, 1, '2024-13-01')", errors.DataError, 1292, "22007"),
    ("SELEC 1", core.QueryError, 1064, "42000"),
    ("SELECT * FROM absent", core.QueryError, 1146, "42S02"),
    ("SELECT absent FROM t", core.QueryError, 1054, "42S22"),
    ("SELECT 1; SELECT 2", core.QueryError, 1064, "42000"),
    ("CREATE TABLE t (id INT)", core.QueryError, 1050, "42S01"),
    ("USE absent_database", errors.UnknownDatabase, 1049, "42000"),
    ("SELECT id FROM t WHERE s = _utf8mb4'x' COLLATE latin1_bin", core.QueryError, 1253, "42000"),
]


@pytest.mark.parametrize(("sql", "error_class", "errno", "sqlstate"), STATEMENTS)
@pytest.mark.parametrize("language", ["en_US", "fr_FR"])
def test_statements(backend, server, sql, error_class, errno, sqlstate, language):
    backend.execute(f"SET lc_messages = '{language}'")
    with pytest.raises(core.DatabaseError) as caught:
        backend.execute(sql)
    error = caught.value
    assert type(error) is error_class
    assert error.errno == (errno[server.flavor] if isinstance(errno, dict) else errno)
    if sqlstate:
        assert error.sqlstate == sqlstate
    assert isinstance(error.__cause__, MySQLdb.MySQLError) and error.__cause__.args[1] in str(error)
    assert not error.is_disconnect and backend.fetch_one("SELECT 1 AS a") == {"a": 1}


def test_sqlstates_are_the_servers(backend, server):
    """GET DIAGNOSTICS says what mysql_sqlstate() would."""
    for sql, _, errno, sqlstate in STATEMENTS:
        if sqlstate and sql.startswith(("INSERT", "SELECT *", "SELECT absent")):
            with pytest.raises(core.DatabaseError):
                backend.execute(sql)
            backend.execute("GET DIAGNOSTICS CONDITION 1 @state = RETURNED_SQLSTATE, @number = MYSQL_ERRNO")
            said = backend.fetch_one("SELECT @state AS state, @number AS number")
            assert said == {"state": sqlstate, "number": errno}


@pytest.mark.flavor("mysql")
def test_table_of_errors_against_the_servers_own(backend):
    rows = backend.fetch_all(
        "SELECT ERROR_NUMBER AS errno, SQL_STATE AS state "
        "FROM performance_schema.events_errors_summary_global_by_error WHERE ERROR_NUMBER IS NOT NULL"
    )
    own = {row["errno"]: row["state"] for row in rows}
    mariadbs = {4025, 4089, 4090, 4091, 4092, 4151, 4166}  # the same numbers mean something else there
    wrong = {
        errno: (rule.sqlstate, own[errno])
        for errno, rule in errors.ERRORS.items()
        if errno in own and errno not in mariadbs and not 2000 <= errno < 3000 and own[errno] != rule.sqlstate
    }
    assert len(own) > 1000 and wrong == {}


def test_lock_wait_timeout(backend, other):
    other.execute("SET innodb_lock_wait_timeout = 1")
    with backend.transaction():
        backend.execute("UPDATE t SET n = 2 WHERE id = 1")
        with pytest.raises(errors.LockTimeout) as caught:
            other.execute("UPDATE t SET n = 3 WHERE id = 1")
    assert (caught.value.errno, caught.value.is_retryable, caught.value.is_disconnect) == (1205, True, False)


def test_deadlock(backend, other):
    backend.execute("INSERT INTO t (id, n) VALUES (2, 2)")
    backend.transaction_manager.begin()
    other.transaction_manager.begin()
    backend.execute("UPDATE t SET n = 5 WHERE id = 1")
    other.execute("UPDATE t SET n = 5 WHERE id = 2")
    caught = []

    def cross():
        try:
            other.execute("UPDATE t SET n = 6 WHERE id = 1")
        except core.DatabaseError as error:
            caught.append(error)

    thread = threading.Thread(target=cross)
    thread.start()
    time.sleep(0.3)
    try:
        backend.execute("UPDATE t SET n = 6 WHERE id = 2")
    except core.DatabaseError as error:
        caught.append(error)
    thread.join()
    for side in (backend, other):
        side.transaction_manager.rollback()
    (error,) = caught
    assert type(error) is core.DeadlockError
    assert (error.errno, error.sqlstate, error.is_retryable) == (1213, "40001", True)


def test_nowait(backend, other):
    with backend.transaction():
        backend.execute("UPDATE t SET n = 2 WHERE id = 1")
        with pytest.raises(core.LockError) as caught:
            other.fetch_all("SELECT * FROM t WHERE id = 1 FOR UPDATE NOWAIT")
    assert caught.value.errno in (3572, 1205)


def test_statement_timeout(server, database):
    made = MySQLBackend(connection_config=configuration(server, database, statement_timeout=0.2))
    with made.statement_timeout(None):  # on a busy machine the shortest statement may take long
        made.introspect_and_adapt()
    try:
        slow = (
            "WITH RECURSIVE c AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM c WHERE a < 900) "
            "SELECT COUNT(*) FROM c x, c y, c z, c w WHERE SHA2(CONCAT(x.a, y.a, z.a, w.a), 256) = ''"
        )
        with pytest.raises(errors.QueryTimeout) as caught:
            made.fetch_all(slow)
        assert caught.value.errno in (3024, 1969) and not caught.value.is_disconnect
        with made.statement_timeout(None):
            assert made.fetch_one("SELECT 1 AS a") == {"a": 1}
    finally:
        made.disconnect()


def test_kill_query_and_kill_connection(backend, admin):
    for kill, error_class in (("KILL QUERY", errors.QueryCanceled), ("KILL", errors.ConnectionLost)):
        identity = backend.fetch_one("SELECT CONNECTION_ID() AS id")["id"]
        with admin.once_it_runs("SLEEP", f"{kill} {identity}"), pytest.raises(core.OperationalError) as caught:
            backend.fetch_all("SELECT COUNT(*) FROM t WHERE SLEEP(60) = 0")
        assert isinstance(caught.value, error_class), kill
        assert caught.value.is_disconnect is (kill == "KILL")


def test_idle_session_closed_by_the_server(backend):
    with backend.transaction():
        backend.fetch_one("SELECT 1 AS a")
    backend.transaction_manager.begin()
    backend.execute("SET wait_timeout = 1")
    assert eventually(backend._connection.hung_up)
    with pytest.raises(errors.ConnectionLost) as caught:
        backend.execute("INSERT INTO t (id, n) VALUES (3, 3)")
    assert caught.value.is_disconnect
    backend.transaction_manager.rollback()
    assert backend.fetch_all("SELECT id FROM t ORDER BY id") == [{"id": 1}]


def test_read_only_transaction(backend):
    backend.execute("SET SESSION TRANSACTION READ ONLY")
    with pytest.raises(errors.ReadOnlyServerError) as caught:
        backend.execute("UPDATE t SET n = 4")
    assert (caught.value.errno, caught.value.sqlstate) == (1792, "25006")


def test_refused_at_connect(server, database):
    for options, error_class, errnos in (
        ({"username": "nobody_here", "password": "wrong"}, errors.AccessDenied, {1045, 1698}),
        ({"database": "absent_database"}, errors.UnknownDatabase, {1049}),
        ({"port": 1}, core.ConnectionError, {2002, 2003}),
    ):
        made = MySQLBackend(connection_config=configuration(server, database).clone(**options))
        with pytest.raises(core.ConnectionError) as caught:
            made.connect()
        assert type(caught.value) is error_class and caught.value.errno in errnos
        assert "wrong" not in str(caught.value)


def test_parameters_that_cannot_be_sent(backend):
    for value, error_class in (
        (object(), errors.ParameterTypeError),
        ((1, 2), errors.ParameterTypeError),
        (float("nan"), errors.ParameterValueError),
        ("\ud800", errors.EncodingError),
    ):
        with pytest.raises(core.TypeConversionError) as caught:
            backend.fetch_all("SELECT %s AS a, %s AS b", (1, value))
        assert type(caught.value) is error_class and "2" in str(caught.value)
