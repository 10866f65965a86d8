"""Rows from asynchronous iterables: as from those of tests beside this one, and what only they can do."""

import asyncio
import logging
import tracemalloc

import pytest
import pytest_asyncio

from rhosocial.activerecord.backend.impl.mysqlclient import MySQLBackend
from rhosocial.activerecord.backend.impl.mysqlclient.errors import (
    IntegrityError,
    OperationalError,
    ParameterTypeError,
    ParameterValueError,
    TransactionError,
)

INSERT = "INSERT INTO t (name, n) VALUES (%s, %s)"
COUNT = 3000


class Stopped(Exception):
    pass


async def execute_many(backend, rows):
    return await backend.execute_many(INSERT, rows)


async def bulk_upsert(backend, rows):
    return await backend.bulk_upsert("t", ["name", "n"], rows)


async def bulk_load(backend, rows):
    return await backend.bulk_load("t", ["name", "n"], rows)


async def update_many(backend, rows):
    return await backend.execute_many("UPDATE t SET n = -n WHERE name = %s AND n = %s", rows)


async def bulk_update_rows(backend, rows):
    return await backend.bulk_update_rows("t", ["name"], ["n"], rows)


INSERTING = [execute_many, bulk_upsert, bulk_load]
ALL = [*INSERTING, update_many, bulk_update_rows]


def many(write):
    """In several statements; on MySQL each row of update_many is one."""
    return 600 if write is update_many else COUNT


class Rows:
    """An asynchronous generator of rows, and whether it was closed."""

    def __init__(self, count=COUNT, then=(), sleep=50, error=None):
        self.begun, self.closed = asyncio.Event(), False
        self.count, self.then, self.sleep, self.error = count, then, sleep, error

    async def __aiter__(self):
        try:
            for i in range(self.count):
                self.begun.set()
                if i % self.sleep == 0:
                    await asyncio.sleep(0)
                yield f"name {i}", i
            for row in self.then:
                yield row
            if self.error is not None:
                raise self.error
        finally:
            await asyncio.sleep(0)
            self.closed = True


@pytest_asyncio.fixture
async def backend(async_backend, config):
    async_backend.config = config.clone(bulk_load=True)
    async_backend.logger.setLevel(logging.CRITICAL)
    await async_backend.execute(
        "CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(20) NOT NULL UNIQUE, n INT)"
    )
    return async_backend


@pytest.fixture
def names(admin):
    """What others see of t: name -> n."""
    return lambda: {
        name.decode() if isinstance(name, bytes) else name: n and int(n)
        for name, n in admin.ask("SELECT name, n FROM t")
    }


def numbered(count=COUNT, sign=1):
    return {f"name {i}": sign * i for i in range(count)}


@pytest.mark.parametrize("count", [0, 1, 254, 255, 256, COUNT])
@pytest.mark.parametrize("write", INSERTING)
async def test_insert(backend, names, write, count):
    rows = Rows(count)
    result = await write(backend, rows)
    assert result.affected_rows == count and names() == numbered(count)
    assert result.last_insert_id == (1 if count else None)
    assert rows.closed and not backend.in_transaction


@pytest.mark.parametrize("write", [update_many, bulk_update_rows])
async def test_update(backend, names, write):
    count = many(write)
    await backend.execute_many(INSERT, [(f"name {i}", i if write is update_many else -i) for i in range(count)])
    result = await write(backend, Rows(count))
    assert result.affected_rows == count - 1 and names() == numbered(count, -1 if write is update_many else 1)


class Plain:
    """An asynchronous iterator that is no generator."""

    def __init__(self, rows):
        self._rows = iter(rows)

    def __aiter__(self):
        return self

    async def __anext__(self):
        for row in self._rows:
            return row
        raise StopAsyncIteration


@pytest.mark.parametrize("write", INSERTING)
async def test_an_iterator(backend, names, write):
    await write(backend, Plain(numbered().items()))
    assert names() == numbered()


