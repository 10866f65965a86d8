"""The prepared statements of a session."""

import re
import time
from collections import OrderedDict
from decimal import Decimal
from typing import Any, Callable, Dict, Optional, Sequence, Tuple

import MySQLdb

from .codec.abc import WireError
from .driver_rows import CODEC, PLAIN, Outcome, Reader, Shape, Statement, escapes

# Measured best for arrays of rows on MariaDB; beyond it no longer matters.
ARRAY_BYTES = 256 * 1024
# Statements a session keeps prepared; the server allows 16382 of all its sessions (max_prepared_stmt_count).
_MOST = 64
# Not for the prepared statement protocol; too many on the server; of a type the client library cannot fetch.
_UNPREPARED = frozenset((1295, 1461, 2036))
# Not for an array of rows: the statement (ER_UNSUPPORTED_PS), the server (CR_FUNCTION_NOT_SUPPORTED).
_NO_ARRAYS = frozenset((1295, 5003))
# A procedure's results after the first cannot be read to their end by the C API's prepared statements without binding
# their columns, and freeing them unread keeps an error among their rows quiet: it runs as text.
_CALL = re.compile(rb"\s*(?:/\*.*?\*/\s*)*CALL\b", re.DOTALL | re.IGNORECASE)
# CR_NEW_STMT_METADATA: columns were added or dropped since it was prepared.
_NEW_METADATA = 2057
# MySQL types a parameter by its column, which has changed since (ER_CONVERSION_IMPOSSIBLE), and by its first values: a
# JSON text after a number is an ER_INVALID_JSON_CHARSET.
_NEW_PARAMETER = frozenset((3988, 3144))
# Statements that have changed nothing when they fail so, in whatever engine: parameters are evaluated for the first row
# already, and before it is written.
_ALL_OR_NOTHING = re.compile(
    rb"\s*(?:SELECT\b"
    rb"|(?:INSERT|REPLACE)\b[^'\"();]*(?:\([^'\"();]*\)\s*)?\bVALUES?\s*\([^()]*\)\s*(?:(?:AS|ON|RETURNING)\b.*)?\Z"
    rb"|UPDATE\s+\S+\s+SET(?:\s+[^\s(=]+\s*=\s*\?\s*,?)+(?:\s+WHERE\s+[^\s(]+\s*=\s*\?\s*)?\Z)",
    re.DOTALL | re.IGNORECASE,
)
# What EXECUTE is in bytes at the most, but for its texts: the statement, a number, any other value.
_EXECUTE, _NUMBER, _OTHER = 64, 12, 100
_NUMBERS = (int, float, type(None))
_ARITHMETIC = (int, float, Decimal)
_BYTES = (bytes, bytearray, memoryview)


class _SqlStatement(Reader):
    """A statement prepared by SQL (manual 15.5): codec._native.Statement where the client library is out of reach."""

    def __init__(self, connection: Any, params: Optional[int]) -> None:
        super().__init__(connection)
        self._name = b"mysqlclient_%d" % id(self)
        self._prepared = False
        self.params = params or 0  # the server tells only when it is executed
        self._numbers: Dict[int, bool] = {}

    def _send(self, statement: bytes) -> None:
        self._connection.query(statement)
        self._connection.store_result()

    def prepare(self, text: bytes) -> None:
        self._send(b"PREPARE %s FROM '%s'" % (self._name, self._connection.escape_string(text)))
        self._prepared = True

    def execute(self, params: Sequence[Any]) -> bool:
        for i, value in enumerate(params):  # as codec._native.Statement.execute does
            is_number = isinstance(value, _ARITHMETIC)
            if value is not None and self._numbers.setdefault(i, is_number) is not is_number:
                return False
        names = [b"@%s_%d" % (self._name, i) for i in range(self.params)]
        parts = [b"%s%s=" % (b"," if i else b"SET ", name) for i, name in enumerate(names)]
        statement = CODEC.functions.bind((*parts, b""), params, escapes(self._connection))
        if names:
            self._send(statement)
        self._connection.query(b"EXECUTE %s%s%s" % (self._name, b" USING " if names else b"", b",".join(names)))
        return True

    @property
    def affected_rows(self) -> int:
        return self._connection.affected_rows()

    @property
    def insert_id(self) -> int:
        return self._connection.insert_id()

    def close(self) -> None:
        super().close()
        while self._connection.next_result() == 0:
            self._connection.discard_result()

    def reset(self) -> None:
        self.close()

    def finish(self) -> None:
        if self._prepared and not self._connection.closed:
            self._send(b"DEALLOCATE PREPARE %s" % self._name)


