"""F20: Ctrl-C, or another exception out of a signal handler, at any moment: the session is in step or gone.

What is done next works, sees nothing of the statement that was interrupted, and is in no transaction that nobody
knows of; a transaction's rows are all there or none is.
"""

import asyncio
import gc
import inspect
import linecache
import signal
import sys
import threading
import time
from pathlib import Path

import pytest
from rhosocial.activerecord.backend.errors import DatabaseError
from rhosocial.activerecord.backend.options import BulkInsertOptions

from rhosocial.activerecord.backend import transaction as core_transaction
from rhosocial.activerecord.backend.impl import mysqlclient
from rhosocial.activerecord.backend.impl.mysqlclient import AsyncMySQLBackend, MySQLBackend, MySQLConnectionConfig
from rhosocial.activerecord.backend.impl.mysqlclient.errors import LockTimeout

from ..admin import LONG, eventually
from . import test_f21_cancellation as tasks
from .proxy import answer_to, passing, says

PACKAGE = str(Path(mysqlclient.__file__).parent)
TRACED = (PACKAGE, core_transaction.__file__)
RESUMED = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
FINALIZERS = {"__del__", "_lose"}  # what is raised in them goes nowhere
NUMBERS = "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 300)"


@pytest.fixture
def backend(server, database, admin):
    backend = MySQLBackend(connection_config=MySQLConnectionConfig(**server.connect_kwargs(), database=database))
    admin.ask("CREATE TABLE t (run INT, n INT, INDEX (run)) ENGINE=InnoDB")
    yield backend
    backend.disconnect()
    assert admin.sessions_become(0)


def insert(backend, run, n):
    backend.execute("INSERT INTO t VALUES (%s, %s)", (run, n))


def in_a_transaction(backend, run):
    with backend.transaction():
        insert(backend, run, 1)
        with backend.transaction():
            insert(backend, run, 2)
        insert(backend, run, 3)


def rolled_back(backend, run):
    try:
        with backend.transaction():
            insert(backend, run, 1)
            with backend.transaction():
                insert(backend, run, 2)
                raise LookupError
    except LookupError:
        return


def in_one_call(backend, run):
    backend.bulk_insert(BulkInsertOptions(table="t", columns=["run", "n"], rows=[(run, n) for n in (1, 2, 3)]))


def by_execute_many(backend, run):
    backend.execute_many("INSERT INTO t VALUES (%s, %s)", [(run, n) for n in (1, 2, 3)])


def again(backend, run):
    backend.run_transaction(lambda: in_one_call(backend, run))


class Refusing:
    def from_database(self, value, target_type, options=None):
        raise ValueError("refused")


def failing(backend, run):
    """The server refuses at once, after a result, and we in the middle of one."""
    for sql in ("SELECT nothing", "CALL failing()", f"{NUMBERS} SELECT a.i AS refused FROM n a, n b"):
        try:
            backend.execute(sql, column_adapters={"refused": (Refusing(), int)})
        except DatabaseError:
            continue


def undone(backend, run):
    try:
        with backend.transaction():
            insert(backend, run, 1)
            backend.execute("SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1205")
    except LockTimeout:
        return


def reading(backend, run):
    assert backend.fetch_all("SELECT %s AS stale UNION ALL SELECT 2", (run,)) == [{"stale": run}, {"stale": 2}]
    backend.execute("CALL working()")


def streaming(backend, run):
    assert [row["i"] for row in backend.stream(f"{NUMBERS} SELECT i FROM n", batch_size=100)][-1] == 300


def prepared(backend, run):
    with backend.prepare("SELECT %s AS stale") as statement:
        assert statement.execute((run,)).data == [{"stale": run}]


WORK = [
    in_a_transaction,
    rolled_back,
    in_one_call,
    by_execute_many,
    again,
    undone,
    failing,
    reading,
    streaming,
    prepared,
]


