"""Load 336,776 real flights into MySQL and show the ORM at work on them: `make demo`.

A private server is started and removed again. MYSQL_URL=mysql://user:password@host:port/ uses your own: in a database
nycflights13_demo that is made and dropped, or in the database the URL names, with three tables nyc_... that are
dropped at the end. Nothing else there is touched.
"""
import argparse
import logging
import os
import signal
import sys
import time
from contextlib import ExitStack
from typing import Any

import speed
import tour
from flights import CREATE, FLIGHTS, MODELS, DataError, load
from rhosocial.activerecord.backend.errors import DatabaseError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from rhosocial.activerecord.backend.impl.mysqlclient import MySQLBackend, MySQLConnectionConfig, implementation
from rhosocial.activerecord.backend.impl.mysqlclient.errors import ConfigError, ConnectionLost
from rhosocial.activerecord.backend.impl.mysqlclient.server import PrivateServer, ServerError

URL = os.environ.get("MYSQL_URL")
DATABASE = "nycflights13_demo"
LEFT_BY_DEMO = "drop it if an interrupted demo left it, or name another database in MYSQL_URL"
MAY_NOT = "name a database in MYSQL_URL in which this user may create tables"
NEXT_STEPS = {1007: LEFT_BY_DEMO, 1044: MAY_NOT, 1050: LEFT_BY_DEMO, 1142: MAY_NOT,
              1049: "create it, or leave the database out of MYSQL_URL", 2005: "check the host in MYSQL_URL"}
WENT_AWAY = "the server went away: see its error log, then run the demo again"
# What every driver of the comparison takes.
LOGIN = ("host", "port", "username", "password", "unix_socket", "database")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=port, help="where the private server listens; default: a free port")
    arguments = parser.parse_args()
    logging.disable(logging.CRITICAL)  # errors are told once, below
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    status, told, left = 0, list[str](), list[str]()
    try:
        with ExitStack() as stack:
            demonstrate(Console(), prepare(server(stack, arguments.port), stack, left))
    except KeyboardInterrupt:
        status, told = 130, ["interrupted"]
    except (ConfigError, ServerError, DatabaseError, DataError, speed.WorkerError) as error:
        status, told = 1, explained(error)
    if left and URL:
        status, told = status or 1, [*told, f"not dropped: {', '.join(left)}"]
    if told:
        print(f"demo: {'; '.join(told)}", file=sys.stderr)
    return status


def server(stack: ExitStack, port: int | None) -> MySQLConnectionConfig:
    """How to reach the reader's server, or a private one that ends with the stack."""
    if URL:
        return MySQLConnectionConfig.from_url(URL)
    private = stack.enter_context(PrivateServer("mysql", port=port))
    return MySQLConnectionConfig(**private.connect_kwargs())


def port(text: str) -> int:
    if not 0 < int(text) < 65536:
        raise ValueError
    return int(text)


def explained(error: Exception) -> list[str]:
    """The error in a line, and the next step."""
    lines = str(error).strip().splitlines()
    told = [lines[0] if len(lines) == 1 else f"{lines[0]} {lines[-1]}"]
    if isinstance(error, ConnectionLost):
        told.append(WENT_AWAY)
    return [*told, *(step for errno, step in NEXT_STEPS.items() if errno == getattr(error, "errno", None))]


def prepare(config: MySQLConnectionConfig, stack: ExitStack, left: list[str]) -> MySQLConnectionConfig:
    """Make the tables, and a database for them if none is named. The stack drops them, or adds to what is left."""

    def make(what: str, statement: str) -> None:
        run(config, statement)
        stack.callback(drop, config, what, left)

    if config.database is None:
        make(f"database {DATABASE}", f"CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4")
        config = config.clone(database=DATABASE)
    for model, statement in zip(MODELS, CREATE):
        make(f"table {model.table_name()}", statement)
    return config


def drop(config: MySQLConnectionConfig, what: str, left: list[str]) -> None:
    try:
        run(config, f"DROP {what}")
    except DatabaseError:
        left.append(what)


def run(config: MySQLConnectionConfig, statement: str) -> None:
    """Run a statement in a session of its own."""
    with MySQLBackend(connection_config=config) as backend:
        backend.execute(statement)


def demonstrate(console: Console, config: MySQLConnectionConfig) -> None:
    started = time.monotonic()
    MODELS[0].configure(config, MySQLBackend)
    backend = MODELS[0].backend()
    for model in MODELS:  # one session for all
        model.__backend__, model.__backend_class__, model.__connection_config__ = backend, MySQLBackend, config
    try:
        backend.connect()
        version = backend.fetch_one("SELECT VERSION() AS version")["version"]
        console.print(f"server {version}, codec: {implementation()}")
        fill(console, backend)
        tour.show(console)
        console.print()
        login = {name: value for name in LOGIN if (value := getattr(config, name)) is not None}
        with Progress(console=console, transient=True) as progress:
            rates = speed.compare(login, progress)
        console.print(speed.table(rates))
        console.print(f"{time.monotonic() - started:.0f} s in all")
    finally:
        backend.disconnect()


def fill(console: Console, backend: Any) -> None:
    columns = TextColumn("loading flights"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("", total=FLIGHTS)
        sums = load(backend, lambda count: progress.advance(task, count))
    table = Table("what was loaded", "in the file", "on the server")
    for name, wanted, found in sums.compare(backend):
        table.add_row(name, f"{wanted:,}", f"{found:,}")
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
