"""What goes to MariaDB as arrays of rows: the same as text in what is stored, counted, numbered and refused."""

import re
import threading
from decimal import Decimal
from itertools import cycle, islice

import pytest
from rhosocial.activerecord.backend.errors import DatabaseError
from rhosocial.activerecord.backend.options import BulkInsertOptions

from rhosocial.activerecord.backend.impl.mysqlclient import MySQLBackend, implementation
from rhosocial.activerecord.backend.impl.mysqlclient.bulk import Batch
from rhosocial.activerecord.backend.impl.mysqlclient.driver import CODEC

from ...codec import samples

mariadb = pytest.mark.flavor("mariadb")
ARRAYS = implementation() == "native" and CODEC.library.mariadb
INSERT = "INSERT INTO t (name, n) VALUES (%s, %s)"
NAMED = [(f"name {i}", i) for i in range(1000)]


def prepared(backend):
    """How many statements the session has prepared."""
    return int(backend.fetch_one("SHOW SESSION STATUS LIKE 'Com_stmt_prepare'")["Value"])


@pytest.fixture(params=["text", "arrays"])
def way(request, monkeypatch):
    if request.param == "text":
        monkeypatch.setattr(Batch, "arrays", False)
    return request.param


def test_who_gets_arrays(table, server):
    arrays = ARRAYS and server.flavor == "mariadb"
    for sql, rows, count in [
        (INSERT, NAMED, 1),
        (INSERT, [(f"few {i}", 1) for i in range(254)], 0),
        ("UPDATE t SET name = CONCAT(name, %s) WHERE n = %s", [("!", i) for i in range(200)], 1),
        ("DELETE FROM t WHERE n = %s", [(i,) for i in range(200)], 1),
        ("INSERT INTO t (n, name) VALUES (%s, '?')  ON DUPLICATE KEY UPDATE n = 0", [(i,) for i in range(300)], 0),
        ("UPDATE t SET n = 1 WHERE n = 0", [()] * 200, 0),
        ("SELECT %s", [(i,) for i in range(200)], 0),
    ]:
        before = prepared(table)
        table.execute_many(sql, rows)
        assert prepared(table) - before == count * arrays, sql


@mariadb
def test_every_type_is_stored_as_by_single_inserts(backend, server):
    for kind in samples.TYPES:
        values = [kind.bound(sample.value) for sample in kind.samples if server.flavor in sample.flavors]
        if not values:
            continue
        backend.execute("DROP TABLE IF EXISTS t")
        backend.execute(f"CREATE TABLE t (id INT, sent CHAR(4), v {kind.column} NULL) CHARACTER SET utf8mb4")
        for i, value in enumerate([None, *values]):
            backend.execute("INSERT INTO t VALUES (%s, 'one', %s)", (i, value))
        alike = [(i, value) for i, value in enumerate([None, *values]) for _ in range(128)]
        mixed = list(islice(cycle(enumerate([None, *values])), len(alike)))
        for sent, rows in (("many", alike), ("mix", mixed)):
            backend.execute_many(f"INSERT INTO t VALUES (%s, '{sent}', %s)", rows)
        kept = backend.fetch_all("SELECT id, HEX(v) AS kept, COUNT(DISTINCT sent) AS ways FROM t GROUP BY id, HEX(v)")
        assert [row["ways"] for row in kept] == [3] * (len(values) + 1), kind.column


