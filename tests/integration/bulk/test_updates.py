"""bulk_upsert, bulk_update_rows, and core's bulk_update by them."""

import pytest
from rhosocial.activerecord.backend.options import BulkUpdateOptions

from rhosocial.activerecord.backend.impl.mysqlclient.bulk_statements import _NUMBERS
from rhosocial.activerecord.backend.impl.mysqlclient.errors import DataError, IntegrityError, QueryError

from ...codec import samples

COUNT = 3000


def filled(backend):
    backend.execute_many("INSERT INTO t (name, n) VALUES (%s, %s)", ((f"name {i}", i) for i in range(COUNT)))
    return backend


def test_upsert(table, stored):
    assert table.bulk_upsert("t", ["name", "n"], [("a", 1), ("b", 2)]).affected_rows == 2
    assert table.bulk_upsert("t", ["name", "n"], iter([("b", 3), ("c", None)])).affected_rows == 3
    assert stored() == [("a", 1), ("b", 3), ("c", None)]
    assert table.bulk_upsert("t", ["name", "n"], [("a", 9), ("d", 9)], update_columns=[]).affected_rows == 1
    assert table.bulk_upsert("t", ["id", "name", "n"], [(1, "x", 7)], ["n"]).affected_rows == 2
    assert stored() == [("a", 7), ("b", 3), ("c", None), ("d", 9)]


def test_upsert_many_all_or_none(table, stored):
    filled(table)
    rows = [(f"name {i}", -i) for i in range(2 * COUNT)]
    with pytest.raises(DataError):
        table.bulk_upsert("t", ["name", "n"], [*rows, ("late", 2**40)])
    assert stored() == [(f"name {i}", i) for i in range(COUNT)]
    table.bulk_upsert("t", ["name", "n"], rows)
    assert dict(stored()) == dict(rows)


def test_upsert_of_a_table_and_columns_with_odd_names(backend, database):
    backend.execute("CREATE TABLE `new` (`values` INT PRIMARY KEY, `a``b %s` INT)")
    for n in (1, 2):
        backend.bulk_upsert("new", ["values", "a`b %s"], [(1, n)], schema_name=database)
    assert backend.fetch_all("SELECT * FROM `new`") == [{"values": 1, "a`b %s": 2}]


@pytest.mark.parametrize("columns", [[], ["a", "a"], "ab"])
def test_columns_that_are_none(table, columns):
    with pytest.raises(ValueError, match="columns must be"):
        table.bulk_upsert("t", columns, [])
    with pytest.raises(ValueError, match="update_columns must be"):
        table.bulk_upsert("t", ["name"], [], ["n"])


def test_update(table, stored):
    filled(table)
    rows = [(f"name {i}", None if i % 3 else -i) for i in range(0, 2 * COUNT, 2)]
    changed = table.bulk_update_rows("t", ["name"], ["n"], iter(rows)).affected_rows
    expected = {f"name {i}": i for i in range(COUNT)}
    expected.update((name, n) for name, n in rows if name in expected)
    assert dict(stored()) == expected
    assert changed == sum(n != i for i, n in enumerate(expected.values()))
    assert table.bulk_update_rows("t", ["name"], ["n"], []).affected_rows == 0


def test_update_by_several_columns(backend):
    backend.execute("CREATE TABLE t (a INT, b VARCHAR(9), c INT, d INT, PRIMARY KEY (a, b))")
    backend.execute_many("INSERT INTO t VALUES (%s, %s, 0, 0)", [(a, b) for a in (1, 2) for b in "xy"])
    backend.bulk_update_rows("t", ["a", "b"], ["c", "d"], [(1, "x", 5, 6), (2, "y", None, 7), (3, "x", 8, 9)])
    assert [tuple(row.values()) for row in backend.fetch_all("SELECT * FROM t ORDER BY a, b")] == [
        (1, "x", 5, 6), (1, "y", 0, 0), (2, "x", 0, 0), (2, "y", None, 7)
    ]  # fmt: skip


def test_update_all_or_none_and_nothing_left_behind(table, stored):
    filled(table)
    before = stored()
    rows = [(f"name {i}", -1) for i in range(COUNT)]
    for more, error in ((("late", 2**40), DataError), (("name 7", 1), IntegrityError), ((None, 1), IntegrityError)):
        with pytest.raises(error):
            table.bulk_update_rows("t", ["name"], ["n"], [*rows, more])
        assert stored() == before
    with pytest.raises(ValueError, match="columns that are the key"):
        table.bulk_update_rows("t", [], ["n"], rows)
    table.bulk_update_rows("t", ["name"], ["n"], rows)
    assert set(dict(stored()).values()) == {-1}
    with pytest.raises(QueryError):  # every temporary table had the next number in its name
        table.execute(f"SELECT * FROM bulk_update_{next(_NUMBERS) - 1}")


