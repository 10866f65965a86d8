"""Sessions kept for the next user, for tasks of whichever event loops."""

import asyncio
import time
from typing import Any, Optional

from .async_session import AsyncSession
from .pool_policy import Lease, PoolPolicy, Waiter, passing, pause
from .session_state import STATE, TRANSACTION


class _Task(Waiter):
    def __init__(self, retries: bool = False) -> None:
        super().__init__(retries)
        self._loop = asyncio.get_running_loop()
        self._future: asyncio.Future[None] = self._loop.create_future()

    def wake(self) -> bool:
        try:
            self._loop.call_soon_threadsafe(self._done)
        except RuntimeError:  # the loop is closed
            return False
        return True

    def _done(self) -> None:
        if not self._future.done():
            self._future.set_result(None)

    async def wait(self, seconds: float) -> None:
        await asyncio.wait([self._future], timeout=max(0.0, seconds))


class AsyncSessionPool(PoolPolicy):
    """The sessions of one configuration, shared by AsyncMySQLBackends; SessionPool with coroutines.

    A cancelled wait leaves the queue, and what it was granted goes to the next.
    """

    def _waiter(self, retries: bool = False) -> _Task:
        return _Task(retries)

    async def take(self, timeout: Optional[float] = None) -> Lease:
        """SessionPool.take, waiting on the running loop."""
        seconds = self.config.pool_timeout if timeout is None else timeout
        deadline = time.monotonic() + seconds
        claim = self._claim()
        if isinstance(claim, Waiter):
            lease = await self._await(claim, deadline)
            if lease is None:
                raise self._timed_out(seconds)
        else:
            lease = claim
        try:
            if lease.session is None or not await self._checked(lease):
                lease = await self._opened(lease, deadline, seconds)
            if not self._warm:
                await self._warm_up()
        except BaseException:
            self._settle(lease)
            raise
        task = asyncio.current_task()
        return self._hand_out(lease, f"task {task.get_name()}" if task is not None else "no task")

    async def _await(self, waiter: Any, deadline: float) -> Optional[Lease]:
        """What is granted until then."""
        try:
            await waiter.wait(deadline - time.monotonic())
            granted = self._withdraw(waiter)
        except BaseException:
            granted = self._withdraw(waiter)
            if granted is not None:
                self._put_back(granted)
            raise
        self._refuse_closed()
        return granted

    def _put_back(self, lease: Lease) -> None:
        """Nobody has used it."""
        session = self._settle(lease, lease.session)
        if session is not None:
            session.close()

    async def _checked(self, lease: Lease) -> bool:
        """Whether the session in it is as good as a new one; if not, it is closed, and the lease an empty place."""
        idle = time.monotonic() - lease.since
        session = lease.session
        if self._sound(lease, idle) and not (self._wants_ping(idle) and not await session.ping()):
            return True
        lease.session = None
        session.close()
        return False

    async def _opened(self, lease: Lease, deadline: float, seconds: float) -> Lease:
        """A session opened in it; or, as long as that fails for reasons that pass, one given back meanwhile."""
        failures = 0
        while True:
            try:
                await self._open(lease)
                return lease
            except Exception as error:
                wait = pause(failures)
                failures += 1
                if not passing(error):
                    raise
                if time.monotonic() + wait >= deadline:
                    raise self._timed_out(seconds, error) from error
            granted = await self._await(self._queue_again(), time.monotonic() + wait)
            if granted is not None:
                if await self._checked(granted):
                    self._settle(lease)
                    return granted
                self._settle(granted)

    async def _open(self, lease: Lease) -> None:
        session = await AsyncSession.open(self.config, self.planner)
        rows = (await session.run(b"SELECT @@wait_timeout AS seconds")).rows
        self._fill(lease, session, float(rows[0]["seconds"]))  # type: ignore[index]

    async def _warm_up(self) -> None:
        """Open pool_min_size sessions. What fails here fails again where somebody needs it."""
        self._warm = True
        while (lease := self._place_in_advance()) is not None:
            try:
                await self._open(lease)
            except Exception:
                self._settle(lease)
                return
            self._settle(lease, lease.session)

    async def give_back(self, lease: Lease) -> None:
        """SessionPool.give_back, awaited. Cancelled, the session is ended; the place is free in any case."""
        session, lease.session = lease.session, None
        if session is None:
            return
        fit = None
        try:
            if not session.closed:  # else somebody who replaces it may hold its lock
                session = session.renewed()
            await self._tidy(session)
            fit = None if session.closed or time.monotonic() >= lease.expires else session
        except Exception:
            session.discard()  # another is opened for the next
        finally:
            rest = self._settle(lease, fit)
            if fit is None or rest is not None:
                session.close()
        for gone in self._idled_out():
            gone.close()

    async def _tidy(self, session: Any) -> None:
        remedy = None if session.closed else self._remedy(session)
        if remedy == STATE:
            await session.reset()
            with self._guard:
                self._counts.reset += 1
        elif remedy == TRANSACTION:
            await session.run(b"ROLLBACK")
            session.left.discard(TRANSACTION)

    async def close(self, timeout: float = 0.0) -> int:
        """SessionPool.close, awaited."""
        deadline = time.monotonic() + timeout
        for session in self._shut():
            session.close()
        while self._leased and time.monotonic() < deadline:
            await asyncio.sleep(0.005)
        return len(self._leased)
