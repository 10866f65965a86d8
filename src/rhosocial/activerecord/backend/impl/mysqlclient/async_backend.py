"""The asynchronous backend: configuration, dialect, session and transactions put together."""

import time
from functools import partial
from typing import Any, Optional, Sequence, Tuple

from rhosocial.activerecord.backend.base import AsyncStorageBackend
from rhosocial.activerecord.backend.explain import AsyncExplainBackendMixin
from rhosocial.activerecord.backend.introspection.backend_mixin import IntrospectorBackendMixin
from rhosocial.activerecord.backend.introspection.executor import AsyncIntrospectorExecutor
from rhosocial.activerecord.backend.options import ExecutionOptions
from rhosocial.activerecord.backend.result import QueryResult

from .async_pool import AsyncSessionPool
from .async_session import AsyncSession, LoopLock
from .bulk_load import AsyncBulkLoadMixin
from .capabilities import PROBE
from .codec.script import statements
from .cursors import AsyncCursor, AsyncStreamCursor
from .driver import PLAIN, Outcome, Shape, Statement
from .errors import OperationalError
from .execution import Execution
from .introspection import AsyncMySQLIntrospector
from .operations import AsyncOperationsMixin
from .pool_policy import registered
from .prepared import AsyncPreparedStatement, prepared_text
from .retry import AsyncRetrying
from .streaming import AsyncStream
from .transaction import AsyncMySQLTransactionManager, fail_commit