class Interrupt:
    """Raises KeyboardInterrupt at the n-th line of ours or of core's transactions that is run in the block."""

    def __init__(self, at=None):
        self._at = at
        self.lines = []

    def __enter__(self):
        sys.settrace(self._called)
        return self

    def __exit__(self, kind, error, traceback):
        sys.settrace(None)
        return kind is KeyboardInterrupt

    def _called(self, frame, event, argument):
        if not frame.f_code.co_filename.startswith(TRACED) or frame.f_code.co_name in FINALIZERS:
            return None
        entered = set()

        def line(frame, event, argument):
            if event != "line" or self._no_moment(frame, entered):
                return line
            self.lines.append((Path(frame.f_code.co_filename).name, frame.f_lineno, frame.f_code.co_name))
            if len(self.lines) == self._at:
                sys.settrace(None)
                raise KeyboardInterrupt
            return line

        return line

    @staticmethod
    def _no_moment(frame, entered):
        """CPython looks for no signals at a try (a NOP), nor between the end of a with block and what leaves it. At the
        end of an async with block it may, before asyncio.Lock.__aexit__ runs; only asyncio could help that."""
        line = frame.f_lineno
        text = linecache.getline(frame.f_code.co_filename, line).strip()
        if text.startswith(("with ", "async with ")):
            left = line in entered or frame.f_code.co_flags & RESUMED  # then it may be either
            entered.symmetric_difference_update({line})
            return left
        return text == "try:"


def moments(lines):
    """The first and the last time that each line is run."""
    first = {line: i for i, line in reversed(list(enumerate(lines, 1)))}
    last = {line: i for i, line in enumerate(lines, 1)}
    return sorted({*first.values(), *last.values()})


@pytest.mark.parametrize("work", WORK)
def test_f20_at_every_line(backend, admin, work):
    admin.ask("CREATE PROCEDURE failing() BEGIN SELECT 1 AS stale; SELECT nothing; END")
    admin.ask("CREATE PROCEDURE working() BEGIN SELECT 1 AS stale; SELECT 2 AS stale; END")
    work(backend, 0)
    with Interrupt() as uninterrupted:
        work(backend, 0)
    failures = []
    for line in moments(uninterrupted.lines):
        with Interrupt(line) as interrupt:
            work(backend, line)
        try:
            assert not backend.in_transaction, "in a transaction"
            assert backend.fetch_all("SELECT %s AS tag", (line,)) == [{"tag": line}], "another's rows"
            insert(backend, -line, 0)
            assert admin.number(f"SELECT COUNT(*) FROM t WHERE run = {-line}") == 1, "not committed"
            assert admin.number(f"SELECT COUNT(*) FROM t WHERE run = {line}") in (0, 3), "half"
        except Exception as error:
            failures.append((interrupt.lines[-1:], f"{type(error).__name__} {error}"))
            backend.disconnect()
            sys.settrace(None)
    assert len(uninterrupted.lines) > 50
    assert failures == []


def test_f20_at_every_line_the_pool_gets_its_session_back(pooled, admin):
    def work():
        with pooled.get_connection(timeout=LONG) as connection:
            with connection.transaction():
                insert(connection, 1, 1)
                insert(connection, 1, 2)

    work()
    with Interrupt() as uninterrupted:
        work()
    failures = []
    for line in moments(uninterrupted.lines):
        with Interrupt(line) as interrupt:
            work()
        if pooled.pool.stats().in_use:  # what was interrupted between the pool and its user is collected
            gc.collect()
        statistics = pooled.pool.stats()
        if statistics.in_use or statistics.size > 2:
            failures.append((interrupt.lines[-1], statistics))
    assert failures == []
    with pooled.get_connection(timeout=LONG) as one, pooled.get_connection(timeout=LONG) as two:
        assert one.fetch_one("SELECT 1 AS n") == two.fetch_one("SELECT 1 AS n") == {"n": 1}
    assert admin.number("SELECT COUNT(*) FROM t") % 2 == 0


@pytest.fixture
def pooled(backend):
    pooled = MySQLBackend(connection_config=backend.config.clone(pool_size=2, pool_name="f20"))
    yield pooled
    pooled.disconnect()
    pooled.pool.close()


@pytest.fixture
def interrupt():
    """Raises KeyboardInterrupt in the main thread, by a signal."""

    def raising(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, raising)
    yield lambda: signal.pthread_kill(threading.main_thread().ident, signal.SIGALRM)
    signal.signal(signal.SIGALRM, before)


