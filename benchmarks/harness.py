"""How a figure is declared and measured.

A question is a context manager that sets up, checks that all sides do the same work, and yields the sides: functions
by name. Its ratios divide the median seconds of one side by those of another.

    @question(Ratio("fetch_dict_vs_mysqlclient", "mysqlclient", "ours", at_least=2.5))
    def fetch_dict(bench): ...
"""
import gc
import logging
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from types import ModuleType
from typing import Any, NamedTuple

import data
import MySQLdb

from rhosocial.activerecord.backend.impl.mysqlclient.server import Flavor, PrivateServer

DATABASE = "bench"
# A session for each of 64 tasks, of three drivers; and LOAD DATA LOCAL.
SERVER_OPTIONS: dict[str, Any] = {"max-connections": 500, "local-infile": True}
WARM_UP = 20  # calls
SPIN = """
import os, sys
os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
while str(os.getppid()) == sys.argv[1]:
    pass
"""


class Different(Exception):
    """Two sides do not do the same work; the message says where."""


class Fresh(NamedTuple):
    """A side that needs something new each time: `run` gets what `before` made, outside the clock."""

    before: Callable[[], Any]
    run: Callable[[Any], Any]


Sides = Mapping[str, Callable[[], Any] | Fresh]
Setup = Callable[["Bench"], AbstractContextManager[Sides]]


@dataclass(frozen=True)
class Figure:
    """What `key` is to be."""

    key: str
    at_least: float | None = field(default=None, kw_only=True)
    at_most: float | None = field(default=None, kw_only=True)

    @property
    def goal(self) -> str:
        return f"<= {self.at_most:g}" if self.at_least is None else f">= {self.at_least:g}"

    def met(self, value: float) -> bool:
        return value <= self.at_most if self.at_least is None else value >= self.at_least  # type: ignore[operator]


@dataclass(frozen=True)
class Ratio(Figure):
    """Seconds of side `over` divided by those of side `under`."""

    over: str
    under: str

    def value(self, measured: "Measured") -> float:
        return measured.seconds[self.over] / measured.seconds[self.under]


@dataclass(frozen=True)
class Amount(Figure):
    """The number that side `of` returns."""

    of: str

    def value(self, measured: "Measured") -> float:
        return measured.returned[self.of]


@dataclass(frozen=True)
class Question:
    """One piece of work that several sides do.

    calls:   in a round, each side's, all sides' in one order drawn anew; more than one for what takes microseconds
    servers: where it is asked
    rounds:  not more than these
    """

    name: str
    figures: tuple[Ratio | Amount, ...]
    setup: Setup
    calls: int
    servers: tuple[Flavor, ...]
    rounds: int | None


QUESTIONS: list[Question] = []
BOTH: tuple[Flavor, ...] = ("mysql", "mariadb")


def question(
    *figures: Ratio | Amount, calls: int = 1, servers: tuple[Flavor, ...] = BOTH, rounds: int | None = None
) -> Callable[[Callable[["Bench"], Iterator[Sides]]], Setup]:
    """Register a generator function as the set-up of a question."""

    def register(function: Callable[["Bench"], Iterator[Sides]]) -> Setup:
        setup = contextmanager(function)
        QUESTIONS.append(Question(function.__name__, figures, setup, calls, servers, rounds))
        return setup

    return register


class Bench:
    """What questions share: one private server with the rows in it, started when first asked for."""

    def __init__(self, flavor: Flavor, rows: int) -> None:
        self.flavor = flavor
        self.rows = rows
        self._open = ExitStack()

    def __enter__(self) -> "Bench":
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @cached_property
    def server(self) -> PrivateServer:
        server = self._open.enter_context(PrivateServer(self.flavor, SERVER_OPTIONS))
        with closing(MySQLdb.connect(**server.connect_kwargs(), charset="utf8mb4", autocommit=True)) as session:
            cursor = session.cursor()
            for statement in (f"CREATE DATABASE {DATABASE}", f"USE {DATABASE}", *data.CREATE):
                cursor.execute(statement)
            cursor.executemany(data.INSERT, [data.parameters(row) for row in data.rows(self.rows)])
            cursor.execute(f"ANALYZE TABLE {data.TABLE}")
        return server

    @property
    def login(self) -> dict[str, Any]:
        """host, user, password, unix_socket, database: what every driver's `connect` takes."""
        return {**self.server.connect_kwargs(), "database": DATABASE}

    @property
    def version(self) -> str | None:
        """Of the server, if one was started."""
        return self.server.binary.version if "server" in vars(self) else None

    @cached_property
    def _plain(self) -> MySQLdb.Connection:
        session = MySQLdb.connect(**self.login, charset="utf8mb4", autocommit=True)
        self._open.callback(session.close)
        return session

    def ask(self, sql: str) -> tuple[tuple[Any, ...], ...]:
        """The rows of a statement that is not measured."""
        with self._plain.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()

    def empty(self) -> None:
        """Make the table that is written into empty."""
        self.ask(f"TRUNCATE TABLE {data.WRITTEN}")

    def checksum(self, table: str = data.WRITTEN) -> int:
        """Of all that is in the table, in whatever order."""
        return self.ask(f"CHECKSUM TABLE {table}")[0][1]


