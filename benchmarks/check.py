"""Compare a report's ratios with benchmarks/baseline.json: `make bench-check`, after `make bench`.

    python benchmarks/check.py [REPORT]
    python benchmarks/check.py --take REPORT...   # several runs become the baseline: medians, and what noise is

Exit status 1 where a ratio is worse than the baseline's by more than its tolerance, or is missing.
"""
import argparse
import json
import statistics
import sys
from pathlib import Path
from typing import Any

BASELINE = Path(__file__).resolve().parent / "baseline.json"
REPORT = BASELINE.parent.parent / "build" / "bench" / "report.json"
# The least tolerance: even of what some runs happened to agree about; and of one or two runs, which say little.
LEAST, FEW = 0.1, 0.25
MARGIN = 1.5  # times what the worst run was below the median
SERVERS = ("mysql", "mariadb")
Figures = dict[str, dict[str, Any]]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reports", nargs="*", type=Path, default=[REPORT], metavar="REPORT")
    parser.add_argument("--take", action="store_true")
    parser.add_argument("--baseline", type=Path, default=BASELINE, metavar="FILE")
    asked = parser.parse_args(arguments)
    try:
        reports = [json.loads(file.read_text()) for file in asked.reports]
        if asked.take:
            asked.baseline.write_text(json.dumps(taken(reports), indent=2) + "\n")
            return 0
        baseline = json.loads(asked.baseline.read_text())
    except OSError as error:
        print(f"bench-check: {error.filename}: {error.strerror}; make bench writes the report", file=sys.stderr)
        return 1
    return 1 if [show(server, baseline[server], ratios(reports[0], server)) for server in SERVERS].count(False) else 0


def ratios(report: dict[str, Any], server: str) -> dict[str, float]:
    return report["ratios"] if server == "mysql" else report["mariadb"]["ratios"]


def taken(reports: list[dict[str, Any]]) -> dict[str, Any]:
    """A baseline. A report may be of a part of the figures."""
    goals = {key: goal for report in reports for key, goal in report["goals"].items()}
    made: dict[str, Any] = {"meta": reports[-1]["meta"]}
    for server in SERVERS:
        runs = [ratios(report, server) for report in reports]
        made[server] = {key: figure([run[key] for run in runs if key in run], goal) for key, goal in goals.items()
                        if any(key in run for run in runs)}
    return made


def figure(values: list[float], goal: str) -> dict[str, Any]:
    """Of the runs: their median, from where to where they go, and the share of the median that is not yet a drop."""
    median = statistics.median(values)
    worst = max(values) - median if goal.startswith("<") else median - min(values)
    return {"median": round(median, 3), "runs": [round(value, 3) for value in sorted(values)], "goal": goal,
            "tolerance": round(max(LEAST if len(values) > 2 else FEW, MARGIN * worst / median), 3)}


def show(server: str, baseline: Figures, measured: dict[str, float]) -> bool:
    """Print the comparison; whether nothing is worse than it may be."""
    print(f"{server:<30}{'baseline':>10}{'now':>10}{'change':>9}{'allowed':>9}")
    fine = True
    for key, known in baseline.items():
        value, verdict = measured.get(key), "missing"
        if value is not None:
            change = value / known["median"] - 1
            worse = change if known["goal"].startswith("<") else -change
            verdict = "WORSE" if worse > known["tolerance"] else ""
        fine = fine and not verdict
        figures = f"{value:>10.2f}{change:>+9.0%}{known['tolerance']:>9.0%}" if value is not None else " " * 28
        print(f"{key:<30}{known['median']:>10.2f}{figures}  {verdict}".rstrip())
    for key in measured.keys() - baseline.keys():
        print(f"{key:<30}{'':>10}{measured[key]:>10.2f}  not in the baseline")
    return fine


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
