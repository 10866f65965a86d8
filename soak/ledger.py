"""Who was told what, and whether the server agrees."""

import struct
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

from rhosocial.activerecord.backend.impl.mysqlclient.errors import CommitUnknown, ConnectionLost

# An operation that writes has returned; has failed, and nothing of it may be there; or nobody knows.
DONE, FAILED, UNKNOWN = range(3)

_RECORD = struct.Struct("<qiB")
_ROWS_AT_ONCE = 50_000

# Rows of the ledger by operation, beside what the worker knows of it.
_BOTH = (
    "FROM journal LEFT JOIN"
    " (SELECT op, COUNT(*) AS found, COUNT(DISTINCT part) AS distinct_parts FROM ledger GROUP BY op) AS written"
    " USING (op) WHERE "
)
_QUESTIONS = {
    "lost": f"SELECT COUNT(*) AS n {_BOTH} outcome = {DONE} AND COALESCE(distinct_parts, 0) < parts",
    "duplicated": f"SELECT COUNT(*) AS n {_BOTH} found > distinct_parts",
    "half_committed": f"SELECT COUNT(*) AS n {_BOTH} (outcome = {FAILED} AND found > 0)"
    f" OR (outcome = {UNKNOWN} AND found > 0 AND distinct_parts < parts)",
}
# Rows of operations that nobody asked for, and money made or lost by transfers that are half there.
_UNCALLED = "SELECT COUNT(*) AS n FROM ledger LEFT JOIN journal USING (op) WHERE journal.op IS NULL"
_BALANCE = "SELECT SUM(balance) AS n FROM account"


class CrossTalk(Exception):
    """A statement got rows that are not its own."""


class GivenUp(Exception):
    """An operation's own failure, on purpose."""


def fate(error: BaseException, in_transaction: bool) -> int:
    """What an exception says of the rows that were to be written."""
    if isinstance(error, CommitUnknown):
        return UNKNOWN
    if isinstance(error, Exception) and (in_transaction or not isinstance(error, ConnectionLost)):
        return FAILED
    return UNKNOWN  # cancelled, or the acknowledgement was lost


class Ledger:
    """The workers' journal, in a file: memory must stay flat. Its methods may be called by any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._file = tempfile.TemporaryFile()
        self.operations = 0
        self.errors: Counter[str] = Counter()

    def write(self, op: int, parts: int, outcome: int, error: BaseException | None = None) -> None:
        with self._lock:
            self.operations += 1
            if error is not None and not isinstance(error, GivenUp):
                self.errors[type(error).__name__] += 1
            if parts:
                self._file.write(_RECORD.pack(op, parts, outcome))

    def _records(self) -> Iterator[tuple[int, int, int]]:
        self._file.seek(0)
        while data := self._file.read(_RECORD.size * 1000):
            yield from _RECORD.iter_unpack(data)

    def check(self, backend: Any) -> dict[str, int]:
        """Compare with what the server has. Returns how many operations were lost, duplicated, half committed."""
        rows = list(self._records())
        backend.execute("DELETE FROM journal")
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            backend.execute_many("INSERT INTO journal VALUES (%s, %s, %s)", rows[start : start + _ROWS_AT_ONCE])
        found = {name: int(backend.fetch_one(sql)["n"]) for name, sql in _QUESTIONS.items()}
        found["half_committed"] += int(backend.fetch_one(_UNCALLED)["n"])
        found["half_committed"] += int(backend.fetch_one(_BALANCE)["n"]) != 0
        return found
