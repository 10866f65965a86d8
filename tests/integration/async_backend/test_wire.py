"""The socket of a session that was lost: its descriptor may be another's by now."""

import contextlib
import os
import select
import socket
import threading

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient.wire import Wire


@pytest.fixture
def pair():
    with contextlib.ExitStack() as ends:
        near, far = socket.socketpair()
        ends.enter_context(near)
        ends.enter_context(far)
        far.settimeout(1)
        yield near, far


@contextlib.contextmanager
def taken_over(near):
    """Close ``near`` as the client library does, and have another socket get its descriptor."""
    descriptor = near.fileno()
    near.close()
    new, other = socket.socketpair()
    with new, other:
        other.settimeout(1)
        if new.fileno() == descriptor:
            yield descriptor, other
            return
        os.dup2(new.fileno(), descriptor)
        try:
            yield descriptor, other
        finally:
            os.close(descriptor)


def test_hang_up(pair):
    near, far = pair
    Wire(near.fileno()).hang_up()
    assert far.recv(1) == b""
    assert os.fstat(near.fileno())  # still open: whoever waits for it wakes up


def test_hang_up_on_nobody_else(pair):
    wire = Wire(pair[0].fileno())
    with taken_over(pair[0]) as (descriptor, other):
        wire.hang_up()
        os.write(descriptor, b"x")
        assert other.recv(1) == b"x"


def test_let_go(pair):
    near, far = pair
    wire = Wire(near.fileno())
    wire.let_go()
    os.write(near.fileno(), b"goodbye")
    assert far.recv(1) == b""


def test_let_go_of_nobody_elses(pair):
    wire = Wire(pair[0].fileno())
    with taken_over(pair[0]) as (descriptor, other):
        wire.let_go()
        os.write(descriptor, b"x")
        assert other.recv(1) == b"x"


def test_a_closed_one(pair):
    wire = Wire(pair[0].fileno())
    pair[0].close()
    wire.hang_up()
    wire.let_go()


def test_hung_up(pair):
    near, far = pair
    wire = Wire(near.fileno())
    assert not wire.hung_up()
    far.sendall(b"an error packet before the end, or a TLS ticket before nothing")
    assert not hasattr(select, "POLLRDHUP") or not wire.hung_up()
    far.close()
    assert wire.hung_up()


def test_what_ends_a_session_too_late_is_waited_for(pair):
    """Or it would hang up on the next that gets the descriptor, or on this one in the middle of what comes next."""
    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    class Slow(Wire):
        def hang_up(self):
            begun.set()
            go_on.wait(30)
            super().hang_up()
            ended.set()

    with Slow(pair[0].fileno()).ended_after(0):
        assert begun.wait(30)
        threading.Timer(0.1, go_on.set).start()
    assert ended.is_set()
