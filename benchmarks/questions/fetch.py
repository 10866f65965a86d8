"""Rows to dicts: without and with a model's types, by text and prepared, on one and on many threads."""
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import Any

import data
from drivers import asyncmy, connector, floor, mysqlclient, ours, peer, process, pymysql, sqlalchemy
from harness import Bench, Different, Ratio, Sides, check_equal, check_same, opened, question
from models import model

from rhosocial.activerecord.backend.impl.mysqlclient.driver import Shape

THREADS = 8
# Others answer with naive datetimes and know no other.
DRIVERS: dict[str, tuple[Any, dict[str, Any]]] = {
    "ours": (ours, {"timezone": None}),
    "mysqlclient": (mysqlclient, {}),
    "asyncmy": (asyncmy, {}),
    "pymysql": (pymysql, {}),
    "connector": (connector, {}),
    "sqlalchemy_core": (sqlalchemy, {}),
    "peer": (peer, {}),
}


@question(
    Ratio("fetch_dict_vs_mysqlclient", "mysqlclient", "ours", at_least=2.5),
    Ratio("fetch_dict_vs_asyncmy", "asyncmy", "ours", at_least=1.0),
    Ratio("fetch_dict_vs_floor", "ours", "floor", at_most=1.15),
)
def fetch_dict(bench: Bench) -> Iterator[Sides]:
    with ExitStack() as stack:
        sides: dict[str, Any] = {}
        for name, (driver, options) in DRIVERS.items():
            sides[name] = partial(driver.fetch_dicts, opened(stack, driver, bench, **options), data.SELECT)
        rows = {name: side() for name, side in sides.items()}
        if process.CONNECTOR_9.is_dir():
            other = process.Driver(process.CONNECTOR_9, "connector", bench.login)
            stack.callback(other.close)
            sides["connector_9"] = partial(other.fetch_dicts, data.SELECT)
            rows["connector_9"] = other.rows(data.SELECT)
        check_equal("fetch_dict", rows)
        drain = opened(stack, floor, bench)
        check_same("fetch_dict: rows", {"floor": floor.count_rows(drain, data.SELECT), "the data": bench.rows})
        yield {**sides, "floor": partial(floor.count_rows, drain, data.SELECT)}


@question(Ratio("fetch_typed_vs_peer", "peer", "ours", at_least=5.5))
def fetch_typed(bench: Bench) -> Iterator[Sides]:
    """bool, aware datetime, time, Decimal and JSON, each backend with the adapters that core takes for its model."""
    with ExitStack() as stack:
        sides: dict[str, Any] = {}
        for name, driver in (("ours", ours), ("peer", peer)):
            backend = opened(stack, driver, bench)
            sides[name] = partial(driver.fetch_typed, backend, data.SELECT, model(backend).get_column_adapters())
        wanted = data.dicts(bench.rows)
        check_equal("fetch_typed", {"the data": wanted, **{name: side() for name, side in sides.items()}})
        yield sides


@question(Ratio("fetch_prepared_vs_text", "text", "prepared", at_least=1.1))
def fetch_prepared(bench: Bench) -> Iterator[Sides]:
    with ExitStack() as stack:
        backend = opened(stack, ours, bench)
        statement = stack.enter_context(backend.prepare(data.SELECT))
        sides = {
            "text": lambda: backend.execute(data.SELECT).data,
            "prepared": lambda: statement.execute().data,
        }
        check_equal("fetch_prepared", {name: side() for name, side in sides.items()})
        yield sides


@question(Ratio("fetch_prepared_vs_asyncmy", "asyncmy", "ours", at_least=1.0))
def fetch_prepared_tuples(bench: Bench) -> Iterator[Sides]:
    """asyncmy's prepared statements have no dicts; ours have no public way to tuples: what is under them is asked."""
    with ExitStack() as stack:
        backend, session = opened(stack, ours, bench, timezone=None), opened(stack, asyncmy, bench)
        statement, tuples = asyncmy.prepare(session, data.SELECT), Shape(tuples=True)
        sides = {
            "ours": lambda: backend._run(data.SELECT, (), tuples, prepare=True).rows,
            "asyncmy": partial(asyncmy.fetch_prepared, session, statement),
        }
        check_same("fetch_prepared_tuples", {name: list(map(repr, side())) for name, side in sides.items()})
        yield sides


@question(Ratio("threads8_vs_mysqlclient", "mysqlclient", "ours", at_least=2))
def threads8(bench: Bench) -> Iterator[Sides]:
    """Each thread has a session of its own and fetches all rows."""
    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(THREADS))
        sides: dict[str, Any] = {}
        for name in ("ours", "mysqlclient"):
            driver, options = DRIVERS[name]
            sessions = [opened(stack, driver, bench, **options) for _ in range(THREADS)]
            fetch = partial(driver.fetch_dicts, sql=data.SELECT)
            sides[name] = lambda f=fetch, s=sessions: list(pool.map(f, s))
        results = {name: side() for name, side in sides.items()}
        for rows in zip(*results.values()):
            check_equal("threads8", dict(zip(results, rows)))
        yield sides


@question(calls=200)
def point_dict(bench: Bench) -> Iterator[Sides]:
    """One row by its key. No goal: for the picture of drivers."""
    with ExitStack() as stack:
        key = (data.FIRST_ID + bench.rows // 2,)
        sides: dict[str, Any] = {}
        for name, (driver, options) in DRIVERS.items():
            sides[name] = partial(driver.fetch_one, opened(stack, driver, bench, **options), data.SELECT_ONE, key)
            if sides[name]()["id"] != key[0]:
                raise Different(f"point_dict: {name} found another row than {key[0]}")
        yield sides
