"""BEGIN, COMMIT and ROLLBACK as MySQL wants them, and what a lost session means for each.

Core's managers keep the nesting levels, savepoints and events; here are only the statements.
"""

from contextlib import asynccontextmanager, contextmanager
from typing import Any, AsyncGenerator, Generator, Iterator, List, NoReturn, Optional

from rhosocial.activerecord.backend.errors import UnsupportedIsolationLevelError, UnsupportedTransactionModeError
from rhosocial.activerecord.backend.transaction import (
    AsyncTransactionManager,
    IsolationLevel,
    TransactionManager,
    TransactionMode,
)

from .errors import TransactionError, commit_error, is_disconnect, transaction_error

_LEVELS = {
    IsolationLevel.READ_UNCOMMITTED: "READ UNCOMMITTED",
    IsolationLevel.READ_COMMITTED: "READ COMMITTED",
    IsolationLevel.REPEATABLE_READ: "REPEATABLE READ",
    IsolationLevel.SERIALIZABLE: "SERIALIZABLE",
}
_BEGIN = {
    TransactionMode.READ_WRITE: "START TRANSACTION",
    TransactionMode.READ_ONLY: "START TRANSACTION READ ONLY",
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
        begin = _BEGIN.get(self._transaction_mode)
        if begin is None:
            raise UnsupportedTransactionModeError(str(self._transaction_mode), "MySQL")
        return [*statements, begin]

    @contextmanager
    def _typed(self, outermost: bool, level: int) -> Iterator[None]:
        """Errors in here are typed as their cause is; a cancellation or KeyboardInterrupt ends the session.

        With it the transaction ends: core knows Exceptions only, and would leave one open that it takes for ended, or
        the other way round. Inside an outer one, ``level`` is the nesting that core's context managers then expect.
        """
        try:
            yield
        except TransactionError as error:
            meant = transaction_error(error)
            try:
                raise meant from meant.__cause__ or error.__cause__
            finally:
                del meant
        except BaseException as error:
            if not isinstance(error, Exception):
                self._give_up(0 if outermost else level)
            raise
        finally:
            self._backend._leave_read_only_server()

    @contextmanager
    def _unless_lost(self) -> Iterator[bool]:
        """For rolling back: where the session ended, or ends now, the server has done it."""
        try:
            yield not self._backend.transaction_lost
        except Exception as error:
            if not is_disconnect(error):
                raise

    def _give_up(self, level: int) -> None:
        """End the session, and with it the transaction; ``level``: what is still to be left by its users."""
        self._backend._end_session()
        if level == 0:
            self._backend._end_transaction_state()
        self._transaction_level = level


def fail_commit(error: Exception) -> NoReturn:
    """Raise what an error of COMMIT means, from it."""
    meant = commit_error(error)
    try:
        if meant is error:
            raise error
        raise meant from error
    finally:
        del error, meant  # or the error would be a cycle, by this frame


class MySQLTransactionManager(_Statements, TransactionManager):
    """Transactions of a MySQLBackend: isolation levels, READ ONLY, savepoints for nesting."""

    def begin(self) -> None:
        level = self._transaction_level
        with self._typed(level == 0, level + 1):
            super().begin()

    def commit(self) -> None:
        level = self._transaction_level
        with self._typed(level <= 1, level):
            super().commit()

    def rollback(self) -> None:
        level = self._transaction_level
        with self._typed(level <= 1, level - 1):
            super().rollback()

    @contextmanager
    def transaction(
        self, isolation_level: Optional[IsolationLevel] = None, mode: Optional[TransactionMode] = None
    ) -> Generator[None, None, None]:
        """A transaction, or inside another one a savepoint, that ends with the block."""
        level = self._transaction_level
        try:
            with super().transaction(isolation_level, mode):
                yield
        except BaseException:
            if self._transaction_level > level:  # undoing it was interrupted, or failed
                self._give_up(level)
            raise

    def _do_begin(self) -> None:
        for statement in self._begin_statements():
            self._backend.execute(statement)

    def _do_commit(self) -> None:
        try:
            self._backend.execute("COMMIT")
        except Exception as error:
            fail_commit(error)

    def _do_rollback(self) -> None:
        self._backend._undone = None
        with self._unless_lost() as there:
            if there:
                self._backend.execute("ROLLBACK")

    def _do_rollback_savepoint(self, name: str) -> None:
        with self._unless_lost() as there:
            if there:
                super()._do_rollback_savepoint(name)


class AsyncMySQLTransactionManager(_Statements, AsyncTransactionManager):
    """The same for an AsyncMySQLBackend."""

    async def begin(self) -> None:
        level = self._transaction_level
        with self._typed(level == 0, level + 1):
            await super().begin()

    async def commit(self) -> None:
        level = self._transaction_level
        with self._typed(level <= 1, level):
            await super().commit()

    async def rollback(self) -> None:
        level = self._transaction_level
        with self._typed(level <= 1, level - 1):
            await super().rollback()

    @asynccontextmanager
    async def transaction(
        self, isolation_level: Optional[IsolationLevel] = None, mode: Optional[TransactionMode] = None
    ) -> AsyncGenerator[None, None]:
        """MySQLTransactionManager.transaction, for ``async with``."""
        level = self._transaction_level
        try:
            async with super().transaction(isolation_level, mode):
                yield
        except BaseException:
            if self._transaction_level > level:
                self._give_up(level)
            raise

    async def _do_begin(self) -> None:
        await self._backend._run_together(self._begin_statements())

    async def _do_commit(self) -> None:
        try:
            await self._backend.execute("COMMIT")
        except Exception as error:
            fail_commit(error)

    async def _do_rollback(self) -> None:
        self._backend._undone = None
        with self._unless_lost() as there:
            if there:
                await self._backend.execute("ROLLBACK")

    async def _do_rollback_savepoint(self, name: str) -> None:
        with self._unless_lost() as there:
            if there:
                await super()._do_rollback_savepoint(name)