class PreparedStatements:
    """The statements a session has prepared, by their texts; the least recently used makes room for others."""

    def __init__(self, connection: Any, native: Any, busy_poll_us: int) -> None:
        self._connection = connection
        self._native = native
        self._busy_poll_us = busy_poll_us
        self._new: Any = None  # not prepared yet
        self._kept: OrderedDict[bytes, Any] = OrderedDict()

    def get(self, text: bytes, params: Optional[int] = None) -> Any:
        """The statement for a text; None where the server does not prepare it, or not with as many ``params``.

        Raises MySQLdb's errors and WireError, after which the session is in step unless it is lost.
        """
        statement = self._kept.get(text)
        if statement is not None:
            self._kept.move_to_end(text)
            return statement
        if text in self:
            return None
        statement = self.new(params)
        try:
            statement.prepare(text)
        except (MySQLdb.Error, WireError) as error:
            self.refused(statement, error)
            statement = None
        return self.keep(text, statement, params)

    def __contains__(self, text: bytes) -> bool:
        return text in self._kept or _CALL.match(text) is not None

    def __getitem__(self, text: bytes) -> Any:
        """The statement; None for one that runs as text."""
        if text not in self._kept:
            return None
        self._kept.move_to_end(text)
        return self._kept[text]

    def new(self, params: Optional[int]) -> Any:
        """A statement to be prepared."""
        if CODEC.library is None:
            self._new = _SqlStatement(self._connection, params)
        else:
            self._new = self._native(CODEC.library, self._connection)
            self._new.busy_poll_us = self._busy_poll_us
        return self._new

    def refused(self, statement: Any, error: Exception) -> None:
        """Free a statement that could not be prepared. Raises the error, unless it runs as text."""
        self._new = None
        statement.finish()
        try:
            if error.args[0] not in _UNPREPARED:
                raise error
        finally:
            del error  # or it would be a cycle, by this frame

    def keep(self, text: bytes, statement: Any, params: Optional[int]) -> Any:
        """Remember what became of a text, and give it back."""
        self._new = None
        if statement is not None and params not in (None, statement.params):
            statement.finish()
            return None  # sent as text, which names the error; not remembered
        self._kept[text] = statement
        if len(self._kept) > _MOST:
            oldest = self._kept.popitem(last=False)[1]
            if oldest is not None:
                oldest.finish()
        return statement

    def reset(self, text: bytes, error: BaseException) -> None:
        """Make the statement usable again after an error, or forget it where the tables have changed."""
        self._kept[text].reset()
        self.forget_changed(text, error)

    def forget_changed(self, text: bytes, error: BaseException) -> None:
        """Close the statement for a text where the error says that its tables have changed."""
        code = _errno(error)
        if code == _NEW_METADATA or code in _NEW_PARAMETER:
            self.forget(text)

    def forget(self, text: bytes) -> None:
        """Close the statement for a text, if there is one."""
        statement = self._kept.pop(text, None)
        if statement is not None:
            statement.finish()

    def finish(self) -> None:
        """Free all of them. The connection being closed, no word is sent for any."""
        statements = [self._new, *self._kept.values()]
        self._new = None
        self._kept.clear()
        for statement in statements:
            if statement is not None:
                statement.finish()


def overtaken(text: bytes, error: BaseException) -> bool:
    """Whether the statement failed before it did anything, because its tables have changed: it may run as text."""
    code = _errno(error)
    if code == _NEW_METADATA:
        return text.lstrip()[:6].upper() == b"SELECT"
    return code in _NEW_PARAMETER and _ALL_OR_NOTHING.match(text) is not None


def bytes_sent(params: Sequence[Any]) -> int:
    """About how many bytes EXECUTE is with these parameters; never fewer."""
    size = _EXECUTE + _NUMBER * len(params)
    for value in params:
        if type(value) is int:
            continue
        if isinstance(value, str):
            # str's own, as a subclass may say anything
            ascii_only = str.isascii(value)
            size += str.__len__(value) if ascii_only else len(str.encode(value, errors="surrogatepass"))
        elif isinstance(value, _BYTES):
            size += memoryview(value).nbytes
        elif not isinstance(value, _NUMBERS):
            size += _OTHER
    return size


def no_arrays(error: BaseException) -> bool:
    """Whether a statement was not run because it was given an array of rows."""
    return _errno(error) in _NO_ARRAYS


