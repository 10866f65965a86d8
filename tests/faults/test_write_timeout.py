"""write_timeout: the network takes no more of what is being sent. read_timeout, far longer, would end it otherwise."""

import os
import socket
import time

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient import driver
from rhosocial.activerecord.backend.impl.mysqlclient.errors import ConnectionLost
from rhosocial.activerecord.backend.impl.mysqlclient.wire import Wire

from .conftest import answering

BIG = b"x" * (12 << 20)
INSERT = "INSERT INTO w (big) VALUES (%s)"
WAYS = {
    "execute": lambda backend: backend.execute(INSERT, (BIG,)),
    "execute_many": lambda backend: backend.execute_many(INSERT, [(BIG,), (b"",)]),
    "prepared": lambda backend: backend._run(INSERT, (BIG,), prepare=True),
    "bulk_load": lambda backend: backend.bulk_load("w", ["big"], [(BIG[: 1 << 20],)] * 12),
}


class Narrow(Wire):
    """A socket whose buffer does not grow: what is not taken from it soon blocks."""

    def __init__(self, descriptor):
        super().__init__(descriptor)
        with socket.socket(fileno=os.dup(descriptor)) as wire:
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 64 * 1024)


async def stalling(flow, data):
    """All passes up to the long value."""
    if b"xxxxxxxx" in data or b"7878787878787878" in data:  # bulk_load() sends bytes in hexadecimal
        await flow.until_set()
    await flow.send(data)


@pytest.mark.parametrize("way", WAYS)
async def test_what_cannot_be_sent_ends_the_session(open, admin, proxy, monkeypatch, way):
    monkeypatch.setattr(driver, "Wire", Narrow)
    proxy.narrow()
    backend = open(write_timeout=1, read_timeout=120, bulk_load=True)
    await backend.execute("CREATE TABLE w (big LONGBLOB)")
    session = await answering(backend)
    proxy.use(requests=stalling)
    before = time.monotonic()
    with pytest.raises(ConnectionLost) as caught:
        await WAYS[way](backend)
    assert caught.value.errno in (2006, 2013) and caught.value.is_disconnect
    assert time.monotonic() - before < 100, "it was read_timeout that ended it"
    proxy.use()
    assert (await answering(backend) == session) == (way == "bulk_load"), "which has a session of its own"
    assert (await backend.execute("SELECT COUNT(*) AS n FROM w")).data == [{"n": 0}]
    assert admin.sessions_become(1)
