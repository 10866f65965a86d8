"""`make bench-check` on reports made up for it."""
import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

FILE = Path(__file__).resolve().parents[2] / "benchmarks" / "check.py"
GOALS = {"faster": ">= 2", "smaller": "<= 1.15"}
RUNS = [{"faster": 4.0, "smaller": 1.0}, {"faster": 4.4, "smaller": 1.02}, {"faster": 3.2, "smaller": 0.99}]


@pytest.fixture
def check() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bench_check", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def judge(check, tmp_path, capsys):
    """Exit status and output for a report with these ratios, against the baseline of RUNS."""

    def report(name: str, mysql: dict[str, float], mariadb: dict[str, float]) -> str:
        made = {"meta": {"date": name}, "goals": GOALS, "ratios": mysql, "mariadb": {"ratios": mariadb}}
        (tmp_path / name).write_text(json.dumps(made))
        return str(tmp_path / name)

    baseline = str(tmp_path / "baseline.json")
    runs = [report(f"run{i}", run, {"faster": 5.0}) for i, run in enumerate(RUNS)]
    assert check.main(["--take", "--baseline", baseline, *runs]) == 0

    def judged(mysql: dict[str, float], mariadb: dict[str, float] | None = None) -> tuple[int, str]:
        status = check.main(["--baseline", baseline, report("now", mysql, mariadb or {"faster": 5.0})])
        return status, capsys.readouterr().out

    judged.baseline = Path(baseline)
    return judged


def test_baseline_has_the_median_and_what_the_runs_differ_by(judge):
    made = json.loads(judge.baseline.read_text())
    assert made["mysql"]["faster"] == {"median": 4.0, "runs": [3.2, 4.0, 4.4], "goal": ">= 2", "tolerance": 0.3}
    assert made["mysql"]["smaller"]["tolerance"] == 0.1  # the runs differ by less than noise is taken to be
    assert made["mariadb"]["faster"] == {"median": 5.0, "runs": [5.0] * 3, "goal": ">= 2", "tolerance": 0.1}


@pytest.mark.parametrize("mysql", [
    {"faster": 4.0, "smaller": 1.0}, {"faster": 2.81, "smaller": 1.09}, {"faster": 40.0, "smaller": 0.1},
])  # fmt: skip
def test_noise_and_gains_pass(judge, mysql):
    status, output = judge(mysql)
    assert status == 0
    assert "WORSE" not in output and "missing" not in output


@pytest.mark.parametrize(("mysql", "mariadb", "blamed"), [
    ({"faster": 2.79, "smaller": 1.0}, None, ("mysql", "faster")),
    ({"faster": 4.0, "smaller": 1.11}, None, ("mysql", "smaller")),
    ({"faster": 4.0, "smaller": 1.0}, {"faster": 4.4}, ("mariadb", "faster")),
])  # fmt: skip
def test_a_drop_beyond_noise_fails_and_is_named(judge, mysql, mariadb, blamed):
    status, output = judge(mysql, mariadb)
    assert status == 1
    assert _lines(output, "WORSE") == [blamed]


def test_few_runs_say_little_about_noise(check):
    assert check.figure([5.0, 5.0], ">= 2")["tolerance"] == 0.25


def test_a_figure_that_is_gone_fails(judge):
    status, output = judge({"faster": 4.0})
    assert status == 1
    assert _lines(output, "missing") == [("mysql", "smaller")]


def test_a_new_figure_is_told(judge):
    status, output = judge({"faster": 4.0, "smaller": 1.0, "newer": 7.0})
    assert status == 0
    assert _lines(output, "not in the baseline") == [("mysql", "newer")]


def test_without_a_report_it_says_how_to_make_one(check, tmp_path, capsys):
    assert check.main([str(tmp_path / "none.json")]) == 1
    assert "make bench writes the report" in capsys.readouterr().err


def test_the_committed_baseline_has_every_figure_and_its_noise():
    baseline = json.loads((FILE.parent / "baseline.json").read_text())
    assert len(baseline["mysql"]) > 20
    for server in ("mysql", "mariadb"):
        for figure in baseline[server].values():
            assert figure["runs"][0] <= figure["median"] <= figure["runs"][-1]
            assert figure["tolerance"] >= (0.1 if len(figure["runs"]) > 2 else 0.25)


def _lines(output: str, ending: str) -> list[tuple[str, str]]:
    """(server, key) of the lines that end so."""
    found, server = [], ""
    for line in output.splitlines():
        first = line.split()[0]
        server = first if first in ("mysql", "mariadb") else server
        if line.endswith(ending):
            found.append((server, first))
    return found
