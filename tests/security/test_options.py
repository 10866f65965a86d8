"""Every option of a configuration has an effect, or is refused: none is accepted and forgotten."""

import dataclasses
import gc
import logging
from decimal import Decimal

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient import AsyncMySQLBackend, MySQLBackend, MySQLConnectionConfig
from rhosocial.activerecord.backend.impl.mysqlclient.config import _FIELDS, ConfigError
from rhosocial.activerecord.backend.impl.mysqlclient.errors import DataError, StatementWarning
from rhosocial.activerecord.backend.impl.mysqlclient.server import PrivateServer

from .paths import done, prepared, rows

FILE = __file__
# Options that reach the client library, the session's first statements, the pool's key: value that is no default.
# What force_ipv6, write_timeout and auth_plugin then do: tests/faults/test_f27..., test_write_timeout.py, and
# test_authentication.py.
REACHES_DRIVER = {
    "host": "db.example", "port": 3307, "unix_socket": "/s.sock", "database": "d", "username": "u", "password": "p",
    "auth_plugin": "caching_sha2_password", "server_public_key_path": FILE, "connect_timeout": 3, "read_timeout": 4,
    "write_timeout": 5, "compress": True, "read_default_file": FILE, "read_default_group": "g", "client_flags": 2,
    "found_rows": True, "local_infile": True, "local_infile_dir": "/d", "ssl_ca": FILE, "ssl_capath": "/d",
    "ssl_ciphers": "AES128-SHA", "ssl_disabled": True, "ssl_mode": "REQUIRED", "ssl_verify_cert": True,
    "ssl_verify_identity": True, "autocommit": False, "charset": "utf8mb3", "tls_versions": "TLSv1.3",
    "password_provider": lambda: "p", "force_ipv6": True,
}  # fmt: skip
REACHES_SESSION = {
    "collation": "utf8mb4_bin", "time_zone": "+02:00", "sql_mode": "ANSI", "isolation_level": "SERIALIZABLE",
    "init_command": "SET @a = 1", "sql_log_off": True, "statement_timeout": 1.5,
}  # fmt: skip
# With a test of their own, here or where they are at home.
ELSEWHERE = {
    "conn_attrs", "get_warnings", "raise_on_warnings", "log_queries", "log_level",
    "timezone", "use_timezone", "zero_dates",  # tests/integration/types/test_policies.py
    "prepare_threshold",  # tests/integration/prepared
    "busy_poll_us",  # tests/integration/backend/test_busy_poll.py
    "bulk_load",  # tests/integration/bulk, test_p05_rogue_server.py
    "version",  # the dialect's, until the server was asked
    "ssl_cert", "ssl_key",  # test_tls.py
    "user", "driver_type", "delete_on_close",
}  # fmt: skip
POOL = {name for name in _FIELDS if name.startswith("pool_")}  # tests of the pool
REFUSED = {"raw": True, "use_unicode": False, "server_timezone": "UTC", "client_encoding": "latin1"}
# mysql-connector's, of which every value says what happens here anyway (docs/configuration.md).
TRUE_ANYWAY = {"use_pure", "buffered", "consume_results"}


def test_the_table_is_complete():
    known = {*REACHES_DRIVER, *REACHES_SESSION, *ELSEWHERE, *POOL, *REFUSED, *TRUE_ANYWAY}
    fields = {field.name for field in dataclasses.fields(MySQLConnectionConfig)} - {"options"}
    assert fields - known == set()


@pytest.mark.parametrize("name", REACHES_DRIVER)
def test_it_reaches_the_client_library(name):
    base = {"host": "::1"} if name == "force_ipv6" else {"ssl_mode": "VERIFY_CA"} if name == "auth_plugin" else {}
    plain = MySQLConnectionConfig(**base)
    chosen = MySQLConnectionConfig(**{**base, name: REACHES_DRIVER[name]})
    if name == "force_ipv6":
        with pytest.raises(ConfigError, match="no IPv6"):
            chosen.clone(host="127.0.0.1").driver_kwargs()
    elif name == "tls_versions":
        assert chosen.tls_mode == "REQUIRED" != plain.tls_mode
    else:
        assert chosen.driver_kwargs() != plain.driver_kwargs()


@pytest.mark.parametrize("name", REACHES_SESSION)
def test_it_reaches_the_session(name):
    base = {"timezone": None}
    changed = MySQLConnectionConfig(**{**base, name: REACHES_SESSION[name]})
    assert changed.session_statements() != MySQLConnectionConfig(**base).session_statements()


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused(name):
    with pytest.raises(ConfigError, match=name):
        MySQLConnectionConfig(**{name: REFUSED[name]})


@pytest.mark.parametrize("kind", [MySQLBackend, AsyncMySQLBackend])
@pytest.mark.parametrize("flavor", ["mysql", "mariadb"])
@pytest.mark.parametrize("name", ["mysql", None])
async def test_connection_attributes(observed, flavor, kind, name):
    attributes = {"program_name": "shop", "tenant": "\u017c'"}
    config = MySQLConnectionConfig(
        **observed[flavor].connect_kwargs(), database=name, conn_attrs=attributes, autocommit=False
    )
    backend = kind(connection_config=config)
    found = await done(
        backend.fetch_all(
            "SELECT ATTR_NAME AS name, ATTR_VALUE AS value FROM performance_schema.session_connect_attrs"
            " WHERE processlist_id = CONNECTION_ID()"
        )
    )
    shown = {row["name"]: row["value"] or "" for row in found}
    assert shown.items() >= attributes.items() and "_client_name" in shown
    setting = await rows(backend, "SELECT CONCAT_WS(' ', DATABASE(), @@autocommit + 0, @@character_set_client) AS v")
    assert setting == [f"{name} 0 utf8mb4" if name else "0 utf8mb4"]
    await done(backend.disconnect())


