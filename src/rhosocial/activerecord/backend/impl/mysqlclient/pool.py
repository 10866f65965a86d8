"""Sessions kept for the next user, for threads."""

import atexit
import threading
import time
from typing import Any, Optional

from .driver import Session
from .pool_policy import _POOLS, Lease, PoolPolicy, Waiter, passing, pause
from .session_state import STATE, TRANSACTION


class _Thread(Waiter):
    def __init__(self, retries: bool = False) -> None:
        super().__init__(retries)
        self._event = threading.Event()

    def wake(self) -> bool:
        self._event.set()
        return True

    def wait(self, seconds: float) -> None:
        self._event.wait(max(0.0, seconds))


class SessionPool(PoolPolicy):
    """The sessions of one configuration, shared by MySQLBackends in any thread."""

    def _waiter(self, retries: bool = False) -> _Thread:
        return _Thread(retries)

    def take(self, timeout: Optional[float] = None) -> Lease:
        """A session for the caller alone, waited for in turn; to be given back.

        timeout: seconds; pool_timeout where None
        Raises PoolTimeout, with the pool's figures and, where none could be opened, the reason; AccessDenied,
        UnknownDatabase and the like at once.
        """
        seconds = self.config.pool_timeout if timeout is None else timeout
        deadline = time.monotonic() + seconds
        claim = self._claim()
        if isinstance(claim, Waiter):
            lease = self._await(claim, deadline)
            if lease is None:
                raise self._timed_out(seconds)
        else:
            lease = claim
        try:
            if lease.session is None or not self._checked(lease):
                lease = self._opened(lease, deadline, seconds)
            if not self._warm:
                self._warm_up()
        except BaseException:
            self._settle(lease)
            raise
        return self._hand_out(lease, f"thread {threading.current_thread().name}")

    def _await(self, waiter: Any, deadline: float) -> Optional[Lease]:
        """What is granted until then."""
        try:
            waiter.wait(deadline - time.monotonic())
        finally:
            granted = self._withdraw(waiter)
        self._refuse_closed()
        return granted

    def _checked(self, lease: Lease) -> bool:
        """Whether the session in it is as good as a new one; if not, it is closed, and the lease an empty place."""
        idle = time.monotonic() - lease.since
        session = lease.session
        if self._sound(lease, idle) and not (self._wants_ping(idle) and not session.ping()):
            return True
        lease.session = None
        session.close()
        return False

    def _opened(self, lease: Lease, deadline: float, seconds: float) -> Lease:
        """A session opened in it; or, as long as that fails for reasons that pass, one given back meanwhile."""
        failures = 0
        while True:
            try:
                self._open(lease)
                return lease
            except Exception as error:
                wait = pause(failures)
                failures += 1
                if not passing(error):
                    raise
                if time.monotonic() + wait >= deadline:
                    raise self._timed_out(seconds, error) from error
            granted = self._await(self._queue_again(), time.monotonic() + wait)
            if granted is not None:
                if self._checked(granted):
                    self._settle(lease)
                    return granted
                self._settle(granted)

    def _open(self, lease: Lease) -> None:
        session = Session(self.config, self.planner)
        rows = session.run(b"SELECT @@wait_timeout AS seconds").rows
        self._fill(lease, session, float(rows[0]["seconds"]))  # type: ignore[index]

    def _warm_up(self) -> None:
        """Open pool_min_size sessions. What fails here fails again where somebody needs it."""
        self._warm = True
        while (lease := self._place_in_advance()) is not None:
            try:
                self._open(lease)
            except Exception:
                self._settle(lease)
                return
            self._settle(lease, lease.session)

    def give_back(self, lease: Lease) -> None:
        """End the session's transaction, undo what was left in it, and keep it for the next, or close it.

        Whoever still holds the session finds it closed.
        """
        session, lease.session = lease.session, None
        if session is None:
            return
        fit = None
        try:
            if not session.closed:  # else somebody who replaces it may hold its lock
                session = session.renewed()
            self._tidy(session)
            fit = None if session.closed or time.monotonic() >= lease.expires else session
        except Exception:
            session.discard()  # another is opened for the next
        finally:
            rest = self._settle(lease, fit)
            if fit is None or rest is not None:
                session.close()
        for gone in self._idled_out():
            gone.close()

    def _tidy(self, session: Any) -> None:
        remedy = None if session.closed else self._remedy(session)
        if remedy == STATE:
            session.reset()
            with self._guard:
                self._counts.reset += 1
        elif remedy == TRANSACTION:
            session.run(b"ROLLBACK")
            session.left.discard(TRANSACTION)

    def close(self, timeout: float = 0.0) -> int:
        """Close the idle sessions, and those still in use when they are given back; a new pool takes this one's place.

        timeout: seconds to wait for them. Returns how many are in use still. Whoever waits gets a ConnectionError.
        """
        deadline = time.monotonic() + timeout
        for session in self._shut():
            session.close()
        while self._leased and time.monotonic() < deadline:
            time.sleep(0.005)
        return len(self._leased)


@atexit.register
def close_idle() -> None:
    """Say goodbye to the server at the interpreter's end."""
    for pool in list(_POOLS.values()):
        for session in pool._shut():
            session.close()
