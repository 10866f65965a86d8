"""One session with the server: open, send, read, close. With driver_*.py, the only importer of MySQLdb."""

import os
import threading
import time
import weakref
from functools import partial
from typing import Any, Dict, Iterable, List, Optional, Set, Tuple, TypeVar

import MySQLdb
import MySQLdb.connections
from MySQLdb import _mysql
from MySQLdb.constants import FIELD_TYPE, FLAG

from .codec.abc import WireError
from .codec.plan import Planner
from .config import MySQLConnectionConfig
from .driver_prepared import PreparedStatements, Preparing
from .driver_rows import CODEC, PLAIN, TUPLES, Outcome, Reader, Shape, Statement, escapes
from .errors import ConfigError, PacketTooLarge, SQLWarning, StatementWarning, connect_error, is_disconnect
from .login import check_tls, connect_arguments, is_libmariadb, send_attributes, with_option_file
from .session_state import DATABASE
from .wire import Wire

_LIBMARIADB = is_libmariadb(MySQLdb.get_client_info())
# mysqlclient hands out every cell as bytes with these; which of the two stands in a column's place
# tells characters (None) from bytes, by its charset (_mysql.c, _mysql_ResultObject_Initialize).
_RAW: Dict[int, Any] = {
    field_type: [(FLAG.BINARY, bytes), (None, None)]
    for field_type in (
        FIELD_TYPE.VARCHAR,
        FIELD_TYPE.ENUM,
        FIELD_TYPE.TINY_BLOB,
        FIELD_TYPE.MEDIUM_BLOB,
        FIELD_TYPE.LONG_BLOB,
        FIELD_TYPE.BLOB,
        FIELD_TYPE.VAR_STRING,
        FIELD_TYPE.STRING,
    )
}
_MULTI_STATEMENTS_OFF = 1  # mysql_com.h, enum enum_mysql_set_option
_send = _mysql.connection.query  # which Connection.query calls after looking for a bytearray
# A session unused for longer is looked at before the next statement is sent on it.
_IDLE_SECONDS = 1.0
# The least that max_allowed_packet can be (manual 7.1.8): shorter statements need no question.
FITS = 1024
SHOW_WARNINGS = b"SHOW WARNINGS"
LONGEST = b"SELECT @@max_allowed_packet AS packet"
# Measured: the statement and its command byte must stay below it. libmysqlclient sends 2 bytes more (query attributes).
_PACKET_OVERHEAD = 4
# Many statements ended at once must not fill the server with the sessions that kill them.
_KILLERS = threading.BoundedSemaphore(4)

Self = TypeVar("Self", bound="Session")


class _Connection(MySQLdb.connections.Connection):
    """mysqlclient's, which is silent between login and session_statements(): only after it can time be watched over."""

    def set_character_set(self, charset: str, collation: Optional[str] = None) -> None:
        """It is said in the login, and again by session_statements(), as servers may be told to overhear it."""
        self.encoding = "utf8"


