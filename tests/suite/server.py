"""The server a run targets, and this process's own database on it.

Tables and seed rows are made through a plain MySQLdb connection, so they do not depend on the backend under test.
"""
import os
from functools import cache
from typing import Any, Iterable
from urllib.parse import parse_qs, unquote, urlsplit

import MySQLdb

TARGET = os.environ.get("RHOSOCIAL_MYSQLCLIENT_TEST_SERVER", "mysql")
URL_VARIABLE = f"RHOSOCIAL_MYSQLCLIENT_TEST_{TARGET.upper()}_URL"


@cache
def address() -> dict[str, Any]:
    """Connection arguments of the target server, in the names of MySQLConnectionConfig, without a database.

    Raises RuntimeError if the target's URL variable is not set.
    """
    if URL_VARIABLE not in os.environ:
        raise RuntimeError(f"set {URL_VARIABLE} to mysql://user:password@host:port/ (tests run against {TARGET})")
    url = urlsplit(os.environ[URL_VARIABLE])
    found = {
        "host": url.hostname,
        "port": url.port,
        "username": unquote(url.username or ""),
        "password": unquote(url.password or ""),
        "unix_socket": parse_qs(url.query).get("unix_socket", [None])[0],
    }
    return {name: value for name, value in found.items() if value is not None}


@cache
def database() -> str:
    """The name of this process's own database, which the first call creates."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))[:8]
    name = f"suite_{run}_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    with admin().cursor() as cursor:
        cursor.execute(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4")
    admin().select_db(name)
    return name


@cache
def admin() -> MySQLdb.Connection:
    """The connection that makes databases, tables and seed rows."""
    arguments = dict(address())
    return MySQLdb.connect(
        user=arguments.pop("username"),
        charset="utf8mb4",
        autocommit=True,
        # A session that a test left open holds metadata locks; the default is to wait a year for them.
        init_command="SET SESSION lock_wait_timeout = 30",
        **arguments,
    )


def execute(statements: Iterable[str]) -> None:
    """Run statements in this process's own database."""
    database()
    with admin().cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def insert(table: str, **values: Any) -> int:
    """Insert one row in this process's own database and return its AUTO_INCREMENT id."""
    columns = ", ".join(f"`{column}`" for column in values)
    with admin().cursor() as cursor:
        cursor.execute(f"INSERT INTO `{table}` ({columns}) VALUES ({', '.join(['%s'] * len(values))})", values.values())
        return cursor.lastrowid


def drop_database() -> None:
    """Drop this process's own database, if it has made one."""
    if database.cache_info().currsize:
        execute([f"DROP DATABASE `{database()}`"])
        admin().close()
