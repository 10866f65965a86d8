"""An option file goes before the defaults and after all that is said otherwise, as docs/configuration.md has it."""

import inspect
import socket
import time

import pytest

from rhosocial.activerecord.backend.impl.mysqlclient import AsyncMySQLBackend, MySQLBackend, MySQLConnectionConfig
from rhosocial.activerecord.backend.impl.mysqlclient.errors import ConfigError, ConnectionError, QueryError

KINDS = pytest.mark.parametrize("kind", [MySQLBackend, AsyncMySQLBackend], ids=["sync", "async"])


@pytest.fixture
def write(tmp_path):
    """write(lines, group): the path of an option file, with a blank in it."""

    def write_(lines, group="client", name="my own.cnf"):
        path = tmp_path / name
        path.write_text("".join(f"{line}\n" for line in (f"[{group}]", *lines)))
        path.chmod(0o600)
        return path

    return write_


async def ask(kind, config, sql):
    backend = kind(connection_config=config)
    try:
        row = backend.fetch_one(sql)
        row = await row if inspect.isawaitable(row) else row
        return tuple(row.values())
    finally:
        closed = backend.disconnect()
        if inspect.isawaitable(closed):
            await closed


@KINDS
@pytest.mark.parametrize("group", ["client", "own"])
async def test_the_file_alone_says_where(server, database, write, kind, group):
    lines = (f"host={server.host}", f"port={server.port}", f"user={server.user}", f"database={database}")
    file = write(lines, group)
    config = MySQLConnectionConfig(option_files=[file], option_groups=[group], password=server.password)
    for same in (config, config.clone(), MySQLConnectionConfig.from_dict(config.to_dict()),
                 MySQLConnectionConfig.from_url(config.to_url(show_password=True))):  # fmt: skip
        assert await ask(kind, same, "SELECT DATABASE() AS d, @@port AS p") == (database, server.port)


@KINDS
@pytest.mark.parametrize("source", ["keyword", "url", "environment"])
async def test_what_is_said_otherwise_goes_before_it(server, database, write, monkeypatch, kind, source):
    file = write(["host=no.such.host.invalid", "port=1", "user=nobody", "database=nowhere", "connect-timeout=1"])
    said = {"host": server.host, "port": server.port, "user": server.user, "database": database, "connect_timeout": 20}
    secret = {"password": server.password}
    if source == "keyword":
        config = MySQLConnectionConfig(read_default_file=file, **said, **secret)
    elif source == "url":
        url = f"mysql://{server.user}@{server.host}:{server.port}/{database}?connect_timeout=20"
        config = MySQLConnectionConfig.load(url=url, file=file, env_prefix=None, **secret)
    else:
        for name, value in said.items():
            monkeypatch.setenv(f"APP_{name.upper()}", str(value))
        config = MySQLConnectionConfig.load(file=file, env_prefix="APP_", **secret)
    assert await ask(kind, config, "SELECT DATABASE() AS d, @@port AS p") == (database, server.port)


@KINDS
async def test_connect_timeout(write, kind):
    """Of the file, where none is given; else the one given."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = {"host": "127.0.0.1", "port": silent.getsockname()[1], "user": "u"}
        for seconds, options in ((1, {}), (60, {"connect_timeout": 1})):
            file = write([f"connect-timeout={seconds}"])
            started = time.monotonic()
            with pytest.raises(ConnectionError):
                await ask(kind, MySQLConnectionConfig(**address, read_default_file=file, **options), "SELECT 1 AS v")
            assert time.monotonic() - started < 8  # the default is 10


@KINDS
async def test_it_cannot_allow_what_is_not_allowed(server, config, write, tmp_path, kind):
    """Multiple statements, and LOAD DATA LOCAL in a file that it includes."""
    (tmp_path / "rows").write_text("1\n")
    inner = write(["local-infile=1", "loose-local-infile=1", "multi-statements"], name="inner.cnf")
    file = write([f"user={server.user}", f"!include {inner}"])
    chosen = config.clone(read_default_file=file)
    with pytest.raises(QueryError) as caught:
        await ask(kind, chosen, "SELECT 1 AS v; SELECT 2 AS v")
    assert caught.value.errno == 1064
    backend = MySQLBackend(connection_config=config)
    backend.execute("CREATE TABLE t (n INT)")
    with pytest.raises(QueryError) as caught:
        await ask(kind, chosen, f"LOAD DATA LOCAL INFILE '{tmp_path / 'rows'}' INTO TABLE t")
    assert caught.value.errno in (1148, 2068, 3948, 4166)
    assert backend.fetch_one("SELECT COUNT(*) AS n FROM t") == {"n": 0}
    backend.disconnect()
    with pytest.raises(ConfigError, match="sets local-infile"):
        config.clone(read_default_file=inner)


async def test_its_init_command_runs_before_ours(config, write):
    file = write(["init-command=SET @a = 1, @b = 1"])
    chosen = config.clone(read_default_file=file, init_command="SET @b = 2")
    assert await ask(MySQLBackend, chosen, "SELECT @a AS a, @b AS b") == (1, 2)


async def test_nothing_of_ours_is_left_behind(config, write, monkeypatch, tmp_path):
    places = tmp_path / "temporary"
    places.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(places))
    await ask(MySQLBackend, config.clone(read_default_file=write(["connect-timeout=30"])), "SELECT 1 AS v")
    with pytest.raises(ConnectionError):
        broken = config.clone(unix_socket=None, host="127.0.0.1", port=1, read_default_file=write([]))
        await ask(MySQLBackend, broken, "SELECT 1 AS v")
    assert list(places.iterdir()) == []


def test_a_path_of_more_than_a_line_is_refused(tmp_path):
    path = tmp_path / "a\n[client]\nhost=evil"
    path.parent.mkdir(exist_ok=True)
    with pytest.raises(ConfigError, match="read_default_file"):
        MySQLConnectionConfig(read_default_file=path)
