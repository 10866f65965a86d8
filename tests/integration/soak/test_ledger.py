"""The check that ends `make soak` sees what it is there to see."""

import importlib.util
from pathlib import Path

import pytest
from rhosocial.activerecord.backend.errors import QueryError

from rhosocial.activerecord.backend.impl.mysqlclient.errors import CommitUnknown, ConnectionLost

SOAK = Path(__file__).parents[3] / "soak"


def load(name):
    spec = importlib.util.spec_from_file_location(f"soak_{name}", SOAK / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


ledgers, operations = load("ledger"), load("operations")
DONE, FAILED, UNKNOWN = ledgers.DONE, ledgers.FAILED, ledgers.UNKNOWN
NOTHING = {"lost": 0, "duplicated": 0, "half_committed": 0}


@pytest.fixture
def table(backend):
    for table in operations.TABLES:
        backend.execute(table)
    backend.execute("INSERT INTO account VALUES (1, -5), (2, 5)")
    return backend


def checked(backend, told, written):
    """told: (operation, parts, outcome); written: (operation, part)."""
    ledger = ledgers.Ledger()
    for record in told:
        ledger.write(*record)
    if written:
        backend.execute_many(operations.INSERT, written)
    return ledger.check(backend)


@pytest.mark.parametrize(
    ("told", "written", "wrong"),
    [
        ([(1, 2, DONE), (2, 1, FAILED), (3, 2, UNKNOWN), (4, 1, UNKNOWN)], [(1, 0), (1, 1), (3, 0), (3, 1)], {}),
        ([(1, 1, DONE), (2, 1, DONE)], [(1, 0)], {"lost": 1}),
        ([(1, 2, DONE)], [(1, 0)], {"lost": 1}),
        ([(1, 2, DONE)], [(1, 0), (1, 1), (1, 0)], {"duplicated": 1}),
        ([(1, 2, FAILED)], [(1, 0), (1, 1)], {"half_committed": 1}),
        ([(1, 3, UNKNOWN)], [(1, 0), (1, 2)], {"half_committed": 1}),
        ([(1, 1, DONE)], [(1, 0), (2, 0)], {"half_committed": 1}),
    ],
    ids=["right", "gone", "in part", "twice", "undone but there", "half there", "nobody's"],
)
def test_the_check_finds_what_is_wrong(table, told, written, wrong):
    assert checked(table, told, written) == {**NOTHING, **wrong}


def test_the_check_finds_half_a_transfer(table):
    table.execute("UPDATE account SET balance = 6 WHERE id = 2")
    assert checked(table, [], []) == {**NOTHING, "half_committed": 1}


@pytest.mark.parametrize(
    ("error", "in_transaction", "outcome"),
    [
        (ConnectionLost(""), True, FAILED),
        (ConnectionLost(""), False, UNKNOWN),
        (CommitUnknown(""), True, UNKNOWN),
        (QueryError(""), False, FAILED),
        (KeyboardInterrupt(), True, UNKNOWN),
    ],
)
def test_what_an_exception_says_of_the_rows(error, in_transaction, outcome):
    assert ledgers.fate(error, in_transaction) == outcome
