"""Transactions: levels, modes, savepoints, and what a lost session does to them."""

import pytest
from rhosocial.activerecord.backend.errors import TransactionError
from rhosocial.activerecord.backend.transaction import IsolationLevel, TransactionMode

from rhosocial.activerecord.backend.impl.mysqlclient import MySQLBackend
from rhosocial.activerecord.backend.impl.mysqlclient.errors import (
    CommitUnknown,
    ConnectionLost,
    LockTimeout,
    ReadOnlyServerError,
    TransactionLost,
)


@pytest.fixture
def table(backend):
    backend.execute("CREATE TABLE t (n INT PRIMARY KEY)")
    return backend


def numbers(backend):
    return [row["n"] for row in backend.fetch_all("SELECT n FROM t ORDER BY n")]


def insert(backend, n):
    backend.execute("INSERT INTO t VALUES (%s)", (n,))


def test_commit_and_rollback(table):
    with table.transaction():
        insert(table, 1)
    with pytest.raises(KeyError):
        with table.transaction():
            insert(table, 2)
            raise KeyError
    assert numbers(table) == [1]


def test_nested_transactions_are_savepoints(table):
    with table.transaction():
        insert(table, 1)
        with pytest.raises(KeyError):
            with table.transaction():
                insert(table, 2)
                raise KeyError
        with table.transaction():
            insert(table, 3)
    assert numbers(table) == [1, 3]


def test_named_savepoints(table):
    manager = table.transaction_manager
    table.begin_transaction()
    insert(table, 1)
    first = manager.savepoint("first")
    insert(table, 2)
    manager.rollback_to(first)
    manager.release(first)
    table.commit_transaction()
    assert numbers(table) == [1]


@pytest.mark.parametrize(
    "level, sees_uncommitted, sees_committed, locks_what_it_reads",
    [
        (IsolationLevel.READ_UNCOMMITTED, True, True, False),
        (IsolationLevel.READ_COMMITTED, False, True, False),
        (IsolationLevel.REPEATABLE_READ, False, False, False),
        (IsolationLevel.SERIALIZABLE, None, None, True),  # the other cannot write meanwhile
    ],
)
def test_isolation_levels(table, config, level, sees_uncommitted, sees_committed, locks_what_it_reads):
    insert(table, 1)
    other = MySQLBackend(connection_config=config.clone(init_command="SET innodb_lock_wait_timeout = 1"))
    with table.transaction_manager.transaction(isolation_level=level):
        assert numbers(table) == [1]
        other.begin_transaction()
        if locks_what_it_reads:
            with pytest.raises(LockTimeout):
                insert(other, 2)
            other.rollback_transaction()
        else:
            insert(other, 2)
            assert (numbers(table) == [1, 2]) is sees_uncommitted
            other.commit_transaction()
            assert (numbers(table) == [1, 2]) is sees_committed
    other.disconnect()
    with table.transaction():  # the level was for that one transaction
        assert table.transaction_manager.isolation_level is None
        before = numbers(table)
        MySQLBackend(connection_config=config).execute("INSERT INTO t VALUES (9)")
        assert numbers(table) == before


def test_a_read_only_transaction_refuses_writes(table):
    with pytest.raises(ReadOnlyServerError) as caught:
        with table.transaction_manager.transaction(mode=TransactionMode.READ_ONLY):
            assert numbers(table) == []
            insert(table, 1)
    assert caught.value.errno == 1792
    insert(table, 2)
    assert numbers(table) == [2]


def test_a_session_lost_in_a_transaction_is_an_error_until_it_is_rolled_back(table, admin):
    with pytest.raises(ConnectionLost):
        with table.transaction():
            insert(table, 1)
            admin.kill(table._connection.id)
            with pytest.raises(ConnectionLost):
                insert(table, 2)
            assert table.transaction_lost
            insert(table, 3)
    assert not table.in_transaction
    assert numbers(table) == []
    insert(table, 4)
    assert numbers(table) == [4]


def test_a_commit_on_a_lost_session_fails_and_nothing_of_it_stays(table, admin):
    table.begin_transaction()
    insert(table, 1)
    admin.kill(table._connection.id)
    with pytest.raises(TransactionError) as caught:
        table.commit_transaction()
    assert isinstance(caught.value, CommitUnknown if caught.value.errno != 2006 else TransactionLost)
    table.rollback_transaction()
    assert numbers(table) == []


def test_disconnect_in_a_transaction_rolls_back_and_opens_nothing(table, admin):
    table.begin_transaction()
    insert(table, 1)
    table.disconnect()
    assert table._connection is None and not table.in_transaction
    assert admin.sessions_become(0)
    assert numbers(table) == []
