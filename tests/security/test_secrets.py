"""No secret in what a program shows of itself: repr, logs at DEBUG, tracebacks with locals, errors, URLs."""

import copy
import logging
import pickle
import traceback

import pytest
from rhosocial.activerecord.connection.pool import AsyncBackendPool, BackendPool, PoolConfig

from rhosocial.activerecord.backend.impl.mysqlclient import AsyncMySQLBackend, MySQLBackend, MySQLConnectionConfig
from rhosocial.activerecord.backend.impl.mysqlclient.errors import ConfigError, DatabaseError

from .conftest import SECRET
from .paths import done, listed, model, prepared_and_run
from .rogue import RogueServer

KEY = "PRIVATE-KEY-CONTENT"


def everything(error):
    """A traceback with all local variables, but this test's own."""
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    parts = []
    while shown is not None:
        own = [frame for frame in shown.stack if "/tests/" in frame.filename]
        shown.stack = traceback.StackSummary.from_list([frame for frame in shown.stack if frame not in own])
        parts += list(shown.format(chain=False))
        shown = shown.__cause__ or shown.__context__
    return "".join(parts)


@pytest.fixture
def key(tmp_path):
    path = tmp_path / "key.pem"
    path.write_text(KEY)
    return path


def configurations(key, **address):
    plain = {"user": "u", **address}
    return {
        "password": MySQLConnectionConfig(password=SECRET, **plain),
        "url": MySQLConnectionConfig.from_url(f"mysql://u:{SECRET}@127.0.0.1/d", **address),
        "provider": MySQLConnectionConfig(password_provider=lambda: SECRET, **plain),
        "tls": MySQLConnectionConfig(password=SECRET, ssl_cert=key, ssl_key=key, **plain),
        "attributes": MySQLConnectionConfig(password=SECRET, conn_attrs={"a": "b"}, **plain),
    }


# What opens a session: the backend's, one of the pool's, or one of its own.
OPENING = {
    "connect": lambda b: b.connect(),
    "ping": lambda b: b.ping(),
    "execute": lambda b: b.execute("SELECT %s", ("x",)),
    "execute_many": lambda b: b.execute_many("INSERT INTO t VALUES (%s)", [("x",), ("y",)]),
    "executescript": lambda b: b.executescript("SELECT 1; SELECT 2"),
    "bulk_upsert": lambda b: b.bulk_upsert("t", ["a"], [("x",)]),
    "bulk_load": lambda b: b.bulk_load("t", ["a"], [("x",)]),
    "prepare": lambda b: prepared_and_run(b, "SELECT %s", ("x",)),
    "stream": lambda b: listed(b.stream("SELECT 1")),
    "run_transaction": lambda b: b.run_transaction(lambda: b.execute("SELECT 1"), retries=1),
    "get_connection": lambda b: b.get_connection(timeout=0.2),
    "introspect": lambda b: b.introspect_and_adapt(),
    "introspector": lambda b: b.introspector.list_tables(),
    "model": lambda b: model(b).find_one(1),
}


@pytest.mark.parametrize("way", OPENING)
@pytest.mark.parametrize("kind", [MySQLBackend, AsyncMySQLBackend])
@pytest.mark.parametrize("source", ["password", "url", "provider", "tls", "attributes"])
async def test_a_session_that_does_not_come_about(key, caplog, capfd, kind, source, way):
    caplog.set_level(logging.DEBUG)
    with RogueServer(plugin="caching_sha2_password") as rogue:
        config = configurations(key, host="127.0.0.1", port=rogue.port, connect_timeout=2, bulk_load=True)[source]
        backend = kind(connection_config=config)
        with pytest.raises(DatabaseError) as caught:
            await done(OPENING[way](backend))
        shown = everything(caught.value)
        assert "MySQLdb" in shown and "driver.py" in shown, "the frames between are there, with their locals"
        error = caught.value
        for text in (shown, str(error), repr(error), repr(vars(error)), repr(error.__cause__), repr(vars(backend))):
            assert SECRET not in text and KEY not in text
    assert SECRET not in caplog.text and KEY not in caplog.text
    written = capfd.readouterr()
    assert SECRET not in written.out + written.err


@pytest.mark.parametrize("kind", [MySQLBackend, AsyncMySQLBackend])
async def test_nor_in_cores_pools_of_backends(key, caplog, kind):
    caplog.set_level(logging.DEBUG)
    made = []
    with RogueServer(plugin="caching_sha2_password") as rogue:
        config = configurations(key, host="127.0.0.1", port=rogue.port, connect_timeout=2)["password"]

        def factory():
            made.append(kind(connection_config=config))
            return made[-1]

        settings = PoolConfig(max_size=1, timeout=0.2, backend_factory=factory)
        pool = await done((AsyncBackendPool if kind is AsyncMySQLBackend else BackendPool).create(settings))
        with pytest.raises((DatabaseError, TimeoutError)) as caught:  # the latter is core's, without a cause
            await done((await done(pool.acquire())).connect())
    held = [settings, vars(pool), pool.get_stats(), *map(vars, made)]
    assert made and SECRET not in repr(held) + everything(caught.value) + caplog.text


@pytest.mark.parametrize("source", ["password", "url", "provider", "tls", "attributes"])
def test_a_configuration(key, source):
    config = configurations(key, host="127.0.0.1", port=1)[source]
    again = MySQLConnectionConfig.from_dict(config.to_dict())
    for made in (config, config.clone(port=2), copy.deepcopy(config), again):
        texts = [repr(made), str(made), f"{made}", made.to_url(), repr(vars(made)), repr(made.to_dict()),
                 repr(made.driver_kwargs()), repr(made.pool_key()), repr([made]), f"{made!r}"]  # fmt: skip
        for text in texts:
            assert SECRET not in text and KEY not in text
    assert config.driver_kwargs()["password"] == SECRET


def test_a_provider_that_fails_with_the_secret_in_its_text(caplog):
    caplog.set_level(logging.DEBUG)

    def provider():
        raise RuntimeError("no token")

    backend = MySQLBackend(connection_config=MySQLConnectionConfig(password_provider=provider, port=1))
    with pytest.raises(Exception, match="password_provider failed with RuntimeError"):
        backend.connect()
    for result in (None, b"bytes-" + SECRET.encode(), 5):
        config = MySQLConnectionConfig(password_provider=lambda result=result: result)
        with pytest.raises(ConfigError) as caught:
            config.driver_kwargs()
        assert SECRET not in str(caught.value)


def test_errors_can_be_pickled_and_hold_no_password():
    with RogueServer(plugin="mysql_native_password") as rogue:
        config = MySQLConnectionConfig(host="127.0.0.1", port=rogue.port, user="u", password=SECRET, connect_timeout=1)
        with pytest.raises(DatabaseError) as caught:
            MySQLBackend(connection_config=config).connect()
    kept = pickle.loads(pickle.dumps(caught.value))
    assert (type(kept), kept.errno, str(kept)) == (type(caught.value), caught.value.errno, str(caught.value))
    assert SECRET.encode() not in pickle.dumps(caught.value)


async def test_a_session_that_lives(either, config, caplog):
    caplog.set_level(logging.DEBUG)
    backend = type(either)(connection_config=config.clone(log_queries=True, log_level="DEBUG"))
    await done(backend.fetch_all("SELECT 1 AS v"))
    for holder in (backend, backend._connection, backend.config):
        assert SECRET not in repr(holder) + repr(vars(holder) if hasattr(holder, "__dict__") else "")
    await done(backend.disconnect())
