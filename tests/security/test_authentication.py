"""Logging in: who gets to see the password, and caching_sha2_password in each of its ways."""

import contextlib
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from rhosocial.activerecord.backend.impl.mysqlclient import MySQLConnectionConfig, driver
from rhosocial.activerecord.backend.impl.mysqlclient.errors import AccessDenied, ConfigError, ConnectionError
from rhosocial.activerecord.backend.impl.mysqlclient.server import PrivateServer

from .conftest import SECRET, ask_async
from .rogue import RogueServer
from .test_tls import LIBMARIADB, run

WHO = "SELECT SUBSTRING_INDEX(CURRENT_USER(), '@', 1) AS name"
LOG_IN = """
import logging, sys
from rhosocial.activerecord.backend.impl.mysqlclient import MySQLBackend
logging.disable()
try:
    print(MySQLBackend(dsn=sys.argv[1]).fetch_one(sys.argv[2])["name"])
except Exception as error:
    print(type(error).__name__, error.errno, error)
"""
READABLE = ["mysql_clear_password", "dialog", "mysql_old_password"]


def configuration(server, **options):
    address = {"host": "127.0.0.1", "port": server.port, "connect_timeout": 60}
    return MySQLConnectionConfig(**{**address, "user": "u", "password": SECRET, **options})


def in_new_process(config):
    """Who is logged in, or why nobody is. libmysqlclient keeps a process's first RSA key (rsa_init, g_public_key)."""
    command = [sys.executable, "-c", LOG_IN, config.to_url(show_password=True), WHO]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout


@pytest.mark.parametrize("mode", [None, "PREFERRED", "REQUIRED"])
@pytest.mark.parametrize("plugin", READABLE)
@pytest.mark.parametrize("greets", [True, False])
def test_a_server_that_asks_for_the_password_does_not_get_it(opened, plugin, mode, greets):
    with RogueServer(plugin=plugin, greets=greets) as rogue:
        with pytest.raises(ConnectionError) as caught:
            opened(configuration(rogue, ssl_mode=mode)).connect()
    assert SECRET.encode() not in rogue.heard and SECRET not in str(caught.value)
    if LIBMARIADB:
        assert isinstance(caught.value, AccessDenied) and "VERIFY_CA" in str(caught.value)


async def test_nor_asynchronously():
    with RogueServer(plugin="mysql_clear_password") as rogue:
        with pytest.raises(ConnectionError):
            await ask_async(configuration(rogue), WHO)
    assert SECRET.encode() not in rogue.heard


@pytest.mark.parametrize("mode", ["VERIFY_CA", "VERIFY_IDENTITY"])
def test_an_unverified_server_is_told_nothing(opened, mode):
    with RogueServer(plugin="mysql_native_password") as rogue:
        with pytest.raises(ConnectionError, match="TLS|SSL"):
            opened(configuration(rogue, ssl_mode=mode)).connect()
    assert rogue.heard == b""


def test_plugins_that_say_the_password_need_a_verified_server():
    for plugin in ("mysql_clear_password", "dialog"):
        for options in ({}, {"ssl_mode": "REQUIRED"}):
            with pytest.raises(ConfigError, match="VERIFY_CA"):
                MySQLConnectionConfig(auth_plugin=plugin, **options)
        assert MySQLConnectionConfig(auth_plugin=plugin, ssl_mode="VERIFY_CA").auth_plugin == plugin
        assert MySQLConnectionConfig(auth_plugin=plugin, unix_socket="/run/s.sock").auth_plugin == plugin


@pytest.fixture(scope="module")
def mysql(tmp_path_factory):
    with PrivateServer("mysql") as server:
        yield server


@pytest.fixture
def account(mysql, request):
    """A new account, so that the server has not its password in memory (manual 8.4.1.2, "cache")."""
    name = f"u{abs(hash(request.node.nodeid)) % 10**9}"
    user = f"'{name}'@'%'"
    run(mysql, f"CREATE USER {user} IDENTIFIED WITH caching_sha2_password BY '{SECRET}'")
    run(mysql, f"CREATE USER IF NOT EXISTS '{name}'@'localhost' IDENTIFIED WITH caching_sha2_password BY '{SECRET}'")
    return name


