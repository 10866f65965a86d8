"""F28: memory runs out while rows are sent or decoded: MemoryError, nothing half is taken for whole, and on it goes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient import MySQLConnectionConfig, implementation

STARVED = Path(__file__).with_name("starved.py")
IMPLEMENTATIONS = ("native", "compiled", "python")
# One allocation fails after the other, until a decoding needs none that fails.
AT_EVERY_ALLOCATION = """
import _testcapi
from rhosocial.activerecord.backend.impl.mysqlclient import implementation
from rhosocial.activerecord.backend.impl.mysqlclient.codec.abc import Code
from rhosocial.activerecord.backend.impl.mysqlclient.codec.plan import Plan
from rhosocial.activerecord.backend.impl.mysqlclient.driver import CODEC
assert implementation() == sys.argv[1]
decode = CODEC.functions.decode_rows
plan = Plan(bytes([Code.INT, Code.TEXT, Code.BYTES]), ("i", "t", "b"), ("i", "t", "b"))
cells = [(b"%d" % (i * 10**12), b"text %d" % i, None) for i in range(10)]
whole = decode(plan, cells)
failed = start = quiet = 0
while quiet < 20:
    rows = None
    _testcapi.set_nomemory(start, start + 1)
    try:
        rows = decode(plan, cells)
    except MemoryError:
        pass
    finally:
        _testcapi.remove_mem_hooks()
    failed += rows is None
    quiet = 0 if rows is None else quiet + 1
    assert rows is None or rows == whole, start
    assert decode(plan, cells) == whole
    start += 1
print(failed)
"""
LARGE = """
import logging, resource
logging.disable()
from rhosocial.activerecord.backend.impl.mysqlclient import MySQLBackend, implementation
assert implementation() == sys.argv[1]
backend = MySQLBackend(dsn=sys.argv[2])
session = backend.fetch_one("SELECT CONNECTION_ID() AS id")
size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (size + (48 << 20), resource.getrlimit(resource.RLIMIT_AS)[1]))
failed = 0
for _ in range(2):
    try:
        backend.fetch_all("WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 200)"
                          " SELECT i, REPEAT('x', 1000000) AS t FROM n")
    except Exception as error:
        while not isinstance(error, MemoryError):
            error = error.__cause__ or error.__context__
        failed += 1
    error = None
    assert backend.fetch_all("SELECT 3 AS n UNION ALL SELECT 2") == [{"n": 3}, {"n": 2}]
print(failed)
backend.disconnect()
"""


def run(script, implementation, *arguments):
    environment = {**os.environ, "RHOSOCIAL_MYSQLCLIENT_IMPL": implementation}
    command = [sys.executable, "-c", "import sys\n" + script, implementation, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=600)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return int(done.stdout)


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_f28_at_every_allocation(implementation):
    assert run(AT_EVERY_ALLOCATION, implementation) > 5


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_f28_a_result_larger_than_the_memory(server, database, implementation):
    socket = f"?unix_socket={server.socket}" if server.socket else ""
    url = f"mysql://{server.user}:{server.password}@{server.host}:{server.port}/{database}{socket}"
    assert run(LARGE, implementation, url) == 2


@pytest.mark.skipif(implementation() != "native", reason="it is about what the extension allocates and frees")
@pytest.mark.parametrize("side", ["sync", "async"])
def test_f28_at_every_allocation_of_a_statement(server, database, admin, side):
    url = MySQLConnectionConfig(**server.connect_kwargs(), database=database).to_url(show_password=True)
    done = subprocess.run([sys.executable, STARVED, side, url], capture_output=True, text=True, timeout=600)
    assert (done.returncode, done.stderr) == (0, "")
    ways, unheard = json.loads(done.stdout)
    assert unheard == []
    assert all(failed > 5 and kept < 2 * failed for failed, kept in ways.values()), ways
    assert admin.sessions_become(0)
