"""P7: sizes around which lengths are cut in two: packets of 16 MiB, max_allowed_packet, 4 GiB (RUSTSEC-2024-0363)."""

import hashlib

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient.codec import _native, _python
from rhosocial.activerecord.backend.impl.mysqlclient.errors import DatabaseError, PacketTooLarge

from .paths import READS, done, prepared, prepared_and_run, rows

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


async def stored_as(backend, value, way):
    await way(backend, value)
    found = await rows(backend, "SELECT SHA2(big, 256) AS v FROM sizes WHERE big IS NOT NULL")
    await done(backend.execute("DELETE FROM sizes"))
    return found


INSERT = "INSERT INTO sizes (big) VALUES (%s)"
# The ways with bytes of their own: the protocol of prepared statements, its arrays, the packets of LOAD DATA LOCAL.
STORING = {
    "execute_many": lambda backend, value: done(backend.execute_many(INSERT, [(b"",), (value,)])),
    "array": lambda backend, value: done(backend.execute_many(
        "UPDATE sizes SET big = %s WHERE id = %s", [(value, 1), *[(b"", i) for i in range(2, 8)]])),
    "bulk_upsert": lambda backend, value: done(backend.bulk_upsert("sizes", ["id", "big"], [(1, value), (2, b"")])),
    "bulk_update_rows": lambda backend, value: done(
        backend.bulk_update_rows("sizes", ["id"], ["big"], [(1, value), (2, b"")])),
    "bulk_load": lambda backend, value: done(backend.bulk_load("sizes", ["big"], [(value,), (b"",)])),
    "prepare": lambda backend, value: prepared_and_run(backend, INSERT, (value,)),
}  # fmt: skip


@pytest.mark.parametrize("way", STORING)
async def test_other_ways_around_16_mib(either, implementation, way):
    """What the server takes arrives whole; what it does not is PacketTooLarge, with nothing of it stored."""
    (limit,) = await rows(either, "SELECT @@max_allowed_packet AS v")
    await done(either.execute("CREATE TABLE sizes (id INT PRIMARY KEY AUTO_INCREMENT, big LONGBLOB)"))
    empty = hashlib.sha256(b"").hexdigest()
    for length in (PACKET - 18, PACKET - 17, PACKET + 1):
        value = b"\\" + b"x" * (length - 2) + b"\0"
        await done(either.execute_many("INSERT INTO sizes (id) VALUES (%s)", [(i,) for i in range(1, 8)]
                                       if way in ("array", "bulk_update_rows") else []))  # fmt: skip
        in_pieces = way == "bulk_load" and implementation == "native"  # elsewhere it sends INSERTs
        if length > limit - 1024 and not in_pieces:
            with pytest.raises(PacketTooLarge):
                await STORING[way](either, value)
            assert set(await rows(either, "SELECT big AS v FROM sizes")) <= {None}
            await done(either.execute("DELETE FROM sizes"))
        else:
            found = set(await stored_as(either, value, STORING[way])) - {empty}
            assert found == {hashlib.sha256(value).hexdigest()}, length
    assert await rows(either, "SELECT 1 AS v") == [1]


async def test_cells_around_16_mib(either):
    for length in (PACKET - 4, PACKET - 3, PACKET, PACKET + 1):
        for way in ("execute", "prepare", "stream"):
            (row,) = await READS[way](either, f"SELECT REPEAT('x', {length}) AS v")
            assert len(row["v"]) == length and row["v"] == "x" * length, way
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
