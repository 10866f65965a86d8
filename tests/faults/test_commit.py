"""F9: the connection is lost when a transaction is to be committed, begun or rolled back. Nothing is done twice."""

import MySQLdb
import pytest

from rhosocial.activerecord.backend.impl.mysqlclient.errors import (
    CommitUnknown,
    ConnectionLost,
    TransactionError,
    TransactionLost,
)
from rhosocial.activerecord.backend.impl.mysqlclient.login import is_libmariadb

from ..admin import eventually
from .conftest import answering
from .proxy import at_packet, cut, lose_answer, says

COMMIT = says(b"COMMIT")
INSERT = "INSERT INTO t VALUES (%s)"
# The error of a statement on a connection that has ended. libmysqlclient's blocking calls say of one that could not be
# written, too, that its answer was lost: less is known then, never more.
NOT_SENT = {"sync": 2006 if is_libmariadb(MySQLdb.get_client_info()) else 2013, "async": 2006}


@pytest.fixture
def numbers(admin):
    """What is in the table."""
    admin.ask("CREATE TABLE t (n INT PRIMARY KEY)")
    return lambda: admin.numbers("SELECT n FROM t ORDER BY n")


async def in_a_context(backend):
    async with backend.transaction():
        await backend.execute(INSERT, (1,))


async def by_calls(backend):
    await backend.begin_transaction()
    await backend.execute(INSERT, (1,))
    try:
        await backend.commit_transaction()
    finally:
        assert backend.transaction_lost
        with pytest.raises(ConnectionLost):  # not on another session
            await backend.execute(INSERT, (2,))
        await backend.rollback_transaction()


async def of_many(backend):
    await backend.execute_many("UPDATE t SET n = n + %s WHERE n > %s", [(1, 10), (1, 10)])
    raise AssertionError("not reached")


async def of_run_transaction(backend):
    calls = []

    async def write_asynchronously():
        calls.append(await backend.execute(INSERT, (1,)))

    def write():
        calls.append(backend.synchronous.execute(INSERT, (1,)))

    try:
        await backend.run_transaction(write if hasattr(backend, "synchronous") else write_asynchronously)
    finally:
        assert len(calls) == 1


async def without_autocommit(backend):
    await backend.execute(INSERT, (1,))


@pytest.mark.parametrize("reached", [False, True], ids=["before the server", "after it"])
@pytest.mark.parametrize("write", [in_a_context, by_calls, of_run_transaction, without_autocommit])
async def test_f09_lost_with_commit(open, admin, proxy, numbers, write, reached):
    backend = open(autocommit=write is not without_autocommit)
    before = await answering(backend)
    proxy.use(requests=lose_answer(COMMIT) if reached else at_packet(COMMIT, cut()))
    with pytest.raises(CommitUnknown) as caught:
        await write(backend)
    error = caught.value
    assert isinstance(error, TransactionError) and isinstance(error, ConnectionLost)
    assert (error.errno, error.is_disconnect, error.is_retryable) == (2013, True, False)
    assert error.__cause__ is not None and error.__cause__ is not error
    proxy.use()
    assert not backend.in_transaction
    assert await answering(backend) != before
    assert admin.sessions_become(1) and numbers() == ([1] if reached else [])


async def test_f09_lost_with_the_commit_of_many(backend, admin, proxy, numbers):
    await backend.execute(INSERT, (11,))
    proxy.use(requests=lose_answer(COMMIT))
    with pytest.raises(CommitUnknown):
        await of_many(backend)
    proxy.use()
    await answering(backend)
    assert admin.sessions_become(1) and numbers() == [13]


@pytest.mark.parametrize("reached", [False, True], ids=["before the server", "after it"])
async def test_f09_lost_with_the_commit_of_a_bulk_load(open, admin, proxy, numbers, reached):
    def commit(packet):  # not the new session's SET autocommit
        return COMMIT(packet) and not says(b"AUTOCOMMIT")(packet)

    backend = open(bulk_load=True)
    await answering(backend)
    proxy.use(requests=lose_answer(commit) if reached else at_packet(commit, cut()))
    with pytest.raises(CommitUnknown) as caught:
        await backend.bulk_load("t", ["n"], [(1,), (2,)])
    assert not caught.value.is_retryable
    proxy.use()
    await answering(backend)
    assert admin.sessions_become(1) and numbers() == ([1, 2] if reached else [])


@pytest.mark.parametrize("reached", [False, True], ids=["before the server", "after it"])
async def test_f09_lost_after_the_commit_of_updates(backend, admin, proxy, numbers, reached):
    """What is committed is told as such: only the temporary table was still to be dropped, and is with its session."""
    await backend.execute("ALTER TABLE t ADD COLUMN m INT")
    await backend.execute("INSERT INTO t VALUES (1, 1), (2, 2)")
    before = await answering(backend)
    drop = says(b"DROP TEMPORARY")
    proxy.use(requests=lose_answer(drop) if reached else at_packet(drop, cut()))
    assert (await backend.bulk_update_rows("t", ["n"], ["m"], [(1, 5), (2, 6)])).affected_rows == 2
    proxy.use()
    assert admin.numbers("SELECT m FROM t ORDER BY n") == [5, 6]
    assert await answering(backend) != before and admin.sessions_become(1)


