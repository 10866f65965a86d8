"""Rows to dicts, without and with a model's types."""
from collections.abc import Iterator
from contextlib import ExitStack
from types import ModuleType
from typing import Any

import data
from drivers import floor, mysqlclient, ours, peer
from harness import Bench, Ratio, Sides, check_count, check_equal, question
from rhosocial.activerecord.model import ActiveRecord


def opened(stack: ExitStack, driver: ModuleType, bench: Bench, **options: Any) -> Any:
    """A session of the driver, closed with the stack."""
    session = driver.connect(bench.login, **options)
    stack.callback(driver.close, session)
    return session


@question(
    Ratio("fetch_dict_vs_mysqlclient", "mysqlclient", "ours", at_least=2.2),
    Ratio("fetch_dict_vs_floor", "ours", "floor", at_most=1.25),
)
def fetch_dict(bench: Bench) -> Iterator[Sides]:
    """Naive datetimes on both sides: mysqlclient knows no other."""
    with ExitStack() as stack:
        our = opened(stack, ours, bench, timezone=None)
        their = opened(stack, mysqlclient, bench)
        drain = opened(stack, floor, bench)
        sides = {
            "ours": lambda: ours.fetch_dicts(our, data.SELECT),
            "mysqlclient": lambda: mysqlclient.fetch_dicts(their, data.SELECT),
        }
        check_equal("fetch_dict", {name: side() for name, side in sides.items()})
        check_count("fetch_dict", {"floor": floor.count_rows(drain, data.SELECT), "the data": bench.rows})
        yield {**sides, "floor": lambda: floor.count_rows(drain, data.SELECT)}


@question(Ratio("fetch_typed_vs_peer", "peer", "ours", at_least=5))
def fetch_typed(bench: Bench) -> Iterator[Sides]:
    """bool, aware datetime, time, Decimal and JSON, each backend with the adapters that core takes for its model."""
    with ExitStack() as stack:
        sides: dict[str, Any] = {}
        for name, driver in (("ours", ours), ("peer", peer)):
            backend = opened(stack, driver, bench)
            adapters = model(backend).get_column_adapters()
            sides[name] = lambda d=driver, b=backend, a=adapters: d.fetch_typed(b, data.SELECT, a)
        wanted = [dict(zip(data.NAMES, row)) for row in data.rows(bench.rows)]
        check_equal("fetch_typed", {"the data": wanted, **{name: side() for name, side in sides.items()}})
        yield sides


def model(backend: Any) -> type[ActiveRecord]:
    """A model of the rows on that backend."""
    fields = {column.name: column.annotation for column in data.COLUMNS}
    made = type("BenchRow", (ActiveRecord,), {
        "__annotations__": fields, "__table_name__": data.TABLE, "__module__": __name__,
        **{name: None for name, annotation in fields.items() if type(None) in getattr(annotation, "__args__", ())},
    })
    made.__backend__, made.__connection_config__, made.__backend_class__ = backend, backend.config, type(backend)
    return made
