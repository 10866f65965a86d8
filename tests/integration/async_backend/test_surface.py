"""AsyncMySQLBackend offers what MySQLBackend offers, awaited where core says so."""

import inspect
from typing import Any, Iterable, Sequence

import pytest
from rhosocial.activerecord.backend.base import AsyncStorageBackend

from rhosocial.activerecord.backend.impl.mysqlclient import AsyncMySQLBackend, MySQLBackend
from rhosocial.activerecord.backend.impl.mysqlclient.async_rows import AnyRows

# What the one protocol calls otherwise than the other.
RENAMED = {"__enter__": "__aenter__", "__exit__": "__aexit__"}
ROWS = Iterable[Sequence[Any]]
TAKE_ASYNC_ROWS = {"execute_many", "bulk_upsert", "bulk_update_rows", "bulk_load"}


def public(cls):
    return {name for name in dir(cls) if not name.startswith("_")} | {name for name in RENAMED if hasattr(cls, name)}


NAMES = sorted(public(MySQLBackend))


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_is_there_with_the_same_signature(name):
    sync, ours = getattr(MySQLBackend, name), getattr(AsyncMySQLBackend, RENAMED.get(name, name))
    assert callable(sync) == callable(ours)
    if callable(sync):
        expected = inspect.signature(sync).parameters.values()
        if name in TAKE_ASYNC_ROWS:
            expected = [p.replace(annotation=AnyRows) if p.annotation == ROWS else p for p in expected]
        assert list(expected) == list(inspect.signature(ours).parameters.values())


def test_there_are_no_others():
    assert public(AsyncMySQLBackend) - public(MySQLBackend) == set()


@pytest.mark.parametrize("name", sorted(public(AsyncStorageBackend) - set(RENAMED)))
def test_coroutines_are_where_core_has_them(name):
    core, ours = getattr(AsyncStorageBackend, name), getattr(AsyncMySQLBackend, name)
    assert inspect.iscoroutinefunction(core) == inspect.iscoroutinefunction(ours)


def test_what_talks_to_the_server_is_awaited():
    iterated = {"stream"}  # async for
    mysql = {name for name in NAMES if inspect.isfunction(vars(MySQLBackend).get(name))} - iterated
    assert {name for name in mysql if inspect.iscoroutinefunction(getattr(AsyncMySQLBackend, name))} == mysql
