"""F16: a deadlock. The whole transaction is undone, says so until it is rolled back, and can be run again."""

import asyncio
import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from rhosocial.activerecord.backend.transaction import TransactionMode

from rhosocial.activerecord.backend.impl.mysqlclient.errors import (
    CommitUnknown,
    DeadlockError,
    IntegrityError,
    OperationalError,
    TransactionError,
)

from ..admin import LONG
from .conftest import answering
from .proxy import at_packet, cut, says

# What the server says in a deadlock, without one.
DEADLOCK = "SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213"


@pytest.fixture
def table(admin):
    admin.ask("CREATE TABLE t (id INT PRIMARY KEY, n INT NOT NULL) ENGINE=InnoDB")
    admin.ask("INSERT INTO t VALUES (1, 0), (2, 0)")
    return admin


@pytest.fixture
def run_transaction(side):
    """backend.run_transaction with a coroutine function, on both sides."""

    async def run(backend, function, **options):
        if side == "async":
            return await backend.run_transaction(function, **options)
        loop = asyncio.get_running_loop()
        return await backend.run_transaction(
            lambda: asyncio.run_coroutine_threadsafe(function(), loop).result(), **options
        )

    return run


def add(backend, row):
    return backend.execute("UPDATE t SET n = n + 1 WHERE id = %s", (row,))


@contextlib.asynccontextmanager
async def about_to_deadlock(table, victim, winner):
    """Both have a row that the other wants; the server undoes who has written less."""
    await winner.begin_transaction()
    await winner.execute("INSERT INTO t VALUES (101, 0), (102, 0), (103, 0)")
    await add(winner, 1)
    await add(victim, 2)
    waiting = asyncio.create_task(winner.execute("UPDATE t SET n = n + 1 WHERE id = %s AND 'waiting' <> ''", (2,)))
    assert await table.begins("waiting")
    try:
        yield
    finally:
        await waiting
        await winner.commit_transaction()


async def assert_as_before(backend):
    assert not backend.in_transaction
    await answering(backend)
    assert (await backend.execute("SELECT n FROM t WHERE id IN (1, 2) ORDER BY id")).data == [{"n": 1}, {"n": 1}]


async def test_f16_nothing_of_it_is_left_and_nothing_can_be_added_to_it(open, table):
    victim, winner = open(), open()
    await victim.begin_transaction()
    await victim.execute("INSERT INTO t VALUES (9, 9)")
    async with about_to_deadlock(table, victim, winner):
        with pytest.raises(DeadlockError) as caught:
            await add(victim, 1)
    assert (caught.value.errno, caught.value.sqlstate, caught.value.is_retryable) == (1213, "40001", True)
    # the server would commit these at once
    for statement in ("INSERT INTO t VALUES (10, 0)", "SELECT 1"):
        with pytest.raises(DeadlockError, match="roll it back and run it again") as refused:
            await victim.execute(statement)
        assert refused.value.errno == 1213 and refused.value.is_retryable
    with pytest.raises(DeadlockError):
        await victim.execute_many("INSERT INTO t VALUES (%s, %s)", [(11, 0), (12, 0)])
    with pytest.raises(TransactionError):
        await victim.commit_transaction()
    assert victim.in_transaction
    await victim.rollback_transaction()
    await assert_as_before(victim)
    assert table.numbers("SELECT id FROM t WHERE id BETWEEN 9 AND 99") == []


async def test_f16_a_savepoint_does_not_hide_it(open, table):
    victim, winner = open(), open()
    before = (await victim.execute("SELECT CONNECTION_ID() AS id")).data
    with pytest.raises(DeadlockError) as caught:
        async with victim.transaction():
            async with victim.transaction():
                async with about_to_deadlock(table, victim, winner):
                    await add(victim, 1)
    assert caught.value.errno == 1213
    await assert_as_before(victim)
    assert (await victim.execute("SELECT CONNECTION_ID() AS id")).data == before


async def test_f16_swallowed_inside_it_is_told_outside(open, table):
    victim, winner = open(), open()
    with pytest.raises(TransactionError) as caught:
        async with victim.transaction():
            await victim.execute("INSERT INTO t VALUES (9, 9)")
            with contextlib.suppress(DeadlockError):
                async with victim.transaction(), about_to_deadlock(table, victim, winner):
                    await add(victim, 1)
    assert isinstance(caught.value.__cause__, DeadlockError)
    await assert_as_before(victim)
    assert table.numbers("SELECT id FROM t WHERE id = 9") == []


USERS = 8  # each with a partner: 0 and 1, 2 and 3, ...
ADD = "UPDATE t SET n = n + 1 WHERE id = %s"


async def in_tasks(backends, attempts):
    all_are_there, there = asyncio.Event(), set()

    async def user(number, backend):
        async def work():
            attempts.append(number)
            await backend.execute(ADD, (number,))
            there.add(number)
            if len(there) == USERS:
                all_are_there.set()
            await all_are_there.wait()
            async with backend.transaction():
                await backend.execute(ADD, (number ^ 1,))
            return number

        return await backend.run_transaction(work)

    return await asyncio.gather(*map(user, range(USERS), backends))


