"""P7: literals around 2^31 bytes, and the longest packet there can be: `make large`, some 8 GiB of memory.

Too much for `make test`, whose workers share a machine: no test_ in the name, so only who asks for it gets it.
"""

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient import MySQLBackend
from rhosocial.activerecord.backend.impl.mysqlclient.codec import _native, _python
from rhosocial.activerecord.backend.impl.mysqlclient.errors import PacketTooLarge
from rhosocial.activerecord.backend.impl.mysqlclient.server import PrivateServer

GIB = 1 << 30  # also max_allowed_packet's maximum
SIZE = GIB + 1000  # 2 * SIZE is beyond 2^31


@pytest.mark.parametrize("codec", [_native, _python], ids=["compiled", "python"])
@pytest.mark.parametrize("quote, prefix", [("'", b""), (b"'", b"_binary")], ids=["str", "bytes"])
def test_every_byte_is_escaped(codec, quote, prefix):
    literal = codec.bind((b"<", b">"), (quote * SIZE,), True)
    assert len(literal) == 2 * SIZE + 2 + len(b"<>") + len(prefix)
    assert literal.startswith(b"<" + prefix + b"'") and literal.endswith(b"'>")
    assert literal.count(b"'") == 2 * SIZE + 2


@pytest.mark.parametrize("codec", [_native, _python], ids=["compiled", "python"])
def test_the_specials_beyond_2_31(codec):
    value = bytearray((1 << 31) + 1000)
    value[-2:] = b"'\\"
    literal = codec.bind((b"<", b">"), (value,), True)
    assert len(literal) == len(value) + 4 + len(b"<_binary>")
    assert literal.endswith(b"\0''\\\\'>")


@pytest.mark.parametrize("flavor", ["mysql", "mariadb"])
def test_longer_than_any_packet_is_refused_before_it_is_sent(flavor):
    with PrivateServer(flavor, {"max_allowed_packet": GIB}) as server:
        backend = MySQLBackend(**server.connect_kwargs())
        asked = "SELECT @@max_allowed_packet AS n, CONNECTION_ID() AS id"
        before = backend.fetch_one(asked)
        assert before["n"] == GIB
        sent = "SELECT variable_value AS n FROM {}.session_status WHERE variable_name = 'Bytes_received'".format(
            "performance_schema" if flavor == "mysql" else "information_schema"
        )
        received = int(backend.fetch_one(sent)["n"])
        with pytest.raises(PacketTooLarge):
            backend.execute("SELECT LENGTH(%s) AS n", (b"x" * GIB,))
        assert int(backend.fetch_one(sent)["n"]) - received < 10_000
        assert backend.fetch_one(asked) == before
        backend.disconnect()
