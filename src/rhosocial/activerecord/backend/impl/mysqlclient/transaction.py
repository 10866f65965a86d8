"""BEGIN, COMMIT and ROLLBACK as MySQL wants them, and what a lost session means for each.

Core's managers keep the nesting levels, savepoints and events; here are only the statements.
"""

from contextlib import contextmanager
from typing import Any, Iterator, List

from rhosocial.activerecord.backend.errors import UnsupportedIsolationLevelError
from rhosocial.activerecord.backend.transaction import (
    AsyncTransactionManager,
    IsolationLevel,
    TransactionManager,
    TransactionMode,
)

from .errors import CommitUnknown, ConnectionLost, is_disconnect

_LEVELS = {
    IsolationLevel.READ_UNCOMMITTED: "READ UNCOMMITTED",
    IsolationLevel.READ_COMMITTED: "READ COMMITTED",
    IsolationLevel.REPEATABLE_READ: "REPEATABLE READ",
    IsolationLevel.SERIALIZABLE: "SERIALIZABLE",
}


class _Statements:
    """What both managers share: it only makes texts and judges errors."""

    _backend: Any
    _isolation_level: Any
    _transaction_mode: TransactionMode

    def _begin_statements(self) -> List[str]:
        """SET TRANSACTION goes before START TRANSACTION: within one it is refused (manual 15.3.7, errno 1568)."""
        statements = []
        if self._isolation_level is not None:
            level = _LEVELS.get(self._isolation_level)
            if level is None:
                raise UnsupportedIsolationLevelError(str(self._isolation_level), "MySQL")
            statements.append(f"SET TRANSACTION ISOLATION LEVEL {level}")
        read_only = self._transaction_mode is TransactionMode.READ_ONLY
        statements.append("START TRANSACTION READ ONLY" if read_only else "START TRANSACTION")
        return statements

    @contextmanager
    def _interruptible(self, outermost: bool, level: int) -> Iterator[None]:
        """A cancellation or KeyboardInterrupt in here ends the session, and with it the transaction.

        Core knows Exceptions only, and would leave a transaction open that it takes for ended, or the other way
        round. Inside an outer one, ``level`` is the nesting that core's context managers then expect.
        """
        try:
            yield
        except BaseException as error:
            if not isinstance(error, Exception):
                self._backend._end_session()
                if outermost:
                    self._backend._end_transaction_state()
                else:
                    self._transaction_level = level
            raise


def commit_error(error: Exception) -> Exception:
    """A session lost between COMMIT and its answer leaves the outcome unknown."""
    sent = not isinstance(error, ConnectionLost) or error.errno is not None
    if is_disconnect(error) and sent:
        unknown = CommitUnknown("the connection was lost while COMMIT was answered: it may or may not be done")
        unknown.errno = getattr(error, "errno", None)
        return unknown
    return error


class MySQLTransactionManager(_Statements, TransactionManager):
    """Transactions of a MySQLBackend: isolation levels, READ ONLY, savepoints for nesting."""

    def begin(self) -> None:
        level = self._transaction_level
        with self._interruptible(level == 0, level + 1):
            super().begin()

    def commit(self) -> None:
        level = self._transaction_level
        with self._interruptible(level <= 1, level):
            super().commit()

    def rollback(self) -> None:
        level = self._transaction_level
        with self._interruptible(level <= 1, level - 1):
            super().rollback()

    def _do_begin(self) -> None:
        for statement in self._begin_statements():
            self._backend.execute(statement)

    def _do_commit(self) -> None:
        try:
            self._backend.execute("COMMIT")
        except Exception as error:
            meant = commit_error(error)
            if meant is error:
                raise
            raise meant from error

    def _do_rollback(self) -> None:
        # The server rolled back when the session ended.
        if not self._backend.transaction_lost:
            self._backend.execute("ROLLBACK")

    def _do_rollback_savepoint(self, name: str) -> None:
        if not self._backend.transaction_lost:
            super()._do_rollback_savepoint(name)


class AsyncMySQLTransactionManager(_Statements, AsyncTransactionManager):
    """The same for an AsyncMySQLBackend."""

    async def begin(self) -> None:
        level = self._transaction_level
        with self._interruptible(level == 0, level + 1):
            await super().begin()

    async def commit(self) -> None:
        level = self._transaction_level
        with self._interruptible(level <= 1, level):
            await super().commit()

    async def rollback(self) -> None:
        level = self._transaction_level
        with self._interruptible(level <= 1, level - 1):
            await super().rollback()

    async def _do_begin(self) -> None:
        await self._backend._run_together(self._begin_statements())

    async def _do_commit(self) -> None:
        try:
            await self._backend.execute("COMMIT")
        except Exception as error:
            meant = commit_error(error)
            if meant is error:
                raise
            raise meant from error

    async def _do_rollback(self) -> None:
        if not self._backend.transaction_lost:
            await self._backend.execute("ROLLBACK")

    async def _do_rollback_savepoint(self, name: str) -> None:
        if not self._backend.transaction_lost:
            await super()._do_rollback_savepoint(name)