def opened(stack: ExitStack, driver: ModuleType, bench: Bench, **options: Any) -> Any:
    """A session of the driver, closed with the stack."""
    session = driver.connect(bench.login, **options)
    stack.callback(driver.close, session)
    return session


class Measured(NamedTuple):
    """Medians, by side: of the seconds of one call; of the numbers returned, where they are."""

    seconds: dict[str, float]
    returned: dict[str, float]


def measure(sides: Sides, rounds: int, calls: int, pick: random.Random) -> Measured:
    """The medians of the rounds' medians. In a round the calls of all sides take turns in an order drawn anew."""
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    returned: dict[str, list[float]] = {name: [] for name in sides}
    if calls > 1:  # else the check that the sides do the same has filled all caches
        for name in list(sides) * WARM_UP:
            once(sides[name])
    gc.collect()
    gc.freeze()  # or collections during a side's work would go through all that the set-up keeps
    try:
        with awake() if calls > 1 else nullcontext():
            for _ in range(rounds):
                gc.collect()
                taken: dict[str, list[float]] = {name: [] for name in sides}
                for name in pick.sample(list(sides) * calls, len(sides) * calls):
                    if calls == 1:
                        gc.collect()
                    spent, result = once(sides[name])
                    taken[name].append(spent)
                    if isinstance(result, float):
                        returned[name].append(result)
                    del result
                for name, times in taken.items():
                    seconds[name].append(statistics.median(times))
    finally:
        gc.unfreeze()
    return Measured(*({name: statistics.median(numbers) for name, numbers in of.items() if numbers}
                      for of in (seconds, returned)))


@contextmanager
def awake() -> Iterator[None]:
    """No core falls asleep: or a round trip takes 30 us or 100, by how deep its core slept.

    A process for each spins at the priority that any other's work interrupts (sched(7), SCHED_IDLE); Linux.
    """
    cores = os.cpu_count() or 1 if hasattr(os, "SCHED_IDLE") else 0
    with ExitStack() as stack:
        for _ in range(cores):
            spinner = stack.enter_context(subprocess.Popen([sys.executable, "-ISc", SPIN, str(os.getpid())]))
            stack.callback(spinner.kill)
        yield


def once(side: Callable[[], Any] | Fresh) -> tuple[float, Any]:
    """Seconds, and what the side returned."""
    if isinstance(side, Fresh):
        given = side.before()
        started = time.perf_counter()
        result = side.run(given)
    else:
        started = time.perf_counter()
        result = side()
    return time.perf_counter() - started, result


def check_equal(what: str, results: Mapping[str, list[dict[str, Any]]]) -> None:
    """Raises Different naming the first two whose rows differ in a value or a type, and the row."""
    (first, wanted), *others = results.items()
    for name, got in others:
        check_same(f"{what}: number of rows", {first: len(wanted), name: len(got)})
        for number, (a, b) in enumerate(zip(wanted, got)):
            if a != b or list(map(type, a.values())) != list(map(type, b.values())):
                raise Different(f"{what}: row {number} is {a} from {first}, {b} from {name}")


def check_same(what: str, values: Mapping[str, Any]) -> None:
    """Raises Different unless all are equal."""
    (first, wanted), *others = values.items()
    for name, got in others:
        if got != wanted:
            raise Different(f"{what}: {wanted} from {first}, {got} from {name}")


def check_written(bench: Bench, sides: Sides) -> None:
    """Run each side once: it must leave the written table with the rows of the other."""
    wanted = bench.checksum(data.TABLE)
    for name, side in sides.items():
        once(side)
        check_same("checksum of what was written", {"the data": wanted, name: bench.checksum()})


def quiet() -> None:
    """Core's default writes every statement to standard error."""
    logging.disable(logging.INFO)
