"""Measure and print; all of it, build/bench/ gets report.json and pictures too: `make bench`, or this with --help."""
import argparse
import json
import os
import random
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import data
import MySQLdb
from harness import BOTH, QUESTIONS, Bench, Different, Question, measure, quiet
from linear import shapes
from pictures import draw
from report import meta, show
from rhosocial.activerecord.backend.errors import DatabaseError

from rhosocial.activerecord.backend.impl.mysqlclient import implementation, implementation_reasons
from rhosocial.activerecord.backend.impl.mysqlclient.server import ServerError

# They register what they ask, in the order of the table.
for name in ("fetch", "orm", "write", "point", "concurrent", "memory", "codec"):
    import_module(f"questions.{name}")

FOLDER = Path(__file__).resolve().parent.parent / "build" / "bench"
ROUNDS, QUICK_ROUNDS, QUICK_ROWS = 7, 2, 1_000
Report = dict[str, Any]


def main() -> int:
    arguments = parse()
    if implementation() != "native":
        print(f"bench: native is what is measured, and cannot be had: {implementation_reasons()}", file=sys.stderr)
        return 1
    quiet()
    asked = [one for one in QUESTIONS if not arguments.only or one.name in arguments.only
             or any(figure.key in arguments.only for figure in one.figures)]
    goals = {figure.key: figure.goal for one in asked for figure in one.figures}
    report: Report = {"meta": {}, "goals": goals, "ratios": {}, "seconds": {},
                      "mariadb": {"ratios": {}, "seconds": {}}, "shapes": {}}
    try:
        measure_all(asked, arguments, report)
    except (ServerError, Different, DatabaseError, MySQLdb.Error, subprocess.CalledProcessError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    show(report, asked)
    if arguments.report or not (arguments.only or arguments.quick):
        file = arguments.report or FOLDER / "report.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(report, indent=2) + "\n")
        written = [file, *draw(report, file.parent)]
        print("written:", *map(os.path.relpath, written))
    return 0


def parse() -> argparse.Namespace:
    keys = [key for one in QUESTIONS for key in (one.name, *(figure.key for figure in one.figures))]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=[*keys, "shapes"], metavar="KEY",
                        help=f"one of {', '.join(keys)}, shapes; again for more")
    parser.add_argument("--server", choices=BOTH, help="default: both")
    parser.add_argument("--rounds", type=int, help=f"default: {ROUNDS}")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_ROWS} rows, {QUICK_ROUNDS} rounds: does it work?")
    parser.add_argument("--report", type=Path, metavar="FILE", help="where it is written, also a part of it")
    arguments = parser.parse_args()
    if arguments.rounds is None:
        arguments.rounds = QUICK_ROUNDS if arguments.quick else ROUNDS
    if arguments.rounds < 1:
        parser.error("--rounds must be at least 1")
    return arguments


def measure_all(asked: list[Question], arguments: argparse.Namespace, report: Report) -> None:
    """Fill the report: MySQL's figures, MariaDB's beside them."""
    started, versions = time.monotonic(), {}
    for flavor in [arguments.server] if arguments.server else BOTH:
        with Bench(flavor, QUICK_ROWS if arguments.quick else data.ROWS) as bench:
            into = report if flavor == "mysql" else report["mariadb"]
            for one in asked:
                if flavor in one.servers:
                    ask(one, bench, arguments.rounds, into)
            if flavor == "mysql" and (not arguments.only or "shapes" in arguments.only):
                report["shapes"] = shapes(bench, arguments.quick)
            versions[flavor] = bench.version
    # what only MariaDB has
    report["ratios"] |= {figure.key: report["mariadb"]["ratios"][figure.key] for one in asked
                         for figure in one.figures if one.servers == ("mariadb",) and versions.get("mariadb")}
    report["meta"] = meta(arguments.rounds, bench.rows, versions, time.monotonic() - started)


def ask(one: Question, bench: Bench, rounds: int, into: Report) -> None:
    print(f"\r\033[K{bench.flavor}: {one.name}", end="\r", file=sys.stderr, flush=True)
    with one.setup(bench) as sides:
        measured = measure(sides, min(rounds, one.rounds or rounds), one.calls, random.Random(one.name))
    into["seconds"][one.name] = measured.seconds
    into["ratios"].update({figure.key: figure.value(measured) for figure in one.figures})


if __name__ == "__main__":
    sys.exit(main())
