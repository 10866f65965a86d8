"""Every type of the table, bound, stored, read: the value that went in, and what the server says it keeps."""

import math

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient.errors import DatabaseError

from ...codec import samples


def same(found, value):
    if isinstance(value, float):
        return found == value and math.copysign(1, found) == math.copysign(1, value)
    return found == value and type(found) is type(value)


def test_every_type_goes_there_and_back(backend, server):
    for kind in samples.TYPES:
        mine = [sample for sample in kind.samples if server.flavor in sample.flavors]
        if not mine:
            continue
        backend.execute("DROP TABLE IF EXISTS t")
        backend.execute(f"CREATE TABLE t (id INT PRIMARY KEY, v {kind.column} NULL) CHARACTER SET utf8mb4")
        rows = [(i, kind.bound(sample.value)) for i, sample in enumerate(mine)]
        backend.execute("INSERT INTO t VALUES (%s, %s)", rows[0])  # one by one, and many at once
        if rows[1:]:
            backend.execute_many("INSERT INTO t (id, v) VALUES (%s, %s)", rows[1:])
        backend.execute("INSERT INTO t VALUES (%s, %s)", (len(mine), None))

        adapters = {"v": kind.adapter[:2]} if kind.adapter else None
        asked = "HEX(v)" if kind.binary else "CAST(v AS CHAR CHARACTER SET utf8mb4)"
        read = backend.fetch_all(f"SELECT v, {asked} AS kept FROM t ORDER BY id", column_adapters=adapters)
        assert read.pop() == {"v": None, "kept": None}, kind.column
        for sample, row in zip(mine, read):
            kept = bytes.fromhex(row["kept"].zfill(2 * len(sample.kept))) if kind.binary else row["kept"]
            assert kept == sample.kept, (kind.column, sample)
            value = sample.value if sample.back is None else sample.back
            assert same(row["v"], value), (kind.column, kind.python, sample, row["v"])


def test_a_value_finds_itself(backend, server):
    """WHERE v = value, with the value bound as it was for the INSERT."""
    for kind in samples.TYPES:
        if kind.column.startswith(("FLOAT", "JSON", "GEOMETRY", "VECTOR")):
            continue  # FLOAT is compared as DOUBLE; the others have comparisons of their own
        for sample in kind.samples:
            if server.flavor not in sample.flavors or sample.back is not None:
                continue
            backend.execute("DROP TABLE IF EXISTS t")
            backend.execute(f"CREATE TABLE t (v {kind.column} NULL) CHARACTER SET utf8mb4")
            backend.execute("INSERT INTO t VALUES (%s)", (kind.bound(sample.value),))
            found = backend.fetch_one("SELECT COUNT(*) AS n FROM t WHERE v = %s", (kind.bound(sample.value),))
            assert found == {"n": 1}, (kind.column, sample)


def test_columns_are_described_as_the_table_says(backend, server):
    """What the codec's own tests take for the server's description makes the plan that the server's makes."""
    for kind in samples.TYPES:
        if not any(server.flavor in sample.flavors for sample in kind.samples):
            continue
        backend.execute("DROP TABLE IF EXISTS t")
        backend.execute(f"CREATE TABLE t (v {kind.column} NULL) CHARACTER SET utf8mb4")
        backend.disconnect()  # a session knows the plan it had last
        for remembered in (backend._planner._plain, backend._planner._shaped):
            remembered.clear()
        assert backend.fetch_all("SELECT v FROM t") == []
        (plan,) = backend._planner._plain.values()
        assert plan.codes == kind._replace(adapter=None).plan().codes, kind.column


def test_b03_b05_what_does_not_fit_is_the_servers_error(backend, server):
    for column, value, *errnos in samples.REFUSED:
        backend.execute("DROP TABLE IF EXISTS t")
        backend.execute(f"CREATE TABLE t (v {column})")
        with pytest.raises(DatabaseError) as caught:
            backend.execute("INSERT INTO t VALUES (%s)", (value,))
        assert caught.value.errno == errnos[server.flavor == "mariadb"], (column, value, str(caught.value))
        assert backend.fetch_one("SELECT COUNT(*) AS n FROM t") == {"n": 0}