def in_threads(backends, attempts):
    all_are_there = threading.Barrier(USERS)

    def user(number, backend):
        def work():
            attempts.append(number)
            backend.execute(ADD, (number,))
            if attempts.count(number) == 1:
                all_are_there.wait(LONG)
            with backend.transaction():
                backend.execute(ADD, (number ^ 1,))
            return number

        return backend.run_transaction(work)

    with ThreadPoolExecutor(USERS) as threads:
        return list(threads.map(user, range(USERS), backends))


async def test_f16_all_transactions_are_done_when_run_again(open, table, side):
    """Four real deadlocks at once, each in a savepoint: one of each pair is undone, and done after the other."""
    table.ask(f"REPLACE INTO t VALUES {', '.join(f'({i}, 0)' for i in range(USERS))}")
    backends, attempts = [open() for _ in range(USERS)], []
    if side == "async":
        done = await in_tasks(backends, attempts)
    else:
        done = await asyncio.to_thread(in_threads, [backend.synchronous for backend in backends], attempts)
    assert done == list(range(USERS))
    assert table.numbers("SELECT n FROM t") == [2] * USERS
    assert sorted(attempts.count(i) + attempts.count(i ^ 1) for i in range(USERS)) == [3] * USERS
    for backend in backends:
        await answering(backend)
    assert table.sessions_become(USERS)


@pytest.fixture
def attempts(table, open, run_transaction):
    """Runs a statement in run_transaction: the error, if any, and how often it was run."""
    backend = open()

    async def attempt(statement, heal_after=99, **options):
        rows = []

        async def work():
            rows.append(len(rows))
            await backend.execute("INSERT INTO t VALUES (9, %s)", (len(rows),))
            if len(rows) <= heal_after:
                await backend.execute(statement)

        error = None
        try:
            await run_transaction(backend, work, **options)
        except Exception as raised:
            error = raised
        assert not backend.in_transaction
        await backend.execute("SELECT 1")
        return error, len(rows)

    return attempt


@pytest.mark.parametrize("retries", [0, 2])
async def test_f16_the_retries_are_bounded(attempts, table, retries):
    error, times = await attempts(DEADLOCK, retries=retries)
    assert isinstance(error, DeadlockError) and times == retries + 1
    assert table.numbers("SELECT n FROM t WHERE id = 9") == []


async def test_f16_no_half_of_an_earlier_attempt_stays(attempts, table):
    assert await attempts(DEADLOCK, heal_after=2) == (None, 3)
    assert table.numbers("SELECT n FROM t WHERE id = 9") == [3]


async def test_f16_only_retryable_errors_are_run_again(attempts, table):
    error, times = await attempts("INSERT INTO t VALUES (1, 1)")
    assert isinstance(error, IntegrityError) and times == 1
    assert table.numbers("SELECT n FROM t WHERE id = 9") == []


async def test_f16_an_exception_of_the_functions_own_is_raised_as_it_is(table, backend, run_transaction):
    calls = []

    async def work():
        calls.append(await backend.execute("INSERT INTO t VALUES (9, 9)"))
        try:
            await backend.execute(DEADLOCK)
        except DeadlockError as error:
            raise KeyError("own") from error

    with pytest.raises(KeyError, match="own") as caught:
        await run_transaction(backend, work)
    assert isinstance(caught.value.__cause__, DeadlockError) and len(calls) == 1
    assert not backend.in_transaction and table.numbers("SELECT n FROM t WHERE id = 9") == []
    await answering(backend)


async def test_f16_the_pauses_are_random_and_bounded(backend):
    pauses = [list(getattr(backend, "synchronous", backend)._pauses(20)) for _ in range(200)]
    longest = [max(column) for column in zip(*pauses)]
    bounds = [min(2.0, 0.05 * 2**i) for i in range(20)]
    assert all(bound / 2 < found <= bound for found, bound in zip(longest, bounds, strict=True))
    assert min(map(min, pauses)) >= 0 and len({pause for row in pauses for pause in row}) == 4000


async def test_f16_an_unknown_commit_is_not_run_again(attempts, proxy):
    proxy.use(requests=at_packet(lambda packet: packet[4:5] == b"\x03" and packet.endswith(b"COMMIT"), cut()))
    error, times = await attempts("DO 0")
    assert isinstance(error, CommitUnknown) and times == 1


async def test_f16_a_lost_session_is_not_run_again(attempts, proxy):
    proxy.use(requests=at_packet(says(b"DO 0"), cut()))
    error, times = await attempts("DO 0")
    assert error.is_disconnect and times == 1


async def test_f16_only_the_outermost_transaction_can_be_run_again(backend, run_transaction):
    async def never():
        raise AssertionError

    async with backend.transaction():
        with pytest.raises(TransactionError, match="outermost"):
            await run_transaction(backend, never)
    with pytest.raises(ValueError, match="retries"):
        await run_transaction(backend, never, retries=-1)


async def test_f16_isolation_level_and_mode_are_those_asked_for(table, backend, run_transaction):
    async def write():
        await backend.execute("INSERT INTO t VALUES (9, 9)")

    with pytest.raises(OperationalError) as caught:
        await run_transaction(backend, write, mode=TransactionMode.READ_ONLY)
    assert caught.value.errno == 1792
