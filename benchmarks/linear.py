"""How cost grows with rows, columns and parameters: it must be in proportion, without a quadratic step."""
import gc
import math
import statistics
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from itertools import count, cycle, islice
from typing import Any

import data
from drivers import ours
from harness import Bench, Fresh, once, opened
from models import KINDS, model

ROUNDS = 5
ROWS = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
WRITTEN = ROWS[:5]
COLUMNS = (1, 2, 5, 10, 20, 50, 100, 200, 500)
PARAMETERS = (1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000)
QUICK = 3  # of the sizes
HIGH = 30  # the exponent is that of sizes from a 30th of the largest on: below, what every statement costs shows
Sized = Callable[[int], Callable[[], Any] | Fresh]


def shapes(bench: Bench, quick: bool) -> dict[str, Any]:
    """{name: {"sizes": [...], "seconds": [...], "exponent": k}}: seconds grow as size to the k, among the larger."""
    sizes = {"rows inserted": WRITTEN, "rows as models": WRITTEN, "rows as dicts": ROWS, "columns": COLUMNS,
             "parameters": PARAMETERS, "parameters of a new text": PARAMETERS}
    with ExitStack() as stack:
        backend = opened(stack, ours, bench)
        work = sized(bench, backend)
        return {name: measured(chosen[:QUICK] if quick else chosen, work[name]) for name, chosen in sizes.items()}


def sized(bench: Bench, backend: Any) -> dict[str, Sized]:
    written, numbers = model(backend, KINDS["ours"][1], data.WRITTEN), count()
    names = cycle(data.NAMES)
    thousand = f"SELECT {{}} FROM {data.TABLE} LIMIT 1000"
    return {
        "rows inserted": lambda size: inserted(bench, backend, size),
        # of those that were inserted last
        "rows as models": lambda size: lambda: written.query().limit(size).all(),
        "rows as dicts": lambda size: partial(backend.fetch_all, (
            f"SELECT a.id, a.quantity, a.name, a.price FROM {data.TABLE} a "
            f"JOIN (SELECT id FROM {data.TABLE} LIMIT {-(-size // bench.rows)}) b LIMIT {size}")),
        "columns": lambda size: partial(backend.fetch_all, thousand.format(
            ", ".join(f"{name} AS c{i}" for i, name in enumerate(islice(names, size))))),
        "parameters": lambda size: partial(backend.fetch_one, listed(size), (7,) * size),
        "parameters of a new text": lambda size: lambda: backend.fetch_one(
            f"{listed(size)} -- {next(numbers)}", (7,) * size),
    }


def inserted(bench: Bench, backend: Any, size: int) -> Fresh:
    bodies = cycle(data.parameters(row)[1:] for row in data.rows(bench.rows))
    rows = [(number, *body) for number, body in zip(range(1, size + 1), bodies)]
    return Fresh(bench.empty, lambda _: ours.insert_many(backend, data.INSERT_WRITTEN, rows))


def listed(size: int) -> str:
    return f"SELECT ELT(1, {', '.join(['%s'] * size)}) AS first"


def measured(sizes: tuple[int, ...], work: Sized) -> dict[str, Any]:
    seconds = []
    for size in sizes:
        side = work(size)
        once(side)
        gc.collect()
        seconds.append(min(once(side)[0] for _ in range(ROUNDS)))
    return {"sizes": sizes, "seconds": seconds, "exponent": exponent(sizes, seconds)}


def exponent(sizes: tuple[int, ...], seconds: list[float]) -> float:
    """The slope of log(seconds) over log(size)."""
    points = [(math.log(n), math.log(s)) for n, s in zip(sizes, seconds) if n * HIGH >= sizes[-1]]
    return statistics.linear_regression(*zip(*points)).slope
