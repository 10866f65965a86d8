"""Servers and databases for all tests.

One private MySQL and one private MariaDB serve a whole run, xdist workers included. Your own servers instead, empty
and with an account that may do anything:

    RHOSOCIAL_MYSQLCLIENT_TEST_MYSQL_URL=mysql://root@127.0.0.1:3306/?unix_socket=/run/mysqld.sock
    RHOSOCIAL_MYSQLCLIENT_TEST_MARIADB_URL=...

A test that asks for `server` runs once on each; `@pytest.mark.flavor("mysql")` restricts it.

Properties are tried on the same examples each time, however long it takes: `--hypothesis-profile=random` has others.
"""
from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import get_args
from urllib.parse import parse_qs, unquote, urlsplit

import MySQLdb
import pytest
from hypothesis import HealthCheck, settings

from rhosocial.activerecord.backend.impl.mysqlclient import implementation, implementation_reasons
from rhosocial.activerecord.backend.impl.mysqlclient.server import (
    Endpoint,
    Flavor,
    PrivateServer,
    ServerError,
)

UNCHECKED = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
settings.register_profile("random", deadline=None, suppress_health_check=UNCHECKED)
settings.register_profile("certain", settings.get_profile("random"), derandomize=True)
settings.load_profile("certain")

FLAVORS: tuple[Flavor, ...] = get_args(Flavor)
VARIABLES = {flavor: f"RHOSOCIAL_MYSQLCLIENT_TEST_{flavor.upper()}_URL" for flavor in FLAVORS}
AREAS_WITHOUT_SERVER = {"codec", "unit"}
TESTS = Path(__file__).resolve().parent
SERVER_OPTIONS = {"max_connections": 500, "local_infile": True}
SERVERS = pytest.StashKey[ExitStack]()
VERSIONS = pytest.StashKey[list[str]]()


@dataclass(frozen=True)
class RunningServer(Endpoint):
    """A server that somebody else starts and ends."""

    flavor: Flavor
    host: str
    port: int
    user: str
    password: str
    socket: str | None

    @classmethod
    def from_environment(cls, flavor: Flavor) -> RunningServer:
        url = urlsplit(os.environ[VARIABLES[flavor]])
        socket = parse_qs(url.query).get("unix_socket", [None])[0]
        return cls(flavor, url.hostname or "127.0.0.1", url.port or 3306, unquote(url.username or "root"),
                   unquote(url.password or ""), socket)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "flavor(*names): run on these servers only ('mysql', 'mariadb')")
    config.stash[VERSIONS] = []
    if hasattr(config, "workerinput") or config.option.collectonly or not needs_server(config):
        return
    servers = config.stash[SERVERS] = ExitStack()
    try:
        for flavor in FLAVORS:
            if VARIABLES[flavor] not in os.environ:
                server = servers.enter_context(PrivateServer(flavor, SERVER_OPTIONS))
                # xdist's workers inherit it.
                os.environ[VARIABLES[flavor]] = f"{server.url}?unix_socket={server.socket}"
                servers.callback(os.environ.pop, VARIABLES[flavor])
            config.stash[VERSIONS].append(f"{flavor} {version(RunningServer.from_environment(flavor))}")
    except (ServerError, MySQLdb.Error) as error:
        servers.close()
        raise pytest.UsageError(f"{flavor} server ({VARIABLES[flavor]}): {error}") from error


def pytest_unconfigure(config: pytest.Config) -> None:
    if SERVERS in config.stash:
        config.stash[SERVERS].close()


def pytest_report_header(config: pytest.Config) -> list[str]:
    reasons = "".join(f"; not {name}: {reason}" for name, reason in implementation_reasons().items())
    return [f"codec: {implementation()}{reasons}", f"servers: {', '.join(config.stash[VERSIONS]) or 'none needed'}"]


def needs_server(config: pytest.Config) -> bool:
    """Whether one of the tests named on the command line may ask for a server: only those of some areas never do."""
    paths = [Path(config.invocation_params.dir, argument.partition("::")[0]).resolve() for argument in config.args]
    return not all(any(path.is_relative_to(TESTS / area) for area in AREAS_WITHOUT_SERVER) for path in paths)


def version(server: RunningServer) -> str:
    with closing(MySQLdb.connect(**server.connect_kwargs())) as session:
        return session.get_server_info()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "server" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("flavor")
        metafunc.parametrize("server", marker.args if marker else FLAVORS, indirect=True, scope="session")


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest) -> RunningServer:
    """The run's server of one flavour. Use a database of your own; leave its global variables as they are."""
    return RunningServer.from_environment(request.param)


@pytest.fixture
def database(server: RunningServer) -> Iterator[str]:
    """The name of a fresh, empty database, dropped after the test."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    # A session that a test left open holds metadata locks; the default is to wait a year for them.
    timeout = "SET SESSION lock_wait_timeout = 60"
    with closing(MySQLdb.connect(**server.connect_kwargs(), init_command=timeout)) as admin:
        admin.query(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        yield name
        admin.query(f"DROP DATABASE {name}")
