"""Measure and print; all of it, it is written to build/bench/report.json too: `make bench`, or this with --help."""
import argparse
import json
import logging
import random
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import data
import MySQLdb
from harness import QUESTIONS, Bench, Different, Question, measure
from questions import codec, fetch  # noqa: F401  (they register what they ask)
from rhosocial.activerecord.backend.errors import DatabaseError
from rich.console import Console
from rich.table import Table

from rhosocial.activerecord.backend.impl.mysqlclient import implementation, implementation_reasons
from rhosocial.activerecord.backend.impl.mysqlclient.server import ServerError

REPORT = Path(__file__).resolve().parent.parent / "build" / "bench" / "report.json"
ROUNDS, QUICK_ROUNDS, QUICK_ROWS = 11, 3, 2_000


def main() -> int:
    arguments = parse()
    if implementation() != "native":
        print(f"bench: native is what is measured, and cannot be had: {implementation_reasons()}", file=sys.stderr)
        return 1
    logging.disable(logging.INFO)  # core's default writes every statement to standard error
    report: dict[str, Any] = {"meta": {}, "ratios": {}, "seconds": {}}
    try:
        with Bench(QUICK_ROWS if arguments.quick else data.ROWS) as bench:
            for asked in chosen(arguments.only):
                ask(asked, bench, arguments.rounds, report)
            report["meta"] = {
                "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
                "rounds": arguments.rounds,
                "rows": bench.rows,
                **bench.versions(),
            }
    except (ServerError, Different, DatabaseError, MySQLdb.Error) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    show(report, arguments.only)
    if not (arguments.only or arguments.quick):
        REPORT.parent.mkdir(parents=True, exist_ok=True)
        REPORT.write_text(json.dumps(report, indent=2) + "\n")
        print(f"written to {REPORT}")
    return 0


def parse() -> argparse.Namespace:
    keys = [ratio.key for asked in QUESTIONS for ratio in asked.ratios]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=keys, metavar="KEY", help=f"one of {', '.join(keys)}")
    parser.add_argument("--rounds", type=int, default=None, help=f"default: {ROUNDS}")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_ROWS} rows, {QUICK_ROUNDS} rounds: does it work?")
    arguments = parser.parse_args()
    arguments.rounds = arguments.rounds or (QUICK_ROUNDS if arguments.quick else ROUNDS)
    if arguments.rounds < 1:
        parser.error("--rounds must be at least 1")
    return arguments


def chosen(keys: list[str] | None) -> list[Question]:
    return [asked for asked in QUESTIONS if not keys or any(ratio.key in keys for ratio in asked.ratios)]


def ask(asked: Question, bench: Bench, rounds: int, report: dict[str, Any]) -> None:
    with asked.setup(bench) as sides:
        seconds = measure(sides, rounds * asked.rounds, random.Random(asked.name))
    report["seconds"][asked.name] = seconds
    report["ratios"].update({ratio.key: seconds[ratio.over] / seconds[ratio.under] for ratio in asked.ratios})


def show(report: dict[str, Any], keys: list[str] | None) -> None:
    meta, console = report["meta"], Console(highlight=False)
    console.print(f"{meta['rows']} rows of {len(data.COLUMNS)} columns, {meta['rounds']} rounds, "
                  f"{meta['server'] or 'no server'}, client {meta['client']}, Python {meta['python']}, "
                  f"{meta['cpus']} x {meta['cpu']}, load {meta['load']:.1f}")
    table = Table("ratio", "seconds", "value", "goal", "")
    for asked in chosen(keys):
        for ratio in asked.ratios:
            value, seconds = report["ratios"][ratio.key], report["seconds"][asked.name]
            sides = " / ".join(f"{side} {seconds[side]:.4f}" for side in (ratio.over, ratio.under))
            verdict = "[green]met[/]" if ratio.met(value) else "[red]missed[/]"
            table.add_row(ratio.key, sides, f"{value:.2f}", ratio.goal, verdict)
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
