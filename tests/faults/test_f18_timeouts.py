"""F18: statement timeouts. A typed error, the session as usable as before."""

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient.errors import ConfigError, QueryTimeout

from .conftest import answering

NUMBERS = "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 300)"
ENDLESS = f"{NUMBERS} SELECT SUM(SIN(a.i + b.i + c.i + d.i)) AS s FROM n a, n b, n c, n d"
ERRNO = {"mysql": 3024, "mariadb": 1969}
VARIABLE = {"mysql": ("max_execution_time", 1000), "mariadb": ("max_statement_time", 1)}


@pytest.fixture
def in_force(server):
    """The session's timeout in seconds; 0: none."""
    name, unit = VARIABLE[server.flavor]

    async def ask(backend):
        return float((await backend.execute(f"SELECT @@session.{name} AS t")).data[0]["t"]) / unit

    return ask


def limited(backend, seconds):
    return getattr(backend, "_backend", backend).statement_timeout(seconds)  # it waits for nothing


async def assert_ends(server, backend):
    with limited(backend, None):  # on a busy machine the shortest statement may take long
        before = await answering(backend)
    with pytest.raises(QueryTimeout) as caught:
        await backend.execute(ENDLESS)
    assert caught.value.errno == ERRNO[server.flavor]
    assert not caught.value.is_disconnect and not caught.value.is_retryable
    with limited(backend, None):
        assert await answering(backend) == before


async def test_f18_by_configuration(open, server):
    backend = open(statement_timeout=0.2)
    await assert_ends(server, backend)
    await assert_ends(server, backend)


async def test_f18_for_a_few_statements(open, server, in_force):
    backend = open(statement_timeout=50)
    with limited(backend, 40.5):
        with limited(backend, 0.2):
            await assert_ends(server, backend)
        assert await in_force(backend) == 40.5
        with limited(backend, 30):
            assert await in_force(backend) == 30
        assert await in_force(backend) == 40.5
        with limited(backend, None):
            assert await in_force(backend) == 0
    assert await in_force(backend) == 50
    with pytest.raises(KeyError), limited(backend, 30):
        raise KeyError
    assert await in_force(backend) == 50


async def test_f18_it_holds_for_a_session_opened_meanwhile(backend, admin, in_force):
    with limited(backend, 30):
        await backend.disconnect()
        assert await in_force(backend) == 30
    assert await in_force(backend) == 0


async def test_f18_a_transaction_goes_on(backend, server, admin):
    admin.ask("CREATE TABLE t (id INT PRIMARY KEY) ENGINE=InnoDB")
    async with backend.transaction():
        await backend.execute("INSERT INTO t VALUES (1)")
        with limited(backend, 0.2):
            await assert_ends(server, backend)
        await backend.execute("INSERT INTO t VALUES (2)")
    assert admin.numbers("SELECT id FROM t") == [1, 2]


async def test_f18_a_stream(backend, admin, server):
    with limited(backend, 0.2):
        with pytest.raises(QueryTimeout) as caught:
            async for _ in backend.stream(ENDLESS):
                raise AssertionError
    assert caught.value.errno == ERRNO[server.flavor]
    assert admin.sessions_become(0)
    await answering(backend)


async def test_f18_rows_that_came_before_it_are_not_taken_for_all(backend, server):
    """The error comes after many rows: neither a short list nor a stream that just ends."""
    always_more = f"{NUMBERS} SELECT a.i FROM n a, n b, n c, n d"
    with limited(backend, 0.05), pytest.raises(QueryTimeout):
        await backend.execute(always_more)
    seen, seconds = 0, 0.05
    while seen == 0:  # a busy server may not begin to send so soon
        with limited(backend, seconds), pytest.raises(QueryTimeout):
            async for _ in backend.stream(always_more):
                seen += 1
        seconds *= 2
    await answering(backend)


async def test_f18_what_writes(backend, admin, server):
    """MySQL's max_execution_time is for SELECT only (manual, "Server System Variables"); MariaDB ends all."""
    admin.ask("CREATE TABLE t (s DOUBLE)")
    slow = f"{NUMBERS} SELECT SUM(SIN(a.i + b.i)) FROM n a, n b, n c WHERE c.i < 50"
    with limited(backend, 0.05):
        if server.flavor == "mysql":
            await backend.execute(f"INSERT INTO t {slow}")
        else:
            with pytest.raises(QueryTimeout):
                await backend.execute(f"INSERT INTO t {ENDLESS}")
    await answering(backend)
    assert admin.number("SELECT COUNT(*) FROM t") == (1 if server.flavor == "mysql" else 0)


@pytest.mark.parametrize("seconds", [0, -1, "1", float("nan"), True])
async def test_f18_what_is_no_time_is_refused(backend, seconds):
    with pytest.raises(ConfigError, match="statement_timeout"):
        with limited(backend, seconds):
            raise AssertionError
