"""A session's socket, looked after beside the client library."""

import os
import select
import socket
import sys
import threading
from contextlib import contextmanager
from typing import Iterator, Optional, Tuple


class Wire:
    """The socket behind a descriptor of the client library's.

    The library closes it on its own after an error, and mysqlclient's fileno() goes on naming the descriptor,
    which may be another session's by then: so nothing is done here but to the socket it was at first.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._identity = _identity(descriptor)

    @contextmanager
    def _own(self) -> Iterator[Optional[int]]:
        """A descriptor of the same socket; None where it is closed."""
        try:
            copy = os.dup(self.descriptor)
        except OSError:  # closed; or Windows, whose sockets are no descriptors
            yield None
            return
        try:
            yield copy if _identity(copy) == self._identity else None
        finally:
            os.close(copy)

    def hang_up(self) -> None:
        """End the conversation; whoever waits for the descriptor wakes up."""
        with self._own() as own:
            if own is None:
                return
            try:
                with socket.socket(fileno=os.dup(own)) as wire:
                    wire.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # the other side was quicker

    @contextmanager
    def ended_after(self, seconds: Optional[float]) -> Iterator[None]:
        """End the conversation where this takes longer: the client library's read_timeout cannot be set any more."""
        if seconds is None or sys.is_finalizing():  # no thread starts any more, and start() would wait for it forever
            yield
            return
        timer = threading.Timer(seconds, self.hang_up)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()  # or it may yet hang up, on a session that was in time

    def hung_up(self) -> bool:
        """Whether the server, from which nothing is expected, has ended the conversation."""
        # An error packet (4031, MySQL 8.0.24+) or a TLS alert may precede the end: so ask for the end, not for data.
        if not hasattr(select, "POLLRDHUP"):  # macOS, Windows
            return bool(select.select([self.descriptor], [], [], 0)[0])
        poll = select.poll()
        poll.register(self.descriptor, select.POLLRDHUP)
        return bool(poll.poll(0))

    def let_go(self) -> None:
        """In a forked child: make the descriptor /dev/null, so that nothing more is said to the parent's server."""
        with self._own() as own:
            if own is not None:
                null = os.open(os.devnull, os.O_RDWR)
                os.dup2(null, self.descriptor)
                os.close(null)


def _identity(descriptor: int) -> Optional[Tuple[int, int]]:
    """What no other open file has. (macOS numbers no TCP sockets: there all of them are taken for the same.)"""
    try:
        status = os.fstat(descriptor)
    except OSError:
        return None
    return status.st_dev, status.st_ino
