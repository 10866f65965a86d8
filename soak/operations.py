"""What the workers do, as data: the same for threads and tasks. Each operation that writes leaves rows in the ledger
under its number, all of its parts or none."""

import itertools
import random
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

ACCOUNTS = 64
BATCH = 20

TABLES = (
    # no unique key over (op, part): a row written twice must be seen
    "CREATE TABLE ledger (id BIGINT PRIMARY KEY AUTO_INCREMENT, op BIGINT NOT NULL, part INT NOT NULL, KEY (op))",
    "CREATE TABLE account (id INT PRIMARY KEY, balance BIGINT NOT NULL)",
    "CREATE TABLE journal (op BIGINT PRIMARY KEY, parts INT NOT NULL, outcome TINYINT NOT NULL)",
)
INSERT = "INSERT INTO ledger (op, part) VALUES (%s, %s)"
MOVE = "UPDATE account SET balance = balance + %s WHERE id = %s"


class Step(NamedTuple):
    """One statement. many: ``params`` are rows for execute_many. check: what its rows must be like."""

    sql: str
    params: Any
    many: bool = False
    check: Callable[[Any], bool] | None = None


class Operation(NamedTuple):
    """parts: the rows it leaves in the ledger. transaction: its steps are in one. fails: at its end, on purpose.
    model: saved by a model instead. streams: its only step is read as a stream, ended early."""

    steps: tuple[Step, ...] = ()
    parts: int = 0
    transaction: bool = False
    fails: bool = False
    model: bool = False
    streams: bool = False


def read(op: int, dice: random.Random) -> Operation:
    return Operation((Step("SELECT %s AS tag", (op,), check=lambda rows: rows == [{"tag": op}]),))


def scan(op: int, dice: random.Random) -> Operation:
    def whole(rows: Any) -> bool:
        return all(row["tag"] == op and row["id"] in range(ACCOUNTS) for row in rows)

    return Operation((Step("SELECT %s AS tag, id, balance FROM account", (op,), check=whole),))


def stream(op: int, dice: random.Random) -> Operation:
    step = Step("SELECT %s AS tag FROM account a, account b", (op,), check=lambda rows: rows == [{"tag": op}] * 10)
    return Operation((step,), streams=True)


def insert(op: int, dice: random.Random) -> Operation:
    return Operation((Step(INSERT, (op, 0)),), parts=1)


def save(op: int, dice: random.Random) -> Operation:
    return Operation(parts=1, model=True)


def batch(op: int, dice: random.Random) -> Operation:
    return Operation((Step(INSERT, [(op, part) for part in range(BATCH)], many=True),), parts=BATCH)


def transfer(op: int, dice: random.Random) -> Operation:
    """Crosses other transfers, and so meets deadlocks."""
    amount, payer, payee = dice.randint(1, 100), *dice.sample(range(ACCOUNTS), 2)
    steps = (Step(MOVE, (-amount, payer)), Step(INSERT, (op, 0)), Step(MOVE, (amount, payee)), Step(INSERT, (op, 1)))
    return Operation(steps, parts=2, transaction=True)


def give_up(op: int, dice: random.Random) -> Operation:
    return transfer(op, dice)._replace(fails=True)


_KINDS = {read: 30, scan: 10, stream: 2, insert: 20, save: 10, batch: 3, transfer: 20, give_up: 5}


def operations(worker: int, workers: int, seed: int) -> Iterator[tuple[int, Operation]]:
    """Endless: numbers that no other worker has, and what to do under them."""
    dice = random.Random(f"{seed}.{worker}")
    kinds, weights = list(_KINDS), list(_KINDS.values())
    for op in itertools.count(worker, workers):
        yield op, dice.choices(kinds, weights)[0](op, dice)
