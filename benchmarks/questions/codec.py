"""The codec alone, without a server: the compiled twin against the one in Python."""
from collections.abc import Iterator

import data
from harness import Bench, Ratio, Sides, check_equal, question

from rhosocial.activerecord.backend.impl.mysqlclient.codec import _native, _python


@question(Ratio("decode_native_vs_python", "python", "native", at_least=4))
def decode(bench: Bench) -> Iterator[Sides]:
    cells = data.cells(bench.rows)
    sides = {
        "native": lambda: _native.decode_rows(data.PLAN, cells),
        "python": lambda: _python.decode_rows(data.PLAN, cells),
    }
    check_equal("decode", {name: side() for name, side in sides.items()})
    yield sides
