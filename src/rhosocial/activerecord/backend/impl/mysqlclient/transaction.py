"""BEGIN, COMMIT and ROLLBACK as MySQL wants them, and what a lost session means for each.

Core's managers keep the nesting levels, savepoints and events; here are only the statements.
"""

from typing import Any, List

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

    @staticmethod
    def _commit_error(error: Exception) -> Exception:
        """A session lost between COMMIT and its answer leaves the outcome unknown."""
        sent = not isinstance(error, ConnectionLost) or error.errno is not None
        if is_disconnect(error) and sent:
            unknown = CommitUnknown("the connection was lost while COMMIT was answered: it may or may not be done")
            unknown.errno = getattr(error, "errno", None)
            return unknown
        return error


class MySQLTransactionManager(_Statements, TransactionManager):
    """Transactions of a MySQLBackend: isolation levels, READ ONLY, savepoints for nesting."""

    def _do_begin(self) -> None:
        for statement in self._begin_statements():
            self._backend.execute(statement)

    def _do_commit(self) -> None:
        try:
            self._backend.execute("COMMIT")
        except Exception as error:
            meant = self._commit_error(error)
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

    async def _do_begin(self) -> None:
        for statement in self._begin_statements():
            await self._backend.execute(statement)

    async def _do_commit(self) -> None:
        try:
            await self._backend.execute("COMMIT")
        except Exception as error:
            meant = self._commit_error(error)
            if meant is error:
                raise
            raise meant from error

    async def _do_rollback(self) -> None:
        if not self._backend.transaction_lost:
            await self._backend.execute("ROLLBACK")

    async def _do_rollback_savepoint(self, name: str) -> None:
        if not self._backend.transaction_lost:
            await super()._do_rollback_savepoint(name)
