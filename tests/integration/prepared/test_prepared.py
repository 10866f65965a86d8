"""Prepared statements: the same values and errors as text, bounded, and made anew where they have to be."""

import gc
from decimal import Decimal
from functools import partial

import MySQLdb
import pytest
from rhosocial.activerecord.backend.errors import DatabaseError, IntegrityError, QueryError

from rhosocial.activerecord.backend.impl.mysqlclient import MySQLBackend, MySQLConnectionConfig, implementation
from rhosocial.activerecord.backend.impl.mysqlclient.driver_prepared import overtaken
from rhosocial.activerecord.backend.impl.mysqlclient.driver_rows import TUPLES
from rhosocial.activerecord.backend.impl.mysqlclient.errors import PacketTooLarge

from ...codec import bind_samples, samples


def test_every_type_is_stored_and_read_as_by_text(backend, server):
    for kind in samples.TYPES:
        mine = [kind.bound(sample.value) for sample in kind.samples if server.flavor in sample.flavors]
        if not mine:
            continue
        backend.execute("DROP TABLE IF EXISTS t")
        backend.execute(f"CREATE TABLE t (id INT PRIMARY KEY, v {kind.column} NULL) CHARACTER SET utf8mb4")
        by_text, prepared = "INSERT INTO t VALUES (%s, %s)", backend.prepare("INSERT INTO t  VALUES (%s, %s)")
        for i, value in enumerate([*mine, None]):
            backend.execute(by_text, (2 * i, value))
            assert prepared.execute((2 * i + 1, value)).affected_rows == 1
        read = "SELECT id, v, HEX(v) AS kept FROM t WHERE id >= %s ORDER BY id"
        rows = backend.fetch_all(read, (0,))
        with backend.prepare(read) as select:
            assert select.execute((0,)).data == rows, kind.column
            assert select.execute((2,)).data == rows[2:], kind.column
        for text, other in zip(rows[::2], rows[1::2]):
            assert (text["v"], text["kept"]) == (other["v"], other["kept"]), kind.column


def test_every_value_is_stored_as_by_text(backend):
    for column in ("LONGTEXT", "LONGBLOB", "DECIMAL(65,20)"):
        backend.execute("DROP TABLE IF EXISTS t")
        backend.execute(f"CREATE TABLE t (id INT, sent CHAR(8), v {column}) CHARACTER SET utf8mb4")
        for i, (_, value, _) in enumerate(bind_samples.LITERALS):
            with backend.prepare("INSERT INTO t VALUES (%s, 'prepared', %s)") as insert:
                ran = [insert.execute, partial(backend.execute, "INSERT INTO t VALUES (%s, 'text', %s)")]
                assert len({_errno_of(run, (i, value)) for run in ran}) == 1, value
        kept = backend.fetch_all("SELECT id, HEX(v) kept, COUNT(*) n FROM t GROUP BY id, HEX(v)")
        assert len(kept) > 20
        assert [row for row in kept if row["n"] != 2] == []


@pytest.mark.parametrize("prepare", (False, True))
def test_the_collector_watches_only_tuples_that_may_be_in_a_cycle(backend, prepare):
    backend.execute("CREATE TABLE t (id INT, day DATE, price DECIMAL(5,2), tags SET('a', 'b'))")
    backend.execute("INSERT INTO t VALUES (1, '2024-02-29', 1.25, 'a,b'), (2, NULL, NULL, NULL)")
    plain = backend._run("SELECT id, day, price FROM t ORDER BY id", (), TUPLES, prepare=prepare).rows
    with_set, with_null = backend._run("SELECT id, tags FROM t ORDER BY id", (), TUPLES, prepare=prepare).rows
    assert (with_set, with_null) == ((1, {"a", "b"}), (2, None))
    gc.collect()  # in Python's own tuples it sees that by itself
    assert gc.is_tracked(with_set) and not gc.is_tracked(with_null)
    assert list(map(gc.is_tracked, plain)) == list(map(_has_tracked, plain))
    if implementation() == "native":  # without having looked
        gc.disable()
        try:
            rows = backend._run("SELECT id, day, price FROM t", (), TUPLES, prepare=prepare).rows
            assert list(map(gc.is_tracked, rows)) == list(map(_has_tracked, rows))
        finally:
            gc.enable()


