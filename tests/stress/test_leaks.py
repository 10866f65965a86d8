"""Nothing keeps a reference or memory: every codec function, results left early, errors between rows."""

import gc
import json
import subprocess
import sys
import tracemalloc

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient import MySQLConnectionConfig

from . import growth

CALLS = 10_000
TRACED = 1_000  # tracemalloc makes them slow
BYTES = 25  # a call of the codec
KILOBYTES = 2_000  # over 200 streams, to 2,000 statements of ten rows


def counts():
    gc.collect()
    return [sys.getrefcount(value) for value in growth.SHARED]


@pytest.mark.parametrize("codec", growth.CODECS)
@pytest.mark.parametrize("way", growth.codec_ways(None))
def test_no_reference_is_lost(codec, way):
    call = growth.codec_ways(growth.CODECS[codec])[way]
    growth.repeat(call, 100)
    before = counts()
    growth.repeat(call, CALLS)
    changed = {i: (a, b) for i, (a, b) in enumerate(zip(before, counts())) if abs(b - a) > CALLS // 100}
    assert not changed, [(growth.SHARED[i], change) for i, change in changed.items()]


@pytest.mark.parametrize("codec", growth.CODECS)
@pytest.mark.parametrize("way", growth.codec_ways(None))
def test_no_object_is_lost(codec, way):
    call = growth.codec_ways(growth.CODECS[codec])[way]
    tracemalloc.start()
    try:
        growth.repeat(call, TRACED)
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        growth.repeat(call, TRACED)
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] - before < TRACED * 5  # the smallest object has 16 bytes
    finally:
        tracemalloc.stop()


def grown(kilobytes, *arguments):
    """Where a new process that does no more than this grew by more."""
    script = subprocess.run([sys.executable, growth.__file__, *arguments], capture_output=True, text=True, timeout=120)
    assert script.returncode == 0, script.stderr
    return {name: found for name, found in json.loads(script.stdout).items() if found > kilobytes}


on_linux = pytest.mark.skipif(sys.platform != "linux", reason="/proc/self/statm")


@on_linux
@pytest.mark.parametrize("codec", growth.CODECS)
def test_the_process_does_not_grow(codec):
    assert grown(growth.CALLS[codec] * BYTES // 1000, "codec", codec) == {}


@on_linux
@pytest.mark.parametrize("side", ["server", "async"])
def test_the_process_does_not_grow_with_statements(server, database, side):
    config = MySQLConnectionConfig(**server.connect_kwargs(), database=database)
    assert grown(KILOBYTES, side, config.to_url(show_password=True)) == {}
