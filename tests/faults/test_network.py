"""F5 to F7, F10, F11: the network ends, stops, slows down or falsifies what the server sends."""

import contextlib
import itertools
import time

import MySQLdb
import pytest

from rhosocial.activerecord.backend.impl.mysqlclient.errors import ConnectionLost, DatabaseError
from rhosocial.activerecord.backend.impl.mysqlclient.login import is_libmariadb

from .conftest import answering, call
from .proxy import COM_QUERY, answer_to, cut, drip, flip, passing, split, stall

COM_STMT_EXECUTE = 0x17
ROWS = [{"tag": f"row {i}", "n": i * 1000} for i in range(30)]
SQL = "SELECT 'tagged' AS kind, s.* FROM (" + " UNION ALL ".join(
    [f"SELECT '{row['tag']}' AS tag, {row['n']} AS n" for row in ROWS]
) + ") AS s"  # fmt: skip
EXPECTED = [{"kind": "tagged", **row} for row in ROWS]


def TAGGED(packet):
    """Whether it asks for EXPECTED, by text or prepared."""
    if packet[4] == COM_STMT_EXECUTE:
        return True
    text = packet[5:].removeprefix(b"\x00\x01")  # libmysqlclient's query attributes: none
    return packet[4] == COM_QUERY and text.startswith((b"SELECT 'tagged'", b"EXECUTE "))


async def execute(backend):
    return (await backend.execute(SQL)).data


async def prepared(backend):
    return (await backend._run(SQL, (), prepare=True)).rows


async def stream(backend):
    return [row async for row in backend.stream(SQL, batch_size=7)]


async def recorded_answer(backend, proxy, read=execute):
    """The bytes that SQL is answered with."""
    heard = []

    async def recording(flow, data):
        heard.append(data)
        await flow.send(data)

    proxy.use(requests=answer_to(TAGGED, recording))
    assert await read(backend) == EXPECTED
    proxy.use()
    return b"".join(heard)


