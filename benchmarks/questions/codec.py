"""The codec alone: the compiled twin against the one in Python, and against mysqlclient's escaping."""
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial

import data
from drivers import mysqlclient
from harness import Bench, Ratio, Sides, check_equal, check_same, opened, question

from rhosocial.activerecord.backend.impl.mysqlclient.codec import _native, _python
from rhosocial.activerecord.backend.impl.mysqlclient.codec.sql import template

PARAMETERS = 11
SQL = f"INSERT INTO {data.WRITTEN} VALUES ({', '.join(['%s'] * PARAMETERS)})"
BINDS = 1_000  # in one measured call


@question(Ratio("decode_native_vs_python", "python", "native", at_least=4), servers=("mysql",))
def decode(bench: Bench) -> Iterator[Sides]:
    cells = data.cells(bench.rows)
    sides = {
        "native": lambda: _native.decode_rows(data.PLAN, cells),
        "python": lambda: _python.decode_rows(data.PLAN, cells),
    }
    check_equal("decode", {name: side() for name, side in sides.items()})
    yield sides


@question(
    Ratio("bind_vs_mysqlclient", "mysqlclient", "native", at_least=6),
    Ratio("bind_native_vs_python", "python", "native", at_least=5),
    servers=("mysql",),
)
def bind(bench: Bench) -> Iterator[Sides]:
    """11 parameters into one statement. mysqlclient's escaping asks for an open session and sends nothing on it."""
    rows = [data.parameters(row)[:PARAMETERS] for row in data.rows(bench.rows)[:BINDS]]
    parts = template(SQL, True).parts
    with ExitStack() as stack:
        session = opened(stack, mysqlclient, bench)
        each = {
            "native": lambda row: _native.bind(parts, row, True),
            "python": lambda row: _python.bind(parts, row, True),
            "mysqlclient": partial(mysqlclient.bind, session, SQL),
        }
        check_same("bind", {name: each[name](rows[0]) for name in ("native", "python")})
        # mysqlclient spells some values differently: what the server reads must be the same
        check_same("bind: as the server reads it", {
            name: bench.ask(f"SELECT {function(rows[0]).decode()[SQL.index('(') + 1:-1]}")
            for name, function in each.items()})
        yield {name: lambda f=function: [f(row) for row in rows] for name, function in each.items()}
