"""Arrays of rows on MariaDB: what INSERT's text would have stored, its errors, and the ids."""

from datetime import date, datetime, timezone
from decimal import Decimal
from functools import partial

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient import MySQLConnectionConfig, implementation
from rhosocial.activerecord.backend.impl.mysqlclient.codec.abc import WireError
from rhosocial.activerecord.backend.impl.mysqlclient.codec.plan import Planner
from rhosocial.activerecord.backend.impl.mysqlclient.codec.sql import template
from rhosocial.activerecord.backend.impl.mysqlclient.driver import CODEC, Session
from rhosocial.activerecord.backend.impl.mysqlclient.prepared import prepared_text

from ...codec import bind_samples, samples

ARRAYS = implementation() == "native" and CODEC.library.mariadb
with_arrays = pytest.mark.skipif(not ARRAYS, reason="only libmariadb sends arrays, and only natively")
mariadb = pytest.mark.flavor("mariadb")


@pytest.fixture
def session(server, database):
    config = MySQLConnectionConfig(**server.connect_kwargs(), database=database)
    session = Session(config, Planner())
    yield session
    session.close()


def arrays(session, sql, rows, **options):
    """The outcomes of the arrays that do ``sql`` for all of ``rows``."""
    done, outcomes = 0, []
    while done < len(rows):
        outcome, done = session.run_array(partial(prepared_text, sql), rows, done, **options)
        assert outcome is not None, f"row {done} cannot be sent so"
        outcomes.append(outcome)
    return outcomes


def by_text(session, sql, params):
    session.run(lambda backslash: CODEC.functions.bind(template(sql, backslash).parts, params, backslash))


def errno_of(run, *args):
    try:
        run(*args)
    except WireError as error:
        return error.args[0]
    except Exception as error:
        return error.args[0] if type(error).__module__.startswith("MySQLdb") else type(error)
    return None


def test_who_takes_arrays(session, server):
    assert session.takes_arrays is (ARRAYS and server.flavor == "mariadb")


@with_arrays
@mariadb
@pytest.mark.parametrize("column", ["LONGTEXT", "LONGBLOB", "VARCHAR(40)", "DOUBLE", "DECIMAL(65,20)", "DATETIME(6)"])
def test_every_value_is_stored_as_by_text(session, column):
    session.run(f"CREATE TABLE t (id INT, sent CHAR(5), v {column}) CHARACTER SET utf8mb4".encode())
    insert = "INSERT INTO t VALUES (%s, 'array', %s)"
    for i, (_, value, literal) in enumerate(bind_samples.LITERALS):
        if len(literal) > 65 and literal.strip(b"-").isdigit():
            assert session.run_array(partial(prepared_text, insert), [(i, value)]) == (None, 0)
        else:
            text = errno_of(by_text, session, "INSERT INTO t VALUES (%s, 'text', %s)", (i, value))
            assert errno_of(arrays, session, insert, [(i, value), (-1, value)]) == text, value
            session.forget_prepared(partial(prepared_text, insert))
    rows = session.run(b"SELECT id, HEX(v) kept, COUNT(*) n FROM t WHERE id >= 0 GROUP BY id, HEX(v)").rows
    assert len(rows) > 5
    assert [row for row in rows if row["n"] != 2] == []


@with_arrays
@mariadb
def test_every_column_type_is_stored_as_by_text(session):
    for kind in samples.TYPES:
        mine = [kind.bound(sample.value) for sample in kind.samples if "mariadb" in sample.flavors]
        if not mine:
            continue
        session.run(b"DROP TABLE IF EXISTS t")
        session.run(f"CREATE TABLE t (id INT, sent CHAR(5), v {kind.column} NULL) CHARACTER SET utf8mb4".encode())
        for i, value in enumerate(mine):
            by_text(session, "INSERT INTO t VALUES (%s, 'text', %s)", (i, value))
            arrays(session, "INSERT INTO t VALUES (%s, 'array', %s)", [(-1, None), (i, value), (-1, None)])
        rows = session.run(b"SELECT id, HEX(v) kept, COUNT(*) n FROM t GROUP BY id, HEX(v)").rows
        assert {row["n"] for row in rows if row["id"] >= 0} == {2}, kind.column
        assert [row for row in rows if row["id"] == -1] == [{"id": -1, "kept": None, "n": 2 * len(mine)}]


@with_arrays
@mariadb
def test_many_rows_in_pieces_by_their_number_and_by_their_bytes(session):
    session.run(b"CREATE TABLE t (n INT PRIMARY KEY, s LONGTEXT, d DATE, p DECIMAL(20,3), w DATETIME(6))")
    row = (None, date(2024, 2, 29), Decimal("-7.250"), datetime(2024, 1, 2, 3, 4, 5, 6))
    rows = [(i, *row) if i % 3 else (i, "žluťoučký " * i, *row[1:]) for i in range(3000)]
    outcomes = arrays(session, "INSERT INTO t VALUES (%s, %s, %s, %s, %s)", rows)
    assert sum(outcome.affected_rows for outcome in outcomes) == 3000
    assert max(outcome.affected_rows for outcome in outcomes) <= 1024
    assert len(outcomes) > 50  # about 15 MB
    assert session.run(b"SELECT * FROM t ORDER BY n").rows == [
        dict(zip(("n", "s", "d", "p"), row), w=row[4].replace(tzinfo=timezone.utc)) for row in rows
    ]
    assert len(arrays(session, "DELETE FROM t WHERE n = %s", [(i,) for i in range(3000)], limit=20)) == 1500
    assert session.run_array(partial(prepared_text, "DELETE FROM t WHERE n = %s"), [(1,)], limit=9) == (None, 0)


