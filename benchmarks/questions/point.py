"""What takes microseconds: one row by a prepared statement, a session out of a pool and back."""
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import data
from drivers import ours, peer
from harness import Bench, Ratio, Sides, check_equal, check_same, opened, question
from rhosocial.activerecord.connection.pool import BackendPool, PoolConfig

_COLUMNS = ", ".join(f"{side}.{name} AS {side}_{name}" for side in ("a", "b") for name in data.NAMES)
JOIN = (f"SELECT {_COLUMNS} FROM {data.TABLE} a JOIN {data.TABLE} b ON b.id = a.id "
        "WHERE a.id = %s AND a.quantity >= %s AND b.quantity < %s AND b.name <> %s AND a.created > %s LIMIT 1")


@question(Ratio("prepared_point_vs_text", "text", "prepared", at_least=1.25), calls=200)
def prepared_point(bench: Bench) -> Iterator[Sides]:
    """24 columns of a join by its key, 5 parameters, one statement used again and again."""
    parameters = (data.FIRST_ID + bench.rows // 2, 0, 1_000_000, "nobody", data.START)
    with ExitStack() as stack:
        backend = opened(stack, ours, bench)
        statement = stack.enter_context(backend.prepare(JOIN))
        sides = {
            "text": lambda: backend.execute(JOIN, parameters).data,
            "prepared": lambda: statement.execute(parameters).data,
        }
        check_equal("prepared_point", {name: side() for name, side in sides.items()})
        yield sides


@question(Ratio("checkout_vs_peer", "peer", "ours", at_least=20), calls=40)
def checkout(bench: Bench) -> Iterator[Sides]:
    """BackendPool: acquire, SELECT 1, release."""
    with ExitStack() as stack:
        sides: dict[str, Any] = {}
        for name, driver in (("ours", ours), ("peer", peer)):
            config = driver.config(bench.login)
            pool = BackendPool.create(PoolConfig(
                min_size=1, max_size=4, backend_factory=lambda d=driver, c=config: d.BACKEND(connection_config=c)))
            stack.callback(pool.close, force=True)
            sides[name] = lambda pool=pool: checked_out(pool)
        check_same("checkout", {name: side() for name, side in sides.items()})
        yield sides


def checked_out(pool: BackendPool) -> Any:
    backend = pool.acquire()
    try:
        return backend.fetch_one("SELECT 1 AS one")
    finally:
        pool.release(backend)