@pytest.fixture
def public_key(mysql, tmp_path):
    """The server's RSA key, copied the way its owner would."""
    connection = driver.MySQLdb.connect(**mysql.connect_kwargs())
    connection.query("SHOW STATUS LIKE 'Caching_sha2_password_rsa_public_key'")
    ((_, key),) = connection.store_result().fetch_row(0)
    connection.close()
    path = tmp_path / "server.pem"
    path.write_text(key if isinstance(key, str) else key.decode())
    return path


WAYS = {
    "tls": {"ssl_mode": "REQUIRED"},
    "socket": {"unix_socket": True},
    "key": {"server_public_key_path": True, "ssl_mode": "DISABLED"},
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("asynchronous", [False, True])
async def test_caching_sha2_password(mysql, account, public_key, opened, way, asynchronous):
    files = {"unix_socket": mysql.socket, "server_public_key_path": public_key}
    options = {name: files[name] if value is True else value for name, value in WAYS[way].items()}
    config = configuration(mysql, user=account, **options)
    for _ in range(2):  # the server's memory is cold, then warm
        row = (await ask_async(config, WHO))[0] if asynchronous else opened(config).fetch_one(WHO)
        assert row == {"name": account}
    with pytest.raises(AccessDenied):
        opened(config.clone(password="wrong")).connect()


def test_caching_sha2_password_with_another_servers_key(mysql, account, tmp_path):
    path = tmp_path / "other.pem"
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    path.write_bytes(key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
    config = configuration(mysql, user=account, server_public_key_path=path, ssl_mode="DISABLED")
    assert in_new_process(config).startswith("AccessDenied 1045 ")


def test_caching_sha2_password_over_plain_tcp(mysql, account):
    said = in_new_process(configuration(mysql, user=account, ssl_mode="DISABLED"))
    if LIBMARIADB:  # asks the server for its key
        assert said == f"{account}\n"
    else:
        assert said.startswith("AccessDenied 2061 ") and "server_public_key_path" in said


BEGUN = ["caching_sha2_password"] + ["mysql_native_password", "sha256_password"] * LIBMARIADB


@pytest.mark.parametrize("plugin", BEGUN)
def test_auth_plugin_is_what_the_client_begins_with(opened, plugin):
    with RogueServer() as rogue:
        with contextlib.suppress(ConnectionError):  # it says OK to all, which some plugins take for nonsense
            opened(configuration(rogue, auth_plugin=plugin, ssl_mode="DISABLED")).execute("DO 0")
    assert plugin.encode() in rogue.heard and SECRET.encode() not in rogue.heard


# Server, the account's plugin, what it is made with. libmysqlclient 9 has no mysql_native_password any more.
ACCOUNTS = [("mysql", "sha256_password", "WITH sha256_password BY '{}'")] + [
    ("mariadb", "mysql_native_password", "VIA mysql_native_password USING PASSWORD('{}')")
] * LIBMARIADB


@pytest.mark.parametrize("begun", [None, "caching_sha2_password", "mysql_native_password"])
@pytest.mark.parametrize(("flavor", "plugin", "made"), ACCOUNTS, ids=[account[0] for account in ACCOUNTS])
async def test_an_account_of_another_plugin_gets_in(plain, opened, flavor, plugin, made, begun):
    """The server asks for its own: auth_plugin says where to begin, not who is let in."""
    if begun == "mysql_native_password" and not LIBMARIADB:
        begun = "sha256_password"
    config = configuration(plain[flavor], user="other", auth_plugin=begun)
    with contextlib.closing(driver.MySQLdb.connect(**plain[flavor].connect_kwargs())) as admin:
        admin.query(f"CREATE OR REPLACE USER other IDENTIFIED {made.format(SECRET)}" if flavor == "mariadb" else
                    f"CREATE USER IF NOT EXISTS other IDENTIFIED {made.format(SECRET)}")  # fmt: skip
    assert opened(config).fetch_one(WHO) == {"name": "other"}
    assert await ask_async(config, WHO) == [{"name": "other"}]
    with pytest.raises(AccessDenied):
        opened(config.clone(password="wrong")).connect()


@pytest.fixture(scope="module")
def plain(mysql):
    with PrivateServer("mariadb") as mariadb:
        yield {"mysql": mysql, "mariadb": mariadb}