def test_update_of_every_type(backend, server):
    """What it stores is what INSERT stores."""
    for kind in samples.TYPES:
        mine = [kind.bound(sample.value) for sample in kind.samples if server.flavor in sample.flavors]
        if not mine:
            continue
        for name in ("t", "u"):
            backend.execute(f"DROP TABLE IF EXISTS {name}")
            backend.execute(f"CREATE TABLE {name} (id INT PRIMARY KEY, v {kind.column} NULL) CHARACTER SET utf8mb4")
        backend.execute_many("INSERT INTO t VALUES (%s, %s)", enumerate([*mine, None]))
        backend.execute_many("INSERT INTO u (id) VALUES (%s)", ((i,) for i in range(len(mine) + 1)))
        backend.bulk_update_rows("u", ["id"], ["v"], enumerate([*mine, None]))
        asked = "HEX(v)" if kind.binary else "HEX(CAST(v AS CHAR CHARACTER SET utf8mb4))"
        kept = [backend.fetch_all(f"SELECT id, {asked} AS v FROM {name} ORDER BY id") for name in ("t", "u")]
        assert kept[0] == kept[1], kind.column


def test_collations_and_character_sets_of_the_columns(backend):
    backend.execute(
        "CREATE TABLE t (k VARCHAR(9) CHARACTER SET latin1 COLLATE latin1_bin PRIMARY KEY,"
        " v VARCHAR(9) CHARACTER SET ucs2, w VARCHAR(9) COLLATE utf8mb4_bin)"
    )
    backend.execute_many("INSERT INTO t (k) VALUES (%s)", [("é",), ("É",)])
    backend.bulk_update_rows("t", ["k"], ["v", "w"], [("É", "ż", "Ż"), ("é", "z", "ź")])
    assert [tuple(row.values()) for row in backend.fetch_all("SELECT * FROM t ORDER BY k")] == [
        ("É", "ż", "Ż"), ("é", "z", "ź")
    ]  # fmt: skip


@pytest.mark.parametrize("count", [5, 200])
def test_cores_bulk_update(table, stored, count):
    filled(table)
    keys = list(range(1, count + 1))
    for _ in range(2):
        values = {"n": [-k for k in keys], "name": [str(k) for k in keys]}
        result = table.bulk_update(BulkUpdateOptions("t", "id", keys, values))
    assert result.affected_rows == 0
    assert stored()[:count] == [(str(k), -k) for k in keys]
    assert stored()[count] == (f"name {count}", count)
    twice = [1] * 30
    table.bulk_update(BulkUpdateOptions("t", "id", twice, {"n": [7] * 30}))
    assert stored()[0] == ("1", 7)


def test_cores_bulk_update_without_the_privilege(table, admin, connect, database, server):
    filled(table)
    user = f"u_{database[-12:]}"
    admin.ask(f"CREATE USER {user} IDENTIFIED BY 'Secret_1!'")
    try:
        admin.ask(f"GRANT SELECT, UPDATE ON {database}.* TO {user}")
        limited = connect(username=user, password="Secret_1!")
        limited.bulk_update(BulkUpdateOptions("t", "id", list(range(1, 31)), {"n": [7] * 30}))
        assert table.fetch_one("SELECT SUM(n) AS n FROM t WHERE id <= 30") == {"n": 210}
        limited.disconnect()
    finally:
        admin.ask(f"DROP USER {user}")


def test_cores_bulk_update_by_keys_that_the_collation_takes_for_one(backend):
    backend.execute("CREATE TABLE k (id VARCHAR(9) COLLATE utf8mb4_general_ci PRIMARY KEY, n INT) CHARSET utf8mb4")
    keys = [f"k{i}" for i in range(30)]
    backend.execute_many("INSERT INTO k VALUES (%s, 0)", [(key,) for key in keys])
    backend.bulk_update(BulkUpdateOptions("k", "id", [*keys, "K0"], {"n": [7] * 31}))
    assert backend.fetch_all("SELECT COUNT(*) AS c, SUM(n) AS n FROM k") == [{"c": 30, "n": 210}]
