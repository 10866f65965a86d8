"""Threads and tasks over a small pool while sessions are killed and the server is restarted; then the ledger is checked
and build/soak/report.json is written: `make soak`, or this with --help. Its status is 1 where anything was lost,
duplicated, half committed, leaked or mixed up."""

import argparse
import gc
import json
import logging
import os
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

from chaos import Chaos, sessions
from ledger import CrossTalk, Ledger
from operations import ACCOUNTS, TABLES
from workers import run_tasks, run_threads

from rhosocial.activerecord.backend.impl.mysqlclient import MySQLBackend, MySQLConnectionConfig
from rhosocial.activerecord.backend.impl.mysqlclient.pool import close_idle
from rhosocial.activerecord.backend.impl.mysqlclient.server import Flavor, PrivateServer, ServerError

REPORT = Path(__file__).resolve().parent.parent / "build" / "soak" / "report.json"
FLAVORS: tuple[Flavor, ...] = get_args(Flavor)
SECONDS = 600
POOL = 8
DATABASE = "soak"
# Memory is measured from here on: the first part of a phase fills caches, pools and the allocator's arenas.
WARM_UP = 0.3
FLAT_MB = 48
OPTIONS = {"max_connections": 200, "innodb_flush_log_at_trx_commit": 1}
ZEROS = ("lost", "duplicated", "half_committed", "leaked_sessions")
_PHASES: dict[str, Callable[..., None]] = {"threads": run_threads, "tasks": run_tasks}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"in all; default {SECONDS}")
    parser.add_argument("--server", choices=FLAVORS, action="append", help="default: both")
    parser.add_argument("--phase", choices=_PHASES, action="append", help="default: both")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32), help="of the dice; default: a new one")
    arguments = parser.parse_args()
    # core writes every failed statement to standard error, and here they fail by the thousand
    logging.disable(logging.CRITICAL)
    flavors, phases = arguments.server or FLAVORS, arguments.phase or list(_PHASES)
    seconds = arguments.seconds / len(flavors) / len(phases)
    print(f"soak: {arguments.seconds:g} s, seed {arguments.seed}")
    try:
        reports = [soak(flavor, phase, seconds, arguments.seed) for flavor in flavors for phase in phases]
    except ServerError as error:
        print(f"soak: {error}", file=sys.stderr)
        return 1
    report = total(reports)
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps(report, indent=2) + "\n")
    print(f"soak: {json.dumps(report)}")
    wrong = faults_of(report)
    for line in wrong:
        print(f"soak: {line}", file=sys.stderr)
    return 1 if wrong else 0


def soak(flavor: Flavor, phase: str, seconds: float, seed: int) -> dict[str, Any]:
    """One phase on one server."""
    with PrivateServer(flavor, OPTIONS) as server:
        config = MySQLConnectionConfig(**server.connect_kwargs(), pool_size=POOL, pool_timeout=30)
        prepare(config)
        config = config.clone(database=DATABASE)
        ledger, memory = Ledger(), Memory(seconds * WARM_UP)
        with Chaos(server, DATABASE, seconds, violent=phase == "threads", seed=seed) as chaos, memory:
            _PHASES[phase](config, seed, ledger, seconds)
        close_idle()
        report = {
            "operations": ledger.operations,
            "faults_injected": chaos.faults,
            "errors": dict(ledger.errors),
            "leaked_sessions": leaked(server),
            **check(config, ledger),
            "rss_growth_mb": round(memory.growth, 1),
        }
    print(f"soak: {flavor}, {phase}: {json.dumps(report)}", flush=True)
    return report


def prepare(config: MySQLConnectionConfig) -> None:
    with MySQLBackend(connection_config=config).context() as backend:
        backend.execute(f"CREATE DATABASE {DATABASE}")
    with MySQLBackend(connection_config=config.clone(database=DATABASE)).context() as backend:
        for table in TABLES:
            backend.execute(table)
        backend.execute_many("INSERT INTO account VALUES (%s, 0)", [(i,) for i in range(ACCOUNTS)])


def check(config: MySQLConnectionConfig, ledger: Ledger) -> dict[str, int]:
    with MySQLBackend(connection_config=config).context() as backend:
        return ledger.check(backend)


def leaked(server: PrivateServer) -> int:
    """Sessions left on the server, which takes a moment to end them."""
    for _ in range(600):
        if not sessions(server, DATABASE):
            return 0
        time.sleep(0.1)
    return len(sessions(server, DATABASE))


class Memory:
    """How much the process grows from ``warm`` seconds after the start to the end, in MiB."""

    def __init__(self, warm: float) -> None:
        self._timer = threading.Timer(warm, self._note)
        self._before = 0.0
        self.growth = 0.0

    def __enter__(self) -> "Memory":
        self._timer.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._timer.join()
        gc.collect()
        self.growth = resident_mb() - self._before

    def _note(self) -> None:
        self._before = resident_mb()


def resident_mb() -> float:
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def total(reports: list[dict[str, Any]]) -> dict[str, Any]:
    """The sums; of memory the worst."""
    errors: Counter[str] = Counter()
    for report in reports:
        errors.update(report["errors"])
    whole = {key: sum(report[key] for report in reports) for key in ("operations", "faults_injected")}
    whole["errors"] = dict(errors.most_common())
    whole.update({key: sum(report[key] for report in reports) for key in ZEROS})
    whole["rss_growth_mb"] = max(report["rss_growth_mb"] for report in reports)
    return whole


def faults_of(report: dict[str, Any]) -> list[str]:
    """What must not be."""
    wrong = [f"{report[key]} {key.replace('_', ' ')}" for key in ZEROS if report[key]]
    if report["errors"].get(CrossTalk.__name__):
        wrong.append("a statement got rows of another")
    if report["rss_growth_mb"] > FLAT_MB:
        wrong.append(f"memory grew by {report['rss_growth_mb']} MiB after the warm-up, more than {FLAT_MB}")
    if not report["operations"] or not report["faults_injected"]:
        wrong.append("nothing was done, or nothing was done to it")
    return wrong


if __name__ == "__main__":
    sys.exit(main())
