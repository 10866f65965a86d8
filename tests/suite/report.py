"""Reads what pytest reports of a run, and the skips that docs/testsuite.md lists; makes the table of results."""
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

OUTCOMES = ("passed", "failed", "skipped")
OURS = "ours"  # the first name of tests that are in this repository
LISTED_SKIP = re.compile(r"\| `(?P<test>[\w.]+)` \| (?P<servers>[\w, ]+) \| .+ \|")


@dataclass(frozen=True)
class Result:
    """One test: its dotted name without the prefix all share and without parameters, and one of OUTCOMES."""

    test: str
    outcome: str

    @property
    def area(self) -> str:
        """Such as feature/basic; tests right in feature/ are of the area feature."""
        folder = self.test.split(".")[:2]
        return folder[0] if folder[1].startswith("test_") else "/".join(folder)


def read_results(file: Path) -> list[Result]:
    """The tests in a JUnit XML file; an error of a fixture is a failure."""
    found = []
    for case in ElementTree.parse(file).iter("testcase"):
        module = re.sub(r"^.*\btestsuite\.", "", case.get("classname", "")).replace("tests.suite", OURS)
        kinds = {element.tag for element in case}
        outcome = "failed" if kinds & {"failure", "error"} else "skipped" if "skipped" in kinds else "passed"
        found.append(Result(f"{module}.{case.get('name', '').partition('[')[0]}", outcome))
    return found


def expected_skips(document: Path, server: str) -> set[str]:
    """Names of the tests that the document lists as skipped on a server: rows `| test | servers | reason |`."""
    rows = LISTED_SKIP.finditer(document.read_text())
    return {row["test"] for row in rows if server in row["servers"].split(", ")}


def markdown_table(runs: dict[str, Sequence[Result]]) -> str:
    """Areas down, runs across, and in each cell how many tests passed, failed and were skipped."""
    counts = {name: Counter((result.area, result.outcome) for result in results) for name, results in runs.items()}
    areas = sorted({area for count in counts.values() for area, _ in count})
    lines = [["area, passed / failed / skipped", *runs], ["---"] * (len(runs) + 1)]
    for area in areas:
        lines.append([area, *(" / ".join(str(count[area, kind]) for kind in OUTCOMES) for count in counts.values())])
    totals = [Counter(result.outcome for result in results) for results in runs.values()]
    lines.append(["all", *(" / ".join(str(total[kind]) for kind in OUTCOMES) for total in totals)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
