"""How a ratio is declared and measured.

A question is a context manager that sets up, checks that all sides do the same work, and yields the sides: functions
by name. Its ratios divide the median seconds of one side by those of another.

    @question(Ratio("fetch_dict_vs_mysqlclient", "mysqlclient", "ours", at_least=2.2))
    def fetch_dict(bench): ...
"""
import gc
import os
import platform
import random
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import Any

import data
import MySQLdb

from rhosocial.activerecord.backend.impl.mysqlclient import implementation
from rhosocial.activerecord.backend.impl.mysqlclient.server import PrivateServer

DATABASE = "bench"
PACKAGES = ("rhosocial-activerecord-mysqlclient", "mysqlclient", "rhosocial-activerecord",
            "rhosocial-activerecord-mysql", "mysql-connector-python")

Sides = Mapping[str, Callable[[], Any]]
Setup = Callable[["Bench"], AbstractContextManager[Sides]]


class Different(Exception):
    """Two sides do not do the same work; the message says where."""


@dataclass(frozen=True)
class Ratio:
    """`key`: seconds of side `over` divided by those of side `under`, and the goal for it."""

    key: str
    over: str
    under: str
    at_least: float | None = None
    at_most: float | None = None

    @property
    def goal(self) -> str:
        return f"<= {self.at_most:g}" if self.at_least is None else f">= {self.at_least:g}"

    def met(self, value: float) -> bool:
        return value <= self.at_most if self.at_least is None else value >= self.at_least


@dataclass(frozen=True)
class Question:
    """One piece of work that several sides do."""

    name: str
    ratios: tuple[Ratio, ...]
    setup: Setup
    rounds: int  # times the rounds asked for: short work needs more


QUESTIONS: list[Question] = []


def question(*ratios: Ratio, rounds: int = 1) -> Callable[[Callable[["Bench"], Iterator[Sides]]], Setup]:
    """Register a generator function as the set-up of a question."""

    def register(function: Callable[["Bench"], Iterator[Sides]]) -> Setup:
        setup = contextmanager(function)
        QUESTIONS.append(Question(function.__name__, ratios, setup, rounds))
        return setup

    return register


class Bench:
    """What questions share: one private server with the rows in it, started when first asked for."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self._open = ExitStack()

    def __enter__(self) -> "Bench":
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @cached_property
    def server(self) -> PrivateServer:
        server = self._open.enter_context(PrivateServer("mysql"))
        with closing(MySQLdb.connect(**server.connect_kwargs(), charset="utf8mb4", autocommit=True)) as session:
            cursor = session.cursor()
            cursor.execute(f"CREATE DATABASE {DATABASE}")
            cursor.execute(f"USE {DATABASE}")
            cursor.execute(data.CREATE)
            cursor.executemany(data.INSERT, [data.parameters(row) for row in data.rows(self.rows)])
            cursor.execute(f"ANALYZE TABLE {data.TABLE}")
        return server

    @property
    def login(self) -> dict[str, Any]:
        """host, user, password, unix_socket, database: what every driver's `connect` takes."""
        return {**self.server.connect_kwargs(), "database": DATABASE}

    def versions(self) -> dict[str, Any]:
        """Where and with what the figures were made."""
        return {
            "implementation": implementation(),
            "server": f"MySQL {self.server.binary.version}" if "server" in vars(self) else None,
            "client": MySQLdb.get_client_info(),
            "python": platform.python_version(),
            "packages": {name: version(name) for name in PACKAGES},
            "cpu": _cpu(),
            "cpus": os.cpu_count(),
            "load": os.getloadavg()[0],
        }


def _cpu() -> str:
    try:
        with open("/proc/cpuinfo") as lines:
            return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def measure(sides: Sides, rounds: int, pick: random.Random) -> dict[str, float]:
    """Median seconds of each side; the order of the sides is drawn anew in every round."""
    taken: dict[str, list[float]] = {name: [] for name in sides}
    for side in sides.values():
        side()  # caches and buffers of all layers
    gc.collect()
    gc.freeze()  # or collections during a side's work would go through all that the set-up keeps
    try:
        for _ in range(rounds):
            for name in pick.sample(sorted(sides), len(sides)):
                gc.collect()
                started = time.perf_counter()
                result = sides[name]()
                taken[name].append(time.perf_counter() - started)
                del result
    finally:
        gc.unfreeze()
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def check_equal(what: str, results: Mapping[str, list[dict[str, Any]]]) -> None:
    """Raises Different naming the first two whose rows differ in a value or a type, and the row."""
    (first, wanted), *others = results.items()
    for name, got in others:
        check_count(what, {first: len(wanted), name: len(got)})
        for number, (a, b) in enumerate(zip(wanted, got)):
            if a != b or list(map(type, a.values())) != list(map(type, b.values())):
                raise Different(f"{what}: row {number} is {a} from {first}, {b} from {name}")


def check_count(what: str, counts: Mapping[str, int]) -> None:
    """Raises Different unless all counts are the same."""
    if len(set(counts.values())) > 1:
        raise Different(f"{what}: the numbers of rows differ: {counts}")
