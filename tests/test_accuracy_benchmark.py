"""The benchmark of accuracy goes on where it was stopped and counts a failure as a miss."""

import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def accuracy(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import accuracy

    return accuracy


def answer(number: int, right: bool) -> dict[str, Any]:
    return {"id": str(number), "lang": "en", "question": f"q{number}", "gold": "SELECT 1",
            "sql": "SELECT 2", "strict": right, "tolerant": right, "lucky": False, "why": "",
            "confidence": 0.9 if right else 0.3,
            "kinds": [] if right else ["value"]}  # fmt: skip


def run(
    accuracy: ModuleType, monkeypatch: pytest.MonkeyPatch, *arguments: object
) -> tuple[int, list[str]]:
    """Run it with tuning and asking stood in for; its exit code and the databases it tuned on."""
    tuned: list[str] = []

    def llmtui(*command: object, home: Path) -> tuple[subprocess.CompletedProcess[str], float]:
        source = Path(str(command[1]))
        tuned.append(source.parent.name)
        home.mkdir(parents=True)
        code = 1 if source.parent.name == "broken" else 0
        return subprocess.CompletedProcess([], code, "", "no rows"), 60.0

    def evaluate(source: Path, _questions: Path, **_more: object) -> dict[str, Any]:
        right = {"one": 4, "two": 2}[source.parent.name]
        return {"outcomes": {"tuned": [answer(n, n < right) for n in range(4)]}}

    monkeypatch.setattr(accuracy, "llmtui", llmtui)
    monkeypatch.setattr(accuracy, "evaluate", evaluate)
    monkeypatch.setattr(sys, "argv", ["accuracy.py", *map(str, arguments)])
    return accuracy.main(), tuned


def databases(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).mkdir(parents=True)
        (root / name / "db.duckdb").write_text("x")
        (root / name / "questions.jsonl").write_text('{"question": "q", "sql": "SELECT 1"}\n' * 4)
    return root


def test_the_mean_is_over_databases_and_a_failed_tune_counts_as_all_missed(
    accuracy: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, file = databases(tmp_path / "d", "broken", "one", "two"), tmp_path / "a.json"
    code, tuned = run(accuracy, monkeypatch, root, "--json", file)
    data = json.loads(file.read_text("utf-8"))
    assert code == 1
    assert tuned == ["broken", "one", "two"]
    assert data["results"]["means"]["en"]["strict"]["value"] == pytest.approx(0.5)
    assert data["bars"]["mean strict accuracy, en"] == {"value": 0.5, "bar": 0.65, "ok": False}
    assert data["bars"]["precision of what is shown, above accuracy"]["value"] == pytest.approx(
        0.25
    )
    assert data["results"]["misses"] == {"value": 2}


def test_databases_that_are_done_are_not_tuned_again(
    accuracy: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, file = databases(tmp_path / "d", "one"), tmp_path / "a.json"
    assert run(accuracy, monkeypatch, root, "--json", file) == (0, ["one"])
    databases(root, "two")
    assert run(accuracy, monkeypatch, root, "--json", file)[1] == ["two"]
    with pytest.raises(SystemExit, match="was measured with"):
        run(accuracy, monkeypatch, root, "--json", file, "--minutes", 3)


def test_with_homes_kept_a_new_file_asks_again_without_tuning(
    accuracy: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, homes = databases(tmp_path / "d", "one"), tmp_path / "homes"
    assert run(accuracy, monkeypatch, root, "--homes", homes)[1] == ["one"]
    again = run(accuracy, monkeypatch, root, "--homes", homes, "--json", tmp_path / "b.json")
    assert again == (0, [])


def test_a_sheet_of_answers_is_written_for_reading(
    accuracy: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    root, file = databases(tmp_path / "d", "two"), tmp_path / "a.json"
    run(accuracy, monkeypatch, root, "--json", file)
    capsys.readouterr()
    assert run(accuracy, monkeypatch, root, "--json", file, "--sample", 3) == (0, [])
    sheet = capsys.readouterr().out
    assert sheet.count("- by hand:") == 3
    assert "- got: `SELECT 2`" in sheet