def _has_tracked(row):
    """Whether a value is watched itself: a Decimal is since Python 3.14."""
    return any(map(gc.is_tracked, row))


def _errno_of(run, params):
    try:
        run(params)
    except DatabaseError as error:
        return error.errno
    return None


def test_a_json_text_after_a_number_is_no_error(backend):
    backend.execute("CREATE TABLE t (v JSON)")
    insert = backend.prepare("INSERT INTO t VALUES (%s)")
    for value, errno in (('"a"', None), (None, None), (5, 3140), ('"b"', None), (b'"c"', 3144), ('"d"', None)):
        found = _errno_of(insert.execute, (value,))
        assert found == _errno_of(partial(backend.execute, "INSERT INTO t  VALUES (%s)"), (value,))
        assert found in (errno, None)
    assert '"d"' in [row["v"] for row in backend.fetch_all("SELECT v FROM t")]


def test_a_text_is_no_number_though_the_parameter_was_one_before(backend):
    backend.execute("CREATE TABLE t (k VARCHAR(9) PRIMARY KEY)")
    backend.execute("INSERT INTO t VALUES ('5'), ('05'), ('x')")
    found = backend.prepare("SELECT k FROM t WHERE k = %s ORDER BY k")
    for key, rows in ((5, 2), ("5", 1), (b"5", 1), (None, 0), (Decimal(5), 2), ("x", 1), (5.0, 2)):
        assert len(found.execute((key,)).data) == rows
        assert found.execute((key,)).data == backend.fetch_all(found.sql, (key,))


def test_errors_are_those_of_text_and_leave_it_usable(backend):
    backend.execute("CREATE TABLE t (n INT PRIMARY KEY)")
    insert = backend.prepare("INSERT INTO t VALUES (%s)")
    insert.execute((1,))
    for _ in range(2):
        with pytest.raises(IntegrityError) as caught:
            insert.execute((1,))
        assert caught.value.errno == 1062
    with pytest.raises(TypeError, match="parameter 1"):
        insert.execute((object(),))
    assert insert.execute((2,)).affected_rows == 1
    with pytest.raises(QueryError) as caught:
        backend.prepare("SELEKT %s").execute((1,))
    assert caught.value.errno == 1064
    assert [row["n"] for row in backend.fetch_all("SELECT n FROM t ORDER BY n")] == [1, 2]


def test_an_error_within_the_rows(backend):
    """Rows were sent already when it comes."""
    numbers = "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 500)"
    rows = f"{numbers} SELECT a.i, b.i AS j FROM n a, n b"
    select = backend.prepare(f"SELECT i, (SELECT 1 UNION SELECT IF(i < %s, 1, 2)) AS one FROM ({rows}) AS r")
    for _ in range(2):
        with pytest.raises(QueryError) as caught:
            select.execute((400,))
        assert caught.value.errno == 1242
        assert len(select.execute((501,)).data) == 250_000


@pytest.mark.parametrize(
    "sql, params", [("SELECT 1 AS x", (1, 2)), ("SELECT %s AS x", (1, 2)), ("SELECT %s, %s", (1,))]
)
def test_a_wrong_number_of_parameters_is_an_error_as_by_text_and_forgotten(backend, sql, params):
    statement = backend.prepare(sql)
    for _ in range(3):
        with pytest.raises(ValueError, match="placeholder"):
            statement.execute(params)
    right = (7,) * sql.count("%s")
    assert len(statement.execute(right).data) == 1
    with pytest.raises(ValueError, match="placeholder"):
        backend.execute_many("UPDATE nothing SET a = 1", [(1,), (2,)])


def test_it_is_made_anew_after_a_change_of_the_table_and_on_another_session(backend):
    backend.execute("CREATE TABLE t (a INT)")
    backend.execute("INSERT INTO t VALUES (1)")
    select = backend.prepare("SELECT * FROM t WHERE a > %s")
    assert select.execute((0,)).data == [{"a": 1}]
    backend.execute("ALTER TABLE t ADD b VARCHAR(10) DEFAULT 'x', MODIFY a VARCHAR(10)")
    assert select.execute((0,)).data == [{"a": "1", "b": "x"}]
    backend.disconnect()
    assert select.execute((0,)).data == [{"a": "1", "b": "x"}]


