"""Statements prepared by a user, and the texts seen often enough to be prepared for them."""

import time
from collections import OrderedDict
from functools import lru_cache, partial
from typing import Any, Sequence

from rhosocial.activerecord.backend.result import QueryResult

from .codec.sql import CACHED_LENGTH, CACHED_TEMPLATES, template
from .driver import Statement

_SEEN_TEXTS = 512


def prepared_text(sql: str, backslash: bool) -> bytes:
    """The statement with ``?`` for its placeholders."""
    return b"?".join(template(sql, backslash).parts)


def to_prepare(sql: str) -> Statement:
    """prepared_text() of a session; where a backslash makes no difference, the text itself, from a bounded cache."""
    return _to_prepare(sql) if type(sql) is str and len(sql) <= CACHED_LENGTH else partial(prepared_text, sql)


@lru_cache(CACHED_TEMPLATES)
def _to_prepare(sql: str) -> Statement:
    later = partial(prepared_text, sql)
    try:
        text = later(True)
        return text if text == later(False) else later
    except ValueError:  # perhaps in the other mode only
        return later


class Sightings:
    """Counts the texts a backend runs, as long as they are among the last few hundred."""

    def __init__(self, threshold: int) -> None:
        self._threshold = threshold
        self._counts: OrderedDict[str, int] = OrderedDict()

    def often(self, sql: str) -> bool:
        """Whether this sight is the ``threshold``-th or a later one."""
        count = self._counts[sql] = self._counts.pop(sql, 0) + 1
        if len(self._counts) > _SEEN_TEXTS:
            self._counts.popitem(last=False)
        return count >= self._threshold


class _Prepared:
    """What both kinds share. The server's side of it belongs to the session, and is made anew in another one."""

    def __init__(self, backend: Any, sql: str) -> None:
        self._backend = backend
        self.sql = sql


class PreparedStatement(_Prepared):
    """What MySQLBackend.prepare() returns."""

    def __enter__(self) -> "PreparedStatement":
        return self

    def __exit__(self, *exc: Any) -> None:
        self.close()

    def execute(
        self, params: Sequence[Any] = (), *, column_adapters: Any = None, column_mapping: Any = None
    ) -> QueryResult:
        """MySQLBackend.execute with these parameters: the same values and errors."""
        started = time.perf_counter()
        backend = self._backend
        backend._log_statement(self.sql, params)
        outcome = backend._run(self.sql, params, backend._shape(None, column_adapters, column_mapping), True)
        return backend._result(outcome, None, time.perf_counter() - started)

    def close(self) -> None:
        """Free it on the server. execute() would prepare it again."""
        self._backend._forget_prepared(self.sql)


class AsyncPreparedStatement(_Prepared):
    """What AsyncMySQLBackend.prepare() returns: PreparedStatement with coroutines."""

    async def __aenter__(self) -> "AsyncPreparedStatement":
        return self

    async def __aexit__(self, *exc: Any) -> None:
        await self.close()

    async def execute(
        self, params: Sequence[Any] = (), *, column_adapters: Any = None, column_mapping: Any = None
    ) -> QueryResult:
        """PreparedStatement.execute, awaited."""
        started = time.perf_counter()
        backend = self._backend
        backend._log_statement(self.sql, params)
        outcome = await backend._run(self.sql, params, backend._shape(None, column_adapters, column_mapping), True)
        return backend._result(outcome, None, time.perf_counter() - started)

    async def close(self) -> None:
        """Free it on the server. execute() would prepare it again."""
        await self._backend._forget_prepared(self.sql)
