"""Who gets which session and who waits: all of a pool but its I/O, for both kinds."""

import logging
import math
import os
import random
import sys
import threading
import time
import traceback
import weakref
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Deque, Dict, Hashable, Iterator, List, NamedTuple, Optional, Tuple, TypeVar, Union

from .codec.plan import Planner
from .config import MySQLConnectionConfig
from .errors import ConnectionError, PoolTimeout, is_disconnect, is_retryable, translate
from .session_state import STATE, TRANSACTION

logger = logging.getLogger(__name__)

# A session idle for longer is asked for an answer before it is handed out: a network that forgot it says nothing.
_PING_AFTER = 30.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0


class PoolStatistics(NamedTuple):
    """A pool's figures at one moment; times in seconds."""

    name: str
    size: int  # sessions open or being opened
    in_use: int
    idle: int
    waiters: int
    max_size: int
    opened: int  # ever, as the following
    taken: int
    timeouts: int
    reset: int
    oldest_holder: Optional[str]
    oldest_seconds: float
    oldest_stack: Optional[str]  # where it was taken; only with pool_leak_threshold


class Lease:
    """One place in a pool: the session in it, None until it is opened, and who has it since when."""

    pool: Any  # whom to give it back to

    def __init__(self, session: Any = None, expires: float = math.inf, idle_limit: float = math.inf) -> None:
        self.session = session
        self.expires = expires
        self.idle_limit = idle_limit
        self.since = time.monotonic()
        self.holder = ""
        self.stack: Optional[traceback.StackSummary] = None
        self.reported = False
        self.ref: Optional[weakref.ref[Lease]] = None


class Waiter:
    """Somebody in the queue. retries: it has a place already, where no session could be opened so far."""

    def __init__(self, retries: bool = False) -> None:
        self.retries = retries
        self.granted: Optional[Lease] = None

    def wake(self) -> bool:
        """Tell it; False where it is no more."""
        raise NotImplementedError


@dataclass
class _Counts:
    opened: int = 0
    taken: int = 0
    timeouts: int = 0
    reset: int = 0


