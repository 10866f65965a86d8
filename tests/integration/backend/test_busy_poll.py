"""busy_poll_us: an answer is looked for for a while before the thread sleeps until it comes (csrc/busy_poll.h)."""

import json
import subprocess
import sys

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient import AsyncMySQLBackend, MySQLBackend, MySQLConnectionConfig
from rhosocial.activerecord.backend.impl.mysqlclient.driver import CODEC

pytestmark = pytest.mark.skipif(
    CODEC.library is None or not CODEC.library.mariadb, reason="only libmariadb lets others wait for it"
)

# In a process of its own: what other threads of it send counts.
SCRIPT = """
import json, logging, signal, sys, threading, time
logging.disable()
from rhosocial.activerecord.backend.impl.mysqlclient import MySQLBackend
from rhosocial.activerecord.backend.impl.mysqlclient.errors import ConnectionLost
url = sys.argv[1]
LATER = "SELECT SLEEP(0.005) AS slept"  # not there already when the client library first asks for it

def opened(**options):
    backend = MySQLBackend(dsn=url, **options)
    backend.connect()
    return backend

def looks(backend):
    return backend._connection._reader.busy_poll_looks

def slept(backend):
    assert backend.fetch_all(LATER) == [{"slept": 0}]
"""

ALONE = """
backend, never = opened(), opened(busy_poll_us=0)
for _ in range(10):
    slept(backend)
before = looks(backend)
for _ in range(190):
    slept(backend)
    slept(never)
statement = backend.prepare(LATER)
for _ in range(20):
    assert statement.execute().data == [{"slept": 0}]
prepared, = backend._connection._prepared._kept.values()
print(json.dumps([before, looks(backend), looks(never), prepared.busy_poll_looks]))
"""

TWO_THREADS = """
def work(mine, others):
    backend = opened()
    for _ in range(100):
        mine.acquire()
        slept(backend)
        others.release()
    found.append(looks(backend))

found, first, second = [], threading.Semaphore(1), threading.Semaphore(0)
threads = [threading.Thread(target=work, args=given) for given in ((first, second), (second, first))]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(json.dumps(found))
"""

FOUND = """
backend = opened(busy_poll_us=10_000)
rows = backend.fetch_all("WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 900)"
                         " SELECT i, REPEAT('x', i) AS t FROM n")
assert rows == [{"i": i, "t": "x" * i} for i in range(1, 901)]
for i in range(300):
    assert backend.fetch_all("SELECT %s AS i, SLEEP(0.001) AS s", (i,)) == [{"i": i, "s": 0}]
print(json.dumps(looks(backend)))
"""

SIGNALS = """
backend = opened(read_timeout=1)
heard = []
signal.signal(signal.SIGALRM, lambda *_: heard.append(1))
signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
assert backend.fetch_one("SELECT SLEEP(0.3) AS s") == {"s": 0}
try:
    backend.fetch_one("SELECT SLEEP(30) AS s")
except ConnectionLost as error:
    print(json.dumps([len(heard) > 0, error.errno]))
signal.setitimer(signal.ITIMER_REAL, 0)
"""


@pytest.fixture
def run(server, database):
    url = MySQLConnectionConfig(**server.connect_kwargs(), database=database).to_url(show_password=True)

    def run(script):
        done = subprocess.run([sys.executable, "-c", SCRIPT + script, url], capture_output=True, text=True, timeout=300)
        assert (done.returncode, done.stderr) == (0, "")
        return json.loads(done.stdout)

    return run


def test_a_thread_alone_looks_now_and_then(run):
    """Not before its 17th wait in a row; after each look in vain (100 us of 5 ms), 1, 3, 7, ... are left out."""
    before, after, never, prepared = run(ALONE)
    assert (before, never) == (0, 0)
    assert 2 <= after < 150 and 1 <= prepared < 20  # 7 and 3, where nothing else has the processor


def test_threads_beside_each_other_do_not(run):
    assert run(TWO_THREADS) == [0, 0]


def test_answers_found_are_whole(run):
    assert run(FOUND) > 0


def test_signals_neither_end_nor_prolong_a_wait(run):
    assert run(SIGNALS) == [True, 2013]


def test_the_option_reaches_the_session(config):
    for microseconds in (0, 250):
        backend = MySQLBackend(connection_config=config.clone(busy_poll_us=microseconds))
        backend.connect()
        assert backend._connection._reader.busy_poll_us == microseconds
        backend.disconnect()


@pytest.mark.asyncio
async def test_a_loop_is_not_kept_waiting(config):
    backend = AsyncMySQLBackend(connection_config=config)
    await backend.connect()
    assert config.busy_poll_us == 100 and backend._connection._reader.busy_poll_us == 0
    await backend.disconnect()
