"""The fit of the confidence takes what the model said, not what doubts left of it."""

import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from llmtui.database.execute import Database
from llmtui.inference.ask import Asker
from llmtui.inference.calibration import calibrated
from llmtui.trainer.evaluate.judge import Case
from llmtui.trainer.evaluate.report import as_data
from llmtui.trainer.evaluate.run import evaluate
from tests.inference.test_ask import Scripted

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
EVERYONE = "SELECT COUNT(*) FROM customers"


@pytest.fixture
def calibration(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import calibration

    return calibration


def test_an_evaluation_tells_what_the_model_said_beside_what_is_shown(
    shop_database: Database,
) -> None:
    cases = [
        Case(question, question, EVERYONE, "en", "en")
        for question in ("how many customers?", "how many customers in rome?")
    ]
    steps = evaluate(shop_database, Asker(shop_database, Scripted(EVERYONE, EVERYONE)), cases, "x")
    outcomes = []
    try:
        while True:
            next(steps)
    except StopIteration as ended:
        outcomes = ended.value
    plain, doubted = as_data({"x": outcomes}, {})["outcomes"]["x"]  # type: ignore[index]
    assert plain["likelihood"] == doubted["likelihood"] == 0.9
    assert plain["confidence"] == pytest.approx(calibrated(0.9))
    assert doubted["confidence"] == pytest.approx(0.6 * calibrated(0.9))


def test_doubts_are_not_counted_twice_and_what_is_shown_is_held_to_what_is_right(
    calibration: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    doubted = {"sql": "SELECT 1", "confidence": 0.6 * calibrated(0.97), "likelihood": 0.97}
    sure = {"sql": "SELECT 1", "confidence": calibrated(0.97), "likelihood": 0.97}
    before = {"sql": "SELECT 1", "confidence": calibrated(0.97)}
    assert {round(calibration.likelihood(one), 6) for one in (doubted, sure, before)} == {0.97}

    answers = [doubted | {"strict": n < 3} for n in range(10)]
    answers += [sure | {"strict": n < 8} for n in range(10)]
    file = tmp_path / "accuracy.json"
    file.write_text(json.dumps({"results": {"databases": {"shop": {"answers": answers}}}}))
    out = tmp_path / "calibration.json"
    monkeypatch.setattr(sys, "argv", ["calibration.py", str(file), "--json", str(out)])
    calibration.main()
    rows = json.loads(out.read_text())["results"]["shown"]
    assert [(row["from"], row["right"], row["answers"]) for row in rows] == [
        (0.35, 0.3, 10),
        (0.65, 0.8, 10),
    ]
    assert [row["stated"] for row in rows] == pytest.approx([0.6 * 0.715, 0.715])
    assert "| from 0.35 | 43% | 30%" in capsys.readouterr().out
