"""Nothing keeps a reference or memory: every codec function, results left early, errors between rows."""

import gc
import json
import os
import subprocess
import sys
import tracemalloc

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient import MySQLConnectionConfig

from . import growth

CALLS = 10_000
TRACED = 1_000  # tracemalloc makes them slow
OBJECT = 8  # bytes a call: less than the smallest object
ROW = 50  # bytes a call of up to 200 rows: less than any buffer of ours


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


def kept(least, *arguments):
    """What keeps so many bytes a call or more in a new process that does no more than this."""
    script = subprocess.run(
        [sys.executable, growth.__file__, *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, **growth.ENVIRONMENT},
    )
    assert script.returncode == 0, script.stderr
    return {name: size for name, size in json.loads(script.stdout).items() if size >= least}


counted = pytest.mark.skipif(growth.mallinfo2 is None, reason="needs glibc 2.33's mallinfo2()")


@counted
@pytest.mark.parametrize("codec", growth.CODECS)
def test_no_memory_is_kept(codec):
    assert kept(OBJECT, "codec", codec) == {}


@counted
@pytest.mark.parametrize("side", ["server", "async"])
def test_no_memory_is_kept_by_statements(server, database, side):
    config = MySQLConnectionConfig(**server.connect_kwargs(), database=database)
    assert kept(ROW, side, config.to_url(show_password=True)) == {}
