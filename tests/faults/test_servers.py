"""F12 to F15: a server that restarts, is full, takes no writes any more, or takes no statement as long as this."""

import asyncio
import contextlib
import time

import MySQLdb
import pytest
from rhosocial.activerecord.backend.transaction import TransactionMode

from rhosocial.activerecord.backend.impl.mysqlclient import MySQLConnectionConfig
from rhosocial.activerecord.backend.impl.mysqlclient.errors import (
    ConnectionError,
    ConnectionLost,
    PacketTooLarge,
    PoolTimeout,
    ReadOnlyServerError,
    translate,
)
from rhosocial.activerecord.backend.impl.mysqlclient.server import PrivateServer

from ..admin import Admin, all_places, eventually
from .conftest import answering
from .proxy import Proxy

# MariaDB's least; one connection more is for who may administer the server
OPTIONS = {"max_connections": 10, "max_allowed_packet": "1M"}
PACKET = 1 << 20


@pytest.fixture(scope="module")
def private(server):
    with PrivateServer(server.flavor, OPTIONS) as private:
        admin = FreshAdmin(private)
        admin.ask("CREATE USER app@'127.0.0.1' IDENTIFIED BY ''")
        admin.ask("GRANT ALL ON app.* TO app@'127.0.0.1'")
        yield private


class FreshAdmin(Admin):
    """Connects for each question: the server may have been restarted."""

    def __init__(self, private):
        self._private = private
        self._flavor, self._database, self._own_id = private.flavor, "app", None

    def ask(self, sql):
        with contextlib.closing(eventually(self._connected)) as connection:
            connection.query(sql.encode())
            result = connection.store_result()
            return result.fetch_row(0) if result is not None else ()

    def _connected(self):
        """None where the server is full: it may still be ending the sessions that were closed just now."""
        try:
            return MySQLdb.connect(**self._private.connect_kwargs(), autocommit=True)
        except MySQLdb.OperationalError as error:
            if error.args[0] != 1040:
                raise


@pytest.fixture
def admin(private):
    private.start()
    admin = FreshAdmin(private)
    admin.ask("CREATE DATABASE app")
    admin.ask("CREATE TABLE app.t (n INT PRIMARY KEY)")
    yield admin
    admin.ask("DROP DATABASE app")


@pytest.fixture
def proxy(private):
    with Proxy(private.host, private.port) as proxy:
        yield proxy


@pytest.fixture
def config(proxy):
    return MySQLConnectionConfig(
        host="127.0.0.1", port=proxy.port, username="app", password="", database="app", ssl_mode="DISABLED"
    )


@pytest.fixture
def full(private, admin):
    """Takes all the connections there are; close() gives them back."""
    with all_places(OPTIONS["max_connections"], host=private.host, port=private.port, user="app") as connections:
        yield connections


# -- F12 --


@pytest.mark.parametrize("end", ["stop", "kill"], ids=["SIGTERM", "SIGKILL"])
async def test_f12_restart(open, private, admin, proxy, end):
    backend, single = open(pool_size=3, pool_timeout=120), open()
    await single.execute("INSERT INTO t VALUES (1)")
    idle, busy = await backend.get_connection(), await backend.get_connection()
    await backend.return_connection(idle)
    task = asyncio.ensure_future(busy.execute("SELECT SLEEP(0.1) FROM information_schema.columns"))
    assert await admin.begins("SLEEP")
    await asyncio.to_thread(getattr(private, end))
    with pytest.raises(ConnectionLost) as caught:
        await task
    assert caught.value.is_disconnect
    assert eventually(lambda: proxy.open == 0)
    with pytest.raises(ConnectionError):
        await single.execute("INSERT INTO t VALUES (2)")
    await backend.return_connection(busy)

    before, since = proxy.accepted, time.monotonic()
    starting = asyncio.ensure_future(asyncio.to_thread(private.start))
    await asyncio.sleep(0)
    waiting = [asyncio.ensure_future(backend.get_connection()) for _ in range(3)]
    await starting
    proxy.target = (private.host, private.port)
    for connection in await asyncio.gather(*waiting):
        await answering(connection)
        await backend.return_connection(connection)
    most = 3 * (10 + 2 * (time.monotonic() - since))  # soon a pause is half a second at least
    assert proxy.accepted - before < most, "they ask again and again, without a pause"
    await answering(single)
    assert admin.numbers("SELECT n FROM app.t") == [1]
    assert admin.sessions_become(4)


# -- F13 --


async def test_f13_too_many_connections(open, admin, full):
    backend = open()
    with pytest.raises(ConnectionError, match="connecting to .*max_connections") as caught:
        await backend.connect()
    assert (caught.value.errno, caught.value.is_retryable) == (1040, True)
    full.close()
    assert eventually(lambda: admin.number("SHOW GLOBAL STATUS LIKE 'Threads_connected'") == 1)  # the administrator
    await answering(backend)


