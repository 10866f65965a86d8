"""Each pool option does what docs/pooling.md says."""

import gc
import logging
import time
from contextlib import ExitStack

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient import pool_policy
from rhosocial.activerecord.backend.impl.mysqlclient.errors import ConfigError, PoolTimeout
from rhosocial.activerecord.backend.impl.mysqlclient.wire import Wire

from .conftest import anumber, number

ID = "SELECT CONNECTION_ID()"


def ids(backend, count):
    """The ids of ``count`` sessions taken at once and given back."""
    with ExitStack() as stack:
        return [number(stack.enter_context(backend.get_connection()), ID) for _ in range(count)]


def test_pool_size_is_the_number_allowed_and_kept(pooled, admin):
    backend = pooled(pool_size=3)
    with backend.get_connection(), backend.get_connection(), backend.get_connection():
        with pytest.raises(PoolTimeout):
            backend.get_connection(timeout=0.05)
    assert backend.pool.stats().idle == len(admin.sessions()) == 3


def test_pool_max_size_allows_more_that_are_not_kept(pooled, admin):
    backend = pooled(pool_size=1, pool_max_size=3)
    assert len(set(ids(backend, 3))) == 3
    assert admin.sessions_become(1)
    with pytest.raises(PoolTimeout):
        with backend.get_connection(), backend.get_connection(), backend.get_connection():
            backend.get_connection(timeout=0.05)


def test_pool_min_size_is_opened_in_advance_and_never_idles_out(pooled, admin):
    backend = pooled(pool_size=5, pool_min_size=3, pool_max_idle=0.05)
    ids(backend, 1)
    assert backend.pool.stats().idle == len(admin.sessions()) == 3
    ids(backend, 5)
    time.sleep(0.1)
    ids(backend, 1)
    assert backend.pool.stats().idle == 3
    assert admin.sessions_become(3)


def test_pool_max_idle_closes_what_nobody_uses(pooled, admin):
    backend = pooled(pool_size=5, pool_max_idle=0.2)
    used = ids(backend, 4)
    time.sleep(0.3)
    assert ids(backend, 1)[0] not in used
    assert admin.sessions_become(1)


@pytest.mark.asyncio
async def test_pool_max_idle_closes_what_no_task_uses(apooled, admin):
    backend = apooled(pool_max_idle=0.2)
    async with await backend.get_connection() as one, await backend.get_connection() as other:
        used = {await anumber(one, ID), await anumber(other, ID)}
    time.sleep(0.3)
    async with await backend.get_connection() as one:
        assert await anumber(one, ID) not in used
    assert admin.sessions_become(1)


def test_pool_timeout(pooled):
    backend = pooled(pool_size=1, pool_timeout=0.2)
    with backend.get_connection():
        started = time.monotonic()
        with pytest.raises(PoolTimeout, match="no session within 0.2 s"):
            backend.get_connection()
        assert time.monotonic() - started >= 0.2


def test_pool_recycle_replaces_an_old_session(pooled, admin, monkeypatch):
    backend = pooled(pool_recycle=3600)
    first = ids(backend, 1)
    assert ids(backend, 1) == first
    steady = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: steady() + 3601)
    assert ids(backend, 1) != first
    assert admin.sessions_become(1)


def test_pool_recycle_does_not_end_all_sessions_at_once(pooled):
    backend = pooled(pool_size=8, pool_recycle=1000)
    before = time.monotonic()
    leases = [backend.pool.take() for _ in range(8)]
    taking = time.monotonic() - before
    ages = [lease.expires - before for lease in leases]
    for lease in leases:
        backend.pool.give_back(lease)
    assert len({round(age, 3) for age in ages}) > 4 and all(800 <= age <= 1000 + taking for age in ages)


def test_a_session_near_the_servers_wait_timeout_is_not_handed_out(pooled):
    backend = pooled(init_command="SET SESSION wait_timeout = 100")
    lease = backend.pool.take()
    assert lease.idle_limit == pytest.approx(90)
    backend.pool.give_back(lease)


def test_the_clock_on_the_wall_does_not_matter(pooled, monkeypatch):
    backend = pooled(pool_recycle=3600, pool_max_idle=3600)
    first = ids(backend, 1)
    wall, steady = time.time, time.monotonic
    for jump in (1e6, -1e6):
        monkeypatch.setattr(time, "time", lambda jump=jump: wall() + jump)
        assert ids(backend, 1) == first
    monkeypatch.setattr(time, "monotonic", lambda: steady() + 3601)
    assert ids(backend, 1) != first


@pytest.fixture
def silent(monkeypatch):
    """A network that has forgotten the session, and does not say so."""
    monkeypatch.setattr(Wire, "hung_up", lambda wire: False)


def test_pool_pre_ping_asks_the_server(pooled, kill, silent):
    backend = pooled(pool_pre_ping=True)
    first = ids(backend, 1)
    kill(first[0])
    assert ids(backend, 1) != first


@pytest.mark.asyncio
async def test_pool_pre_ping_asks_the_server_for_tasks(apooled, kill, silent):
    backend = apooled(pool_pre_ping=True)
    async with await backend.get_connection() as connection:
        first = await anumber(connection, ID)
    kill(first)
    async with await backend.get_connection() as connection:
        assert await anumber(connection, ID) != first


@pytest.mark.parametrize("ping_after", [0.0, 3600.0])
def test_without_it_only_after_long_idling(pooled, kill, silent, monkeypatch, ping_after):
    monkeypatch.setattr(pool_policy, "_PING_AFTER", ping_after)
    backend = pooled()
    with backend.get_connection() as connection:
        first = number(connection, ID)
    kill(first)
    with backend.get_connection() as connection:
        replaced = connection._connection.id != first
        connection._connection.discard()
    assert replaced == (ping_after == 0.0)


def test_pool_name_is_in_messages_and_keeps_pools_apart(pooled):
    web, jobs = pooled(pool_size=1, pool_name="web"), pooled(pool_size=1, pool_name="jobs")
    with web.get_connection(), jobs.get_connection():
        with pytest.raises(PoolTimeout, match="pool web: "):
            web.get_connection(timeout=0.01)
    assert jobs.pool.stats().name == "jobs" and jobs.pool.stats().timeouts == 0


def test_pool_leak_threshold_logs_once_who_took_it_where(pooled, caplog, monkeypatch):
    backend, steady = pooled(pool_leak_threshold=1000), time.monotonic
    with caplog.at_level(logging.WARNING, pool_policy.__name__), backend.get_connection():
        monkeypatch.setattr(time, "monotonic", lambda: steady() + 1001)
        for _ in range(2):
            with backend.get_connection():
                pass
    messages = [record.getMessage() for record in caplog.records if "has held a session" in record.getMessage()]
    assert len(messages) == 1
    assert "thread MainThread" in messages[0] and "test_pool_leak_threshold_logs_once" in messages[0]


def test_without_pool_leak_threshold_nothing_is_logged(pooled, caplog, monkeypatch):
    backend, steady = pooled(), time.monotonic
    gc.collect()  # what other tests have forgotten is told of now
    with caplog.at_level(logging.WARNING, pool_policy.__name__), backend.get_connection():
        monkeypatch.setattr(time, "monotonic", lambda: steady() + 1001)
        with backend.get_connection():
            pass
    assert [record for record in caplog.records if record.name == pool_policy.__name__] == []


@pytest.mark.parametrize("options", [{"pool_min_size": 3}, {"pool_timeout": 0}, {"pool_max_idle": -1}])
def test_options_that_make_no_sense_are_refused(pool_config, options):
    with pytest.raises(ConfigError, match=next(iter(options))):
        pool_config(**options)