class PoolPolicy:
    """What SessionPool and AsyncSessionPool share.

    A place is idle, or leased; a lease that is forgotten without being given back frees its place as soon as it is
    collected. Nobody overtakes the queue: what is given back goes to the first in it.
    """

    def __init__(self, config: MySQLConnectionConfig, planner: Planner) -> None:
        self.config = _quicker(config)
        self.planner = planner
        self.name = config.pool_name or _address(config)
        self.servers: Dict[str, Any] = {}  # what their introspection has told, by server_info
        self._forget()
        _EVERY.add(self)

    def _forget(self) -> None:
        """Begin with nothing: a new pool, and a forked child's."""
        self._lock = threading.Lock()
        self._idle: List[Lease] = []  # the last one used last
        self._leased: Dict[weakref.ref[Lease], None] = {}
        self._lost: Deque[weakref.ref[Lease]] = deque()
        self._waiters: Deque[Waiter] = deque()
        self._counts = _Counts()
        self._warm = False
        self.closed = False

    # -- places --

    @property
    @contextmanager
    def _guard(self) -> Iterator[None]:
        """The pool's lock; whoever leaves it looks after the leases lost meanwhile."""
        try:
            with self._lock:  # a signal's exception cannot come between this and its release
                yield
        finally:
            if self._lost:
                self._sweep()

    @property
    def _size(self) -> int:
        return len(self._idle) + len(self._leased)

    def _claim(self) -> Union[Lease, Waiter]:
        """A place, with a session or to open one in; or a waiter in the queue."""
        with self._guard:
            self._refuse_closed()
            # Those who have a place and only retry are no reason to wait behind them: a place may be free.
            if all(waiter.retries for waiter in self._waiters):
                if self._idle:
                    return self._lease(self._idle.pop())
                if self._size < self.config.pool_limit:
                    return self._lease(Lease())
            waiter = self._waiter()
            self._waiters.append(waiter)
            return waiter

    def _place_in_advance(self) -> Optional[Lease]:
        """A place to open a session in for pool_min_size; None where there are enough."""
        with self._guard:
            if self.closed or self._size >= (self.config.pool_min_size or 0):
                return None
            return self._lease(Lease())

    def _waiter(self, retries: bool = False) -> Waiter:
        raise NotImplementedError

    def _lease(self, lease: Lease) -> Lease:
        lease.pool = self
        lease.ref = weakref.ref(lease, self._lose)
        self._leased[lease.ref] = None
        return lease

    def _lose(self, ref: "weakref.ref[Lease]") -> None:
        """A lease was collected: at any moment, in whichever thread, perhaps one that has the lock."""
        self._lost.append(ref)
        self._sweep()

    def _sweep(self) -> None:
        forgotten = 0
        while self._lost and self._lock.acquire(blocking=False):
            try:
                while self._lost:
                    if self._leased.pop(self._lost.popleft(), self) is None:
                        forgotten += 1
                        self._offer_place()
            finally:
                self._lock.release()
        if forgotten:  # told without the lock: a log handler may use the pool
            logger.warning("pool %s: sessions never given back, and closed: %d", self.name, forgotten)

    def _offer(self, lease: Lease) -> bool:
        """Lease it to the first in the queue who has a use for it."""
        for waiter in list(self._waiters):
            if lease.session is None and waiter.retries:
                continue
            self._waiters.remove(waiter)
            waiter.granted = self._lease(lease)
            if waiter.wake():
                return True
            del self._leased[lease.ref]  # type: ignore[arg-type]
            waiter.granted = None
        return False

    def _offer_place(self) -> None:
        if self._waiters and not self.closed and self._size < self.config.pool_limit:
            self._offer(Lease())

    def _settle(self, lease: Lease, session: Any = None) -> Any:
        """Take a lease back. session: what it held, fit for the next user. Returns what is to be closed, or None."""
        with self._guard:
            known = lease.ref is not None and self._leased.pop(lease.ref, self) is None
            lease.ref = None
            if session is None or not known or self.closed:
                self._offer_place()
                return session
            kept = Lease(session, lease.expires, lease.idle_limit)
            if self._offer(kept):
                return None
            if len(self._idle) < self.config.pool_kept:
                self._idle.append(kept)
                return None
            return session

    def _withdraw(self, waiter: Waiter) -> Optional[Lease]:
        """Leave the queue. Returns what was granted."""
        with self._guard:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
            return waiter.granted

    def _queue_again(self) -> Waiter:
        """At the queue's head: for who has a place and cannot open a session now, but would take one given back."""
        with self._guard:
            waiter = self._waiter(retries=True)
            if self._idle:  # given back while it tried, with nobody in the queue
                waiter.granted = self._lease(self._idle.pop())
                waiter.wake()
            else:
                self._waiters.appendleft(waiter)
            return waiter

    def _refuse_closed(self) -> None:
        if self.closed:
            raise ConnectionError(f"pool {self.name} is closed")

    # -- the sessions in them --

    def _fill(self, lease: Lease, session: Any, wait_timeout: float) -> None:
        """A session just opened. It goes before the server would end it for idling, and not all go at once."""
        lease.session = session
        with self._guard:
            self._counts.opened += 1
        recycle, idle = self.config.pool_recycle, self.config.pool_max_idle
        lease.expires = math.inf if recycle is None else time.monotonic() + recycle * random.uniform(0.8, 1.0)
        lease.idle_limit = min(math.inf if idle is None else idle, 0.9 * wait_timeout)

    def _sound(self, lease: Lease, idle: float) -> bool:
        """Whether an idle session may be handed out; without a round trip."""
        return idle <= lease.idle_limit and time.monotonic() < lease.expires and not lease.session.hung_up()

    def _wants_ping(self, idle: float) -> bool:
        return self.config.pool_pre_ping or idle > _PING_AFTER

    def _remedy(self, session: Any) -> Optional[str]:
        """What makes a session fit for the next user: STATE to be reset, a TRANSACTION to be rolled back, or None."""
        if STATE in session.left and self.config.pool_reset_session:
            return STATE
        return TRANSACTION if TRANSACTION in session.left or not session.autocommit else None

    def _idled_out(self) -> List[Any]:
        """The sessions idle for too long, but pool_min_size, out of the pool; to be closed."""
        now = time.monotonic()
        gone: List[Any] = []
        with self._guard:
            while self._idle and self._size > (self.config.pool_min_size or 0):
                if now - self._idle[0].since <= self._idle[0].idle_limit:
                    break
                gone.append(self._idle.pop(0).session)
        return gone

    # -- who holds what --

    def _hand_out(self, lease: Lease, holder: str) -> Lease:
        lease.holder = holder
        lease.since = time.monotonic()
        with self._guard:
            self._counts.taken += 1
        if self.config.pool_leak_threshold is not None:
            frame = sys._getframe(2)
            lease.stack = traceback.StackSummary.extract(traceback.walk_stack(frame), limit=20, lookup_lines=False)
            self._report_leaks()
        return lease

    def _holders(self) -> List[Lease]:
        """The leases handed out, the oldest first."""
        alive = [lease for ref in list(self._leased) if (lease := ref()) is not None and lease.holder]
        return sorted(alive, key=lambda lease: lease.since)

    def _report_leaks(self) -> None:
        now = time.monotonic()
        for lease in self._holders():
            if now - lease.since < self.config.pool_leak_threshold:  # type: ignore[operator]
                return
            if not lease.reported:
                lease.reported = True
                logger.warning(
                    "pool %s: %s has held a session for %.1f s; it was taken at\n%s",
                    self.name, lease.holder, now - lease.since, _shown(lease.stack),
                )  # fmt: skip

    def stats(self) -> PoolStatistics:
        """The figures of this moment."""
        with self._guard:
            holders = self._holders()
            oldest = holders[0] if holders else None
            counts = self._counts
            return PoolStatistics(
                self.name, self._size, len(self._leased), len(self._idle), len(self._waiters), self.config.pool_limit,
                counts.opened, counts.taken, counts.timeouts, counts.reset,
                oldest.holder if oldest else None,
                time.monotonic() - oldest.since if oldest else 0.0,
                _shown(oldest.stack) if oldest and oldest.stack else None,
            )  # fmt: skip

    def _timed_out(self, seconds: float, error: Optional[Exception] = None) -> PoolTimeout:
        with self._guard:
            self._counts.timeouts += 1
        if self.config.pool_leak_threshold is not None:
            self._report_leaks()
        now = self.stats()
        text = (
            f"pool {self.name}: no session within {seconds:g} s: size {now.size} of {now.max_size}, "
            f"{now.in_use} in use, {now.idle} idle, {now.waiters} waiting"
        )
        if now.oldest_holder:
            text += f"; the oldest is held by {now.oldest_holder} for {now.oldest_seconds:.1f} s"
        if now.oldest_stack:
            text += f", taken at\n{now.oldest_stack}"
        advice = f"opening one failed: {translate(error)}" if error else "return sessions sooner or raise pool_max_size"
        return PoolTimeout(f"{text}; {advice}", now._asdict())

    # -- the end --

    def _shut(self) -> List[Any]:
        """Let nobody in any more. Returns the idle sessions, to be closed."""
        with _REGISTRY_LOCK:
            for key in [key for key, pool in _POOLS.items() if pool is self]:
                del _POOLS[key]
        with self._guard:
            self.closed = True
            sessions = [lease.session for lease in self._idle]
            self._idle.clear()
            waiting, self._waiters = self._waiters, deque()
        for waiter in waiting:
            waiter.wake()
        return sessions


