"""A server that speaks just enough of the protocol to do harm (manual, "MySQL Client/Server Protocol")."""

import socket
import struct
import threading

CAPABILITIES = 0x1 | 0x2 | 0x4 | 0x8 | 0x80 | 0x200 | 0x2000 | 0x8000 | 0x10000 | 0x20000 | 0x80000
OK = b"\x00\x00\x00\x02\x00\x00\x00"
PREPARED = b"\x00" + struct.pack("<IHHBH", 1, 0, 0, 0, 0)  # a statement without parameters and columns
EOF = b"\xfe\x00\x00\x02\x00"


def lenenc(data):
    if len(data) < 251:
        return bytes([len(data)]) + data
    if len(data) < 1 << 16:
        return b"\xfc" + struct.pack("<H", len(data)) + data
    return b"\xfd" + struct.pack("<I", len(data))[:3] + data


def column(name, kind=253, flags=0, charset=45, decimals=0, length=1024):
    fixed = b"\x0c" + struct.pack("<HIBHB", charset, length, kind, flags, decimals) + b"\0\0"
    # libmysqlclient takes the length bytes of org_name, but for one, for the end of the name (unpack_field)
    return b"\x03def" + lenenc(b"") * 3 + lenenc(name) + lenenc(name[:64]) + fixed


class RogueServer:
    """Listens on ``port``; ``heard`` is every byte of the clients'.

    plugin: the authentication it asks for, in its greeting (``greets``) or afterwards; None lets everybody in
    answer: what it says to a statement: a function from the statement to the payloads of packets
    answers_all: whether ``answer`` is asked at every command but the preparing of a statement, not at statements only
    """

    def __init__(self, plugin=None, greets=False, answer=None, answers_all=False):
        self._plugin, self._greets, self._answer = plugin, greets, answer or (lambda statement: [OK])
        self._answers_all = answers_all
        self.heard = b""
        self.statements = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._threads = []
        self._clients = []

    def __enter__(self):
        self._start(self._accept)
        return self

    def __exit__(self, *exc):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for client in self._clients:
            try:
                client.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # the client was first
        for thread in self._threads:
            thread.join(10)

    def _start(self, function, *arguments):
        thread = threading.Thread(target=function, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self):
        while True:
            try:
                client = self._listener.accept()[0]
            except OSError:
                return
            self._clients.append(client)
            self._start(self._serve, client)

    def _serve(self, client):
        with client:
            try:
                self._log_in(client)
                while True:
                    self._command(client)
            except OSError:
                return

    def _log_in(self, client):
        default = self._plugin if self._plugin and self._greets else "mysql_native_password"
        self._send(client, 0, [self._greeting(default.encode())])
        sequence, _ = self._receive(client)
        if self._plugin:
            if not self._greets:
                self._send(client, sequence + 1, [b"\xfe" + self._plugin.encode() + b"\0" + b"c" * 20 + b"\0"])
                self._receive(client)
            raise OSError  # it has heard what the client has to say
        self._send(client, sequence + 1, [OK])

    def _greeting(self, plugin):
        low, high = CAPABILITIES & 0xFFFF, CAPABILITIES >> 16
        head = b"\x0a8.0.36\0" + struct.pack("<I", 7) + b"a" * 8 + b"\0" + struct.pack("<HBHH", low, 45, 2, high)
        return head + bytes([21]) + b"\0" * 10 + b"b" * 12 + b"\0" + plugin + b"\0"

    def _command(self, client):
        sequence, payload = self._receive(client)
        if payload[:1] == b"\x01":
            raise OSError
        if payload[:1] == b"\x19":  # the end of a prepared statement has no answer
            return
        self.statements.append(payload[1:])
        if payload[:1] == b"\x16":
            packets = [PREPARED]
        else:
            packets = self._answer(payload[1:]) if payload[:1] == b"\x03" or self._answers_all else [OK]
        self._send(client, sequence + 1, packets)
        if packets[0][:1] == b"\xfb":  # the client's file, up to an empty packet
            while True:
                sequence, payload = self._receive(client)
                if not payload:
                    break
            self._send(client, sequence + 1, [OK])

    def _receive(self, client):
        head = self._read(client, 4)
        return head[3], self._read(client, int.from_bytes(head[:3], "little"))

    def _read(self, client, length):
        data = b""
        while len(data) < length:
            more = client.recv(min(65536, length - len(data)))
            if not more:
                raise OSError
            data += more
            self.heard += more
        return data

    @staticmethod
    def _send(client, sequence, payloads):
        packets = []
        for payload in payloads:
            for start in range(0, len(payload) + 1, 0xFFFFFF):
                part = payload[start : start + 0xFFFFFF]
                packets.append(struct.pack("<I", len(part))[:3] + bytes([sequence & 255]) + part)
                sequence += 1
        client.sendall(b"".join(packets))  # at once: in pieces each would wait for the other side's ACK