async def test_f13_too_many_connections_for_a_pool(open, admin, full):
    backend = open(pool_size=2, pool_timeout=1)
    before = time.monotonic()
    with pytest.raises(PoolTimeout) as caught:
        await backend.get_connection()
    assert time.monotonic() - before < 30
    assert caught.value.__cause__.errno == 1040 and caught.value.statistics["in_use"] <= 2
    waiting = asyncio.ensure_future(backend.get_connection(120))
    await asyncio.sleep(0.2)
    full.close()
    await answering(await waiting)
    assert admin.sessions_become(1)
    await backend.return_connection(waiting.result())


# -- F14 --


@pytest.fixture
def read_only(admin):
    admin.ask("SET GLOBAL read_only = 1")
    yield lambda: admin.ask("SET GLOBAL read_only = 0")
    admin.ask("SET GLOBAL read_only = 0")


async def refused(backend, errno, sql="INSERT INTO t VALUES (1)"):
    with pytest.raises(ReadOnlyServerError) as caught:
        await backend.execute(sql)
    error = caught.value
    assert (error.errno, error.is_disconnect, error.is_retryable) == (errno, False, False)


async def test_f14_read_only(open, admin, read_only):
    backend = open()
    first = await answering(backend)
    await refused(backend, 1290)
    assert await answering(backend) != first
    assert admin.sessions_become(1)
    read_only()
    await backend.execute("INSERT INTO t VALUES (2)")
    assert admin.numbers("SELECT n FROM app.t") == [2]


async def test_f14_read_only_in_a_transaction(open, admin, read_only):
    backend = open()
    first = await answering(backend)
    async with backend.transaction():
        await refused(backend, 1290)
        assert await answering(backend) == first
        await refused(backend, 1290)
    assert await answering(backend) != first
    assert admin.sessions_become(1)


async def test_f14_read_only_and_a_pool(open, admin, read_only):
    backend = open(pool_size=2)
    connection = await backend.get_connection()
    first = await answering(connection)
    await refused(connection, 1290)
    await backend.return_connection(connection)
    connection = await backend.get_connection()
    assert await answering(connection) != first
    await backend.return_connection(connection)
    assert admin.sessions_become(1)


@pytest.mark.flavor("mysql")
async def test_f14_super_read_only(open, admin, private):
    backend = open(username=private.user)
    first = await answering(backend)
    admin.ask("SET GLOBAL super_read_only = 1")
    try:
        await refused(backend, 1290)
        assert await answering(backend) != first
    finally:
        admin.ask("SET GLOBAL super_read_only = 0")
        admin.ask("SET GLOBAL read_only = 0")


async def test_f14_read_only_modes(open):
    """1792 is for sessions that a proxy or the server made read-only; 1836 for a server started so."""
    backend = open()
    for errno in (1792, 1836):
        first = await answering(backend)
        await backend.execute("SET SESSION TRANSACTION READ ONLY")
        await refused(
            backend,
            errno,
            "INSERT INTO t VALUES (1)" if errno == 1792 else "SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1836",
        )
        assert await answering(backend) != first


async def test_f14_a_transaction_read_only_by_choice_keeps_its_session(open):
    backend = open()
    first = await answering(backend)
    backend.transaction_manager.transaction_mode = TransactionMode.READ_ONLY
    async with backend.transaction():
        await refused(backend, 1792)
    backend.transaction_manager.transaction_mode = TransactionMode.READ_WRITE
    assert await answering(backend) == first


# -- F15 --


async def test_f15_a_statement_longer_than_max_allowed_packet(open, admin):
    backend = open()
    session = await answering(backend)
    for size in (PACKET, PACKET + 100, 17 << 20):
        with pytest.raises(PacketTooLarge, match="max_allowed_packet") as caught:
            await backend.execute("SELECT LENGTH(%s) AS n", (b"x" * size,))
        assert not caught.value.is_retryable
        assert await answering(backend) == session
    assert (await backend.execute("SELECT LENGTH(%s) AS n", ("x" * (PACKET - 100),))).data == [{"n": PACKET - 100}]
    assert await answering(backend) == session
    assert admin.sessions_become(1)


def test_f15_refused_by_the_server(private, admin):
    """What its answer is to those who did not check: it may be gone before it is heard."""
    with contextlib.closing(MySQLdb.connect(**private.connect_kwargs())) as connection:
        with pytest.raises(MySQLdb.Error) as caught:
            connection.query(b"SELECT '%s'" % (b"x" * (2 * PACKET)))
        error = translate(caught.value)
        assert isinstance(error, (PacketTooLarge, ConnectionLost)) and error.errno in (1153, 2006, 2013)
        assert error.is_disconnect and not error.is_retryable
