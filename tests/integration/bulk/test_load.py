"""bulk_load: what INSERT would store, or nothing."""

import datetime as dt
import threading
from decimal import Decimal

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient import implementation
from rhosocial.activerecord.backend.impl.mysqlclient.bulk_load import Loading
from rhosocial.activerecord.backend.impl.mysqlclient.errors import (
    DataError,
    IntegrityError,
    OperationalError,
    ParameterTypeError,
    ParameterValueError,
    QueryError,
)

from ...codec import samples

COUNT = 3000
native = pytest.mark.skipif(implementation() != "native", reason="without the client library INSERTs are sent")


class Stopped(Exception):
    pass


def some(then=()):
    yield from ((f"name {i}", i) for i in range(COUNT))
    yield from then


def failing():
    yield from some()
    raise Stopped("midway")


def test_rows_and_first_id(table, stored):
    table.execute("INSERT INTO t (name, n) VALUES ('first', NULL)")
    result = table.bulk_load("t", ["name", "n"], some())
    assert (result.affected_rows, result.last_insert_id) == (COUNT, 2)
    assert stored() == [("first", None), *some()]
    assert table.bulk_load("t", ["name", "n"], []).affected_rows == 0


def test_it_is_refused_unless_it_was_asked_for(connect, table, stored):
    with pytest.raises(OperationalError, match=r"MySQLConnectionConfig\(bulk_load=True\)"):
        connect().bulk_load("t", ["name", "n"], some())
    table.begin_transaction()
    with pytest.raises(OperationalError, match="end this transaction"):
        table.bulk_load("t", ["name", "n"], some())
    table.rollback_transaction()
    assert stored() == []


def kept(backend, name, kind):
    asked = "HEX(v)" if kind.binary else "HEX(CAST(v AS CHAR CHARACTER SET utf8mb4))"
    return backend.fetch_all(f"SELECT id, {asked} AS v FROM {name} ORDER BY id")


def test_every_type_is_stored_as_by_insert(backend, server):
    altered = []
    for kind in samples.TYPES:
        mine = [kind.bound(sample.value) for sample in kind.samples if server.flavor in sample.flavors]
        if not mine:
            continue
        for name in ("t", "u"):
            backend.execute(f"DROP TABLE IF EXISTS {name}")
            backend.execute(f"CREATE TABLE {name} (id INT PRIMARY KEY, v {kind.column} NULL) CHARACTER SET utf8mb4")
        try:
            backend.bulk_load("t", ["id", "v"], enumerate([*mine, None]))
        except DataError as error:  # INSERT makes a note of it, and so do we
            assert error.errno in (1265, 1292), (kind.column, str(error))
            altered.append(kind.column)
            continue
        backend.execute_many("INSERT INTO u VALUES (%s, %s)", enumerate([*mine, None]))
        assert kept(backend, "t", kind) == kept(backend, "u", kind), kind.column
    assert len(altered) <= 2, altered


def test_texts_that_the_format_itself_uses(backend):
    backend.execute("CREATE TABLE t (id INT PRIMARY KEY, a TEXT, b BLOB, c TEXT CHARACTER SET latin1)")
    texts = ["", "NULL", "\\N", "N", "\\", "\\\\"]
    texts += ["\t", "\n", "\r\n", "a\tb\nc\\", "\0", "\x1a", "'\"", ",", "%s", "🐢\\n"]
    rows = [(i, text, text.encode(), text.replace("🐢", "ü")) for i, text in enumerate(texts)]
    backend.bulk_load("t", ["id", "a", "b", "c"], rows)
    assert [tuple(row.values()) for row in backend.fetch_all("SELECT id, a, b, c FROM t ORDER BY id")] == rows


def test_bytes_that_are_no_text(backend):
    backend.execute("CREATE TABLE t (id INT PRIMARY KEY, a LONGBLOB, b BINARY(3))")
    rows = [(1, bytes(range(256)) * 3000, b"\xff\n\\"), (2, bytearray(b"\t\\N"), None), (3, memoryview(b""), b"abc")]
    backend.bulk_load("t", ["id", "a", "b"], rows)
    found = backend.fetch_all("SELECT * FROM t ORDER BY id")
    assert [tuple(row.values()) for row in found] == [(i, bytes(a), b) for i, a, b in rows]


@pytest.mark.parametrize("sql_mode", ["NO_BACKSLASH_ESCAPES,STRICT_TRANS_TABLES", "ANSI_QUOTES", ""])
def test_in_every_sql_mode(connect, table, stored, sql_mode):
    other = connect(bulk_load=True, sql_mode=sql_mode)
    other.bulk_load("t", ["name", "n"], [("a\\", 1), ("b\\\tc", None)])
    assert stored() == [("a\\", 1), ("b\\\tc", None)]
    if implementation() == "native":
        with pytest.raises(DataError):  # what INSERT would cut off without a strict sql_mode
            other.bulk_load("t", ["name", "n"], [("x" * 21, 1)])
    assert len(stored()) == 2


@pytest.mark.parametrize(
    ("row", "error", "errno"),
    [
        (("name 1", 1), IntegrityError, 1062),
        (("x" * 21, 1), DataError, None),
        (("late", 2**40), DataError, 1264),
        (("late", "many"), DataError, 1366),
    ],
)
def test_whatever_the_server_warns_of_undoes_all(table, stored, row, error, errno):
    with pytest.raises(error) as caught:
        table.bulk_load("t", ["name", "n"], some([row]))
    assert errno in (None, caught.value.errno), str(caught.value)
    assert stored() == []