def session_id(backend):
    return backend.fetch_one("SELECT CONNECTION_ID() AS id")["id"]


WAITING = "GET_LOCK(DATABASE(), 60)"  # somebody else has it


@pytest.mark.parametrize("options", [{}, {"pool_size": 2}], ids=["backend", "pooled"])
@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT {WAITING} AS stale",
        f"{NUMBERS} SELECT 'stale' AS stale, IF(a.i = 3 AND b.i = 300, {WAITING}, 0) AS s FROM n a, n b WHERE a.i < 4",
    ],
    ids=["query", "fetch"],
)
def test_f20_by_a_signal(connect, interrupt, admin, database, options, sql):
    backend = connect(**options)
    before = session_id(backend)
    admin.ask(f"DO GET_LOCK('{database}', 0)")

    def work():
        if eventually(lambda: admin.runs("stale")):
            time.sleep(0.1)  # it may have sent some rows
            interrupt()
            admin.ask(f"DO RELEASE_LOCK('{database}')")

    thread = threading.Thread(target=work)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        backend.fetch_all(sql)
    thread.join()
    assert backend.fetch_all("SELECT 'mine' AS tag") == [{"tag": "mine"}]
    assert session_id(backend) != before
    assert admin.sessions_become(1)


@pytest.mark.parametrize("options", [{}, {"pool_size": 2}], ids=["backend", "pooled"])
def test_f20_by_a_signal_in_commit(connect, proxy, interrupt, admin, options):
    """The answer comes, too late."""
    backend = connect(**options)
    admin.ask("CREATE TABLE t (run INT, n INT) ENGINE=InnoDB")
    before = session_id(backend)

    async def interrupting(flow, data):
        flow.set(passing)
        interrupt()
        await flow.send(data)

    proxy.use(requests=answer_to(says(b"COMMIT"), interrupting))
    with pytest.raises(KeyboardInterrupt):
        with backend.transaction():
            insert(backend, 1, 1)
    proxy.use()
    assert not backend.in_transaction
    assert session_id(backend) != before
    insert(backend, 2, 1)
    assert admin.numbers("SELECT run FROM t ORDER BY run") == [1, 2]
    assert admin.sessions_become(1)


@pytest.fixture
def asynchronous(server, database, admin):
    backend = AsyncMySQLBackend(connection_config=MySQLConnectionConfig(**server.connect_kwargs(), database=database))
    admin.ask("CREATE TABLE t (run INT, n INT) ENGINE=InnoDB")
    yield backend
    asyncio.run(backend.disconnect())
    assert admin.sessions_become(0)


async def streaming_in_a_task(backend, run):
    async with backend.stream(f"{NUMBERS} SELECT i FROM n", batch_size=100) as stream:
        assert [row["i"] async for row in stream][-1] == 300


# core keeps the task as the owner where it is interrupted before its try
@pytest.mark.filterwarnings("ignore:Shared async backend instance detected")
@pytest.mark.parametrize(
    "work", [tasks.again, tasks.rolled_back, tasks.by_execute_many, tasks.prepared, streaming_in_a_task]
)
def test_f20_at_every_line_of_a_task(asynchronous, admin, work):
    """It comes out of the loop, which is closed then; the backend is used in another."""
    asyncio.run(work(asynchronous, 0))
    with Interrupt() as uninterrupted:
        asyncio.run(work(asynchronous, 0))
    failures = []
    for line in sorted({uninterrupted.lines.index(line) + 1 for line in set(uninterrupted.lines)}):
        try:
            with Interrupt(line) as interrupt:
                asyncio.run(work(asynchronous, line))
            asyncio.run(tasks.assert_sound(asynchronous, admin, line))
        except Exception as error:
            failures.append((interrupt.lines[-1:], f"{type(error).__name__} {error}"))
            asyncio.run(asynchronous.disconnect())
    assert len(uninterrupted.lines) > 50
    assert failures == []
    gc.collect()  # what was interrupted before it was anybody's
    assert admin.sessions_become(1)