ODKU = "INSERT INTO t (name, n) VALUES (%s, %s) ON DUPLICATE KEY UPDATE n = n + VALUES(n)"
OVERLAPPING = [(f"name {i % 700}", i) for i in range(1000)]
GENERATING = (INSERT, "INSERT IGNORE INTO t (name, n) VALUES (%s, %s)")
STATEMENTS = [
    (INSERT, NAMED[500:]),
    ("INSERT IGNORE INTO t (name, n) VALUES (%s, %s)", OVERLAPPING),
    ("REPLACE INTO t (name, n) VALUES (%s, %s)", OVERLAPPING),
    (ODKU, OVERLAPPING),
    (ODKU, [("name 5", 0)] * 300),
    ("INSERT INTO t (id, name, n) VALUES (%s, CONCAT('x', %s), %s + 0.5)", [(9000 - i, i, i) for i in range(300)]),
    ("INSERT INTO t (name, n) VALUES (%s, DEFAULT(n))", [(f"d{i}",) for i in range(300)]),
    ("INSERT INTO t (name, n) VALUES (%s, (@i := COALESCE(@i, 0) + 1))", [(f"v{i}",) for i in range(300)]),
    ("REPLACE INTO t (name, n) VALUES (%s, 0) RETURNING n", [(name,) for name, _ in OVERLAPPING]),
    ("INSERT INTO t (name, n) SELECT %s, COUNT(*) FROM t AS o", [(f"s{i}",) for i in range(100)]),
    ("INSERT INTO t (name, n) VALUES (%s, %s) RETURNING id", NAMED[500:]),
    ("UPDATE t SET n = %s WHERE name = %s", [(n % 2, name) for name, n in NAMED]),
    ("UPDATE t SET n = n + %s WHERE n > %s ORDER BY n DESC LIMIT %s", [(1, i, 5) for i in range(300)]),
    ("UPDATE t JOIN t AS o USING (id) SET t.n = o.n + %s WHERE t.name LIKE %s", [(1, f"%{i}") for i in range(50)]),
    ("DELETE FROM t WHERE n = %s OR name = %s", [(i, f"name {i + 1}") for i in range(0, 1000, 3)]),
    ("DELETE FROM t WHERE n < %s RETURNING n", [(i,) for i in range(100)]),
    ("DELETE o FROM t JOIN t AS o USING (id) WHERE t.n = %s", [(i,) for i in range(100)]),
]


@mariadb
@pytest.mark.parametrize(("sql", "rows"), STATEMENTS)
def test_the_same_as_by_text(table, stored, monkeypatch, sql, rows):
    seen = []
    for arrays in (False, True):
        monkeypatch.setattr(Batch, "arrays", False)
        table.execute("TRUNCATE TABLE t")
        table.execute("SET @i = NULL")
        table.execute_many(INSERT, NAMED[:500])
        monkeypatch.setattr(Batch, "arrays", arrays)
        result = table.execute_many(sql, rows)
        seen.append((result.affected_rows, stored()))
        if sql in GENERATING:
            assert table.fetch_one("SELECT MIN(id) AS n FROM t WHERE id > 500") == {"n": result.last_insert_id}
    assert seen[0] == seen[1]


@mariadb
def test_ids_have_no_gaps_between_arrays(table):
    rows = [(f"name {i}", i) for i in range(255 * 4)]
    assert table.execute_many(INSERT, iter(rows)).last_insert_id == 1
    assert table.fetch_one("SELECT MAX(id) AS last FROM t") == {"last": len(rows)}


@mariadb
def test_triggers_and_foreign_keys(table, stored, way):
    table.execute("CREATE TABLE log (n INT)")
    table.execute("CREATE TABLE child (n INT, t INT, FOREIGN KEY (t) REFERENCES t (id))")
    table.execute("CREATE TRIGGER told AFTER INSERT ON t FOR EACH ROW INSERT INTO log VALUES (NEW.n)")
    table.execute("CREATE TRIGGER named BEFORE INSERT ON t FOR EACH ROW SET NEW.name = CONCAT('a ', NEW.name)")
    table.execute_many(INSERT, NAMED)
    assert stored() == [(f"a {name}", n) for name, n in NAMED]
    assert [row["n"] for row in table.fetch_all("SELECT n FROM log ORDER BY n")] == [n for _, n in NAMED]
    with pytest.raises(DatabaseError) as caught:
        table.execute_many("INSERT INTO child VALUES (%s, %s)", [(i, i) for i in range(1, 1500)])
    assert caught.value.errno == 1452
    assert table.fetch_one("SELECT COUNT(*) AS n FROM child") == {"n": 0}


