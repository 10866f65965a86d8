"""F27: the clock on the wall jumps; a host name has several addresses, of which the first does not answer."""

import asyncio
import os
import socket
import subprocess
import sys
import time

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient.errors import ConnectionError, PoolTimeout

from ..admin import eventually_true
from .conftest import answering
from .proxy import Proxy

# Says of the name that it has the addresses ::1 and 127.0.0.1; others are left to the C library.
RESOLVER = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
typedef int resolve_t(const char *, const char *, const struct addrinfo *, struct addrinfo **);
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
    resolve_t *resolve = (resolve_t *)dlsym(RTLD_NEXT, "getaddrinfo");
    if (name == NULL || strcmp(name, "two.test") != 0) return resolve(name, service, hints, found);
    struct addrinfo *second;
    struct addrinfo wanted = *hints;
    wanted.ai_family = AF_UNSPEC;
    wanted.ai_flags = AI_NUMERICHOST;
    int failed = resolve("::1", service, &wanted, found);
    if (failed == 0) failed = resolve("127.0.0.1", service, &wanted, &second);
    if (failed == 0) (*found)->ai_next = second;
    return failed;
}
"""
ASK = """
import asyncio, logging, sys
logging.disable()
from rhosocial.activerecord.backend.impl.mysqlclient import AsyncMySQLBackend, MySQLBackend, MySQLConnectionConfig
config = MySQLConnectionConfig(host="two.test", port=int(sys.argv[1]), username=sys.argv[2], password=sys.argv[3],
    database=sys.argv[4], connect_timeout=30)
async def ask():
    backend = AsyncMySQLBackend(connection_config=config)
    row = await backend.fetch_one("SELECT 7 AS n")
    await backend.disconnect()
    return row
def ask_sync():
    backend = MySQLBackend(connection_config=config)
    row = backend.fetch_one("SELECT 7 AS n")
    backend.disconnect()
    return row
print(asyncio.run(ask()) if sys.argv[5] == "async" else ask_sync())
"""


def test_f27_the_second_address_is_tried(tmp_path, proxy, server, database, side, admin):
    with pytest.raises(OSError), socket.socket(socket.AF_INET6) as other:  # refused, or there is no IPv6 at all
        other.connect(("::1", proxy.port))
    (tmp_path / "resolver.c").write_text(RESOLVER)
    library = tmp_path / "resolver.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, tmp_path / "resolver.c", "-ldl"], check=True)
    done = subprocess.run(
        [sys.executable, "-c", ASK, str(proxy.port), server.user, server.password, database, side],
        env={**os.environ, "LD_PRELOAD": f"{os.environ.get('LD_PRELOAD', '')} {library}"},  # the sanitizers' come first
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (done.stdout.strip(), done.stderr) == ("{'n': 7}", "")
    assert proxy.accepted >= 1
    assert admin.sessions_become(0)


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.parametrize("name", ["::1", "six.test"])
async def test_force_ipv6(open, server, admin, proxy, monkeypatch, name):
    """The IPv6 address of a name that has both; where this machine has none, an error that names the server."""
    resolve = socket.getaddrinfo

    def resolved(host, port, family=0, *rest, **options):
        six = host == "six.test" and family == socket.AF_INET6
        return resolve("::1" if six else host, port, family, *rest, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    if not has_ipv6():
        with pytest.raises(ConnectionError, match=name):
            await open(host=name, force_ipv6=True, connect_timeout=5).execute("DO 0")
        assert proxy.accepted == 0
        return
    with Proxy(server.host, server.port, at="::1") as six:
        backend = open(host=name, port=six.port, force_ipv6=True)
        await answering(backend)
        assert (six.accepted, proxy.accepted) == (1, 0)
        await backend.disconnect()


@pytest.mark.parametrize("jump", [1e6, -1e6])
async def test_f27_timeouts_do_not_look_at_the_wall(open, monkeypatch, jump):
    lasting = {"pool_recycle": 3600, "pool_max_idle": 3600}
    backend = open(pool_size=1, pool_timeout=60, connect_timeout=60, read_timeout=60, statement_timeout=60, **lasting)
    wall = time.time
    session = await answering(backend)
    monkeypatch.setattr(time, "time", lambda: wall() + jump)
    assert await answering(backend) == session
    assert (await backend.execute("SELECT SLEEP(0.05) AS s")).data == [{"s": 0}]
    started = time.monotonic()
    with pytest.raises(PoolTimeout):
        await backend.get_connection(0.5)
    assert 0.4 < time.monotonic() - started < 30
    waiting = asyncio.ensure_future(backend.get_connection())
    assert await eventually_true(lambda: backend.pool.stats().waiters == 1)
    monkeypatch.setattr(time, "time", lambda: wall() - jump)
    await backend.disconnect()
    connection = await waiting
    assert await answering(connection) == session
    await backend.return_connection(connection)
    connection = await backend.get_connection()  # it is neither too old nor too long idle
    assert await answering(connection) == session
    await backend.return_connection(connection)