@pytest.mark.parametrize("rows", [Plain([("a", 1)]), 7])
def test_a_synchronous_backend_reads_none(config, rows):
    backend = MySQLBackend(connection_config=config)
    with pytest.raises(Exception, match="is not iterable"):
        backend.execute_many(INSERT, rows)
    backend.disconnect()


@pytest.mark.parametrize("write", ALL)
@pytest.mark.parametrize("few", [True, False])
async def test_what_it_raises_comes_as_it_is_and_nothing_is_written(backend, names, write, few):
    before = {"other": 1}
    await backend.execute(INSERT, ("other", 1))
    rows = Rows(100 if few else many(write), error=Stopped("midway"))
    with pytest.raises(Stopped, match="midway"):
        await write(backend, rows)
    assert rows.closed and names() == before and not backend.in_transaction
    await write(backend, Rows(1))


@pytest.mark.parametrize(
    ("row", "error", "message"),
    [
        (("short",), ParameterValueError, "row {}"),
        (("bad", object()), ParameterTypeError, "row {}, parameter 2: cannot bind a object"),
        (7, ParameterTypeError, "row {}: parameters must be a list or tuple"),
    ],
)
@pytest.mark.parametrize("write", ALL)
async def test_errors_name_the_row_and_close_the_generator(backend, names, write, row, error, message):
    rows = Rows(many(write), then=[row, *[("after", 1)] * 1000])
    with pytest.raises(error, match=message.format(many(write) + 1)):
        await write(backend, rows)
    assert rows.closed and names() == {}


@pytest.mark.parametrize("write", INSERTING)
async def test_the_servers_errors_close_the_generator(backend, names, write):
    rows = Rows(then=[("name 7", None) if write is not bulk_upsert else (None, 1), *[("after", 1)] * 1000])
    with pytest.raises(IntegrityError):
        await write(backend, rows)
    assert rows.closed and names() == {}


async def test_inside_a_transaction_a_failed_call_undoes_its_own_rows(backend, names):
    async with backend.transaction():
        await backend.execute(INSERT, ("mine", 1))
        for error in (Stopped(), None):
            rows = Rows(error=error, then=() if error else [("name 7", 1)])
            with pytest.raises((Stopped, IntegrityError)):
                await backend.execute_many(INSERT, rows)
            assert rows.closed and backend.in_transaction
        await backend.execute_many(INSERT, Rows(300))
    assert names() == {"mine": 1, **numbered(300)}


@pytest.mark.parametrize("write", ALL)
@pytest.mark.parametrize("few", [True, False])
async def test_cancelled_while_rows_are_awaited(backend, names, admin, write, few):
    """The generator is where it waits for ever; it is cancelled there."""

    async def rows():
        nonlocal closed
        try:
            for i in range(10 if few else many(write)):
                yield f"name {i}", i
            waits.set()
            await asyncio.Event().wait()
        finally:
            closed = True

    waits, closed = asyncio.Event(), False
    task = asyncio.ensure_future(write(backend, rows()))
    await waits.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert closed and not backend.in_transaction
    assert admin.sessions_become(1) and names() == {}
    await write(backend, Rows(2))


@pytest.mark.parametrize("write", ALL)
async def test_cancelled_at_any_turn(backend, names, admin, write):
    for turns in (1, 2, 3, 5, 8, 20, 40):
        rows = Rows(many(write), sleep=20)
        task = asyncio.ensure_future(write(backend, rows))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert rows.closed or not rows.begun.is_set()
        assert names() == {}
    assert (await backend.fetch_one("SELECT COUNT(*) AS n FROM t"))["n"] == 0


@pytest.mark.parametrize("write", ALL)
async def test_other_tasks_have_their_turns_and_wait_for_the_batch(backend, names, write):
    rows = Rows(many(write), sleep=10)
    task = asyncio.ensure_future(write(backend, rows))
    await rows.begun.wait()
    seen = await backend.fetch_one("SELECT COUNT(*) AS n FROM t")
    assert task.done() or write is bulk_load
    await task
    assert seen["n"] == len(names()) or write is bulk_load


