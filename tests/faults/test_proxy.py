"""The proxy does to the bytes what it says, and nothing else: shown on a server that echoes."""

import contextlib
import socket
import socketserver
import threading
import time

import pytest

from .proxy import Proxy, at_packet, cut, delay, drip, flip, lose_answer, says, stall

LARGE = bytes(range(256)) * 8192


def packet(body):
    return len(body).to_bytes(3, "little") + b"\0" + body


def query(text):
    return packet(b"\x03" + text)


class Echo(socketserver.ThreadingTCPServer):
    """heard: what clients said; ended: connections that are no more."""

    daemon_threads = True

    def __init__(self):
        self.heard = b""
        self.ended = threading.Semaphore(0)
        super().__init__(("127.0.0.1", 0), None)

    def finish_request(self, request, address):
        with contextlib.suppress(OSError):
            while data := request.recv(65536):
                self.heard += data
                request.sendall(data)
        self.ended.release()


@pytest.fixture
def echo():
    with Echo() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def proxy(echo):
    with Proxy(*echo.server_address) as proxy:
        yield proxy


@pytest.fixture
def client(proxy):
    with connect(proxy) as client:
        yield client


def connect(proxy):
    return socket.create_connection(("127.0.0.1", proxy.port), 10)


def read(client, count):
    data = b""
    while len(data) < count and (more := client.recv(count - len(data))):
        data += more
    return data


def asked(client, data):
    client.sendall(data)
    return read(client, len(data))


def test_everything_passes(client):
    sender = threading.Thread(target=client.sendall, args=(LARGE,))
    sender.start()
    assert read(client, len(LARGE)) == LARGE
    sender.join()


def test_several_connections_and_their_end(proxy, echo, client):
    with connect(proxy) as other:
        assert asked(client, b"one") == b"one" and asked(other, b"two") == b"two"
        assert (proxy.accepted, proxy.open) == (2, 2)
    assert echo.ended.acquire(timeout=10)
    assert asked(client, b"three") == b"three"


@pytest.mark.parametrize("reset", [True, False])
def test_cut_after_some_bytes(proxy, echo, client, reset):
    assert asked(client, b"before") == b"before"
    proxy.use(answers=cut(after=4, reset=reset))
    client.sendall(b"123456")
    assert read(client, 4) == b"1234"
    with pytest.raises(ConnectionResetError) if reset else contextlib.nullcontext():
        assert client.recv(1) == b""
    assert echo.ended.acquire(timeout=10) and echo.heard == b"before123456"


@pytest.mark.parametrize("reset", [True, False])
def test_cut_now(proxy, client, reset):
    assert asked(client, b"before") == b"before"
    proxy.cut(reset)
    with pytest.raises(ConnectionResetError) if reset else contextlib.nullcontext():
        assert client.recv(1) == b""
    with connect(proxy) as other:
        assert asked(other, b"after") == b"after"


def test_cut_at_a_packet(proxy, echo, client):
    proxy.use(requests=at_packet(says(b"COMMIT"), cut()))
    first = query(b"SELECT 1") + packet(b"\x01COMMIT")
    client.sendall(first + query(b"commit")[:-2])
    assert read(client, len(first)) == first
    client.sendall(b"it")
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    assert echo.ended.acquire(timeout=10) and echo.heard == first


def test_the_answer_to_a_packet_is_lost(proxy, echo, client):
    proxy.use(requests=lose_answer(says(b"COMMIT")))
    assert asked(client, query(b"BEGIN")) == query(b"BEGIN")
    client.sendall(query(b"COMMIT"))
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    assert echo.ended.acquire(timeout=10) and echo.heard == query(b"BEGIN") + query(b"COMMIT")


def test_stalled_until_another_toxic(proxy, client):
    proxy.use(answers=stall(after=2))
    client.sendall(b"12345")
    assert read(client, 2) == b"12"
    client.settimeout(0.1)
    with pytest.raises(TimeoutError):
        client.recv(1)
    client.settimeout(10)
    proxy.use()
    assert read(client, 3) == b"345" and asked(client, b"after") == b"after"


def test_a_client_that_leaves_a_stalled_server_takes_the_connection_along(proxy, echo, client):
    proxy.use(answers=stall())
    client.sendall(b"12345")
    client.close()
    assert echo.ended.acquire(timeout=10)


def test_flip(proxy, client):
    proxy.use(answers=flip(3, 0x01))
    assert asked(client, b"ab") == b"ab"
    assert asked(client, b"abcd") == b"accd"
    assert asked(client, b"abcd") == b"abcd"


def test_drip_and_delay(proxy, client):
    proxy.use(answers=drip(0.01, limit=20))
    before = time.monotonic()
    assert asked(client, b"x" * 1000) == b"x" * 1000
    assert time.monotonic() - before > 0.2
    proxy.use(requests=delay(0.2))
    before = time.monotonic()
    assert asked(client, b"x" * 1000) == b"x" * 1000
    assert time.monotonic() - before > 0.2


def test_refuse_and_listen(proxy, client):
    assert asked(client, b"before") == b"before"
    proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        connect(proxy)
    assert asked(client, b"still") == b"still"
    proxy.listen()
    with connect(proxy) as other:
        assert asked(other, b"after") == b"after"


def test_a_server_that_is_down(proxy):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        proxy.target = unused.getsockname()
        with connect(proxy) as client, contextlib.suppress(ConnectionResetError):
            assert client.recv(1) == b""