@native  # INSERT has an error of its own for it
def test_null_where_none_may_be(table, stored):
    with pytest.raises(DataError) as caught:
        table.bulk_load("t", ["name", "n"], some([(None, 1)]))
    assert caught.value.errno == 1263
    assert stored() == []


@native
@pytest.mark.parametrize(
    ("row", "error", "message"),
    [
        (("short",), ParameterValueError, "row 3001: the statement has 2 placeholders, 1 parameter was given"),
        (("x", 1.5), ParameterTypeError, "row 3001, parameter 2: bulk_load cannot store a float in a column of kind"),
        ((b"x", 1), ParameterTypeError, "row 3001, parameter 1: bulk_load cannot store a bytes"),
        (("x", object()), ParameterTypeError, "row 3001, parameter 2: cannot bind a object"),
        (("\ud800", 1), ParameterValueError, "row 3001, parameter 1: a str with a lone surrogate"),
        (7, ParameterTypeError, "row 3001: parameters must be a list or tuple"),
    ],
)
def test_what_cannot_be_stored_exactly_is_refused(table, stored, row, error, message):
    with pytest.raises(error) as caught:
        table.bulk_load("t", ["name", "n"], some([row]))
    assert message in str(caught.value)
    assert stored() == []


def test_what_the_generator_raises(table, stored, admin):
    with pytest.raises(Stopped, match="midway"):
        table.bulk_load("t", ["name", "n"], failing())
    assert stored() == []
    assert admin.sessions_become(1)


def test_no_such_table_or_column(table):
    with pytest.raises(QueryError) as caught:
        table.bulk_load("nothing", ["name", "n"], some())
    assert caught.value.errno == 1146
    with pytest.raises(QueryError) as caught:
        table.bulk_load("t", ["name", "nothing"], [("a", None)])
    assert caught.value.errno == 1054


def test_odd_names_and_generated_keys(backend, database):
    backend.execute("CREATE TABLE `a``b` (`k %s` BIGINT AUTO_INCREMENT PRIMARY KEY, `b``` BIT(64), `y` YEAR)")
    backend.bulk_load("a`b", ["k %s", "B`", "y"], [(None, 2**64 - 1, 0), (None, 0, 2024)], schema_name=database)
    found = backend.fetch_all("SELECT * FROM `a``b`")
    assert [tuple(row.values()) for row in found] == [(1, 2**64 - 1, 0), (2, 0, 2024)]


def test_the_session_of_the_load_is_gone_afterwards(table, admin):
    table.bulk_load("t", ["name", "n"], some())
    assert admin.sessions_become(1)
    threads = threading.active_count()
    table.bulk_load("t", ["name", "n"], [("one more", 1)])
    assert threading.active_count() <= threads + 1
    assert admin.sessions_become(1)


@native
def test_the_handler_serves_its_rows_once_and_no_file(table, database, config, tmp_path):
    """A server may ask for any file, whenever it likes: it gets the rows of the one call, or nothing."""
    secret = tmp_path / "secret"
    secret.write_text("secret\t1\n")
    backend = table.plain
    loading = Loading(backend, "t", ["name", "n"], [("row", 1)])

    def run(session):
        statement = f"LOAD DATA LOCAL INFILE '{secret}' INTO TABLE {database}.t (name, n)".encode()
        outcome, warnings = session.load(statement, iter([b"mine\t1\n"]))
        assert (outcome.affected_rows, warnings) == (1, 0)
        session.run(b"COMMIT")
        with pytest.raises(Exception, match="LOAD DATA LOCAL is refused"):
            session.run(statement)
        raise Stopped

    loading._load = run
    with pytest.raises(Stopped):
        loading.run()
    assert table.fetch_all("SELECT name, n FROM t") == [{"name": "mine", "n": 1}]


def test_values_of_every_class(backend):
    """Each with a column that takes it, compared with INSERT's."""
    columns = {
        "i": ("INT", [1, True, "7", None]),
        "d": ("DECIMAL(20,5)", [Decimal("1.5"), 2, False, "-0.00001"]),
        "x": ("DOUBLE", [1.5, 5e-324, Decimal("0.1"), 10**15]),
        "y": ("YEAR", [0, 5, 1999, "0"]),
        "b": ("BIT(9)", [0, 511, True, None]),
        "s": ("VARCHAR(40)", [1, Decimal("1.50"), dt.date(2024, 2, 29), True]),
        "at": ("DATETIME(6)", [dt.datetime(2024, 1, 2, 3, 4, 5, 6), "2024-01-02", dt.date(2024, 1, 2), None]),
        "tm": ("TIME(6)", [dt.timedelta(hours=-30), dt.time(1, 2, 3, 4), "1:2:3", None]),
        "j": ("JSON", ['{"a": 1}', "5", None, {"b": [1]}]),
    }
    for name in ("t", "u"):
        definitions = ", ".join(f"{column} {kind}" for column, (kind, _) in columns.items())
        backend.execute(f"CREATE TABLE {name} (id INT PRIMARY KEY, {definitions})")
    rows = [(i, *values) for i, values in enumerate(zip(*(values for _, values in columns.values())))]
    backend.bulk_load("t", ["id", *columns], rows)
    backend.execute_many(f"INSERT INTO u VALUES ({', '.join(['%s'] * (1 + len(columns)))})", rows)
    assert backend.fetch_all("SELECT * FROM t ORDER BY id") == backend.fetch_all("SELECT * FROM u ORDER BY id")


def test_what_is_given_up_while_it_connects_stores_nothing(backend, table, stored):
    loading = Loading(backend.plain, "t", ["name", "n"], some())
    loading.give_up()
    with pytest.raises(OperationalError, match="cancelled"):
        loading.run()
    assert stored() == []
