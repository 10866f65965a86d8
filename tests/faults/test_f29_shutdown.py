"""F29: the interpreter ends while sessions, streams, a pool and daemon threads are alive: exit code 0, not a word."""

import subprocess
import sys

import pytest

from ..admin import eventually

COM_QUIT = b"\1\0\0\0\1"
PREAMBLE = """
import asyncio, logging, sys, threading, time
logging.disable()  # core logs to stderr
from rhosocial.activerecord.backend.impl.mysqlclient import AsyncMySQLBackend, MySQLBackend, MySQLConnectionConfig
config = MySQLConnectionConfig.from_url(sys.argv[1])
backend = MySQLBackend(connection_config=config)
pooled = MySQLBackend(connection_config=config.clone(pool_size=4, pool_min_size=2))
asynchronous = AsyncMySQLBackend(connection_config=config)
NUMBERS = "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 900)"
def daemon(function):
    threading.Thread(target=function, daemon=True).start()
def until(condition):
    while not condition(): time.sleep(0.01)
"""
ENDINGS = {
    "a session": "backend.execute('SELECT 1')",
    "a transaction": "backend.begin_transaction(); backend.execute('SELECT 1')",
    "a pool, idle and in use": """
with pooled.get_connection() as one, pooled.get_connection() as two: one.execute('SELECT 1')
kept = pooled.get_connection(); kept.execute('SELECT 1')
""",
    "a stream, half read": "rows = iter(backend.stream(f'{NUMBERS} SELECT a.i FROM n a, n b')); next(rows)",
    "a prepared statement": "statement = backend.prepare('SELECT %s'); statement.execute((1,))",
    "a daemon thread in a statement": """
daemon(lambda: backend.execute("SELECT SLEEP(3)"))
until(lambda: backend._connection is not None); time.sleep(0.1)
""",
    "daemon threads that read": """
def read():
    mine = MySQLBackend(connection_config=config)
    while True:
        mine.fetch_all(f'{NUMBERS} SELECT i, REPEAT(i, 20) AS t FROM n')
        started.add(threading.get_ident())
started = set()
for _ in range(4): daemon(read)
until(lambda: len(started) == 4)
""",
    "daemon threads that take and give back": """
def take():
    while True:
        with pooled.get_connection() as connection: connection.fetch_one('SELECT 1 AS n')
        started.add(threading.get_ident())
started = set()
for _ in range(6): daemon(take)
until(lambda: len(started) >= 2)
""",
    "a daemon thread that waits for the pool": """
held = [pooled.get_connection() for _ in range(4)]
daemon(lambda: pooled.get_connection(timeout=60))
until(lambda: pooled.pool.stats().waiters == 1)
""",
    "asynchronous sessions of a loop that is closed": """
async def work():
    await asynchronous.execute('SELECT 1')
    await asynchronous.begin_transaction()
asyncio.run(work())
""",
    "a daemon thread's running loop": """
async def work():
    while True:
        await asynchronous.execute('SELECT 1'); started.append(1)
started = []
daemon(lambda: asyncio.run(work()))
until(lambda: started)
""",
    "a cancelled task": """
async def work():
    task = asyncio.create_task(asynchronous.execute('SELECT SLEEP(5)'))
    await asyncio.sleep(0.1)
    task.cancel()
asyncio.run(work())
""",
    "a statement in a cycle": """
class Node: pass
node = Node(); node.self = node; node.backend = MySQLBackend(connection_config=config); node.backend.connect()
node.rows = iter(node.backend.stream(f'{NUMBERS} SELECT i FROM n', batch_size=1)); next(node.rows)
del node
""",
    "sys.exit in a transaction": """
with backend.transaction():
    backend.execute('SELECT 1')
    sys.exit(0)
""",
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_f29_ends_in_silence_with(server, database, admin, ending):
    socket = f"?unix_socket={server.socket}" if server.socket else ""
    url = f"mysql://{server.user}:{server.password}@{server.host}:{server.port}/{database}{socket}"
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "ignore::DeprecationWarning", "-c", PREAMBLE + ENDINGS[ending], url],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert admin.sessions_become(0)


def test_f29_a_pools_idle_sessions_say_goodbye(config, proxy, admin):
    """Or the server would count them as aborted."""
    heard = {}

    async def listening(flow, data):
        heard[flow] = heard.get(flow, b"") + data
        await flow.send(data)

    proxy.use(requests=listening)
    script = PREAMBLE + "with pooled.get_connection() as one, pooled.get_connection() as two: one.execute('SELECT 1')"
    done = subprocess.run(
        [sys.executable, "-c", script, config.to_url(show_password=True)], capture_output=True, timeout=300
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert eventually(lambda: [said.endswith(COM_QUIT) for said in heard.values()] == [True, True])
    assert admin.sessions_become(0)
