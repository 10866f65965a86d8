"""F17: a lock wait timeout. The server undoes the statement only; the rest is rolled back before the error is told."""

import asyncio

import pytest
from rhosocial.activerecord.backend.options import BulkInsertOptions

from rhosocial.activerecord.backend.impl.mysqlclient.errors import LockTimeout, TransactionError

from .conftest import answering


@pytest.fixture
async def waiting(open, admin):
    """A backend that waits a second for locks, and a row that another session has locked."""
    admin.ask("CREATE TABLE t (id INT PRIMARY KEY, n INT NOT NULL) ENGINE=InnoDB")
    admin.ask("INSERT INTO t VALUES (1, 0), (2, 0)")
    admin.ask("SET SESSION TRANSACTION ISOLATION LEVEL READ UNCOMMITTED")
    admin.ask("BEGIN")
    admin.ask("UPDATE t SET n = 1 WHERE id = 1")
    yield lambda **options: open(init_command="SET innodb_lock_wait_timeout = 1", **options)
    admin.ask("ROLLBACK")


def wait_for_lock(backend):
    return backend.execute("UPDATE t SET n = 2 WHERE id = 1")


async def test_f17_all_is_rolled_back_before_the_error_is_told(waiting, admin):
    backend = waiting()
    session = await answering(backend)
    await backend.begin_transaction()
    await backend.execute("INSERT INTO t VALUES (9, 9)")
    assert admin.numbers("SELECT id FROM t WHERE id > 2") == [9]  # admin sees what is not committed
    with pytest.raises(LockTimeout) as caught:
        await wait_for_lock(backend)
    assert admin.numbers("SELECT id FROM t WHERE id > 2") == []
    assert caught.value.errno == 1205 and caught.value.is_retryable
    with pytest.raises(LockTimeout, match="roll it back"):
        await backend.execute("INSERT INTO t VALUES (10, 10)")
    with pytest.raises(TransactionError):
        await backend.commit_transaction()
    await backend.rollback_transaction()
    await backend.execute("INSERT INTO t VALUES (11, 11)")
    assert admin.numbers("SELECT id FROM t WHERE id > 2") == [11]
    assert await answering(backend) == session


async def test_f17_in_a_savepoint(waiting, admin):
    backend = waiting()
    with pytest.raises(LockTimeout):
        async with backend.transaction():
            await backend.execute("INSERT INTO t VALUES (9, 9)")
            async with backend.transaction():
                await wait_for_lock(backend)
    assert not backend.in_transaction
    assert admin.numbers("SELECT id FROM t WHERE id > 2") == []


async def test_f17_in_whichever_way_it_is_written(waiting, admin):
    backend = waiting()
    update = "UPDATE t SET n = %s WHERE id = %s"
    prepared = await backend.prepare(update)

    async def run_prepared(*params):
        result = prepared.execute(params)
        await result if asyncio.iscoroutine(result) else result

    bulk = BulkInsertOptions(table="t", columns=["id", "n"], rows=[(10, 0), (1, 0)])
    for write in (backend.execute_many(update, [(1, 9), (2, 1)]), run_prepared(2, 1), backend.bulk_insert(bulk)):
        await backend.begin_transaction()
        await backend.execute("INSERT INTO t VALUES (9, 9)")
        with pytest.raises(LockTimeout):
            await write
        with pytest.raises(LockTimeout):
            await run_prepared(3, 9)
        await backend.rollback_transaction()
    assert admin.numbers("SELECT id FROM t WHERE id > 2") == []


@pytest.mark.parametrize("autocommit", [True, False])
async def test_f17_outside_a_transaction_nothing_stays_locked(waiting, admin, autocommit):
    backend = waiting(autocommit=autocommit)
    with pytest.raises(LockTimeout):
        await backend.execute("UPDATE t SET n = n + 1 ORDER BY id DESC")
    admin.ask("SELECT * FROM t WHERE id = 2 FOR UPDATE NOWAIT")
    await backend.execute("INSERT INTO t VALUES (9, 9)")
    admin.ask("ROLLBACK")
    assert admin.numbers("SELECT id FROM t WHERE id > 2") == [9]


async def test_f17_run_again_when_the_lock_is_free(waiting, admin, side):
    backend = waiting()
    attempts = []

    def work():
        attempts.append(1)
        if len(attempts) == 2:
            admin.ask("ROLLBACK")
        return wait_for_lock(backend if side == "async" else backend._backend)

    async def asynchronously():
        return await work()

    await backend.run_transaction(asynchronously if side == "async" else work)
    assert len(attempts) == 2
    assert admin.numbers("SELECT n FROM t") == [2, 0]
