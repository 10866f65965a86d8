"""Options by their effect on a real session, of both backends, opened, taken from a pool, and reset there."""

import inspect

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient import AsyncMySQLBackend, MySQLBackend, implementation

KINDS = pytest.mark.parametrize("kind", [MySQLBackend, AsyncMySQLBackend], ids=["sync", "async"])
ASK = {
    "collation": "@@collation_connection",
    "sql_mode": "@@sql_mode",
    "time_zone": "@@time_zone",
    "autocommit": "@@autocommit",
    "sql_log_off": "@@sql_log_off",
    "init_command": "@given",
    "charset": "@@character_set_client",
    "database": "DATABASE()",
}


async def done(result):
    return await result if inspect.isawaitable(result) else result


async def shown(backend, sql):
    return next(iter((await done(backend.fetch_one(f"SELECT {sql} AS v"))).values()))


@KINDS
@pytest.mark.parametrize(
    ("options", "seen"),
    [
        ({"collation": "utf8mb4_unicode_ci"}, "utf8mb4_unicode_ci"),
        ({"sql_mode": "NO_ZERO_DATE,STRICT_ALL_TABLES"}, "STRICT_ALL_TABLES,NO_ZERO_DATE"),
        ({"sql_mode": ""}, ""),
        ({"time_zone": "+09:00", "timezone": None}, "+09:00"),
        ({"autocommit": False}, 0),
        ({"sql_log_off": True}, 1),
        ({"init_command": "SET @given = 'it''s'"}, "it's"),
        ({"charset": "utf8"}, "utf8mb3"),
    ],
    ids=str,
)
async def test_it_holds_on_each_session(config, kind, options, seen):
    sql = ASK[next(iter(options))]
    chosen = config.clone(**options)
    for backend in (kind(connection_config=chosen), kind(connection_config=chosen, pool_size=1)):
        assert await shown(backend, sql) == seen
        if backend.config.pooled:
            first = await shown(backend, "CONNECTION_ID()")
            await done(backend.execute("SET @given = 'else', sql_mode = 'ANSI', time_zone = '+01:00'"))
            await done(backend.disconnect())  # it is reset; without the extension another takes its place
            assert await shown(backend, sql) == seen
            assert await shown(backend, "CONNECTION_ID()") == first or implementation() != "native"
            await done(backend.disconnect())
            await done(backend.pool.close())
        await done(backend.disconnect())


@KINDS
async def test_a_provider_is_asked_for_each_session_and_no_more(config, kind):
    asked = []

    def provider():
        asked.append(1)
        return config.password or ""

    backend = kind(connection_config=config.clone(password=None, password_provider=provider, pool_size=2))
    for _ in range(3):
        for _ in range(5):
            assert await shown(backend, "1") == 1
        await done(backend.disconnect())
    assert len(asked) == 1
    one, other = await done(backend.get_connection()), await done(backend.get_connection())
    assert await shown(one, "CONNECTION_ID()") != await shown(other, "CONNECTION_ID()")
    assert len(asked) == 2
    await done(one.disconnect())
    await done(other.disconnect())
    await done(backend.pool.close())
    assert await shown(backend, "1") == 1
    assert len(asked) == 3
    await done(backend.disconnect())
    await done(backend.pool.close())


@KINDS
@pytest.mark.parametrize("given", ["configuration", "argument"])
async def test_the_version_is_assumed_until_the_server_says(config, kind, given):
    if given == "configuration":
        backend = kind(connection_config=config.clone(version="5.7"))
    else:
        backend = kind(connection_config=config, version=(5, 7))
    assert await done(backend.get_server_version()) == backend.dialect.version == (5, 7, 0)
    await done(backend.introspect_and_adapt())
    assert await done(backend.get_server_version()) > (8, 0, 0)
    await done(backend.disconnect())


@KINDS
async def test_connect_twice_is_one_session_and_disconnect_opens_none(config, kind, admin):
    for options in ({}, {"pool_size": 2}):
        backend = kind(connection_config=config.clone(**options))
        await done(backend.disconnect())
        assert admin.sessions() == {}
        await done(backend.connect())
        await done(backend.connect())
        assert len(admin.sessions()) == 1
        await done(backend.disconnect())
        await done(backend.disconnect())
        if options:
            assert len(admin.sessions()) == 1
            await done(backend.pool.close())
        assert admin.sessions_become(0)