def test_the_server_keeps_a_bounded_number(backend):
    for i in range(200):
        assert backend.prepare(f"SELECT %s + {i} AS n").execute((1,)).data == [{"n": 1 + i}]
    status = backend.fetch_all("SHOW SESSION STATUS LIKE 'Com\\_%'")
    counts = {row["Variable_name"]: int(row["Value"]) for row in status}
    # where the client library is out of reach, PREPARE and DEALLOCATE are statements of their own kind
    prepared = max(counts["Com_stmt_prepare"], counts["Com_prepare_sql"])
    assert prepared >= 200
    assert prepared - max(counts["Com_stmt_close"], counts["Com_dealloc_sql"]) <= 64


def test_texts_are_prepared_from_the_configured_sight_on(config_of):
    backend = config_of(prepare_threshold=3)
    for i in range(6):
        assert backend.fetch_one("SELECT %s AS n", (i,))["n"] == i
    executed = int(backend.fetch_one("SHOW SESSION STATUS LIKE 'Com_stmt_execute'")["Value"])
    # where the client library is out of reach, EXECUTE is a statement of its own kind
    by_sql = int(backend.fetch_one("SHOW SESSION STATUS LIKE 'Com_execute_sql'")["Value"])
    assert max(executed, by_sql) == 4
    backend.disconnect()


@pytest.fixture
def config_of(server, database):
    return lambda **options: MySQLBackend(
        connection_config=MySQLConnectionConfig(**server.connect_kwargs(), database=database, **options)
    )


def test_what_may_have_been_done_in_part_is_not_done_again(backend):
    """Rows of a non-transactional table stay when a later one of the statement fails."""
    backend.execute("CREATE TABLE t (n INT, v JSON) ENGINE=MyISAM")
    with backend.prepare("INSERT INTO t VALUES (%s, NULL), (%s, %s)") as insert:
        _errno_of(insert.execute, (1, 1, 5))  # the parameter is a number from now on
        backend.execute("DELETE FROM t")
        told = _errno_of(insert.execute, (2, 2, '"a"'))
        rows = backend.fetch_all("SELECT COUNT(*) AS n FROM t")[0]["n"]
        assert (told, rows) == (None, 2)
        assert _errno_of(insert.execute, (3, 3, '"b"')) is None, "it was prepared anew"


@pytest.mark.parametrize("value", ["x", b"x", "\u00e9"])
def test_more_than_a_packet_holds_is_refused_before_it_is_sent(backend, value):
    longest = backend.fetch_one("SELECT @@max_allowed_packet AS n")["n"]
    session = backend.fetch_one("SELECT CONNECTION_ID() AS id")
    with backend.prepare("SELECT LENGTH(%s) AS n") as select:
        with pytest.raises(PacketTooLarge, match="max_allowed_packet"):
            select.execute((value * longest,))
        assert backend.fetch_one("SELECT CONNECTION_ID() AS id") == session
        assert select.execute((value,)).data == [{"n": len(value.encode() if isinstance(value, str) else value)}]


REFUSED = MySQLdb.OperationalError(3988, "Conversion from collation into utf8mb4 impossible for parameter")
RUN_AGAIN = (
    b"SELECT a FROM t WHERE j = ?",
    b"INSERT INTO t (a, j) VALUES (?, ?)",
    b"INSERT INTO t (a) VALUES (?) ON DUPLICATE KEY UPDATE a = ?",
    b"UPDATE t SET a = ?, j = ? WHERE id = ?",
)
NOT_AGAIN = (  # some of what they do is done where a later row, or a later expression, is refused
    b"INSERT INTO t (a) SELECT a + ? FROM u",
    b"INSERT INTO t (a, j) VALUES (next_number(), ?)",
    b"UPDATE t SET a = a + 1, j = ?",
    b"UPDATE t SET j = ? WHERE id IN (SELECT id FROM u WHERE a = ?)",
    b"DELETE FROM t WHERE j = ?",
)


@pytest.mark.parametrize("text", [*RUN_AGAIN, *NOT_AGAIN])
def test_as_text_only_what_has_changed_nothing_runs_again(text):
    assert overtaken(text, REFUSED) is (text in RUN_AGAIN)
    assert not overtaken(text, MySQLdb.OperationalError(1062, "Duplicate entry"))
