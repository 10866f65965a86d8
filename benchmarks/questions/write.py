"""Many rows written at once."""
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any

import data
from drivers import arrays, mysqlclient, ours, peer, pymysql, sqlalchemy
from harness import Bench, Fresh, Ratio, Sides, check_same, check_written, once, opened, question

LOADED = 300_000  # of 20,000
DRIVERS = {"ours": ours, "mysqlclient": mysqlclient, "peer": peer, "pymysql": pymysql, "sqlalchemy_core": sqlalchemy}


@question(
    Ratio("execute_many_vs_peer", "peer", "ours", at_least=12),
    Ratio("execute_many_vs_mysqlclient", "mysqlclient", "ours", at_least=1.3),
)
def execute_many(bench: Bench) -> Iterator[Sides]:
    """One transaction into an empty table."""
    rows = [data.parameters(row) for row in data.rows(bench.rows)]
    with ExitStack() as stack:
        sides: dict[str, Any] = {}
        for name, driver in DRIVERS.items():
            insert = partial(driver.insert_many, opened(stack, driver, bench), data.INSERT_WRITTEN, rows)
            sides[name] = Fresh(bench.empty, lambda _, insert=insert: insert())
        check_written(bench, sides)
        yield sides


@question(Ratio("mariadb_array_vs_insert", "inserts", "array", at_least=2), servers=("mariadb",))
def mariadb_array(bench: Bench) -> Iterator[Sides]:
    """The rows of execute_many in an array, and in our own multi-row INSERTs; a transaction each."""
    rows = [data.parameters(row) for row in data.rows(bench.rows)]
    with ExitStack() as stack:
        sides: dict[str, Any] = {}
        for name, function in (("inserts", arrays.insert_texts), ("array", arrays.insert_array)):
            insert = partial(function, opened(stack, arrays, bench), data.INSERT_WRITTEN, rows)
            sides[name] = Fresh(bench.empty, lambda _, insert=insert: insert())
        check_written(bench, sides)
        yield sides


@question(Ratio("bulk_load_vs_insert", "insert", "load", at_least=1.4), servers=("mysql",))
def bulk_load(bench: Bench) -> Iterator[Sides]:
    """300,000 rows out of a generator: LOAD DATA LOCAL, and our own multi-row INSERTs; a transaction each."""
    bodies = [data.parameters(row)[1:] for row in data.rows(bench.rows)]
    with ExitStack() as stack:
        backend = opened(stack, ours, bench, bulk_load=True)
        sides = {
            "load": Fresh(bench.empty, lambda _: backend.bulk_load(data.WRITTEN, data.NAMES, many(bodies))),
            "insert": Fresh(bench.empty, lambda _: backend.execute_many(data.INSERT_WRITTEN, many(bodies))),
        }
        sums = {}
        for name, side in sides.items():
            once(side)
            sums[name] = bench.checksum(), bench.ask(f"SELECT COUNT(*) FROM {data.WRITTEN}")
        check_same("bulk_load: checksum and number of rows", sums)
        yield sides


def many(bodies: list[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """Rows with keys of their own; of few bodies, a few times as many."""
    for number in range(len(bodies) * LOADED // data.ROWS):
        yield number + 1, *bodies[number % len(bodies)]