class Session(Preparing):
    """A connection to the server. Its statements run one after another, whichever threads send them.

    Connecting raises ConnectionError, AccessDenied, UnknownDatabase, or what else the server or init_command say; all
    name the server. It takes connect_timeout at most for each of its steps: connecting, TLS, login, session settings.
    """

    def __init__(self, config: MySQLConnectionConfig, planner: Planner) -> None:
        self.planner = planner
        self._config = config
        self._lock = threading.RLock()
        self._unfinished = False  # a statement is running, or was interrupted and not cleaned up after
        self._heeds_warnings = config.get_warnings or config.raise_on_warnings
        self.warnings: Tuple[SQLWarning, ...] = ()  # of the last statement, with get_warnings
        # libmariadb does not read their number at the end of a prepared statement's rows (stmt_unbuffered_fetch).
        self._warnings_uncounted = False
        self._connection: Any = None
        try:
            arguments = connect_arguments(config, _LIBMARIADB)
            with with_option_file(config, arguments, _LIBMARIADB) as complete:
                self._connection = _Connection(**{**complete, "autocommit": None}, conv=_RAW, use_unicode=False)
            # Asking later fails while another thread runs a statement, and KILL needs it just then.
            self.id: int = self._connection.thread_id()
            self._wire = Wire(self._connection.fileno())
            self.server_info: str = self._connection.get_server_info()
            self.mariadb: bool = "MariaDB" in self.server_info
            self.autocommit: bool = config.autocommit
            self._longest: Optional[int] = None
            with self._wire.ended_after(config.connect_timeout):
                if config.conn_attrs:
                    send_attributes(self._connection, MySQLdb._mysql.__file__, _LIBMARIADB, arguments, config)
                self._set_up(config)
            self._reader = self._open_reader()
            self._prepared = PreparedStatements(self._connection, self._native_statement(), self._busy_poll_us)
            self._query = partial(_send, self._connection)
        except BaseException as error:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
            if isinstance(error, (MySQLdb.Error, ConfigError)):
                raise connect_error(error, config.address) from error
            raise
        self.used = time.monotonic()
        # What statements may have left in it: names of session_state.
        self.left: Set[str] = set()
        _SESSIONS.add(self)

    def _set_up(self, config: MySQLConnectionConfig) -> None:
        if config.tls_required:
            status = self._ask(b"SHOW SESSION STATUS WHERE Variable_name IN ('Ssl_cipher', 'Ssl_version')")
            check_tls(config, {name.decode(): value.decode() for name, value in status})
        self._make_settings()

    def _make_settings(self) -> None:
        if self._config.read_default_file:
            self._connection.set_server_option(_MULTI_STATEMENTS_OFF)  # the file may have turned them on
        for statement in self._config.session_statements(mariadb=self.mariadb):
            self._ask(statement.encode())
        self.statement_timeout: Optional[float] = self._config.statement_timeout

    def _ask(self, statement: bytes) -> Any:
        self._connection.query(statement)
        result = self._connection.store_result()
        return result.fetch_row(0) if result is not None else ()

    def _open_reader(self) -> Any:
        if CODEC.library is None:
            return Reader(self._connection)
        reader = CODEC.functions.Reader(CODEC.library, self._connection)
        reader.busy_poll_us = self._busy_poll_us
        return reader

    def _native_statement(self) -> Any:
        return getattr(CODEC.functions, "Statement", None)

    @property
    def _busy_poll_us(self) -> int:
        return self._config.busy_poll_us

    @property
    def closed(self) -> bool:
        return self._connection is None or (self._unfinished and self._abandoned())

    def _abandoned(self) -> bool:
        """Whether a signal interrupted even the cleaning up after a statement: then the session is ended now."""
        if self._lock._is_owned() or not self._lock.acquire(blocking=False):  # type: ignore[attr-defined]
            return False  # it is running
        try:
            if self._unfinished:
                self.discard()
            return self._connection is None
        finally:
            self._lock.release()

    @property
    def backslash(self) -> bool:
        """Whether a backslash escapes in string literals now: it does unless in NO_BACKSLASH_ESCAPES."""
        with self._lock:
            return escapes(self._live())

    def _text(self, statement: Statement) -> bytes:
        """The statement's bytes, rendered for the sql_mode in force now that no other can change it."""
        if isinstance(statement, bytes):
            return statement
        return statement(escapes(self._live()))

    def longest(self) -> int:
        """The bytes that a statement may have; the server is asked once."""
        if self._longest is None:
            self._know_longest(Session.run(self, LONGEST))
        return self._longest  # type: ignore[return-value]

    def _know_longest(self, outcome: Outcome) -> None:
        self._longest = int(outcome.rows[0]["packet"]) - _PACKET_OVERHEAD  # type: ignore[index]

    def _sendable(self, statement: Statement) -> bytes:
        """The statement's bytes. Raises PacketTooLarge for more than the server takes: it would end the session."""
        text = self._text(statement)
        self._refuse_longer(len(text))
        return text

    def _refuse_longer(self, length: int) -> None:
        if length > FITS:
            check_length(length, Session.longest(self))

    def run(self, statement: Statement, shape: Shape = PLAIN) -> Outcome:
        """Send a statement and read all its results; the rows are those of the first.

        Raises what MySQLdb raises, WireError, DecodeError, PacketTooLarge or StatementWarning. The session is usable
        then, or closed.
        """
        with self._lock:
            outcome = self._exchange(statement, shape)
            if self._heeds_warnings:
                self._heed_warnings()
            return outcome

    def _heed_warnings(self) -> None:
        self.warnings = ()
        if self._warned():
            self._take_warnings(Session._exchange(self, SHOW_WARNINGS, TUPLES))

    def _warned(self) -> bool:
        """Whether the server is to be asked for warnings of the last statement."""
        uncounted, self._warnings_uncounted = self._warnings_uncounted, False
        return uncounted or self._live().warning_count() > 0

    def _take_warnings(self, outcome: Outcome) -> None:
        self.warnings = tuple(SQLWarning(*row) for row in outcome.rows or ())
        if self._config.raise_on_warnings and any(warning.level != "Note" for warning in self.warnings):
            raise StatementWarning(self.warnings)

    def _exchange(self, statement: Statement, shape: Shape = PLAIN) -> Outcome:
        with self._lock:
            self._live()
            text = self._sendable(statement)
            self._unfinished = True
            try:
                reader = self._reader
                reader.send(self._query, text)
                outcome: Outcome = tuple.__new__(Outcome, reader.read(self.planner, shape))
                if reader.more_results:
                    self._drop_others()
            except BaseException as error:
                self._recover(error)
                raise
            self._unfinished = False
            self.used = time.monotonic()
            return outcome

    def begin(self, statement: Statement, shape: Shape = PLAIN) -> Any:
        """Send a statement and leave its rows to fetch(). Returns their plan, None where there are none.

        Until the last was fetched, and after an error, there is nothing else to do with the session but to end() it.
        """
        with self._lock:
            self._live()
            self._reader.send(self._query, self._sendable(statement))
            return self._plan(shape) if self._reader.open() else None

    def fetch(self, plan: Any, count: int) -> List[Any]:
        """The next ``count`` rows; fewer at the end."""
        with self._lock:
            self._live()
            return self._reader.fetch(plan, count)

    @property
    def more_results(self) -> bool:
        """Whether a result comes after the one whose rows were all fetched, or an error. No round trip."""
        with self._lock:
            return bool(self._live().more_results())

    def skip_results(self) -> None:
        """Read and drop the results after the one whose rows were all fetched. Raises the error of any of them."""
        with self._lock:
            self._live()
            self._reader.close()
            self._drop_others()

    def load(self, statement: bytes, lines: Iterable[bytes]) -> Tuple[Outcome, int]:
        """Run LOAD DATA LOCAL and give it ``lines``, whatever file the server asks for: these once, and no other.

        Returns the outcome and the number of warnings. Raises as run(), and what ``lines`` raises.
        """
        with self._lock:
            connection = self._live()
            served = CODEC.functions.LocalInfile(CODEC.library, connection)
            connection.local_infile = served  # which the client library points to from now on
            served.serve(lines, self._wire.hang_up)
            try:
                connection.query(statement)
                outcome: Outcome = tuple.__new__(Outcome, self._reader.read(self.planner, PLAIN))
                return outcome, connection.warning_count()
            except BaseException as error:
                raised = served.stop() or error
                try:
                    self._recover(raised)
                    raise raised from raised.__cause__
                finally:
                    del raised  # or it would be a cycle, by this frame
            finally:
                served.stop()

    @property
    def alone(self) -> Any:
        """A context in which no other thread's statement runs on this session."""
        return self._lock

    def _live(self) -> Any:
        if self._connection is None:
            raise MySQLdb.InterfaceError(2006, "the session is closed")
        return self._connection

    def _plan(self, shape: Shape, reader: Any = None) -> Any:
        return self.planner.plan(self._reader if reader is None else reader, shape)

    @staticmethod
    def _unusable(error: BaseException) -> bool:
        """Whether the session cannot be brought in step again after ``error``."""
        # Where memory ended (CPython sometimes forgets to say so), nobody knows how far the statement came.
        out_of_memory = isinstance(error, (MemoryError, SystemError))
        return not isinstance(error, Exception) or out_of_memory or is_disconnect(error)

    def _drop_others(self) -> None:
        """Read and drop what comes after a result, as of CALL; an error there is raised."""
        while self._connection.next_result() == 0:
            self._skip()

    def _skip(self) -> None:
        """Read and drop a result; an error among its rows is raised, as mysql_free_result() would not."""
        reader = self._reader
        if reader.open():
            while not reader.done:
                reader.skip()
            reader.close()

    def _recover(self, error: BaseException) -> None:
        """After a failed statement: read what is left of it, or give the session up."""
        if self._unusable(error):
            self.discard()
            return
        try:
            self._reader.close()
            self._drop_others()
        except Exception as last:
            # An error of the server's is the last of its answer.
            if not isinstance(last, (MySQLdb.Error, WireError)) or self._unusable(last):
                self.discard()
        self._unfinished = False

    def ping(self) -> bool:
        """Ask the server; False, and the session is closed, where it does not answer."""
        with self._lock:
            if self._connection is None:
                return False
            try:
                self._connection.ping()
            except MySQLdb.Error:
                self.discard()
                return False
            self.used = time.monotonic()
            return True

    def stale(self) -> bool:
        """Whether the server has closed this session: looked at only after it was idle, without a round trip."""
        if self._connection is None or (self._unfinished and self._abandoned()):
            return True
        if time.monotonic() - self.used < _IDLE_SECONDS:
            return False
        with self._lock:
            if self._connection is None or not self._wire.hung_up():
                return self._connection is None
            self.discard()
            return True

    def hung_up(self) -> bool:
        """Whether the server has closed this session, which nobody uses: no round trip, no wait."""
        return self.closed or self._wire.hung_up()

    def reset(self) -> None:
        """Have the server end the transaction and forget what was left, then make the settings of a new session.

        Raises as run() does. Where the client library cannot be reached, or the database left was not named in the
        configuration, the session is closed instead.
        """
        with self._lock:
            connection = self._live()
            moved = DATABASE in self.left
            if CODEC.library is None or (moved and self._config.database is None):
                self.close()
                return
            try:
                self._prepared.finish()
                self._reader.reset_connection()
                if moved:  # COM_RESET_CONNECTION stays in it
                    connection.select_db(self._config.database)
                self._make_settings()
            except BaseException:
                self.discard()
                raise
            self.left.clear()

    def renewed(self: Self) -> Self:
        """The session under a new object; this one is closed from now on, whoever still holds it."""
        with self._lock:
            other = object.__new__(type(self))
            vars(other).update(vars(self))
            self._connection = None
            _SESSIONS.discard(self)
            _SESSIONS.add(other)
            return other

    def close(self) -> None:
        """Say goodbye to the server. Harmless on a closed session."""
        with self._lock:
            connection, self._connection = self._connection, None
            _SESSIONS.discard(self)
            if connection is None:
                return
            self._reader.close()
            try:
                connection.close()
            except MySQLdb.Error:
                return  # the server hung up first
            finally:
                self._prepared.finish()

    def end(self) -> None:
        """End the session and the statement whose rows it still reads, here and on the server."""
        with self._lock:
            if self._connection is not None:
                self.discard()
                kill(self._config, self.planner, self.id)

    def discard(self) -> None:
        """End the session without a word to the server: its state is unknown."""
        connection, self._connection = self._connection, None
        _SESSIONS.discard(self)
        if connection is None:
            return
        try:
            self._wire.hang_up()
            self._reader.close()
            connection.close()
            self._prepared.finish()
        except Exception:
            return  # nothing is left to be told to a dead server

    def __del__(self) -> None:
        if getattr(self, "_connection", None) is not None:
            self.discard()

    def _forget_in_child(self) -> None:
        """After fork: the child's copy must not say goodbye on the parent's connection."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        self._wire.let_go()
        self._lock = threading.RLock()


def check_length(length: int, longest: int) -> None:
    """Raise PacketTooLarge for a statement that is longer."""
    if length > longest:
        raise PacketTooLarge(
            f"a statement of {length} bytes is longer than the {longest} that the server's max_allowed_packet "
            "allows; raise it, or send less at once"
        )


def kill(config: MySQLConnectionConfig, planner: Planner, session_id: int) -> None:
    """KILL a session; it may be gone by now, or no more connections be allowed: then there is nothing to do."""
    try:
        with _KILLERS:
            session = Session(config.clone(read_timeout=config.connect_timeout), planner)
            try:
                session.run(b"KILL %d" % session_id)
            finally:
                session.close()
    except Exception:
        return


_SESSIONS: "weakref.WeakSet[Session]" = weakref.WeakSet()


def _forget_sessions_in_child() -> None:
    for session in list(_SESSIONS):
        session._forget_in_child()
    _SESSIONS.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_sessions_in_child)
