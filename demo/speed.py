"""Rows a second of the same query, fetched in four ways, each in a process of its own, turn by turn."""
import json
import random
import statistics
import subprocess
import sys
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

from flights import Flight
from rich.progress import Progress
from rich.table import Table

from rhosocial.activerecord.backend.impl.mysqlclient import implementation

ROWS, ROUNDS = 50_000, 5
SQL = f"SELECT * FROM {Flight.table_name()} ORDER BY id LIMIT {ROWS}"
# What the row of the table says, and the worker's way.
WAYS = {
    **{f"this backend, {name}": name for name in (implementation(), "python")},
    "mysqlclient, DictCursor": "mysqlclient",
    "rhosocial-activerecord-mysql": "peer",
}


class WorkerError(Exception):
    """A worker failed, or fetched other rows than the first; the message names it."""


class Worker:
    """A running worker.py; ends with the `with` block, and by itself when this process ends."""

    def __init__(self, label: str, way: str) -> None:
        self.label = label
        command = [sys.executable, str(Path(__file__).with_name("worker.py")), way]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         stderr=subprocess.PIPE, text=True)

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._process.kill()
        self._process.communicate()

    def ask(self, question: str) -> dict[str, Any]:
        """Send a line, return the answer. Raises WorkerError with what the worker said last."""
        process = self._process
        try:
            process.stdin.write(question + "\n")  # type: ignore[union-attr]
            process.stdin.flush()  # type: ignore[union-attr]
            answer = process.stdout.readline()  # type: ignore[union-attr]
        except BrokenPipeError:
            answer = ""
        if not answer:
            said = process.stderr.read().strip().splitlines() or ["it ended without a word"]  # type: ignore[union-attr]
            raise WorkerError(f"{self.label} failed: {said[-1]}; is the server still up?")
        return json.loads(answer)


def compare(login: dict[str, Any], progress: Progress) -> dict[str, float]:
    """Median rows a second by label. All must fetch equal rows, else WorkerError."""
    task = progress.add_task("measuring", total=len(WAYS) * (ROUNDS + 1))
    seconds: dict[str, list[float]] = {label: [] for label in WAYS}
    with ExitStack() as stack:
        workers = [stack.enter_context(Worker(label, way)) for label, way in WAYS.items()]
        answers = []
        for worker in workers:
            answers.append((worker.label, worker.ask(json.dumps({"login": login, "sql": SQL}))))
            progress.advance(task)
        check(answers)
        for _ in range(ROUNDS):
            for worker in random.sample(workers, len(workers)):
                seconds[worker.label].append(worker.ask("")["seconds"])
                progress.advance(task)
    return {label: ROWS / statistics.median(taken) for label, taken in seconds.items()}


def check(answers: Iterable[tuple[str, dict[str, Any]]]) -> None:
    (first, wanted), *others = answers
    for label, answer in others:
        if answer != wanted:
            raise WorkerError(f"{label} fetched other rows than {first}: {answer}, {wanted}")


def table(rates: dict[str, float]) -> Table:
    made = Table("", "rows/s", "", title=f"{ROWS:,} flights as dicts, the same from all")
    best = max(rates.values())
    for label, rate in rates.items():
        made.add_row(label, f"{rate:,.0f}", "█" * round(30 * rate / best))
    return made
