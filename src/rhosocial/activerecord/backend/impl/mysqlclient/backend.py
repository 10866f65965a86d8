"""The synchronous backend: configuration, dialect, session and transactions put together."""

import threading
import time
from functools import partial
from typing import Any, Optional, Sequence, Tuple

from rhosocial.activerecord.backend.base import StorageBackend
from rhosocial.activerecord.backend.explain import SyncExplainBackendMixin
from rhosocial.activerecord.backend.introspection.backend_mixin import IntrospectorBackendMixin
from rhosocial.activerecord.backend.introspection.executor import SyncIntrospectorExecutor
from rhosocial.activerecord.backend.options import ExecutionOptions
from rhosocial.activerecord.backend.result import QueryResult

from .bulk_load import BulkLoadMixin
from .capabilities import PROBE
from .codec.script import statements
from .cursors import Cursor, StreamCursor
from .driver import PLAIN, Outcome, Session, Shape, Statement
from .errors import OperationalError
from .execution import Execution
from .introspection import SyncMySQLIntrospector
from .operations import OperationsMixin
from .pool import SessionPool
from .pool_policy import registered
from .prepared import PreparedStatement, prepared_text
from .retry import Retrying
from .streaming import Stream
from .transaction import MySQLTransactionManager, fail_commit


class MySQLBackend(
    Retrying,
    OperationsMixin,
    BulkLoadMixin,
    Execution,
    SyncExplainBackendMixin,
    IntrospectorBackendMixin,
    StorageBackend,
):
    """MySQL and MariaDB for core's synchronous models.

    connection_config: a MySQLConnectionConfig; or its options as keyword arguments, which go before those in it
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**self._base_arguments(kwargs))
        self._set_up()
        self._connecting = threading.Lock()

    # -- the session --

    def connect(self) -> None:
        """Open the session, or take one from the pool; does nothing where it is open.

        Raises ConnectionError, AccessDenied, UnknownDatabase; with a pool, PoolTimeout; ConnectionLost where one was
        lost inside a transaction that is not rolled back yet.
        """
        try:
            with self._connecting:
                if self._connection is not None and not self._connection.closed:
                    return
                self._refuse_lost_transaction()
                if self._pooled:
                    self._take()
                else:
                    self._connection = self._open_session()
        except Exception as error:
            self._fail(error)

    def _take(self, timeout: Optional[float] = None) -> None:
        self._refuse_returned()
        lost, self._lease = self._lease, None
        if lost is not None:
            lost.pool.give_back(lost)
        self._lease = self.pool.take(timeout)
        self._connection = self._lease.session

    def _open_session(self) -> Session:
        session = Session(self.config, self._planner)
        self._set_timeout(session)
        return session

    def _set_timeout(self, session: Session) -> None:
        seconds = self._statement_timeout
        if session.statement_timeout != seconds:
            session.run(self._limit(session, seconds))
            session.statement_timeout = seconds

    def disconnect(self) -> None:
        """End any open transaction and close the session, or give it back to the pool; harmless where it is closed."""
        session, lease = self._detach()
        if lease is not None:
            lease.pool.give_back(lease)
        elif session is not None:
            session.close()

    def __del__(self) -> None:
        # A pooled session that nobody gave back is closed, not kept: its lease is collected now.
        if getattr(self, "_lease", None) is None:
            super().__del__()

    @property
    def pool(self) -> SessionPool:
        """The sessions kept for this configuration, and for all backends of the process with the same one."""
        return registered(SessionPool, self._registry_key, self.config, self._planner)

    def get_connection(self, timeout: Optional[float] = None) -> "MySQLBackend":
        """A backend on a session of the pool that is its alone, until return_connection(), disconnect() or the end of
        ``with backend.get_connection() as connection``.

        timeout: seconds to wait for one; pool_timeout where None
        Raises PoolTimeout, with the pool's figures.
        """
        connection = self._sibling()
        connection._connecting = threading.Lock()
        try:
            connection._take(timeout)
        except Exception as error:
            self._fail(error)
        return connection

    def return_connection(self, connection: Any) -> None:
        """Give back what get_connection() gave; harmless where it was given back. Its transaction is rolled back."""
        if not connection._borrowed:
            raise OperationalError("only what get_connection() gave can be returned")
        connection.disconnect()

    def ping(self, reconnect: bool = True) -> bool:
        """Whether the server answers; a lost session is opened again, unless a transaction was lost with it."""
        if self._connection is not None and self._connection.ping():
            return True
        if not reconnect or self.transaction_lost:
            return False
        self.connect()
        return True

    def _session(self) -> Session:
        """The session to send on. A new one only where none was lost inside a transaction."""
        session = self._connection
        if session is None or self._undone is not None or session.stale():
            self._refuse_lost_transaction()
            self.connect()
            session = self._connection
        if session.statement_timeout != self._statement_timeout:
            self._set_timeout(session)
        return session

    @property
    def transaction_manager(self) -> MySQLTransactionManager:
        if self._transaction_manager is None:
            self._transaction_manager = MySQLTransactionManager(self, self.logger)
        return self._transaction_manager

    # -- statements --

    def _run(
        self,
        sql: str,
        params: Optional[Sequence[Any]] = None,
        shape: Shape = PLAIN,
        prepare: bool = False,
        statement: Optional[Statement] = None,
    ) -> Outcome:
        """statement: what the session sends, where that is known beforehand."""
        undoings = self._undoings
        try:
            session = self._session()
            self._note(session, sql)
            with session.alone:
                self._refuse_undone_since(undoings)
                try:
                    if prepare or (self._sightings is not None and self._sightings.often(sql)):
                        outcome = session.run_prepared(*self._prepared(sql, params), shape)
                    else:
                        outcome = session.run(statement or self._statement(sql, params), shape)
                    if not session.autocommit and not self.in_transaction:
                        self._commit(session)
                    return outcome
                except Exception as error:
                    self._undo(error)
                    raise
        except Exception as error:
            self._fail(error)

    def _undo(self, error: Exception) -> None:
        """Roll back before an error is told after which nothing else may happen in the transaction."""
        if self._undoes(error):
            try:
                self._connection.run(b"ROLLBACK")
            except Exception:
                self._end_session()

    @staticmethod
    def _commit(session: Session) -> None:
        try:
            session.run(b"COMMIT")
        except Exception as error:
            fail_commit(error)

    def execute(
        self,
        sql: str,
        params: Optional[Tuple] = None,
        *,
        options: Optional[ExecutionOptions] = None,
        column_adapters: Any = None,
        column_mapping: Any = None,
        **_: Any,
    ) -> QueryResult:
        """Run one statement; ``%s`` are its placeholders.

        Returns a QueryResult whose data is a list of dicts wherever the statement has a result set, else
        None. Raises core's DatabaseError classes, the driver's exception chained, with ``errno`` and
        ``sqlstate``; TypeConversionError naming the parameter's position for values that cannot be bound.
        """
        started = time.perf_counter()
        self._log_statement(sql, params)
        outcome = self._run(sql, params, self._shape(options, column_adapters, column_mapping))
        return self._result(outcome, options, time.perf_counter() - started)

    _FETCHING = execute, StorageBackend.fetch_one, StorageBackend.fetch_all

    def stream(
        self,
        sql: str,
        params: Optional[Sequence[Any]] = None,
        *,
        batch_size: int = 1000,
        column_adapters: Any = None,
        column_mapping: Any = None,
        model: Any = None,
    ) -> Stream:
        """The rows of a query while the server sends them, in constant memory: ``for row in backend.stream(sql)``.

        Each stream has a session of its own, opened when the first row is asked for: other statements of the backend
        go on meanwhile, and ending early costs nothing. So it sees what is committed, and neither temporary tables
        nor settings of the backend's session; within a transaction it is refused.

        batch_size: rows decoded at once, and the length of the lists in ``.batches``
        model: a model class that the rows become; its column_adapters are taken unless others are given
        """
        if model is not None and column_adapters is None:
            column_adapters = model.get_column_adapters()
        shape = self._shape(None, column_adapters, column_mapping)
        return Stream(self, sql, params, shape, batch_size, model)

    def prepare(self, sql: str) -> PreparedStatement:
        """A statement to run many times, with ``%s`` for its parameters: its values come and go in binary.

        It outlives a lost session. What the server cannot prepare is sent as text.
        """
        return PreparedStatement(self, sql)

    def _forget_prepared(self, sql: str) -> None:
        if self._connection is not None:
            self._connection.forget_prepared(partial(prepared_text, sql))

    def executescript(self, script: str) -> None:
        """Run the statements of a script one after another, up to the first that fails; knows DELIMITER."""
        try:
            backslash = self._session().backslash
        except Exception as error:
            self._fail(error)
        for statement in statements(script, backslash):
            self.execute(statement)

    def _get_cursor(self) -> Cursor:
        return Cursor(self)

    def _get_dql_cursor(self) -> Any:
        """Within a transaction, whose rows only its own session sees, the rows are fetched at once."""
        return Cursor(self) if self.in_transaction else StreamCursor(self)

    def _handle_error(self, error: Exception) -> None:
        self._fail(error)

    # -- the server --

    def get_server_version(self) -> Tuple[int, ...]:
        """The server's version, (major, minor, patch)."""
        if self._server_version_cache is None:
            self.introspect_and_adapt()
        return self._server_version_cache  # type: ignore[return-value]

    def introspect_and_adapt(self) -> None:
        """Ask the server who it is and adapt the dialect to it; once for a server."""
        try:
            server_info = self._session().server_info
        except Exception as error:
            self._fail(error)
        if self._adapted_to != server_info and not self._recall(server_info):
            rows = self._run("SELECT VERSION() AS version").rows
            self._adapt_to(rows[0]["version"], server_info)  # type: ignore[index]
            self._initialize_capabilities()
            self._remember(rows[0]["version"])  # type: ignore[index]

    def _initialize_capabilities(self) -> None:
        """Fill ``capabilities`` by probing the server."""
        self._take_capabilities(self._run(PROBE).rows)

    def _create_introspector(self) -> SyncMySQLIntrospector:
        return SyncMySQLIntrospector(self, SyncIntrospectorExecutor(self))
