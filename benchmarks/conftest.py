"""`pytest benchmarks/`: the codec's functions one by one, in every implementation, all with the same results."""
import sys
from pathlib import Path

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient.async_session import AsyncSession
from rhosocial.activerecord.backend.impl.mysqlclient.codec import IMPLEMENTATIONS, _native, _python, choose

sys.path.insert(0, str(Path(__file__).resolve().parent))  # data and harness, as run.py finds them

import data
from drivers import mysqlclient
from harness import Bench, quiet
from MySQLdb import _mysql

PACKAGE = "rhosocial.activerecord.backend.impl.mysqlclient"
TWINS = {"compiled": _native, "python": _python}
ROWS = 1_000


@pytest.fixture(params=TWINS)
def codec(request):
    """The functions of one twin. Those that bind are what native uses too."""
    assert TWINS[request.param] is not None, "the extension is not built"
    return TWINS[request.param]


@pytest.fixture(scope="session")
def bench():
    """A private MySQL with the rows in it."""
    quiet()
    with Bench("mysql", ROWS) as bench:
        yield bench


@pytest.fixture(params=IMPLEMENTATIONS)
def implementation(request, monkeypatch):
    """The codec that sessions opened meanwhile use. A process has one: this puts another in its place."""
    chosen = choose(request.param, _mysql.__file__)
    for name, module in list(sys.modules.items()):
        if name.startswith(PACKAGE) and hasattr(module, "CODEC"):
            monkeypatch.setattr(module, "CODEC", chosen)
    nonblocking = chosen.library is not None and chosen.library.nonblocking
    monkeypatch.setattr(AsyncSession, "nonblocking", nonblocking)
    return request.param


@pytest.fixture(scope="session")
def wanted(bench):
    """The rows as mysqlclient reads them: naive datetimes, JSON as text, times as timedeltas."""
    session = mysqlclient.connect(bench.login)
    yield mysqlclient.fetch_dicts(session, data.SELECT)
    mysqlclient.close(session)