def _errno(error: BaseException) -> Optional[int]:
    return error.args[0] if isinstance(error, (MySQLdb.Error, WireError)) and error.args else None


class Preparing:
    """What a Session does with prepared statements."""

    def run_prepared(
        self: Any, text: Statement, params: Sequence[Any], plain: Statement, shape: Shape = PLAIN
    ) -> Outcome:
        """Session.run by a prepared statement: ``text`` with its ``?``. Where the server cannot, ``plain`` is run."""
        with self._lock:
            self._live()
            wanted = self._sendable(text)
            self._refuse_longer(bytes_sent(params))
            if CODEC.library is None:
                self._sendable(plain)  # names what is wrong with the parameters, as EXECUTE would not
            self._unfinished = True
            statement = self._prepare(wanted, len(params))
            self._unfinished = statement is not None
            if statement is None:
                return self.run(plain, shape)
            try:
                if not statement.execute(params):
                    self._prepared.forget(wanted)  # anew, the next time, for what its parameters are now
                    self._unfinished = False
                    return self.run(plain, shape)
                outcome = self._read_prepared(statement, shape)
            except BaseException as error:
                self._recover_prepared(wanted, error)
                if overtaken(wanted, error):
                    return self.run(plain, shape)
                raise
            self._unfinished = False
            self.used = time.monotonic()
            if self._heeds_warnings:
                self._heed_warnings()
            return outcome

    @property
    def takes_arrays(self: Any) -> bool:
        """Whether run_array() works: libmariadb and a MariaDB server, the codec native."""
        return CODEC.library is not None and CODEC.library.mariadb and self.mariadb

    def run_array(
        self: Any,
        text: Callable[[bool], bytes],
        rows: Sequence[Sequence[Any]],
        start: int = 0,
        shape: Shape = PLAIN,
        limit: int = ARRAY_BYTES,
        before: int = 0,
    ) -> Tuple[Optional[Outcome], int]:
        """Run an INSERT, REPLACE, UPDATE or DELETE, ``text`` with its ``?``, for rows[start] and rows after it at once.

        Returns their outcome and the index of the first row not done: call it again from there. All rows of one call
        are done or none. (None, start): these rows have to go as text, their columns' types being mixed, the first
        being longer than ``limit``, or the server not preparing the statement or not running it for an array.

        limit: about how many bytes are sent at once, below the server's max_allowed_packet
        before: how many rows there were before ``rows``, for errors
        The outcome's last_insert_id is the first generated id; other sessions' ids may lie between the others, which
        only RETURNING tells: then the outcome's rows are theirs, in order, and affected_rows is their number.
        Raises as run(), and what bind() raises, naming the row from 1.
        """
        with self._lock:
            self._live()
            wanted = self._text(text)
            self._unfinished = True
            statement = self._prepare(wanted)
            self._unfinished = statement is not None
            if statement is None:
                return None, start
            try:
                done = statement.execute_rows(rows, start, limit, before)
                outcome = self._read_prepared(statement, shape) if done > start else None
            except BaseException as error:
                self._recover_prepared(wanted, error)
                if no_arrays(error):
                    return None, start
                raise
            self._unfinished = False
            self.used = time.monotonic()
            if self._heeds_warnings:
                self._heed_warnings()
            return outcome, done

    def forget_prepared(self: Any, text: Callable[[bool], bytes]) -> None:
        """Close a prepared statement, if there is one."""
        with self._lock:
            if self._connection is not None:
                self._unfinished = True
                self._prepared.forget(self._text(text))
                self._unfinished = False

    def _prepare(self: Any, text: bytes, params: Optional[int] = None) -> Any:
        try:
            return self._prepared.get(text, params)
        except Exception as error:
            if self._unusable(error):
                self.discard()
            self._unfinished = False
            raise

    def _read_prepared(self: Any, statement: Any, shape: Shape) -> Outcome:
        outcome: Outcome = tuple.__new__(Outcome, statement.read(self.planner, shape))
        if outcome.rows is None:
            statement.close()
        else:
            self._warnings_uncounted = True
        return outcome

    def _recover_prepared(self: Any, text: bytes, error: BaseException) -> None:
        """After a failed statement: make it usable again, or give it up, or the session."""
        if self._unusable(error):
            self.discard()
            return
        try:
            self._prepared.reset(text, error)
        except Exception:
            self.discard()
        self._unfinished = False
