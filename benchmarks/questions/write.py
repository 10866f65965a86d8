"""Many rows written at once."""
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any

import data
from drivers import arrays, mysqlclient, ours, peer, pymysql, sqlalchemy
from harness import Bench, Fresh, Ratio, Sides, check_written, opened, question

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
