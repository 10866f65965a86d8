"""F8 and F13: the server hangs while a session is opened, is down, or has no room."""

import socket
import time

import MySQLdb
import pytest

from rhosocial.activerecord.backend.impl.mysqlclient.errors import ConnectionError, ConnectionLost, PoolTimeout
from rhosocial.activerecord.backend.impl.mysqlclient.login import is_libmariadb

from ..admin import LONG
from .conftest import answering
from .proxy import at_packet, cut, says, stall

LIBMARIADB = is_libmariadb(MySQLdb.get_client_info())
# libmysqlclient heeds connect_timeout only until the greeting begins (client.cc, csm_complete_connect), read_timeout
# from there to the end of the login, and neither in the TLS handshake.
IN_LOGIN = {"connect_timeout": 1} if LIBMARIADB else {"connect_timeout": 1, "read_timeout": 1}

# What becomes of the client's bytes, and of the server's.
HANGS = {
    "no greeting": {"answers": stall()},
    "half a greeting": {"answers": stall(20)},
    "login not answered": {"requests": stall()},
    "half a login": {"requests": stall(20)},
    "settings not answered": {"requests": at_packet(says(b"SET "), stall())},
}


async def fails_in_time(backend, proxy, errnos):
    """It does so within a second for each step, and names the server."""
    before = time.monotonic()
    with pytest.raises(ConnectionError) as caught:
        await backend.connect()
    error = caught.value
    assert 0.9 < time.monotonic() - before < 30
    assert not isinstance(error, ConnectionLost) and error.errno in errnos
    assert f"connecting to 127.0.0.1:{proxy.port}: " in str(error)
    assert isinstance(error.__cause__, MySQLdb.Error)


@pytest.mark.parametrize("where", HANGS)
async def test_f08_a_hang_while_connecting(open, admin, proxy, where):
    backend = open(**IN_LOGIN)
    proxy.use(**HANGS[where])
    await fails_in_time(backend, proxy, (2002, 2003, 2013))
    proxy.use()
    await answering(backend)
    assert admin.sessions_become(1)


async def test_f08_nobody_accepts(open, admin, proxy):
    backend, server = open(connect_timeout=1), proxy.target
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy.target = listener.getsockname()
        await fails_in_time(backend, proxy, (2002, 2003, 2013))
    proxy.target = server
    await answering(backend)
    assert admin.sessions_become(1)


@pytest.mark.parametrize("after", [0, 3, 30, 90, 100])
async def test_f08_the_connection_ends_while_connecting(open, admin, proxy, after):
    backend = open()
    proxy.use(answers=cut(after))
    with pytest.raises(ConnectionError, match=f"connecting to 127.0.0.1:{proxy.port}") as caught:
        await backend.connect()
    assert not isinstance(caught.value, ConnectionLost) and caught.value.is_retryable
    proxy.use()
    await answering(backend)
    assert admin.sessions_become(1)


async def test_f13_down_at_the_start(open, admin, proxy):
    backend = open()
    proxy.refuse()
    for _ in range(2):
        with pytest.raises(ConnectionError, match=f"connecting to 127.0.0.1:{proxy.port}: .*is the server running"):
            await answering(backend)
    proxy.listen()
    await answering(backend)
    assert admin.sessions_become(1)


async def test_f13_down_at_the_start_with_a_pool(open, admin, proxy):
    backend = open(pool_size=2, pool_timeout=1)
    proxy.refuse()
    before = time.monotonic()
    with pytest.raises(PoolTimeout) as caught:
        await backend.get_connection()
    assert time.monotonic() - before < 30
    assert caught.value.__cause__.errno in (2002, 2003)
    proxy.listen()
    await backend.return_connection(await backend.get_connection(LONG))
    assert admin.sessions_become(1)
