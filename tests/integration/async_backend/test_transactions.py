"""AsyncMySQLTransactionManager: levels, modes, savepoints, events, and whose transaction it is."""

import asyncio
import warnings

import pytest
from rhosocial.activerecord.backend.errors import IsolationLevelError, TransactionError
from rhosocial.activerecord.backend.transaction import (
    IsolationLevel,
    TransactionEvent,
    TransactionMode,
    TransactionState,
)

from rhosocial.activerecord.backend.impl.mysqlclient import AsyncMySQLTransactionManager
from rhosocial.activerecord.backend.impl.mysqlclient.errors import ReadOnlyServerError


@pytest.fixture
async def insert(backend):
    await backend.execute("CREATE TABLE t (id INT PRIMARY KEY)")
    return lambda i: backend.execute("INSERT INTO t (id) VALUES (%s)", (i,))


async def ids(backend):
    return [row["id"] for row in (await backend.execute("SELECT id FROM t ORDER BY id")).data]


async def current_level(backend, known):
    """The isolation level of the open transaction, which is none of the known ones: InnoDB tells of those that were
    there when anybody asked last, unless that is a tenth of a second ago."""
    await backend.execute("INSERT INTO t (id) VALUES (%s)", (100 + len(known),))
    while True:
        rows = await backend.execute(
            "SELECT trx_id, trx_isolation_level AS level FROM information_schema.innodb_trx"
            " WHERE trx_mysql_thread_id = CONNECTION_ID()"
        )
        for row in rows.data:
            if row["trx_id"] not in known:
                known.add(row["trx_id"])
                return row["level"]
        await asyncio.sleep(0.15)


async def test_the_manager(backend):
    assert isinstance(backend.transaction_manager, AsyncMySQLTransactionManager)
    assert backend.transaction_manager is backend.transaction_manager


async def test_commit_and_rollback(backend, insert, admin):
    async with backend.transaction():
        await insert(1)
        assert backend.in_transaction
        assert admin.number("SELECT COUNT(*) FROM t") == 0
    assert admin.number("SELECT COUNT(*) FROM t") == 1
    with pytest.raises(ZeroDivisionError):
        async with backend.transaction():
            await insert(2)
            raise ZeroDivisionError
    assert await ids(backend) == [1]
    assert not backend.in_transaction


@pytest.mark.parametrize("level", IsolationLevel)
async def test_isolation_levels(backend, insert, level):
    known = set()
    async with backend.transaction_manager.transaction(isolation_level=level):
        assert await current_level(backend, known) == level.name.replace("_", " ")
    async with backend.transaction():
        assert await current_level(backend, known) == "REPEATABLE READ"


async def test_an_isolation_level_is_not_taken_by_a_neighbours_statement(backend, insert):
    """SET TRANSACTION is for the next transaction, and an autocommitted statement is one."""
    await insert(1)
    backend.transaction_manager.isolation_level = IsolationLevel.SERIALIZABLE
    await asyncio.gather(backend.begin_transaction(), *(backend.execute("SELECT 1") for _ in range(10)))
    assert await current_level(backend, set()) == "SERIALIZABLE"
    await backend.rollback_transaction()


async def test_the_level_cannot_change_within(backend):
    async with backend.transaction():
        with pytest.raises(IsolationLevelError):
            backend.transaction_manager.isolation_level = IsolationLevel.SERIALIZABLE


async def test_read_only(backend, insert):
    with pytest.raises(ReadOnlyServerError) as caught:
        async with backend.transaction_manager.transaction(mode=TransactionMode.READ_ONLY):
            assert await ids(backend) == []
            await insert(1)
    assert caught.value.errno == 1792
    await insert(2)
    assert await ids(backend) == [2]


async def test_nested(backend, insert):
    async with backend.transaction():
        await insert(1)
        with pytest.raises(ZeroDivisionError):
            async with backend.transaction():
                await insert(2)
                async with backend.transaction():
                    await insert(3)
                raise ZeroDivisionError
        async with backend.transaction():
            await insert(4)
        assert backend.transaction_manager.transaction_level == 1
    assert await ids(backend) == [1, 4]


async def test_savepoints(backend, insert):
    manager = backend.transaction_manager
    async with backend.transaction():
        await insert(1)
        first = await manager.savepoint()
        await insert(2)
        second = await manager.savepoint("mine")
        await insert(3)
        await manager.rollback_to(second)
        await manager.release(second)
        await manager.rollback_to(first)
        await insert(4)
        with pytest.raises(TransactionError):
            await manager.release("mine")
    assert await ids(backend) == [1, 4]
    assert await manager.supports_savepoint()


async def test_outside_of_any(backend):
    for step in (backend.commit_transaction, backend.rollback_transaction, backend.transaction_manager.savepoint):
        with pytest.raises(TransactionError):
            await step()


async def test_events(backend, insert):
    seen = []

    async def awaited(manager, **_):
        await asyncio.sleep(0)
        seen.append((len(seen), await ids(backend) if manager.is_active else None))

    events = list(TransactionEvent)
    for event in events:
        backend.transaction_manager.on(event, lambda manager, event=event, **_: seen.append(event))
    backend.transaction_manager.on(TransactionEvent.AFTER_COMMIT, awaited)
    async with backend.transaction():
        await insert(1)
    with pytest.raises(ZeroDivisionError):
        async with backend.transaction():
            raise ZeroDivisionError
    assert [event for event in seen if event in events] == [
        TransactionEvent.BEFORE_COMMIT,
        TransactionEvent.AFTER_COMMIT,
        TransactionEvent.BEFORE_ROLLBACK,
        TransactionEvent.AFTER_ROLLBACK,
    ]
    assert len(seen) == 5


async def test_a_handler_that_fails_before_commit_rolls_back(backend, insert):
    def refuse(manager, **_):
        raise ZeroDivisionError

    backend.transaction_manager.on(TransactionEvent.BEFORE_COMMIT, refuse)
    with pytest.raises(TransactionError):
        async with backend.transaction():
            await insert(1)
    assert await ids(backend) == []
    assert not backend.in_transaction


async def test_another_task_within_is_warned_of(backend, insert):
    async def other():
        async with backend.transaction():
            pass

    async with backend.transaction():
        with pytest.warns(UserWarning, match="different async task"):
            await asyncio.create_task(other())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        await asyncio.create_task(other())


async def test_disconnect_ends_it(backend, insert, admin):
    await backend.begin_transaction()
    await insert(1)
    await backend.disconnect()
    assert not backend.in_transaction
    assert backend.transaction_manager.state is TransactionState.INACTIVE
    await insert(2)
    assert admin.number("SELECT COUNT(*) FROM t") == 1