@pytest.mark.parametrize("bad", [object(), Decimal("NaN"), "\ud800", 10**70, {"a": 1}])
def test_a_value_is_refused_as_by_text(table, stored, monkeypatch, bad):
    for before in (0, 300, 2000):
        rows = [*((f"name {i}", i) for i in range(before)), ("bad", bad)]
        seen = []
        for arrays in (False, True):
            monkeypatch.setattr(Batch, "arrays", arrays)
            with pytest.raises(Exception, match=f"row {before + 1}" if type(bad) is object else None) as caught:
                table.execute_many(INSERT, [*rows, *(("after", 1) for _ in range(300))])
            seen.append((type(caught.value), re.sub(r"at row \d+", "", str(caught.value))))  # of the statement
        assert seen[0] == seen[1]
        assert stored() == []


def test_types_that_change(table, stored):
    """A column's values are of one type in an array."""
    values = [*range(300), *map(str, range(300)), *[1.0, "2", Decimal(3), None] * 100, *[None] * 300, *range(300)]
    rows = [(f"name {i}", value) for i, value in enumerate(values)]
    assert table.execute_many(INSERT, iter(rows)).affected_rows == len(rows)
    assert stored() == [(name, n and int(n)) for name, n in rows]


def test_long_rows_among_short_ones(backend):
    backend.execute("CREATE TABLE t (id INT PRIMARY KEY, v LONGBLOB)")
    values = [b"\\'\0" * (120_000 if i % 50 == 7 else i) for i in range(600)]
    assert backend.execute_many("INSERT INTO t VALUES (%s, %s)", enumerate(values)).affected_rows == 600
    assert [row["v"] for row in backend.fetch_all("SELECT v FROM t ORDER BY id")] == values


def test_no_backslash_escapes(table, stored):
    table.execute("SET SESSION sql_mode = CONCAT(@@sql_mode, ',NO_BACKSLASH_ESCAPES')")
    rows = [(f"\\'{i}\\", i) for i in range(300)]
    table.execute_many("INSERT INTO t (name, n) VALUES (CONCAT(%s, '\\'), %s)", rows)
    assert stored() == [(name + "\\", n) for name, n in rows]


def test_a_statement_that_is_wrong_is_told_of_as_such(table, stored):
    with pytest.raises(DatabaseError) as caught:
        table.execute_many("INSERT INTO t (nowhere, n) VALUES (%s, %s)", NAMED)
    assert caught.value.errno == 1054
    table.begin_transaction()
    with pytest.raises(DatabaseError) as caught:
        table.execute_many("UPDATE t SET n = %s WHERE nowhere = %s", NAMED)
    assert caught.value.errno == 1054
    table.execute_many(INSERT, NAMED)
    table.commit_transaction()
    assert stored() == NAMED


def test_a_warning_is_not_lost(connect):
    backend = connect(raise_on_warnings=True)
    backend.execute("CREATE TABLE t (n TINYINT)")
    with pytest.raises(DatabaseError, match="(?i)out of range"):
        backend.execute_many("INSERT IGNORE INTO t VALUES (%s)", [(i,) for i in range(300)])


@mariadb
def test_ids_are_each_rows_own_while_others_insert(config, table):
    def insert(backend, thread):
        for turn in range(3):
            rows = [[f"{thread} {turn} {i}", i] for i in range(1500)]
            options = BulkInsertOptions(table="t", columns=["name", "n"], rows=rows, returning_columns=["id"])
            ids[thread, turn] = [row["id"] for row in backend.bulk_insert(options).data]

    ids = {}
    backends = [MySQLBackend(connection_config=config) for _ in range(4)]
    for backend in backends:
        backend.introspect_and_adapt()
    threads = [threading.Thread(target=insert, args=(backend, i)) for i, backend in enumerate(backends)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for backend in backends:
        backend.disconnect()
    names = {row["id"]: row["name"] for row in table.fetch_all("SELECT id, name FROM t")}
    assert len(ids) == 12 and len(names) == 18_000
    for (thread, turn), given in ids.items():
        assert [names[i] for i in given] == [f"{thread} {turn} {i}" for i in range(1500)]
