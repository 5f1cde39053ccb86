"""The ablations tune every variant as long as the others, ask it once, and compare case by case."""

import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.test_accuracy_benchmark import BENCHMARKS, answer, databases


@pytest.fixture
def ablation(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import ablation

    return ablation


def test_variants_are_tuned_as_long_asked_once_and_told_apart(
    ablation: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    ran: list[tuple[str, ...]] = []

    def llmtui(*command: object, **how: Any) -> tuple[subprocess.CompletedProcess[str], float]:
        ran.append((how["program"][-1], *map(str, command)))
        return subprocess.CompletedProcess([], 0, "", ""), 1.0

    def asked(_source: Path, _lines: list[str], _home: Path, program: Any) -> list[dict[str, Any]]:
        return [answer(n, n < (4 if program[-1] == "as it comes" else 1)) for n in range(4)]

    monkeypatch.setattr(ablation, "llmtui", llmtui)
    monkeypatch.setattr(ablation, "asked", asked)
    file, root = tmp_path / "a.json", databases(tmp_path / "d", "one")
    names = ["as it comes", "two rounds", "rewritten rows"]
    arguments = ["ablation.py", str(root), "--minutes", "6", "--json", str(file), "--only", *names]
    monkeypatch.setattr(sys, "argv", arguments)
    assert ablation.main() == 0
    tunes = {name: rest for name, what, *rest in ran if what == "tune"}
    assert tunes["as it comes"][-1] == "6.0"
    assert tunes["two rounds"][1:] == ["--minutes", "3.0", "--rounds", "2"]
    assert [what for name, what, *_ in ran if name == "rewritten rows"] == [
        "instructions", "instructions", "tune",
    ]  # fmt: skip
    assert "| two rounds | d/one | 25.0% (1/4; 5%–70%) | +0 −3, p 0.25 |" in capsys.readouterr().out
    assert len(json.loads(file.read_text("utf-8"))["results"]) == 3
    before = len(ran)
    assert ablation.main() == 0
    assert len(ran) == before


def test_without_chance_every_question_is_asked_in_the_first_way(ablation: ModuleType) -> None:
    first = ablation.First(0)
    assert [first.choice("ab") for _ in range(5)] == ["a"] * 5
    assert first.choices(["x", "y"], [1, 9]) == ["x"]