class AsyncMySQLBackend(
    AsyncRetrying,
    AsyncOperationsMixin,
    AsyncBulkLoadMixin,
    Execution,
    AsyncExplainBackendMixin,
    IntrospectorBackendMixin,
    AsyncStorageBackend,
):
    """MySQL and MariaDB for core's asynchronous models: MySQLBackend with coroutines.

    Statements wait and fetch on the running event loop; nothing is kept of a loop between two of them,
    so one backend serves several asyncio.run() in turn. Tasks sharing a backend take turns: its session runs
    one statement at a time. A cancelled statement is ended on the server, and its session with it: outside a
    transaction the next statement opens another, inside one the transaction is lost.
    """

    _connection: Optional[AsyncSession]

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**self._base_arguments(kwargs))
        self._set_up()
        self._turn = LoopLock()

    # -- the session --

    async def connect(self) -> None:
        """MySQLBackend.connect, awaited."""
        try:
            async with self._turn.here():
                await self._open()
        except Exception as error:
            self._fail(error)

    async def _open(self) -> None:
        if self._connection is not None and not self._connection.closed:
            return
        self._refuse_lost_transaction()
        if self._pooled:
            await self._take()
        else:
            self._connection = await self._open_session()

    async def _take(self, timeout: Optional[float] = None) -> None:
        self._refuse_returned()
        lost, self._lease = self._lease, None
        if lost is not None:
            await lost.pool.give_back(lost)
        self._lease = await self.pool.take(timeout)
        self._connection = self._lease.session

    async def _open_session(self) -> AsyncSession:
        session = await AsyncSession.open(self.config, self._planner)
        await self._set_timeout(session)
        return session

    async def _set_timeout(self, session: AsyncSession) -> None:
        seconds = self._statement_timeout
        if session.statement_timeout != seconds:
            await session.run(self._limit(session, seconds))
            session.statement_timeout = seconds

    async def disconnect(self) -> None:
        """End any open transaction and close the session, or give it back to the pool; harmless where it is closed.

        A statement that another task runs on it ends with ConnectionLost.
        """
        session, lease = self._detach()
        if lease is not None:
            await lease.pool.give_back(lease)
        elif session is not None:
            session.close()

    @property
    def pool(self) -> AsyncSessionPool:
        """The sessions kept for this configuration, and for all backends of the process with the same one."""
        return registered(AsyncSessionPool, self._registry_key, self.config, self._planner)

    async def get_connection(self, timeout: Optional[float] = None) -> "AsyncMySQLBackend":
        """MySQLBackend.get_connection, awaited: ``async with await backend.get_connection() as connection``."""
        connection = self._sibling()
        connection._turn = LoopLock()
        try:
            await connection._take(timeout)
        except Exception as error:
            self._fail(error)
        return connection

    async def return_connection(self, connection: Any) -> None:
        """MySQLBackend.return_connection, awaited."""
        if not connection._borrowed:
            raise OperationalError("only what get_connection() gave can be returned")
        await connection.disconnect()

    async def ping(self, reconnect: bool = True) -> bool:
        """Whether the server answers; a lost session is opened again, unless a transaction was lost with it."""
        try:
            async with self._turn.here():
                if self._connection is not None and await self._connection.ping():
                    return True
                if not reconnect or self.transaction_lost:
                    return False
                await self._open()
                return True
        except Exception as error:
            self._fail(error)

    async def _session(self) -> AsyncSession:
        """The session to send on, for who has the turn. A new one only where none was lost inside a transaction."""
        session = self._connection
        if session is None or self._undone is not None or session.stale():
            self._refuse_lost_transaction()
            await self._open()
            session = self._connection
        if session.statement_timeout != self._statement_timeout:  # type: ignore[union-attr]
            await self._set_timeout(session)  # type: ignore[arg-type]
        return session  # type: ignore[return-value]

    @property
    def transaction_manager(self) -> AsyncMySQLTransactionManager:
        if self._transaction_manager is None:
            self._transaction_manager = AsyncMySQLTransactionManager(self, self.logger)
        return self._transaction_manager

    # -- statements --

    async def _run(
        self,
        sql: str,
        params: Optional[Sequence[Any]] = None,
        shape: Shape = PLAIN,
        prepare: bool = False,
        statement: Optional[Statement] = None,
    ) -> Outcome:
        """statement: what the session sends, where that is known beforehand."""
        try:
            async with self._turn.here():
                session = await self._session()
                self._note(session, sql)
                if prepare or (self._sightings is not None and session.prepares and self._sightings.often(sql)):
                    outcome = await session.run_prepared(*self._prepared(sql, params), shape)
                else:
                    outcome = await session.run(statement or self._statement(sql, params), shape)
                if not session.autocommit and not self.in_transaction:
                    await self._commit(session)
                return outcome
        except Exception as error:
            await self._undo(error)
            self._fail(error)

    async def _undo(self, error: Exception) -> None:
        """MySQLBackend._undo. Others are refused while it waits for its turn."""
        if self._undoes(error):
            try:
                async with self._turn.here():
                    await self._connection.run(b"ROLLBACK")  # type: ignore[union-attr]
            except Exception:
                self._end_session()

    async def _run_together(self, statements: Sequence[str]) -> None:
        """Run statements with no other task's in between."""
        try:
            async with self._turn.here():
                session = await self._session()
                for statement in statements:
                    self._log_statement(statement, None)
                    self._note(session, statement)
                    await session.run(statement.encode())
        except Exception as error:
            self._fail(error)

    @staticmethod
    async def _commit(session: AsyncSession) -> None:
        try:
            await session.run(b"COMMIT")
        except Exception as error:
            fail_commit(error)

    async def execute(
        self,
        sql: str,
        params: Optional[Tuple] = None,
        *,
        options: Optional[ExecutionOptions] = None,
        column_adapters: Any = None,
        column_mapping: Any = None,
        **_: Any,
    ) -> QueryResult:
        """MySQLBackend.execute, awaited."""
        started = time.perf_counter()
        self._log_statement(sql, params)
        outcome = await self._run(sql, params, self._shape(options, column_adapters, column_mapping))
        return self._result(outcome, options, time.perf_counter() - started)

    _FETCHING = execute, AsyncStorageBackend.fetch_one, AsyncStorageBackend.fetch_all

    def stream(
        self,
        sql: str,
        params: Optional[Sequence[Any]] = None,
        *,
        batch_size: int = 1000,
        column_adapters: Any = None,
        column_mapping: Any = None,
        model: Any = None,
    ) -> AsyncStream:
        """MySQLBackend.stream, for ``async for``; use it in ``async with`` where the loop may be left early."""
        if model is not None and column_adapters is None:
            column_adapters = model.get_column_adapters()
        shape = self._shape(None, column_adapters, column_mapping)
        return AsyncStream(self, sql, params, shape, batch_size, model)

    async def prepare(self, sql: str) -> AsyncPreparedStatement:
        """MySQLBackend.prepare, awaited. On libmysqlclient a thread runs it: there it pays for long results only."""
        return AsyncPreparedStatement(self, sql)

    async def _forget_prepared(self, sql: str) -> None:
        async with self._turn.here():
            if self._connection is not None and not self._connection.closed:
                await self._connection.forget_prepared(partial(prepared_text, sql))

    async def executescript(self, script: str) -> None:
        """MySQLBackend.executescript, awaited."""
        await self.connect()
        for statement in statements(script, self._connection.backslash):  # type: ignore[union-attr]
            await self.execute(statement)

    async def _get_cursor(self) -> AsyncCursor:
        return AsyncCursor(self)

    async def _get_dql_cursor(self) -> Any:
        """MySQLBackend._get_dql_cursor."""
        return AsyncCursor(self) if self.in_transaction else AsyncStreamCursor(self)

    async def _handle_error(self, error: Exception) -> None:
        self._fail(error)

    # -- the server --

    async def get_server_version(self) -> Tuple[int, ...]:
        """The server's version, (major, minor, patch)."""
        if self._server_version_cache is None:
            await self.introspect_and_adapt()
        return self._server_version_cache  # type: ignore[return-value]

    async def introspect_and_adapt(self) -> None:
        """Ask the server who it is and adapt the dialect to it; once for a server."""
        await self.connect()
        server_info = self._connection.server_info  # type: ignore[union-attr]
        if self._adapted_to != server_info and not self._recall(server_info):
            rows = (await self._run("SELECT VERSION() AS version")).rows
            self._adapt_to(rows[0]["version"], server_info)  # type: ignore[index]
            await self._initialize_capabilities()
            self._remember(rows[0]["version"])  # type: ignore[index]

    async def _initialize_capabilities(self) -> None:
        """Fill ``capabilities`` by probing the server."""
        self._take_capabilities((await self._run(PROBE)).rows)

    def _create_introspector(self) -> AsyncMySQLIntrospector:
        return AsyncMySQLIntrospector(self, AsyncIntrospectorExecutor(self))
