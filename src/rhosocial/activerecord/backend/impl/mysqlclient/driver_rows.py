"""Results through mysqlclient's own result objects, and what a result is made into."""

import os
from typing import Any, Callable, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

from MySQLdb import _mysql

from .codec import VARIABLE, choose
from .codec.plan import Adapters, Column, Planner

CODEC = choose(os.environ.get(VARIABLE), _mysql.__file__)

_CHUNK_ROWS = 256

# A statement to send, or what renders it, given whether a backslash escapes in string literals.
Statement = Union[bytes, Callable[[bool], bytes]]


def escapes(connection: Any) -> bool:
    """Whether a backslash escapes in string literals. No server flag is asked, which a proxy may fake."""
    return len(connection.escape_string(b"\\")) == 2


class Outcome(NamedTuple):
    """What a statement gave: rows is None where it has no result set.

    last_insert_id is None where it has: a result set brings no id, and the client library's is of a statement before.
    """

    rows: Optional[List[Any]]
    affected_rows: int
    last_insert_id: Optional[int]
    names: Tuple[str, ...] = ()


class Shape(NamedTuple):
    """What the caller wants the rows to be."""

    adapters: Optional[Adapters] = None
    mapping: Optional[Mapping[str, str]] = None
    tuples: bool = False


PLAIN = Shape()
TUPLES = Shape(tuples=True)


class Reader:
    """Reads results through mysqlclient's own result objects: what codec._native.Reader does without them."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._result: Any = None
        self.done = True
        self.width = 0

    @property
    def more_results(self) -> bool:
        return bool(self._connection.more_results())

    @staticmethod
    def send(query: Callable[[bytes], Any], statement: bytes) -> None:
        query(statement)

    def read(self, planner: Planner, shape: Shape) -> Outcome:
        """The first result of the statement sent."""
        if not self.open():
            return Outcome(None, self._connection.affected_rows(), self._connection.insert_id() or None)
        plan = planner.plan(self, shape)
        rows = self.fetch(plan)
        self.close()
        return Outcome(rows, len(rows), None, plan.names)

    def open(self) -> bool:
        self._result = self._connection.use_result()
        self.done = self._result is None
        self.width = 0 if self.done else self._result.num_fields()
        return not self.done

    def signature(self) -> Tuple[Any, ...]:
        return self._result.describe(), self._result.field_flags(), self._result.converter

    def columns(self) -> Tuple[Column, ...]:
        described, flags, converters = self.signature()
        return tuple(
            Column(name, kind, flag, converter is bytes, decimals)
            for (name, kind, _, _, _, decimals, _), flag, converter in zip(described, flags, converters)
        )

    def fetch(self, plan: Any, limit: int = -1) -> List[Any]:
        rows: List[Any] = []
        while not self.done and (limit < 0 or len(rows) < limit):
            wanted = _CHUNK_ROWS if limit < 0 else min(_CHUNK_ROWS, limit - len(rows))
            chunk: Sequence[Any] = ()
            try:
                chunk = self._result.fetch_row(wanted, 0)
            finally:  # an error is the result's end too
                self.done = not chunk
            rows += CODEC.functions.decode_rows(plan, chunk)
        return rows

    def skip(self) -> int:
        """Read and drop the rows left; how many is not known."""
        self.close()
        return 0

    def close(self) -> None:
        result, self._result = self._result, None
        if result is not None and not self.done:
            self.done = True
            result.discard()
