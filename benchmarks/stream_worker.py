"""Iterate over a query's rows by the streaming API; say how many there were and how much the peak of memory grew.

Standard input: {"login": {...}, "sql": "..."}. Linux: the peak is VmHWM, which, unlike getrusage's, a child does not
inherit.
"""
import json
import logging
import re
import sys
from pathlib import Path

from rhosocial.activerecord.backend.impl.mysqlclient import MySQLBackend


def megabytes(name: str) -> float:
    found = re.search(rf"^{name}:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.M)
    return int(found[1]) / 1024  # type: ignore[index]


def main() -> None:
    logging.disable(logging.CRITICAL)
    asked = json.load(sys.stdin)
    backend = MySQLBackend(**asked["login"])
    backend.fetch_all("SELECT 1")
    before = megabytes("VmRSS")
    rows = 0
    for _ in backend.stream(asked["sql"]):
        rows += 1
    print(json.dumps({"rows": rows, "mb": megabytes("VmHWM") - before}))


if __name__ == "__main__":
    main()
