"""Many rows in few statements: what is sent for them, and what came of it. All of it but the I/O."""

import sys
from collections.abc import Sequence as AnySequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from itertools import chain, count, islice
from typing import Any, Callable, Iterable, Iterator, List, NamedTuple, Optional, Tuple, Union
from uuid import UUID

from .codec.sql import InsertShape, Template, template
from .driver import CODEC, Outcome, Shape, Statement
from .driver_prepared import ARRAY_BYTES
from .errors import OperationalError, PacketTooLarge
from .prepared import prepared_text

_Blocks = Iterable[Tuple[int, List[Any]]]
_bind_rows = CODEC.functions.bind_rows

# What the codec binds as it is; anything else goes through its type adapter first.
BOUND_TYPES = frozenset(
    (type(None), bool, int, float, Decimal, str, bytes, bytearray, memoryview, datetime, date, time, timedelta, UUID)
)
# Measured best for multi-row INSERT on both servers: 1 and 8 MiB are slower.
INSERT_BYTES = 64 * 1024
# Rows taken from an iterable at once, and from what is in memory for arrays. MariaDB reserves ids for an array by
# powers of two (AUTO_INC_DEFAULT_NB_ROWS): one row more than these would leave as many ids unused.
_BLOCK = 255
_ARRAY = 1023
# Rows from which on arrays are quicker, by what else would be sent: one INSERT, or a statement for each row.
_FEW = {True: _BLOCK, False: 4}
_NUMBERS = count()
_UNKNOWN_IDS = (
    "the ids generated for the rows do not follow one by one: auto_increment_increment is not 1, or the rows fill "
    "more than one packet and another session inserts meanwhile; give the ids, insert fewer rows at once "
    "(bulk_create(batch_size=...)) or one by one"
)
# A given id is in the statement's outcome too, but not in this (C API, mysql_insert_id()).
_GENERATED_ID = b"SELECT LAST_INSERT_ID() AS id, @@auto_increment_increment AS step"


class Chunk(NamedTuple):
    """A statement of a batch, and how many rows there are before its first."""

    start: int
    statement: Statement

    def run(self, session: Any, shape: Shape) -> Any:
        """What the session gives for it, or an awaitable of that."""
        return session.run(self.statement, shape)

    def outcome(self, answer: Outcome) -> Optional[Outcome]:
        return answer


class Array:
    """Rows that a session does by Session.run_array; again, until all are done or it wants the others as text."""

    refused = False

    def __init__(self, sql: str, block: List[Any], before: int, limit: int) -> None:
        self._text = partial(prepared_text, sql)
        self._block, self._before, self._limit = block, before, limit
        self._done = 0

    @property
    def start(self) -> int:
        return self._before + self._done

    @property
    def left(self) -> List[Any]:
        return self._block[self._done :]

    def run(self, session: Any, shape: Shape) -> Any:
        return session.run_array(self._text, self._block, self._done, shape, self._limit, self._before)

    def outcome(self, answer: Tuple[Optional[Outcome], int]) -> Optional[Outcome]:
        outcome, self._done = answer
        self.refused = outcome is None
        return outcome


class Question(NamedTuple):
    """What to ask the server after a statement, and who judges the answer."""

    statement: bytes
    judge: Callable[[Outcome], None]


class Unit(NamedTuple):
    """The statements around those of a batch, of which all are done or none."""

    begin: bytes
    end: bytes
    undo: bytes


def unit(within: bool) -> Unit:
    """A transaction, or a savepoint ``within`` one."""
    if not within:
        return Unit(b"START TRANSACTION", b"COMMIT", b"ROLLBACK")
    name = b"batch_%d" % next(_NUMBERS)
    return Unit(b"SAVEPOINT " + name, b"RELEASE SAVEPOINT " + name, b"ROLLBACK TO SAVEPOINT " + name)


class Rows:
    """Rows from any iterable, some at a time, with values that the codec knows.

    adapt:  makes a row's values such
    error:  what the iterable itself raised
    """

    at_once = _BLOCK
    asynchronous = False

    def __init__(self, rows: Any, adapt: Callable[[Any], Any]) -> None:
        self._rows, self._adapt = rows, adapt
        self.error: Optional[Exception] = None
        self.count = 0

    def blocks(self) -> Iterator[Tuple[int, List[Any]]]:
        """Lists of rows, and how many there were before."""
        rows = iter(self._rows)
        while True:
            try:
                block = list(islice(rows, self.at_once))
            except Exception as error:
                self.error = error
                raise
            if not block:
                return
            yield self.count, self._adapted(block)
            self.count += len(block)

    def _adapted(self, block: List[Any]) -> List[Any]:
        try:
            if BOUND_TYPES.issuperset(map(type, chain.from_iterable(block))):
                return block
        except TypeError:  # a row is none: the codec says which
            return block
        return [self._adapt(row) if isinstance(row, AnySequence) else row for row in block]