async def test_memory_does_not_grow_with_the_rows(backend):
    row = ("x" * 2000, None)
    await backend.execute("ALTER TABLE t MODIFY name VARCHAR(2000), DROP KEY name")

    async def rows(count):
        for _ in range(count):
            yield row

    for write in (execute_many, bulk_load):
        await write(backend, rows(1000))
        tracemalloc.start()
        try:
            await write(backend, rows(10_000))
            assert tracemalloc.get_traced_memory()[1] < 2_000_000  # the rows make 20 MB
        finally:
            tracemalloc.stop()


# -- rows that come from the batch's own backend --


async def by_statement(backend):
    await backend.fetch_one("SELECT 1 AS one")


async def in_a_task(backend):
    await asyncio.gather(backend.fetch_one("SELECT 1 AS one"))


async def by_another_batch(backend):
    await backend.execute_many(INSERT, [("inner", 1)])


async def by_a_transaction(backend):
    async with backend.transaction():
        await backend.execute(INSERT, ("inner", 1))


@pytest.mark.parametrize("use", [by_statement, in_a_task, by_another_batch, by_a_transaction])
@pytest.mark.parametrize("at", [0, 1, COUNT])
async def test_rows_that_use_the_batchs_backend_are_refused(backend, names, use, at):
    async def rows():
        for i in range(COUNT + 1):
            if i == at:
                await use(backend)
            yield f"name {i}", i

    with pytest.raises((OperationalError, TransactionError), match=r"the batch's own backend: .* stream\(\)"):
        await asyncio.wait_for(backend.execute_many(INSERT, rows()), 30)
    assert names() == {} and not backend.in_transaction
    await use(backend)
    await backend.execute_many(INSERT, Rows(300))
    assert len(names()) == 300 + (use in (by_another_batch, by_a_transaction))


async def test_a_task_that_outlives_the_batch_may_use_the_backend(backend):
    async def rows():
        later.append(asyncio.ensure_future(use_later()))
        yield "a", 1

    async def use_later():
        await done.wait()
        return await backend.fetch_one("SELECT n FROM t")

    later, done = [], asyncio.Event()
    await backend.execute_many(INSERT, rows())
    done.set()
    assert await later[0] == {"n": 1}


async def test_rows_by_the_backends_own_stream(backend, names):
    await backend.execute_many(INSERT, Rows())
    await backend.execute("CREATE TABLE copies (name VARCHAR(20) PRIMARY KEY, n INT)")
    for write in (
        lambda rows: backend.execute_many("INSERT INTO copies (name, n) VALUES (%s, %s)", rows),
        lambda rows: backend.bulk_load("copies", ["name", "n"], rows),
    ):
        await backend.execute("TRUNCATE TABLE copies")
        stream = backend.stream("SELECT name, n FROM t")
        result = await write(tuple(row.values()) async for row in stream)
        assert result.affected_rows == COUNT


async def test_rows_that_use_the_backend_in_bulk_load(backend, names):
    """It has a session of its own."""

    async def rows():
        for i in range(COUNT):
            if i % 500 == 0:
                await by_statement(backend)
            yield f"name {i}", i

    await backend.bulk_load("t", ["name", "n"], rows())
    assert names() == numbered()


async def test_bulk_load_reads_in_one_task(backend, names):
    """What a generator keeps of its task, as asyncio.timeout() does, is the same at every row."""

    async def rows():
        task = asyncio.current_task()
        try:
            for i in range(COUNT):
                assert asyncio.current_task() is task
                yield f"name {i}", i
        finally:
            assert asyncio.current_task() is task

    for write in (execute_many, bulk_load):
        await write(backend, rows())
        await backend.execute("DELETE FROM t")
    assert names() == {}
