"""A TCP proxy between a client and a server, and what it does to the bytes on their way.

    with Proxy(host, port) as proxy:              # connect to 127.0.0.1, proxy.port
        proxy.use(answers=cut(after=100))         # from now on, on open connections and on those to come
        proxy.use(requests=at_packet(says(b"COMMIT"), cut()))
        proxy.use()                               # everything passes again

It works in a thread of its own, so that it serves synchronous and asynchronous tests. A toxic is a coroutine function:
it is given a Flow (one direction of one connection) and the bytes that came, and sends on what it lets through.
Offsets count the bytes of that direction since the toxic was set.
"""

import asyncio
import socket
import struct
import threading
from typing import Any, Awaitable, Callable, List, Optional, Set, Tuple

COM_QUERY = 3


class Flow:
    """One direction of a connection.

    passed: bytes sent on since the toxic was set
    held:   bytes that came and that the toxic wants to see again, with those that follow
    """

    def __init__(self, link: "Link", source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        self.link = link
        self._source = source
        self._target = target
        self._changed = asyncio.Event()
        self.held = b""
        self.set(passing)

    def set(self, toxic: "Toxic") -> None:
        self.toxic = toxic
        self.passed = 0
        self._changed.set()
        self._changed = asyncio.Event()

    async def send(self, data: bytes) -> None:
        if data:
            self._target.write(data)
            await self._target.drain()
            self.passed += len(data)

    async def until_set(self) -> None:
        """Wait for another toxic."""
        await self._changed.wait()

    async def pump(self) -> None:
        while chunk := await self._source.read(65536):
            data, self.held = self.held + chunk, b""
            await self.toxic(self, data)
        await self.send(self.held)


class Link:
    """A connection of a client's, and the one to the server that belongs to it."""

    def __init__(self, client: Tuple[Any, Any], server: Tuple[Any, Any]) -> None:
        self._writers = [client[1], server[1]]
        self.requests = Flow(self, client[0], server[1])
        self.answers = Flow(self, server[0], client[1])

    async def run(self) -> None:
        """Until one side has ended: then the other is, as soon as it has what was said before."""
        pumps = [asyncio.ensure_future(flow.pump()) for flow in (self.requests, self.answers)]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            for writer in self._writers:
                writer.close()

    def end(self, reset: bool = True) -> None:
        """End both connections: by RST, or by FIN after what was sent."""
        for writer in self._writers:
            if reset:
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()
            else:
                writer.close()


class Proxy:
    """Listens on ``at``, ``port``.

    target:   (host, port) of the server that connections to come are led to; may be changed
    accepted: connections since the beginning
    """

    def __init__(self, host: str, port: int, at: str = "127.0.0.1") -> None:
        self.target = (host, port)
        self._at = at
        self.accepted = 0
        self.port = 0
        self._links: Set[Link] = set()
        self._tasks: Set[asyncio.Task[None]] = set()
        self._listener: Optional[asyncio.AbstractServer] = None
        self._toxics: Tuple[Toxic, Toxic] = (passing, passing)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.listen()

    def __enter__(self) -> "Proxy":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def open(self) -> int:
        """The connections there are now."""
        return len(self._links)

    def use(self, *, requests: Optional["Toxic"] = None, answers: Optional["Toxic"] = None) -> None:
        """What becomes of the bytes from now on, on all connections; without a toxic they pass."""

        async def set_all() -> None:
            self._toxics = (requests or passing, answers or passing)
            for link in self._links:
                self._set(link)

        self._do(set_all())

    def cut(self, reset: bool = True) -> None:
        """End all connections now."""

        async def end_all() -> None:
            for link in list(self._links):
                link.end(reset)

        self._do(end_all())

    def refuse(self) -> None:
        """Refuse connections to come; those there are go on."""

        async def stop() -> None:
            if self._listener is not None:
                self._listener.close()
                self._listener = None

        self._do(stop())

    def listen(self) -> None:
        """Accept connections, on the same port as before."""

        async def start() -> None:
            if self._listener is None:
                self._listener = await asyncio.start_server(self._accept, self._at, self.port)
                self.port = self._listener.sockets[0].getsockname()[1]

        self._do(start())

    def narrow(self) -> None:
        """Connections to come soon take nothing more of what is not read: their windows do not grow."""
        for listener in self._listener.sockets if self._listener is not None else ():
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)  # which they inherit

    def close(self) -> None:
        if not self._loop.is_closed():
            self.refuse()
            self._do(self._end_all())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    async def _end_all(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)  # transports close in the loop's next turn

    def _do(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)

    def _set(self, link: Link) -> None:
        link.requests.set(self._toxics[0])
        link.answers.set(self._toxics[1])

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        try:
            server = await asyncio.open_connection(*self.target)
        except OSError:  # the server is down: so is what stands in front of it
            writer.transport.abort()
            return
        link = Link((reader, writer), server)
        self._set(link)
        self._links.add(link)
        task = asyncio.ensure_future(link.run())
        self._tasks.add(task)
        task.add_done_callback(lambda done: (self._tasks.discard(done), self._links.discard(link)))


