"""The fuzzer's corpus again: what `make fuzz` starts from, and what it once found."""

import importlib.util
from pathlib import Path

import pytest

FUZZ = Path(__file__).parents[2] / "fuzz"
SPEC = importlib.util.spec_from_file_location("fuzz_targets", FUZZ / "targets.py")
targets = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(targets)
CORPUS = [line.split() for line in (FUZZ / "corpus.txt").read_text().splitlines()]


@pytest.mark.parametrize("target", targets.TARGETS)
def test_both_codecs_answer_the_corpus_alike(target):
    inputs = [bytes.fromhex(data) for name, data in CORPUS if name == target]
    answers = [targets.TARGETS[target](data) for data in inputs]
    refusals = sum(isinstance(answer, tuple) for answer in answers)
    assert refusals > 5 and len(answers) - refusals > 20  # both ways are walked


def test_a_difference_is_found(monkeypatch):
    monkeypatch.setattr(targets._python, "bind", lambda *arguments: b"<else>")
    with pytest.raises(AssertionError, match="<else>.*, compiled"):
        targets.bind(b"\x00text")
    monkeypatch.setattr(targets._python, "bind", lambda *arguments: 1 / 0)
    with pytest.raises(AssertionError, match="ZeroDivisionError is no answer"):
        targets.bind(b"\x00text")