@pytest.fixture(scope="module")
def observed():
    with PrivateServer("mysql") as mysql, PrivateServer("mariadb", {"performance-schema": True}) as mariadb:
        yield {"mysql": mysql, "mariadb": mariadb}


@pytest.fixture
async def lenient(either, config):
    """lenient(options): a backend whose server stores what nearly fits, with a warning."""
    made = []

    async def open_(**options):
        backend = type(either)(connection_config=config.clone(sql_mode="", **options))
        backend.logger.setLevel(logging.WARNING)
        made.append(backend)
        await done(backend.execute("DROP TABLE IF EXISTS narrow"))
        await done(backend.execute("CREATE TABLE narrow (s VARCHAR(3), d DECIMAL(4, 2), n TINYINT)"))
        return backend

    yield open_
    for backend in made:
        await done(backend.disconnect())


async def test_get_warnings(lenient):
    backend = await lenient(get_warnings=True)
    await done(backend.execute("INSERT INTO narrow (s, n) VALUES (%s, %s)", ("four", 1000)))
    assert [(warning.level, warning.code) for warning in backend.warnings] == [("Warning", 1265), ("Warning", 1264)]
    assert "'s'" in backend.warnings[0].message
    assert await rows(backend, "SELECT s FROM narrow") == ["fou"] and backend.warnings == ()
    await done((await prepared(backend, "INSERT INTO narrow (s) VALUES (%s)")).execute(("abcd",)))
    assert [warning.code for warning in backend.warnings] == [1265]
    await done(backend.execute_many("INSERT INTO narrow (s) VALUES (%s)", [("a",), ("abcde",)]))
    silent = await lenient()
    await done(silent.execute("INSERT INTO narrow (s) VALUES ('four')"))
    assert silent.warnings == ()


async def test_raise_on_warnings(lenient):
    backend = await lenient(raise_on_warnings=True)
    statement = await prepared(backend, "INSERT INTO narrow (s) VALUES (%s)")
    for way in (
        lambda: backend.execute("INSERT INTO narrow (s) VALUES (%s)", ("four",)),
        lambda: backend.execute_many("INSERT INTO narrow (s) VALUES (%s)", [("a",), ("four",)]),
        lambda: statement.execute(("four",)),
    ):
        with pytest.raises(StatementWarning, match="'s'") as caught:
            await done(way())
        assert (caught.value.errno, caught.value.sqlstate, caught.value.is_disconnect) == (1265, "01000", False)
        assert [warning.code for warning in caught.value.warnings] == [1265]
    with pytest.raises(StatementWarning):
        await rows(backend, "SELECT CAST('1x' AS SIGNED) AS v")
    await done(backend.execute("INSERT INTO narrow (d) VALUES (%s)", (Decimal("1.005"),)))  # a note is no warning
    assert await rows(backend, "SELECT 1 AS v") == [1]


async def test_raise_on_warnings_in_a_transaction_and_without_autocommit(lenient):
    backend = await lenient(raise_on_warnings=True, autocommit=False)
    with pytest.raises(StatementWarning):
        await done(backend.execute("INSERT INTO narrow (s) VALUES ('four')"))
    assert await rows(backend, "SELECT COUNT(*) AS n FROM narrow") == [0], "undone, since it was not committed"
    manager = backend.transaction_manager
    await done(manager.begin())
    await done(backend.execute("INSERT INTO narrow (s) VALUES ('one')"))
    with pytest.raises(StatementWarning):
        await done(backend.execute("INSERT INTO narrow (s) VALUES ('four')"))
    await done(manager.rollback())
    assert await rows(backend, "SELECT COUNT(*) AS n FROM narrow") == [0]


async def test_a_strict_server_says_the_same_as_an_error(either):
    await done(either.execute("CREATE TABLE narrow (s VARCHAR(3))"))
    with pytest.raises(DataError) as caught:
        await done(either.execute("INSERT INTO narrow VALUES ('four')"))
    assert caught.value.errno == 1406


async def test_log_queries_and_log_level(either, config, caplog):
    caplog.set_level(logging.DEBUG)

    async def logged(**options):
        gc.collect()  # what other tests have forgotten is told of now
        caplog.clear()
        backend = type(either)(connection_config=config.clone(**options))
        try:
            await rows(backend, "SELECT %s\nAS v", ("the-value",))
        finally:
            await done(backend.disconnect())
        said = [(record.levelno, record.getMessage()) for record in caplog.records]
        return [(level, text) for level, text in said if "registry" not in text]  # core's, before the options count

    either.logger.setLevel(logging.DEBUG)
    assert (logging.INFO, "Query: SELECT %s\\nAS v") in await logged(log_queries=True)
    assert not [text for _, text in await logged() if text.startswith("Query:")]
    at_info = await logged(log_queries=True, log_level="INFO")
    assert any(text.startswith("Query:") for _, text in at_info)
    assert not any("the-value" in text for _, text in at_info), "values are for DEBUG"
    assert await logged(log_queries=True, log_level=logging.WARNING) == []
    either.logger.setLevel(logging.WARNING)
    assert any(level == logging.DEBUG for level, _ in await logged(log_level="debug"))
    given = logging.getLogger("of a model")  # core's configure() gives it to the backend
    backend = type(either)(connection_config=config.clone(log_level="ERROR"))
    backend.logger = given
    assert backend.logger.name == given.name and backend.logger.getEffectiveLevel() == logging.ERROR
    for bad in ("LOUD", -1, True, 1.5):
        with pytest.raises(ConfigError, match="log_level"):
            MySQLConnectionConfig(log_level=bad)
