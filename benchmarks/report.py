"""What a report says besides its figures, and its table."""
import os
import platform
import sys
from datetime import datetime, timezone
from importlib.metadata import version
from typing import Any

import data
import MySQLdb
from harness import Amount, Question, Ratio
from rich.console import Console
from rich.table import Table

from rhosocial.activerecord.backend.impl.mysqlclient import implementation

PACKAGES = ("rhosocial-activerecord-mysqlclient", "mysqlclient", "rhosocial-activerecord", "orjson",
            "rhosocial-activerecord-mysql", "mysql-connector-python", "asyncmy", "PyMySQL", "SQLAlchemy")


def meta(rounds: int, rows: int, servers: dict[str, str | None], seconds: float) -> dict[str, Any]:
    """When, where and with what the figures were made."""
    return {
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "rounds": rounds,
        "rows": rows,
        "took": round(seconds),
        "implementation": implementation(),
        "servers": servers,
        "client": MySQLdb.get_client_info(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "cpu": _cpu(),
        "cpus": os.cpu_count(),
        "load": os.getloadavg()[0],
    }


def _cpu() -> str:
    try:
        with open("/proc/cpuinfo") as lines:
            return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def show(report: dict[str, Any], asked: list[Question]) -> None:
    """Print the table: goals are for the first column of figures."""
    about, console = report["meta"], Console(highlight=False, width=None if sys.stdout.isatty() else 130)
    console.print(f"{about['rows']} rows of {len(data.COLUMNS)} columns, {about['rounds']} rounds, "
                  f"{', '.join(f'{flavor} {number}' for flavor, number in about['servers'].items() if number)}, "
                  f"client {about['client']}, Python {about['python']}, "
                  f"{about['cpus']} x {about['cpu']}, load {about['load']:.1f}, {about['took']} s")
    table = Table("figure", "milliseconds", "value", "goal", "", "MariaDB")
    for one in asked:
        for figure in one.figures:
            value, other = (part["ratios"].get(figure.key) for part in (report, report["mariadb"]))
            seconds = report["seconds"].get(one.name) or report["mariadb"]["seconds"].get(one.name)
            verdict = "" if value is None else "[green]met[/]" if figure.met(value) else "[red]missed[/]"
            table.add_row(figure.key, _sides(figure, seconds), _number(value), figure.goal, verdict, _number(other))
    console.print(table)
    for name, shape in report["shapes"].items():
        console.print(f"{name}: time grows as n^{shape['exponent']:.2f}")


def _sides(figure: Ratio | Amount, seconds: dict[str, float] | None) -> str:
    if seconds is None:
        return ""
    sides = (figure.over, figure.under) if isinstance(figure, Ratio) else (figure.of,)
    return " / ".join(f"{side} {seconds[side] * 1000:.4g}" for side in sides)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
