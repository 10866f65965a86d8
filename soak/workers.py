"""64 threads, or 500 tasks, over a pool of 8: the same operations, done and written down."""

import asyncio
import itertools
import random
import threading
import time
from typing import Any, ClassVar

from ledger import DONE, CrossTalk, GivenUp, Ledger, fate
from operations import Operation, Step, operations
from rhosocial.activerecord.backend.errors import DatabaseError
from rhosocial.activerecord.model import ActiveRecord, AsyncActiveRecord

from rhosocial.activerecord.backend.impl.mysqlclient import AsyncMySQLBackend, MySQLBackend, MySQLConnectionConfig
from rhosocial.activerecord.backend.impl.mysqlclient.records import AsyncFastLoadMixin, FastLoadMixin

THREADS, TASKS = 64, 500
STREAMED = 10
_EXPECTED = (DatabaseError, TimeoutError, GivenUp)
# An impatient task gives up on its operation after a random time, one operation in so many.
_ONE_IN, _PATIENCE = 50, 0.05


class Entry(FastLoadMixin, ActiveRecord):
    __table_name__: ClassVar[str] = "ledger"
    __primary_key__: ClassVar[str] = "id"
    id: int | None = None
    op: int
    part: int


class AsyncEntry(AsyncFastLoadMixin, AsyncActiveRecord):
    __table_name__: ClassVar[str] = "ledger"
    __primary_key__: ClassVar[str] = "id"
    id: int | None = None
    op: int
    part: int


def _model(base: Any, backend: Any) -> Any:
    """A model of the worker's own, on its backend."""
    model = type(base.__name__, (base,), {"__module__": __name__})
    model.__backend__ = backend
    return model


def _checked(step: Step, rows: Any) -> None:
    if step.check is not None and not step.check(rows):
        raise CrossTalk(f"{step.sql} with {step.params} got {rows!r}"[:500])


def _write(ledger: Ledger, op: int, operation: Operation, error: BaseException | None) -> None:
    outcome = DONE if error is None else fate(error, operation.transaction)
    ledger.write(op, operation.parts, outcome, error)


# -- threads --


def _do_steps(backend: MySQLBackend, operation: Operation) -> None:
    for step in operation.steps:
        if step.many:
            backend.execute_many(step.sql, step.params)
        else:
            _checked(step, backend.execute(step.sql, step.params).data)
    if operation.fails:
        raise GivenUp


def _do(backend: MySQLBackend, model: type[Entry], op: int, operation: Operation) -> None:
    with backend.context():
        if operation.model:
            model(op=op, part=0).save()
        elif operation.streams:
            step = operation.steps[0]
            _checked(step, list(itertools.islice(backend.stream(step.sql, step.params, batch_size=5), STREAMED)))
        elif operation.transaction:
            with backend.transaction():
                _do_steps(backend, operation)
        else:
            _do_steps(backend, operation)


def _work(config: MySQLConnectionConfig, worker: int, seed: int, ledger: Ledger, until: float) -> None:
    backend = MySQLBackend(connection_config=config)
    model = _model(Entry, backend)
    for op, operation in operations(worker, THREADS, seed):
        if time.monotonic() > until:
            return
        error: BaseException | None = None
        try:
            _do(backend, model, op, operation)
        except _EXPECTED as failure:
            error = failure
        except BaseException as failure:
            _write(ledger, op, operation, failure)
            raise
        _write(ledger, op, operation, error)


def run_threads(config: MySQLConnectionConfig, seed: int, ledger: Ledger, seconds: float) -> None:
    until = time.monotonic() + seconds
    threads = [
        threading.Thread(target=_work, args=(config, worker, seed, ledger, until), name=f"worker {worker}")
        for worker in range(THREADS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# -- tasks --


async def _do_steps_async(backend: AsyncMySQLBackend, operation: Operation) -> None:
    for step in operation.steps:
        if step.many:
            await backend.execute_many(step.sql, step.params)
        else:
            _checked(step, (await backend.execute(step.sql, step.params)).data)
    if operation.fails:
        raise GivenUp


async def _stream_async(backend: AsyncMySQLBackend, step: Step) -> None:
    rows: list[Any] = []
    async for row in backend.stream(step.sql, step.params, batch_size=5):
        rows.append(row)
        if len(rows) == STREAMED:
            break
    _checked(step, rows)


async def _do_async(backend: AsyncMySQLBackend, model: type[AsyncEntry], op: int, operation: Operation) -> None:
    async with backend.context():
        if operation.model:
            await model(op=op, part=0).save()
        elif operation.streams:
            await _stream_async(backend, operation.steps[0])
        elif operation.transaction:
            async with backend.transaction():
                await _do_steps_async(backend, operation)
        else:
            await _do_steps_async(backend, operation)


async def _work_async(config: MySQLConnectionConfig, worker: int, seed: int, ledger: Ledger, until: float) -> None:
    backend = AsyncMySQLBackend(connection_config=config)
    model = _model(AsyncEntry, backend)
    dice = random.Random(seed + worker)
    for op, operation in operations(worker, TASKS, seed):
        if time.monotonic() > until:
            return
        error: BaseException | None = None
        patience = dice.uniform(0, _PATIENCE) if dice.randrange(_ONE_IN) == 0 else None
        doing = asyncio.ensure_future(_do_async(backend, model, op, operation))
        try:
            await asyncio.wait({doing}, timeout=patience)
            doing.cancel()
            await doing
        except (*_EXPECTED, asyncio.CancelledError) as failure:
            error = failure
        except BaseException as failure:
            _write(ledger, op, operation, failure)
            raise
        _write(ledger, op, operation, error)


async def _tasks(config: MySQLConnectionConfig, seed: int, ledger: Ledger, seconds: float) -> None:
    until = time.monotonic() + seconds
    await asyncio.gather(*(_work_async(config, worker, seed, ledger, until) for worker in range(TASKS)))


def run_tasks(config: MySQLConnectionConfig, seed: int, ledger: Ledger, seconds: float) -> None:
    asyncio.run(_tasks(config, seed, ledger, seconds))