Toxic = Callable[[Flow, bytes], Awaitable[None]]
Predicate = Callable[[bytes], Any]


async def passing(flow: Flow, data: bytes) -> None:
    await flow.send(data)


def cut(after: int = 0, reset: bool = True) -> Toxic:
    """End the connection, by RST or by FIN, when ``after`` bytes have passed and more would."""

    async def toxic(flow: Flow, data: bytes) -> None:
        room = max(after - flow.passed, 0)
        await flow.send(data[:room])
        if len(data) > room:
            flow.link.end(reset)
            await flow.until_set()  # nothing more passes

    return toxic


def stall(after: int = 0) -> Toxic:
    """Keep what comes after ``after`` bytes, the end too, until another toxic is set."""

    async def toxic(flow: Flow, data: bytes) -> None:
        room = max(after - flow.passed, 0)
        await flow.send(data[:room])
        if len(data) > room:
            await flow.until_set()
            await flow.toxic(flow, data[room:])

    return toxic


def delay(seconds: float) -> Toxic:
    """Hold each piece back for a while."""

    async def toxic(flow: Flow, data: bytes) -> None:
        await asyncio.sleep(seconds)
        await flow.send(data)

    return toxic


def drip(seconds: float = 0.01, size: int = 1, limit: int = 200) -> Toxic:
    """The first ``limit`` bytes in pieces of ``size``, one each ``seconds``; then as they come."""

    async def toxic(flow: Flow, data: bytes) -> None:
        while data and flow.passed < limit:
            await flow.send(data[:size])
            data = data[size:]
            await asyncio.sleep(seconds)
        await flow.send(data)

    return toxic


def flip(offset: int, mask: int = 0xFF) -> Toxic:
    """XOR one byte."""

    async def toxic(flow: Flow, data: bytes) -> None:
        at = offset - flow.passed
        if 0 <= at < len(data):
            data = data[:at] + bytes([data[at] ^ mask]) + data[at + 1 :]
        await flow.send(data)

    return toxic


def at_packet(matches: Predicate, toxic: Toxic) -> Toxic:
    """Pass whole packets (header and body) until one matches: from it on, that toxic is set."""

    async def watching(flow: Flow, data: bytes) -> None:
        packets, flow.held = split(data)
        for i, packet in enumerate(packets):
            if matches(packet):
                rest, flow.held = b"".join(packets[i:]) + flow.held, b""
                flow.set(toxic)
                return await toxic(flow, rest)
            await flow.send(packet)

    return watching


def answer_to(matches: Predicate, toxic: Toxic) -> Toxic:
    """For requests: all pass; the answer to the one that matches, and what comes after it, gets that toxic."""

    async def meeting(flow: Flow, data: bytes) -> None:
        flow.link.answers.set(toxic)
        flow.set(passing)
        await flow.send(data)

    return at_packet(matches, meeting)


def lose_answer(matches: Predicate) -> Toxic:
    """For requests: the one that matches reaches the server; the client sees an RST instead of the answer."""
    return answer_to(matches, cut())


def says(text: bytes) -> Predicate:
    """Whether a request is a query with this text in its beginning."""

    def matches(packet: bytes) -> bool:
        return packet[4:5] == bytes([COM_QUERY]) and text in packet[5:100].upper()

    return matches


def split(data: bytes) -> Tuple[List[bytes], bytes]:
    """Whole packets of the protocol, and the beginning of the next."""
    packets = []
    while len(data) >= 4 and len(data) >= (end := 4 + int.from_bytes(data[:3], "little")):
        packets.append(data[:end])
        data = data[end:]
    return packets, data