async def test_f09_lost_with_the_drop_inside_a_transaction(backend, admin, proxy, numbers):
    await backend.execute("INSERT INTO t VALUES (1)")
    await backend.execute("ALTER TABLE t ADD COLUMN m INT")
    with pytest.raises(TransactionLost):
        async with backend.transaction():
            proxy.use(requests=at_packet(says(b"DROP TEMPORARY"), cut()))
            await backend.bulk_update_rows("t", ["n"], ["m"], [(1, 5)])
            with pytest.raises(ConnectionLost):
                await backend.execute(INSERT, (2,))
    proxy.use()
    assert numbers() == [1] and admin.numbers("SELECT m IS NULL FROM t") == [1]
    assert await answering(backend) and admin.sessions_become(1)


async def test_f09_lost_before_commit_is_known_to_be_undone(backend, side, admin, proxy, numbers):
    await backend.begin_transaction()
    await backend.execute(INSERT, (1,))
    proxy.cut()
    assert eventually(lambda: proxy.open == 0)
    with pytest.raises(TransactionLost if NOT_SENT[side] == 2006 else CommitUnknown) as caught:
        await backend.commit_transaction()
    assert (caught.value.errno, caught.value.is_disconnect) == (NOT_SENT[side], True)
    assert isinstance(caught.value, TransactionError)
    await backend.rollback_transaction()
    await answering(backend)
    assert admin.sessions_become(1) and numbers() == []


async def test_f09_lost_in_a_transaction_whose_user_goes_on(backend, admin, proxy, numbers):
    with pytest.raises(TransactionLost) as caught:
        async with backend.transaction():
            await backend.execute(INSERT, (1,))
            proxy.cut()
            for n in (2, 3):
                with pytest.raises(ConnectionLost):
                    await backend.execute(INSERT, (n,))
    assert caught.value.is_disconnect and "roll it back" in str(caught.value)
    await answering(backend)
    assert admin.sessions_become(1) and numbers() == []


async def test_f09_lost_with_begin(backend, proxy, numbers, trusted):
    await answering(backend)
    proxy.cut()
    with pytest.raises(TransactionLost) as caught:
        async with backend.transaction():
            raise AssertionError("not reached")
    assert caught.value.errno in (2006, 2013) and not backend.in_transaction
    await in_a_context(backend)
    assert numbers() == [1]


@pytest.mark.parametrize("statement", [b"ROLLBACK", b"ROLLBACK TO"])
async def test_f09_lost_with_rollback(backend, proxy, numbers, statement):
    """The server rolls back by itself, and the error is the one that led to it."""
    nested = statement == b"ROLLBACK TO"
    with pytest.raises(KeyError if not nested else ConnectionLost):
        async with backend.transaction():
            await backend.execute(INSERT, (1,))
            proxy.use(requests=at_packet(says(statement), cut()))
            if not nested:
                raise KeyError
            with pytest.raises(KeyError):
                async with backend.transaction():
                    await backend.execute(INSERT, (2,))
                    raise KeyError
            await backend.execute(INSERT, (3,))
    proxy.use()
    assert not backend.in_transaction and numbers() == []
    await in_a_context(backend)
    assert numbers() == [1]


@pytest.mark.parametrize("reached", [False, True], ids=["before the server", "after it"])
async def test_f09_an_autocommitted_statement(backend, admin, proxy, numbers, reached):
    """The client knows as much in both cases, and says so."""
    before = await answering(backend)
    proxy.use(requests=lose_answer(says(b"INSERT")) if reached else at_packet(says(b"INSERT"), cut()))
    with pytest.raises(ConnectionLost, match="was sent; outside a transaction it may be done") as caught:
        await backend.execute(INSERT, (1,))
    assert (caught.value.errno, caught.value.is_retryable) == (2013, False)
    proxy.use()
    assert await answering(backend) != before
    assert admin.sessions_become(1) and numbers() == ([1] if reached else [])


async def test_f09_a_statement_that_was_not_sent(backend, side, proxy, numbers, trusted):
    await answering(backend)
    proxy.cut()
    assert eventually(lambda: proxy.open == 0)
    with pytest.raises(ConnectionLost, match="was not sent" if NOT_SENT[side] == 2006 else "may be done") as caught:
        await backend.execute(INSERT, (1,))
    assert caught.value.errno == NOT_SENT[side] and numbers() == []
    await backend.execute(INSERT, (2,))
    assert numbers() == [2]