def places(answer):
    """Offsets into it: its head, its tail and some between."""
    size = len(answer)
    return [*range(0, 12), *range(12, size - 3, size // 15), size - 3, size - 2, size - 1]


@pytest.mark.parametrize("reset", [True, False], ids=["RST", "FIN"])
@pytest.mark.parametrize("read", [execute, prepared])
async def test_f05_cut_in_a_result(backend, admin, proxy, read, reset):
    for after in places(await recorded_answer(backend, proxy, read)):
        before = await answering(backend)
        proxy.use(requests=answer_to(TAGGED, cut(after, reset)))
        with pytest.raises(ConnectionLost) as caught:
            await read(backend)
        assert caught.value.errno == 2013 and caught.value.is_disconnect, after
        proxy.use()
        assert await answering(backend) != before
    assert admin.sessions_become(1)


@pytest.mark.parametrize("reset", [True, False], ids=["RST", "FIN"])
async def test_f06_cut_in_a_stream(backend, admin, proxy, reset):
    session = await answering(backend)
    for after in places(await recorded_answer(backend, proxy)):
        proxy.use(requests=answer_to(TAGGED, cut(after, reset)))
        rows = []
        with pytest.raises(ConnectionLost) as caught:
            async for row in backend.stream(SQL, batch_size=7):
                rows.append(row)
        assert caught.value.errno == 2013 and caught.value.is_disconnect, after
        assert rows == EXPECTED[: len(rows)] and len(rows) < len(EXPECTED)
        proxy.use()
        assert await answering(backend) == session
    assert await stream(backend) == EXPECTED
    assert admin.sessions_become(1)


@pytest.mark.parametrize("read", [execute, prepared, stream])
@pytest.mark.parametrize("after", [0, 3, 700], ids=["before the answer", "in a header", "in a row"])
async def test_f07_the_server_falls_silent(open, admin, proxy, read, after):
    backend = open(read_timeout=1, connect_timeout=2)
    session = await answering(backend)
    proxy.use(requests=answer_to(TAGGED, stall(after)))
    before = time.monotonic()
    with pytest.raises(ConnectionLost) as caught:
        await read(backend)
    assert caught.value.errno == 2013 and caught.value.is_disconnect
    assert 0.9 < time.monotonic() - before < 30
    proxy.use()
    assert (await answering(backend) == session) == (read is stream), "a stream has a session of its own"
    assert admin.sessions_become(1)


# libmysqlclient ends the connection over a sequence id (net_serv.cc, net_read_packet_header), libmariadb looks at none:
# TLS is what notices.
SEQUENCE_ID = EXPECTED if is_libmariadb(MySQLdb.get_client_info()) else ConnectionLost
# Packet, byte in it, mask.
FALSIFIED = {
    "sequence id": (0, 3, 0xFF, SEQUENCE_ID),
    "a column's sequence id": (1, 3, 0xFF, SEQUENCE_ID),
    "number of columns": (0, 4, 0xFF, ConnectionLost),
    "number of columns, one more": (0, 4, 0x04, ConnectionLost),
    "length": (0, 0, 0x01, ConnectionLost),
    "length, a byte more": (2, 0, 0x01, ConnectionLost),
    "a row's length": (8, 0, 0x40, ConnectionLost),
    "a cell's length": (8, 4, 0x80, ConnectionLost),
}


@pytest.mark.parametrize("what", FALSIFIED)
async def test_f10_a_falsified_answer(open, admin, proxy, what):
    number, byte, mask, expected = FALSIFIED[what]
    backend = open(read_timeout=1)
    packets, _ = split(await recorded_answer(backend, proxy))
    before = await answering(backend)
    proxy.use(requests=answer_to(TAGGED, flip(len(b"".join(packets[:number])) + byte, mask)))
    if expected is ConnectionLost:
        with pytest.raises(ConnectionLost) as caught:
            await execute(backend)
        assert caught.value.is_disconnect
        proxy.use()
        assert await answering(backend) != before
    else:
        assert await execute(backend) == expected
        proxy.use()
        assert await answering(backend) == before
    assert await execute(backend) == EXPECTED
    assert admin.sessions_become(1)


@pytest.mark.parametrize("mask", [0x01, 0xFF])
async def test_f10_whatever_is_falsified_is_no_answer_to_another_question(open, admin, proxy, mask):
    backend = open(read_timeout=1)
    packets, _ = split(await recorded_answer(backend, proxy))
    starts = [0, *itertools.accumulate(map(len, packets))]
    for start, packet in [*zip(starts, packets)][:12] + [*zip(starts, packets)][-2:]:
        for byte in range(3, len(packet)):  # longer packets are waited for until read_timeout passes
            proxy.use(requests=answer_to(TAGGED, flip(start + byte, mask)))
            with contextlib.suppress(DatabaseError):
                await execute(backend)
            proxy.use()
            try:
                await answering(backend)
            except DatabaseError as error:
                assert error.is_disconnect
                await answering(backend)
    assert admin.sessions_become(1)


@pytest.mark.parametrize("size", [1, 7])
async def test_f11_a_slow_drip(backend, admin, proxy, size):
    before = await answering(backend)
    proxy.use(answers=drip(0.01, size, limit=150))
    assert await execute(backend) == EXPECTED
    assert await answering(backend) == before
    proxy.use(answers=passing, requests=drip(0.001, size, limit=200))
    assert await execute(backend) == EXPECTED
    assert await answering(backend) == before
    assert admin.sessions_become(1)


async def test_f11_a_slow_drip_of_what_is_asked_beside_a_prepared_statement(open, admin, proxy):
    """max_allowed_packet before it, SHOW WARNINGS after it: by a thread, where the loop cannot run the statement."""
    backend = open(get_warnings=True)
    before = await answering(backend)
    proxy.use(answers=drip(0.002, 20, limit=3000))
    statement = await backend.prepare(f"SELECT CAST(%s AS SIGNED) AS a, CAST('2y' AS SIGNED) AS b, '{'-' * 1100}' AS c")
    rows = (await call(statement.execute, ("1x",))).data
    assert rows == [{"a": 1, "b": 2, "c": "-" * 1100}]
    assert [warning.code for warning in backend.warnings] == [1292, 1292]
    proxy.use()
    assert await answering(backend) == before
    assert admin.sessions_become(1)