def passing(error: Exception) -> bool:
    """Whether opening a session may succeed a little later: too many of them, or the server is (re)starting."""
    return is_retryable(error) or is_disconnect(error)


def pause(failures: int) -> float:
    """Seconds to wait after so many: longer each time, and not the same for all who wait."""
    return min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**failures) * random.uniform(0.5, 1.0)


def _quicker(config: MySQLConnectionConfig) -> MySQLConnectionConfig:
    """A hanging connect must not outlast the wait for a session."""
    seconds = max(1, math.ceil(config.pool_timeout))
    if config.connect_timeout is not None and config.connect_timeout <= seconds:
        return config
    return config.clone(connect_timeout=seconds)


def _address(config: MySQLConnectionConfig) -> str:
    place = config.unix_socket or f"{config.host}:{config.port}"
    return f"{place}/{config.database or ''}"


def _shown(stack: Optional[traceback.StackSummary]) -> str:
    return "".join(stack.format() if stack is not None else ()).rstrip()


Pool = TypeVar("Pool", bound=PoolPolicy)

_EVERY: "weakref.WeakSet[PoolPolicy]" = weakref.WeakSet()
_POOLS: Dict[Tuple[type, Hashable], Any] = {}
_REGISTRY_LOCK = threading.Lock()
_OPTIONS = ("size", "min_size", "max_size", "timeout", "recycle", "pre_ping", "reset_session", "name", "max_idle",
            "leak_threshold")  # fmt: skip


def registry_key(config: MySQLConnectionConfig) -> Hashable:
    """Equal for configurations that share a pool."""
    return config.pool_key(), tuple(getattr(config, f"pool_{name}") for name in _OPTIONS)


def registered(kind: "type[Pool]", key: Hashable, config: MySQLConnectionConfig, planner: Planner) -> Pool:
    """The process's pool for a configuration, made where there is none."""
    pool = _POOLS.get((kind, key))
    if pool is None:
        with _REGISTRY_LOCK:
            pool = _POOLS.get((kind, key))
            if pool is None:
                pool = _POOLS[kind, key] = kind(config, planner)
    return pool


def _forget_in_child() -> None:
    # The driver has made the sessions harmless before: it registered first.
    global _REGISTRY_LOCK
    _REGISTRY_LOCK = threading.Lock()
    for pool in list(_EVERY):
        pool._forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_in_child)
