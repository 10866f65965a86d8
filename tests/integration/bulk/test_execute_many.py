"""execute_many: any iterable, all or none, and never more than a packet holds."""

import tracemalloc
from collections import namedtuple

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient.errors import (
    IntegrityError,
    PacketTooLarge,
    ParameterTypeError,
    ParameterValueError,
)

INSERT = "INSERT INTO t (name, n) VALUES (%s, %s)"
COUNT = 3000  # in several statements


class Stopped(Exception):
    pass


def some(count=COUNT, then=()):
    for i in range(count):
        yield f"name {i}", i
    yield from then


def failing():
    yield from some()
    raise Stopped("midway")


def test_a_generator(table, stored):
    result = table.execute_many(INSERT, some())
    assert (result.affected_rows, result.last_insert_id) == (COUNT, 1)
    assert stored() == list(some())


def test_rows_of_all_kinds(table, stored):
    pair = namedtuple("pair", "name n")
    assert table.execute_many(INSERT, iter([("a", 1), ["b", 2], pair("c", None)])).affected_rows == 3
    assert table.execute_many(INSERT, {("d", 4): None}).affected_rows == 1
    assert table.execute_many(INSERT, ()).affected_rows == table.execute_many(INSERT, iter(())).affected_rows == 0
    assert stored() == [("a", 1), ("b", 2), ("c", None), ("d", 4)]


def test_memory_does_not_grow_with_the_rows(table):
    row = ("x" * 2000, None)
    table.execute("ALTER TABLE t MODIFY name VARCHAR(2000), DROP KEY name")
    table.execute_many(INSERT, [row])
    tracemalloc.start()
    try:
        table.execute_many(INSERT, (row for _ in range(10_000)))
        assert tracemalloc.get_traced_memory()[1] < 2_000_000  # the rows make 20 MB
    finally:
        tracemalloc.stop()
    assert table.fetch_one("SELECT COUNT(*) AS n FROM t") == {"n": 10_001}


def test_b26_what_the_generator_raises_comes_as_it_is_and_nothing_is_written(table, stored):
    with pytest.raises(Stopped, match="midway"):
        table.execute_many(INSERT, failing())
    assert not table.in_transaction
    assert stored() == []
    assert table.execute_many(INSERT, some(2)).affected_rows == 2


@pytest.mark.parametrize(
    ("row", "error", "message"),
    [
        (("short",), ParameterValueError, "row 3001: the statement has 2 placeholders, 1 parameter was given"),
        (("long", 1, 2), ParameterValueError, "row 3001: the statement has 2 placeholders, 3 parameters were given"),
        (("bad", object()), ParameterTypeError, "row 3001, parameter 2: cannot bind a object"),
        (7, ParameterTypeError, "row 3001: parameters must be a list or tuple"),
        ("ab", ParameterTypeError, "row 3001: parameters must be a list or tuple"),
        ({"name": 1, "n": 2}, ParameterTypeError, "row 3001: parameters must be a list or tuple"),
    ],
)
@pytest.mark.parametrize("sql", [INSERT, "UPDATE t SET name = %s WHERE n = %s"])
def test_b26_ragged_rows(table, stored, row, error, message, sql):
    with pytest.raises(error) as caught:
        table.execute_many(sql, some(then=[row]))
    assert message in str(caught.value)
    assert stored() == []
    assert table.fetch_one("SELECT 1 AS one") == {"one": 1}


def test_inside_a_transaction_a_failed_call_undoes_its_own_rows_only(table, stored):
    table.begin_transaction()
    table.execute(INSERT, ("before", 0))
    for rows, error in ((some(then=[("before", 1)]), IntegrityError), (failing(), Stopped)):
        with pytest.raises(error):
            table.execute_many(INSERT, rows)
    assert table.execute_many(INSERT, some()).affected_rows == COUNT
    assert table.in_transaction
    table.commit_transaction()
    assert stored() == [("before", 0), *some()]


def packet(backend):
    return backend.fetch_one("SELECT @@max_allowed_packet AS n")["n"]


def test_f15_a_row_that_no_packet_holds(table, stored):
    session = table.fetch_one("SELECT CONNECTION_ID() AS id")
    with pytest.raises(PacketTooLarge, match="row 3001: its statement of"):
        table.execute_many(INSERT, some(then=[("x" * packet(table), 1)]))
    assert stored() == []
    assert table.fetch_one("SELECT CONNECTION_ID() AS id") == session


def test_f15_a_statement_that_no_packet_holds(table):
    session = table.fetch_one("SELECT CONNECTION_ID() AS id")
    longest = packet(table) - 4
    around = len("SELECT LENGTH('') AS n")
    with pytest.raises(PacketTooLarge, match="max_allowed_packet") as caught:
        table.execute("SELECT LENGTH(%s) AS n", ("x" * (longest - around + 1),))
    assert not caught.value.is_disconnect
    assert table.fetch_one("SELECT LENGTH(%s) AS n", ("x" * (longest - around),)) == {"n": longest - around}
    assert table.fetch_one("SELECT CONNECTION_ID() AS id") == session


def test_statements_stay_within_a_small_packet(table, stored):
    table.connect()
    table._connection._longest = 2000  # as a server would say
    assert table.execute_many(INSERT, some()).affected_rows == COUNT
    assert stored() == list(some())
    with pytest.raises(PacketTooLarge, match="row 3: its statement"):
        table.execute_many(INSERT, [("a", 1), ("b", 2), ("x" * 2000, 3)])


@pytest.mark.parametrize("connect", ["sync"], indirect=True)
def test_rows_that_use_the_backend_meanwhile(table, stored):
    """A statement between those of the batch, on the same session: one before its transaction, the others within."""

    def rows(then=()):
        for i in range(COUNT):
            if i % 1000 == 0:
                assert table.execute("SELECT %s AS i", (i,)).data == [{"i": i}]
                table.execute_many(INSERT, [(f"own {i}", None)])
            yield f"name {i}", i
        yield from then

    table.execute_many(INSERT, rows())
    assert {*stored()} == {*some(), *((f"own {i}", None) for i in range(0, COUNT, 1000))}
    table.execute("DELETE FROM t")
    with pytest.raises(IntegrityError), table.transaction():
        table.execute_many(INSERT, rows([("name 1", 1)]))
    assert stored() == []