@with_arrays
@mariadb
def test_errors_are_the_rows_own_and_nothing_of_the_array_stays(session):
    session.run(b"CREATE TABLE t (n INT PRIMARY KEY, s VARCHAR(5))")
    insert = "INSERT INTO t VALUES (%s, %s)"
    arrays(session, insert, [(1, "a")])
    for rows, errno, message in [
        ([(2, "b"), (1, "c")], 1062, "Duplicate entry '1'"),
        ([(2, "b"), (3, "much too long")], 1406, "Data too long for column 's' at row 2"),
        ([(None, "b"), (3, "c")], 1048, "'n' cannot be null"),
    ]:
        with pytest.raises(WireError, match=message) as caught:
            arrays(session, insert, rows)
        assert caught.value.args[0] == errno
    for rows, kind, message in [
        ([(2, "b"), (3,)], ValueError, "row 2: the statement has 2 placeholders, 1 parameter was given"),
        ([(2, "b"), (3, object())], TypeError, "row 2, parameter 2: cannot bind a object"),
        ([(2, "b"), 3], TypeError, "row 2: parameters must be a list or tuple"),
        ([(2, "\ud800")], ValueError, "row 1, parameter 2: a str with a lone surrogate"),
    ]:
        with pytest.raises(kind, match=message):
            arrays(session, insert, rows)
    assert session.run_array(partial(prepared_text, "SELECT %s"), [(1,), (2,)]) == (None, 0)
    with pytest.raises(WireError) as caught:
        arrays(session, "INSERT INTO nowhere VALUES (%s)", [(1,)])
    assert caught.value.args[0] == 1146
    arrays(session, insert, [(2, "b")])
    assert session.run(b"SELECT COUNT(*) AS n FROM t").rows == [{"n": 2}]


@with_arrays
@mariadb
def test_columns_of_mixed_types_are_cut_where_they_change_or_left_to_text(session):
    session.run(b"CREATE TABLE t (n INT)")
    insert = partial(prepared_text, "INSERT INTO t VALUES (%s)")
    assert session.run_array(insert, [(1,), ("2",), (3,)]) == (None, 0)
    outcome, done = session.run_array(insert, [(1,)] * 100 + [("2",)] * 100)
    assert (outcome.affected_rows, done) == (100, 100)
    assert session.run_array(insert, [(1,), (None,), (2.5,)], 2)[1] == 3
    assert session.run(b"SELECT COUNT(*) AS n FROM t").rows == [{"n": 101}]


@with_arrays
@mariadb
def test_the_first_id_and_returning(session):
    session.run(b"CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, n INT)")
    rows = [(i,) for i in range(2000)]
    first, second = arrays(session, "INSERT INTO t (n) VALUES (%s)", rows)
    assert first.last_insert_id == 1 and first.affected_rows == 1024
    assert session.run(b"SELECT n FROM t WHERE id = %d" % second.last_insert_id).rows == [{"n": 1024}]
    returned = arrays(session, "INSERT INTO t (n) VALUES (%s) RETURNING id, n", rows)
    assert [row["n"] for outcome in returned for row in outcome.rows] == list(range(2000))
    kept = session.run(b"SELECT id, n FROM t ORDER BY id").rows[2000:]
    assert [row for outcome in returned for row in outcome.rows] == kept
    assert [outcome.affected_rows for outcome in returned] == [1024, 976]
    with pytest.raises(WireError, match="Duplicate entry '7'"):
        arrays(session, "INSERT INTO t (id, n) VALUES (%s, 1) RETURNING id, n", [(100_000,), (7,)])
    assert session.run(b"SELECT COUNT(*) AS n FROM t").rows == [{"n": 4000}]


@with_arrays
@mariadb
def test_updates_and_a_single_run_of_the_same_statement(session):
    session.run(b"CREATE TABLE t (n INT PRIMARY KEY, s VARCHAR(5))")
    arrays(session, "INSERT INTO t VALUES (%s, 'a')", [(i,) for i in range(10)])
    update = "UPDATE t SET s = %s WHERE n >= %s"
    outcomes = arrays(session, update, [("b", 5), ("c", 8)])
    assert [outcome.affected_rows for outcome in outcomes] == [7]
    assert session.run_prepared(partial(prepared_text, update), ("d", 9), b"never").affected_rows == 1
    assert [row["s"] for row in session.run(b"SELECT s FROM t ORDER BY n").rows] == list("aaaaabbbcd")
