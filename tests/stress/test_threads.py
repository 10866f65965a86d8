"""Many threads with one plan, one template, one planner, one pool: each gets what a single thread gets."""

import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from rhosocial.activerecord.backend.errors import DatabaseError

from rhosocial.activerecord.backend.impl.mysqlclient import MySQLBackend, MySQLConnectionConfig
from rhosocial.activerecord.backend.impl.mysqlclient.codec.abc import Load, ZeroDates
from rhosocial.activerecord.backend.impl.mysqlclient.codec.plan import Column, Plan, Planner
from rhosocial.activerecord.backend.impl.mysqlclient.codec.sql import template

from ..codec.bind_samples import LITERALS, REFUSED
from ..codec.samples import BROKEN, SAMPLES, ZERO_DATES
from . import growth

THREADS = 8
ROUNDS = 30
BINDABLE = [(name, value) for name, value, *_ in [*LITERALS, *REFUSED]]
FALLBACK = (lambda value, annotation: ("adapter", value, annotation), int)


@pytest.fixture(autouse=True)
def quick_switches():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def outcome(call):
    """What a call gives, its error included, with the types of what is in it."""
    try:
        return repr(call())
    except (TypeError, ValueError, DatabaseError) as error:
        return type(error), str(error)


def same_in_threads(calls, rounds=ROUNDS):
    """Each of the threads makes all calls, each beginning at another: the outcomes are those of this thread."""
    alone = [outcome(call) for call in calls]
    barrier = threading.Barrier(THREADS)

    def work(number):
        barrier.wait(60)
        order = [(i + number * len(calls) // THREADS) % len(calls) for i in range(len(calls))]
        return [(i, found) for _ in range(rounds) for i in order if (found := outcome(calls[i])) != alone[i]]

    with ThreadPoolExecutor(THREADS) as threads:
        different = [future.result() for future in [threads.submit(work, number) for number in range(THREADS)]]
    assert different == [[]] * THREADS


def plan(samples, keys):
    names = tuple(f"column {i}" for i in range(len(samples)))
    codes = bytes(sample.code for sample in samples)
    return Plan(codes, names if keys else None, names, None, (FALLBACK,) * len(names), ZeroDates.TEXT, json.loads)


@pytest.fixture(params=growth.CODECS)
def codec(request):
    return growth.CODECS[request.param]


def test_one_plan(codec):
    right = SAMPLES + ZERO_DATES
    rows = [tuple(sample.cell for sample in right)] * 3
    plans = [(plan(right, True), rows), (plan(right, False), rows)]
    for sample in BROKEN:
        mixed = [*right[:5], sample]
        plans.append((plan(mixed, True), [[s.cell for s in mixed]]))
    same_in_threads([partial(codec.decode_rows, *planned) for planned in plans])


def test_one_template(codec):
    sql = "INSERT INTO t VALUES (%s, '%%', ?, %s)"
    parts = template("SELECT %s, '\\'%%', %s", True).parts
    calls = [lambda value=value: codec.bind(parts, (value, value), True) for _, value in BINDABLE]
    calls += [lambda value=value: codec.bind_rows(parts, [(1, "a"), (value, 2)], 0, 99, False) for _, value in BINDABLE]
    calls += [lambda escapes=escapes: template(sql, escapes) for escapes in (True, False)]
    calls += [lambda i=i: template(f"SELECT {i}, %s", True) for i in range(50)]
    same_in_threads(calls, ROUNDS // 3)


def test_the_same_rows_to_load(codec):
    calls = [
        lambda kinds=bytes([kind] * 2), value=value: codec.load_rows(kinds, [(None, value)] * 2, 0, 1000)
        for kind in Load for _, value in BINDABLE[::3]
    ]  # fmt: skip
    same_in_threads(calls, ROUNDS // 5)


def test_one_planner(codec):
    """More kinds of results than it remembers."""
    planner = Planner(json_loads=json.loads)
    adapters = {"a": FALLBACK_ADAPTER, "b": FALLBACK_ADAPTER}

    def decode(i):
        columns = Column("a", 8, i, False, 0), Column("b", 253, 0, False, 0)
        made = planner.adapted(planner.plain(i, lambda: columns), adapters if i % 2 else None, None)
        return codec.decode_rows(made, [(b"%d" % i, b"text")] * 2)

    calls = [lambda i=i: decode(i) for i in range(Planner.REMEMBERED + 50)]
    same_in_threads(calls, ROUNDS // 10)


class Tagging:
    def from_database(self, value, target_type, options=None):
        return target_type, value


FALLBACK_ADAPTER = (Tagging(), int)


@pytest.fixture
def pooled(server, database):
    config = MySQLConnectionConfig(**server.connect_kwargs(), database=database, pool_size=4, pool_name="threads")
    backend = MySQLBackend(connection_config=config)
    yield backend
    backend.disconnect()
    backend.pool.close()


def test_one_pool(pooled):
    """One backend's pool, planner and prepared statements, by turns."""
    few, many = growth.NUMBERS.format(9), growth.NUMBERS.format(700)
    every = f"{few} SELECT i, 'text' AS t, i / 3 AS d, NOW() > '2024-01-01' AS b, NULL AS n, %s AS p FROM n"
    tagged = {"i": FALLBACK_ADAPTER}

    def connected(use):
        with pooled.get_connection(timeout=60) as connection:
            return use(connection)

    uses = [
        lambda c: c.fetch_all(every, ("it's",)),
        lambda c: c.fetch_all(every, (None,)),
        lambda c: c.execute(every, (5,), column_adapters=tagged).data,
        lambda c: c.execute(every, (5,), column_adapters={"i": (growth.Refusing(), int)}),
        lambda c: c.fetch_all(f"{many} SELECT i, REPEAT('x', i) AS t FROM n"),
        lambda c: c.fetch_all(f"{many} SELECT i, (SELECT 1 UNION SELECT 1 + (n.i = 700)) AS s FROM n"),
        lambda c: c.fetch_all("SELECT nothing"),
        lambda c: c.fetch_all("SELECT %s AS a", (object(),)),
    ]
    calls = [lambda use=use: connected(use) for use in uses]

    def prepared(value):
        with pooled.get_connection(timeout=60) as connection, connection.prepare(every) as statement:
            return statement.execute((value,)).data

    calls += [lambda value=value: prepared(value) for value in (1, "a", b"\0", None)]
    calls.append(lambda: list(pooled.stream(f"{many} SELECT i FROM n", batch_size=100)))
    same_in_threads(calls, 5)
    assert pooled.pool.stats().in_use == 0
