"""Runs the shared testsuite, whole or in part, on servers and implementations, and prints one table.

    python tests/suite/run.py                                  # all that must pass: COMBINATIONS
    python tests/suite/run.py --server mysql --impl python     # one combination
    python tests/suite/run.py --sync-only --area feature/basic
    python tests/suite/run.py --fast-models                    # FastLoadMixin in front of every model

Exit status 1 on a failed test, on a skip that docs/testsuite.md does not list or a listed one that ran, and, of the
whole suite, on a number of tests other than TESTS.
"""
import argparse
import os
import signal
import subprocess
import sys
from importlib.util import find_spec
from itertools import product
from pathlib import Path

from report import OURS, Result, expected_skips, markdown_table, read_results

REPOSITORY = Path(__file__).parents[2]
RESULTS = REPOSITORY / "build" / "testsuite"
SERVERS = ("mysql", "mariadb")
IMPLEMENTATIONS = ("native", "compiled", "python")
COMBINATIONS = (("mysql", "native"), ("mysql", "python"), ("mariadb", "native"))
OUR_TESTS = "tests/suite"
TESTS = 1638 + 46
PYTEST = (
    "-m pytest -q --tb=short --show-capture=no -W ignore -p no:cacheprovider --import-mode=importlib"
    " -o consider_namespace_packages=true -o asyncio_mode=auto -o asyncio_default_fixture_loop_scope=function"
    # A test that hangs shows where.
    " -o faulthandler_timeout=120"
).split()
ASYNC_FILES = ("--ignore-glob=*_async.py", "--ignore-glob=*/test_async_*.py")
FAST_MODELS = ("-p", "suite.fast_models")
LIMIT = 1200  # seconds for one run of pytest


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Run the shared testsuite of rhosocial-activerecord.")
    parser.add_argument("--server", action="append", choices=SERVERS)
    parser.add_argument("--impl", action="append", choices=IMPLEMENTATIONS)
    parser.add_argument("--sync-only", action="store_true", help="leave out the asynchronous half")
    parser.add_argument("--area", action="append", default=[], help="such as feature/basic or benchmark/crud")
    parser.add_argument("--fast-models", action="store_true", help="put FastLoadMixin in front of every model")
    parser.add_argument("-n", type=int, default=2, metavar="PROCESSES")
    return parser.parse_args()


def selection(areas: list[str], sync_only: bool) -> list[str]:
    """What to collect. Our own tests come first: their conftest tells the suite's ones where the providers are."""
    folder = find_spec("rhosocial.activerecord.testsuite").submodule_search_locations[0]
    chosen = [f"{folder}/{area}" for area in areas] or ["--pyargs", "rhosocial.activerecord.testsuite"]
    return [OUR_TESTS, *chosen, *(ASYNC_FILES if sync_only else ())]


def run(server: str, implementation: str, selected: list[str], processes: int) -> list[Result]:
    """Run what can be run in several processes, then what plugin.py has marked as to be run alone."""
    print(f"--- {server}, {implementation}", flush=True)
    found = run_marked("not alone", server, implementation, selected, processes)
    return found + run_marked("alone", server, implementation, selected, min(processes, 1))


def run_marked(mark: str, server: str, implementation: str, selected: list[str], processes: int) -> list[Result]:
    """Run pytest once and read what it reports. Nothing is read if it could not begin."""
    file = RESULTS / f"{server}-{implementation}-{mark.replace(' ', '-')}.xml"
    file.unlink(missing_ok=True)
    environment = {
        **os.environ,
        "RHOSOCIAL_MYSQLCLIENT_TEST_SERVER": server,
        "RHOSOCIAL_MYSQLCLIENT_IMPL": implementation,
        "PYTHONPATH": os.pathsep.join(filter(None, (str(REPOSITORY / "tests"), os.environ.get("PYTHONPATH")))),
    }
    command = [sys.executable, *PYTEST, "-n", str(processes), "-m", mark, f"--junitxml={file}", *selected]
    with subprocess.Popen(command, cwd=REPOSITORY, env=environment) as pytest:
        try:
            pytest.wait(LIMIT)
        except subprocess.TimeoutExpired:
            print(f"stopped: not done after {LIMIT} s", flush=True)
            pytest.send_signal(signal.SIGINT)  # pytest ends its workers and servers
    return read_results(file) if file.exists() else []


def problems(server: str, results: list[Result], whole: bool) -> list[str]:
    """Everything that makes a run not pass."""
    listed = expected_skips(REPOSITORY / "docs" / "testsuite.md", server)
    skipped = {result.test for result in results if result.outcome == "skipped"}
    found = [f"failed: {result.test}" for result in results if result.outcome == "failed"]
    found += [f"skipped without a listed reason: {test}" for test in sorted(skipped - listed)]
    ran = {result.test for result in results} - skipped
    found += [f"listed as skipped, but it ran: {test}" for test in sorted(listed & ran)]
    number = sum(not result.test.startswith(f"{OURS}.") for result in results)
    if number == 0 or (whole and number != TESTS):
        found.append(f"{number} tests of the suite ran; the whole has {TESTS}")
    return found


def main() -> int:
    options = arguments()
    RESULTS.mkdir(parents=True, exist_ok=True)
    chosen = COMBINATIONS
    if options.server or options.impl:
        chosen = tuple(product(options.server or SERVERS, options.impl or IMPLEMENTATIONS))
    selected = [*(FAST_MODELS if options.fast_models else ()), *selection(options.area, options.sync_only)]
    results = {pair: run(*pair, selected, options.n) for pair in chosen}
    print(markdown_table({", ".join(pair): found for pair, found in results.items()}))
    whole = not (options.area or options.sync_only)
    wrong = [
        f"{server}, {implementation}: {line}"
        for (server, implementation), found in results.items()
        for line in problems(server, found, whole)
    ]
    print(*wrong, sep="\n", end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
