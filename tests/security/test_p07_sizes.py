"""P7: sizes around which lengths are cut in two: packets of 16 MiB, max_allowed_packet, 4 GiB (RUSTSEC-2024-0363)."""

import hashlib

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient.codec import _native, _python
from rhosocial.activerecord.backend.impl.mysqlclient.errors import DatabaseError, PacketTooLarge

from .paths import done, prepared, rows

PACKET = 0xFFFFFF  # the protocol's longest; a statement of just that length is followed by an empty packet
HEAD = len("SELECT SHA2(_binary'', 256) AS v")


async def test_statements_around_16_mib(either):
    """The COM_QUERY byte and the text make up the packet: every byte arrives, and nothing else is read as one."""
    (limit,) = await rows(either, "SELECT @@max_allowed_packet AS v")  # MariaDB's default is 16 MiB
    for length in (PACKET - 64, PACKET - 2, PACKET - 1, PACKET, PACKET + 1, 2 * PACKET - 1):
        value = b"'" * 8 + b"x" * (length - 1 - HEAD - 16)  # quotes are doubled
        if length - 1 > limit - 4:
            with pytest.raises(PacketTooLarge):
                await rows(either, "SELECT SHA2(%s, 256) AS v", (value,))
        else:
            (found,) = await rows(either, "SELECT SHA2(%s, 256) AS v", (value,))
            assert found == hashlib.sha256(value).hexdigest()
    assert await rows(either, "SELECT 1 AS v") == [1]


async def test_cells_around_16_mib(either):
    for length in (PACKET - 4, PACKET - 3, PACKET, PACKET + 1):
        (found,) = await rows(either, "SELECT REPEAT(%s, %s) AS v", ("x", length))
        assert len(found) == length and found == "x" * length
    assert await rows(either, "SELECT 1 AS v") == [1]


async def test_longer_than_max_allowed_packet_is_refused_before_it_is_sent(either, config):
    (limit,) = await rows(either, "SELECT @@max_allowed_packet AS v")
    (before,) = await rows(either, "SELECT CONNECTION_ID() AS v")
    value = b"x" * (limit + 1)
    statement = await prepared(either, "SELECT LENGTH(%s) AS v")
    for way in (
        lambda: either.execute("SELECT %s AS v", (value,)),
        lambda: either.execute_many("INSERT INTO t (b) VALUES (%s)", [(b"a",), (value,)]),
    ):
        with pytest.raises(PacketTooLarge):
            await done(way())
    assert await rows(either, "SELECT CONNECTION_ID() AS v") == [before]
    with pytest.raises(DatabaseError):
        await done(statement.execute((value,)))
    assert await rows(either, "SELECT COUNT(*) AS n FROM t") == [0]


@pytest.mark.parametrize("codec", [_native, _python], ids=["compiled", "python"])
def test_a_literal_of_hundreds_of_megabytes(codec):
    size = (256 << 20) + 1000
    value = bytearray(size)
    value[0] = value[-1] = value[1 << 28] = 0x27  # one quote beyond 2^28
    literal = codec.bind((b"SELECT ", b" AS v"), (value,), True)
    assert len(literal) == size + 3 + len(b"SELECT _binary'' AS v")
    assert literal.startswith(b"SELECT _binary'''\0") and literal.endswith(b"\0''' AS v")
    assert literal[len(b"SELECT _binary'") + (1 << 28) + 1 :][:2] == b"''"