class Batch:
    """The statements that do ``sql`` for each of ``rows``: multi-row INSERTs where its shape allows it.

    Between its chunks a None says that there are no rows now: AsyncRows.read() has to be awaited.
    """

    before: Tuple[bytes, ...] = ()
    after: Tuple[bytes, ...] = ()
    cleanup: Tuple[bytes, ...] = ()
    size = INSERT_BYTES
    arrays = True  # where they can be had

    def __init__(self, sql: str, rows: Rows) -> None:
        self.sql, self.rows = sql, rows
        self._affected = 0
        self._first_id: Optional[int] = None
        self.chunks: Iterator[Any] = iter(())
        self.is_one = True

    def start(self, session: Any, longest: int) -> None:
        """Make the first statements. longest: what the server takes, in bytes."""
        cut = template(self.sql, session.backslash)
        blocks = self.rows.blocks()
        block = list(islice(blocks, 1))
        if block and self.arrays and session.takes_arrays and _suits_arrays(cut, len(block[0][1])):
            self.is_one = False
            self.chunks = self._by_arrays(cut, chain(block, blocks), longest)
            return
        chunks = self._by_text(cut, chain(block, blocks), longest)
        first = list(islice(chunks, 2))
        self.is_one = len(first) < 2 and not self.before
        self.chunks = chain(first, chunks)
        if not first:
            self.before = self.after = self.cleanup = ()

    def _by_arrays(self, cut: Template, blocks: _Blocks, longest: int) -> Iterator[Union[Chunk, Array, None]]:
        limit = min(ARRAY_BYTES, longest // 2)  # as it is counted before the types and lengths are added
        for before, block in blocks:
            array = Array(self.sql, block, before, limit)
            while array.left and not array.refused:
                yield array
            if array.left or not block:
                yield from self._by_text(cut, [(array.start, array.left)], longest)

    def _by_text(self, cut: Template, blocks: _Blocks, longest: int) -> Iterator[Optional[Chunk]]:
        backslash = cut.backslash
        head, row, tail = shape = cut.insert or InsertShape(b"", cut.parts, b"")
        room = min(self.size, longest) - len(head) - len(tail) if cut.insert else 0
        texts: List[bytes] = []
        start = 0
        left = room
        for base, block in blocks:
            start = start if texts else base
            done = 0
            if not block:
                yield None
            while done < len(block):
                text, end = _bind_rows(row, block, done, left, backslash, base)
                full = bool(texts) and len(text) > left  # then the row is the next statement's
                if not full:
                    texts.append(text)
                    left -= len(text) + 1
                    done = end
                if full or done < len(block):
                    yield _chunk(shape, texts, start, backslash, longest)
                    texts, left, start = [], room, base + done
        if texts:
            yield _chunk(shape, texts, start, backslash, longest)

    def take(self, chunk: Union[Chunk, Array], answer: Any) -> Optional[Question]:
        """Keep what the session gave for a chunk; what has to be asked about it."""
        outcome = chunk.outcome(answer)
        return None if outcome is None else self._take(chunk.start, outcome)

    def _take(self, start: int, outcome: Outcome) -> Optional[Question]:
        self._affected += outcome.affected_rows
        self._first_id = self._first_id or outcome.last_insert_id
        return None

    def conclude(self, outcome: Outcome) -> None:
        """Keep what a statement ``after`` the others gave."""
        self._affected += outcome.affected_rows

    def outcome(self) -> Outcome:
        return Outcome(None, self._affected, self._first_id)


class InsertBatch(Batch):
    """INSERTs whose rows' ids core numbers from the first one, unless the statement returns them.

    The rows go into one statement, if a packet holds them: its ids follow one by one.
    """

    def __init__(self, sql: str, rows: Rows, count: int, returning: bool) -> None:
        super().__init__(sql, rows)
        self.size = INSERT_BYTES if returning else sys.maxsize
        self.arrays = returning
        self.rows.at_once = _ARRAY
        self._numbered = not returning and count > 1
        self._returned: List[Any] = []

    def _take(self, start: int, outcome: Outcome) -> Optional[Question]:
        super()._take(start, outcome)
        self._returned += outcome.rows or ()
        if not self._numbered or not outcome.last_insert_id:
            return None
        return Question(_GENERATED_ID, partial(self._check_ids, start, outcome.last_insert_id))

    def _check_ids(self, start: int, first_id: int, answer: Outcome) -> None:
        generated = answer.rows[0]  # type: ignore[index]
        if generated["id"] == first_id and (generated["step"] != 1 or first_id - start != self._first_id):
            raise OperationalError(_UNKNOWN_IDS)

    def outcome(self) -> Outcome:
        return Outcome(self._returned or None, self._affected, self._first_id)


def _suits_arrays(cut: Template, count: int) -> bool:
    """Whether ``count`` rows or more are done by arrays: of what means the same then, each row being done by itself."""
    is_insert = cut.insert is not None
    if count < _FEW[is_insert] or len(cut.parts) == 1 or any(b"?" in part for part in cut.parts):
        return False
    return is_insert or cut.sql.lstrip()[:6].upper() in ("UPDATE", "DELETE")


def _chunk(shape: InsertShape, texts: List[bytes], start: int, backslash: bool, longest: int) -> Chunk:
    statement = b"%s%s%s" % (shape.head, b",".join(texts), shape.tail)
    if len(statement) > longest:
        raise PacketTooLarge(
            f"row {start + 1}: its statement of {len(statement)} bytes is longer than the {longest} that the server's "
            "max_allowed_packet allows; raise it, or write the value in parts"
        )
    return Chunk(start, partial(_as_rendered, statement, backslash))


def _as_rendered(statement: bytes, rendered_for: bool, backslash: bool) -> bytes:
    """A statement rendered beforehand, unless sql_mode was changed meanwhile."""
    if backslash != rendered_for:
        raise OperationalError("NO_BACKSLASH_ESCAPES was switched in sql_mode while the rows were sent")
    return statement
