"""A transaction run again, whole and from its start, where the server says that this may help."""

import asyncio
import logging
import random
import time
from typing import Any, Callable, Iterator, Optional

from rhosocial.activerecord.backend.transaction import IsolationLevel, TransactionMode

from .errors import TransactionError, is_retryable

# Seconds: the longest pause before the first new attempt, doubled for each further one, and the longest of all.
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 2.0


class _Attempts:
    """What both share: whether and when to run again."""

    transaction_manager: Any
    in_transaction: Any
    log: Any

    def _pauses(self, retries: int) -> Iterator[float]:
        """The seconds to wait before each new attempt: anything up to a bound, so that two do not meet again."""
        if type(retries) is not int or retries < 0:
            raise ValueError(f"retries must be an integer, 0 or more, not {retries!r}")
        if self.in_transaction:
            raise TransactionError(
                "run_transaction must be the outermost: the server undoes a deadlocked transaction as a whole; "
                "inside another one use transaction()"
            )
        bounds = (min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**i) for i in range(retries))
        return (random.uniform(0, bound) for bound in bounds)

    def _pause_after(self, error: Exception, pauses: Iterator[float]) -> Optional[float]:
        """How long to wait before running again; None where ``error`` is the answer."""
        cause: Optional[BaseException] = error
        # Core's managers wrap what went wrong in BEGIN, COMMIT and savepoints.
        while isinstance(cause, TransactionError) and not is_retryable(cause):
            cause = cause.__cause__
        if cause is None or not is_retryable(cause):
            return None
        pause = next(pauses, None)
        if pause is not None:
            self.log(logging.WARNING, f"Running the transaction again in {pause:.3f} s, after: {cause}")
        return pause


class Retrying(_Attempts):
    """MySQLBackend.run_transaction."""

    def run_transaction(
        self,
        function: Callable[[], Any],
        *,
        retries: int = 3,
        isolation_level: Optional[IsolationLevel] = None,
        mode: Optional[TransactionMode] = None,
    ) -> Any:
        """Call ``function`` in a transaction, commit, and return what it returned.

        Where the server undid the transaction or wants it run again (``is_retryable``: deadlock, lock wait timeout, no
        connection to be had), it is rolled back and ``function`` called again, up to ``retries`` times more, after
        pauses of random length (full jitter: up to 0.05 s, then 0.1 s, ... 2 s). Any other error is raised at once,
        CommitUnknown and a lost connection too; when the retries are used up, the last one is.

        Raises TransactionError inside another transaction, and whatever ``function`` raises.
        """
        pauses = self._pauses(retries)
        while True:
            try:
                with self.transaction_manager.transaction(isolation_level, mode):
                    return function()
            except Exception as error:
                pause = self._pause_after(error, pauses)
                if pause is None:
                    raise
            time.sleep(pause)


class AsyncRetrying(_Attempts):
    """AsyncMySQLBackend.run_transaction."""

    async def run_transaction(
        self,
        function: Callable[[], Any],
        *,
        retries: int = 3,
        isolation_level: Optional[IsolationLevel] = None,
        mode: Optional[TransactionMode] = None,
    ) -> Any:
        """MySQLBackend.run_transaction for a coroutine function."""
        pauses = self._pauses(retries)
        while True:
            try:
                async with self.transaction_manager.transaction(isolation_level, mode):
                    return await function()
            except Exception as error:
                pause = self._pause_after(error, pauses)
                if pause is None:
                    raise
            await asyncio.sleep(pause)
