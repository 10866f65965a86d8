"""One way of fetching rows, in a process of its own: `python worker.py native|compiled|python|mysqlclient|peer`.

First line of standard input: {"login": {...}, "sql": "..."}. It answers with the number of rows and a digest of them;
then it fetches once for each further line and answers with the seconds taken. The digest is of every value's repr, so
equal digests mean equal values of equal types.
"""
import gc
import hashlib
import importlib
import json
import logging
import os
import sys
import time
from collections.abc import Callable
from typing import Any

Fetch = Callable[[], list[dict[str, Any]]]
IMPL = "rhosocial.activerecord.backend.impl"


def backend(login: dict[str, Any], sql: str) -> Fetch:
    module = importlib.import_module(f"{IMPL}.mysqlclient")
    # The other two know naive datetimes only.
    opened = module.MySQLBackend(**login, timezone=None)
    opened.connect()
    return lambda: opened.fetch_all(sql)


def mysqlclient(login: dict[str, Any], sql: str) -> Fetch:
    driver, cursors = importlib.import_module("MySQLdb"), importlib.import_module("MySQLdb.cursors")
    names = {"username": "user"}
    opened = driver.connect(**{names.get(name, name): value for name, value in login.items()}, charset="utf8mb4",
                            autocommit=True, cursorclass=cursors.DictCursor)

    def fetch() -> list[dict[str, Any]]:
        with opened.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())

    return fetch


def peer(login: dict[str, Any], sql: str) -> Fetch:
    module = importlib.import_module(f"{IMPL}.mysql")
    socket = login.pop("unix_socket", None)
    config = module.MySQLConnectionConfig(**{"port": 3306, **login}, charset="utf8mb4")
    if socket:
        config.unix_socket = socket  # its backend reads the option that its constructor refuses
    opened = module.MySQLBackend(connection_config=config)
    opened.connect()
    return lambda: opened.fetch_all(sql)


OTHERS = {"mysqlclient": mysqlclient, "peer": peer}


def main() -> None:
    logging.disable(logging.CRITICAL)
    way = sys.argv[1]
    if way not in OTHERS:
        os.environ["RHOSOCIAL_MYSQLCLIENT_IMPL"] = way  # read when the package is imported
    fetch = OTHERS.get(way, backend)(**json.loads(sys.stdin.readline()))
    rows = fetch()
    say({"rows": len(rows), "digest": hashlib.sha256(repr(rows).encode()).hexdigest()})
    del rows
    for _ in sys.stdin:
        gc.collect()
        started = time.perf_counter()
        fetch()
        say({"seconds": time.perf_counter() - started})


def say(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    try:
        main()
    except Exception as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(1)
