"""F5, F7 to F9 where the session is encrypted: it hangs or ends in the handshake, in the login, in a result."""

import time

import MySQLdb
import pytest

from rhosocial.activerecord.backend.impl.mysqlclient.errors import (
    CommitUnknown,
    ConnectionError,
    ConnectionLost,
    TransactionLost,
)
from rhosocial.activerecord.backend.impl.mysqlclient.login import is_libmariadb

from .conftest import answering
from .proxy import cut, split, stall
from .test_connecting import fails_in_time
from .test_network import EXPECTED, execute, prepared
from .tls import server_with_tls  # noqa: F401, a fixture

libmariadb_only = pytest.mark.skipif(
    not is_libmariadb(MySQLdb.get_client_info()),
    reason="libmysqlclient waits for ever in a TLS handshake (docs/errors.md)",
)
LOST = (2013, 2026)
SSL_REQUEST = 4 + 32  # header and body: the client's first packet, where it wants TLS
WHERE = {  # first and last byte of it -> a place
    "at its start": lambda first, last: first,
    "in the first record": lambda first, last: first + 50,
    "in the middle": lambda first, last: (first + last) // 2,
    "at its end": lambda first, last: last - 1,
}
READS = pytest.mark.parametrize("read", [execute, prepared])
PLACES = pytest.mark.parametrize("after", [0, 3, 700], ids=["before the answer", "in a header", "in a row"])


@pytest.fixture
def config(config):
    return config.clone(ssl_mode="REQUIRED")


class Heard:
    """What passed in one direction."""

    def __init__(self):
        self.bytes = b""

    async def toxic(self, flow, data):
        self.bytes += data
        await flow.send(data)


async def encrypted_part(open, proxy):
    """(first, last byte) of the client's and of the server's, from the handshake to the end of the login."""
    requests, answers = Heard(), Heard()
    proxy.use(requests=requests.toxic, answers=answers.toxic)
    await open().connect()
    proxy.use()
    greeting = split(answers.bytes)[0][0]
    return {"requests": (SSL_REQUEST, len(requests.bytes)), "answers": (len(greeting), len(answers.bytes))}


@libmariadb_only
@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("direction", ["requests", "answers"])
async def test_f08_a_hang_while_connecting(open, admin, proxy, direction, where):
    after = WHERE[where](*(await encrypted_part(open, proxy))[direction])
    backend = open(connect_timeout=1)
    proxy.use(**{direction: stall(after)})
    await fails_in_time(backend, proxy, (2002, 2013, 2026))
    proxy.use()
    await answering(backend)
    assert admin.sessions_become(2)


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("direction", ["requests", "answers"])
async def test_f08_the_connection_ends_while_connecting(open, admin, proxy, direction, where):
    after = WHERE[where](*(await encrypted_part(open, proxy))[direction])
    backend = open()
    proxy.use(**{direction: cut(after)})
    with pytest.raises(ConnectionError, match=f"connecting to 127.0.0.1:{proxy.port}") as caught:
        await backend.connect()
    assert not isinstance(caught.value, ConnectionLost)
    proxy.use()
    await answering(backend)
    assert admin.sessions_become(2)


@READS
@PLACES
async def test_f07_the_server_falls_silent(open, admin, proxy, read, after):
    backend = open(read_timeout=1, connect_timeout=2)
    session = await answering(backend)
    proxy.use(answers=stall(after))
    before = time.monotonic()
    with pytest.raises(ConnectionLost) as caught:
        await read(backend)
    assert caught.value.errno in LOST and caught.value.is_disconnect
    assert 0.9 < time.monotonic() - before < 30
    proxy.use()
    assert await answering(backend) != session
    assert await read(backend) == EXPECTED
    assert admin.sessions_become(1)


@READS
@PLACES
@pytest.mark.parametrize("reset", [True, False], ids=["RST", "FIN"])
async def test_f05_cut_in_a_result(open, admin, proxy, read, after, reset):
    backend = open()
    session = await answering(backend)
    proxy.use(answers=cut(after, reset))
    with pytest.raises(ConnectionLost) as caught:
        await read(backend)
    assert caught.value.errno in LOST and caught.value.is_disconnect
    proxy.use()
    assert await answering(backend) != session
    assert await read(backend) == EXPECTED
    assert admin.sessions_become(1)


@pytest.mark.parametrize("direction", ["requests", "answers"])
async def test_f09_the_connection_ends_with_commit(open, admin, proxy, direction):
    """Whether the server had it cannot be known."""
    admin.ask("CREATE TABLE t (n INT PRIMARY KEY)")
    backend = open()
    with pytest.raises(CommitUnknown) as caught:
        async with backend.transaction():
            await backend.execute("INSERT INTO t VALUES (1)")
            proxy.use(**{direction: cut()})
    assert caught.value.errno in LOST and not caught.value.is_retryable
    proxy.use()
    await answering(backend)
    assert admin.sessions_become(1)
    assert admin.numbers("SELECT n FROM t") == ([] if direction == "requests" else [1])


async def test_f09_the_connection_has_ended_before_commit(open, admin, proxy):
    admin.ask("CREATE TABLE t (n INT PRIMARY KEY)")
    backend = open()
    with pytest.raises((TransactionLost, CommitUnknown)) as caught:
        async with backend.transaction():
            await backend.execute("INSERT INTO t VALUES (1)")
            proxy.cut()
    assert caught.value.is_disconnect
    await answering(backend)
    assert admin.sessions_become(1)
    assert admin.numbers("SELECT n FROM t") == []
