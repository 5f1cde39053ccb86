import json
from pathlib import Path

import pytest

from llmtui.database.execute import Database
from llmtui.trainer.evaluate.judge import Case, Outcome
from llmtui.trainer.evaluate.misses import miss_kinds
from llmtui.trainer.evaluate.report import losses_of, write_report
from llmtui.trainer.evaluate.run import evaluate, load_cases
from llmtui.trainer.evaluate.statistics import mean_interval, paired, share, sign_test
from llmtui.workspace.errors import RecordError
from llmtui.workspace.events import Note, Progress, RowDropped, Scored, to_line
from tests.conftest import write_lines


class Fixed:
    """Answers every question with what a table says."""

    def __init__(self, answers: dict[str, str]) -> None:
        self.answers = answers

    def generate(self, instruction: str) -> str:
        return self.answers.get(instruction, "")


CASES = [
    Case("1", "count", "SELECT COUNT(*) FROM customers", "en", "en"),
    Case("2", "names", "SELECT name FROM customers", "en", "en"),
    Case("3", "数量", "SELECT COUNT(*) FROM orders", "zh", "zh"),
    Case("4", "broken gold", "SELECT nope FROM orders", "en", "en"),
]


def scored(database: Database, answers: dict[str, str]) -> tuple[list[Outcome], list[object]]:
    events: list[object] = []
    run = evaluate(database, Fixed(answers), CASES, "m")
    while True:
        try:
            events.append(next(run))
        except StopIteration as end:
            return end.value, events


def test_right_wrong_and_missing_answers_are_told_apart(shop_database: Database) -> None:
    answers = {"count": "SELECT 40", "names": "SELECT id, name FROM customers"}
    outcomes, events = scored(shop_database, answers)
    assert [(o.strict, o.tolerant) for o in outcomes] == [
        (True, True), (False, True), (False, False),
    ]  # fmt: skip
    assert outcomes[1].why == "2 columns instead of 1"
    assert outcomes[2].why == "no answer (abstained)"
    dropped = [event for event in events if isinstance(event, RowDropped)]
    assert [event.example for event in dropped] == ["4"]
    scores = {(e.name, e.metric): (e.hits, e.of) for e in events if isinstance(e, Scored)}
    assert scores[("m · en", "strict")] == (1, 2)
    assert scores[("m · en", "tolerant")] == (2, 2)


def test_sql_that_changes_data_scores_nothing(shop_database: Database) -> None:
    outcomes, _ = scored(shop_database, {"count": "DELETE FROM customers"})
    assert not outcomes[0].strict
    assert shop_database.run("SELECT COUNT(*) FROM customers").rows == ((40,),)


def test_the_interval_is_wilsons() -> None:
    half = share(50, 100)
    assert (round(half.low, 3), round(half.high, 3)) == (0.404, 0.596)
    assert share(10, 10).low < 1
    assert share(0, 0).high == 1


def test_a_mean_over_databases_comes_with_an_interval_that_the_seed_fixes() -> None:
    mean = mean_interval([0.2, 0.4, 0.6, 0.8])
    assert mean.value == pytest.approx(0.5)
    assert 0.2 < mean.low < 0.4
    assert 0.6 < mean.high < 0.8
    assert mean == mean_interval([0.2, 0.4, 0.6, 0.8])
    assert mean_interval([0.5, 0.5]).low == 0.5


def test_two_models_are_compared_case_by_case() -> None:
    both = [True] * 10
    ten = paired([*both, *[True] * 9, False], [*both, *[False] * 9, True])
    assert (ten.of, ten.only_first, ten.only_second) == (20, 9, 1)
    assert ten.p == pytest.approx(22 / 1024)  # two tails of 1 + 10 of 2**10
    assert ten.difference.value == pytest.approx(0.4)
    assert ten.difference.low > 0
    assert sign_test(0, 0) == sign_test(5, 5) == 1.0
    assert sign_test(1100, 10) < 1e-200 < sign_test(560, 540) < 1


def test_the_report_shows_scores_misses_and_the_loss_picture(
    shop_database: Database, tmp_path: Path
) -> None:
    outcomes, _ = scored(
        shop_database, {"count": "SELECT 40", "names": "SELECT city FROM customers"}
    )
    events = [Progress("finetune", s, 3, loss=1 / s) for s in (1, 2, 2, 3)]
    (tmp_path / "events.jsonl").write_text("\n".join(map(to_line, [*events, Note("x")])))
    assert losses_of(tmp_path / "events.jsonl") == [1, 0.5, 1 / 3]
    report = write_report(tmp_path, {"tuned": outcomes}, {"base": "b.gguf"})
    text = report.read_text("utf-8")
    assert "| tuned | all (3) | 33.3 % (1/3;" in text
    assert "| 3 | 0 | 1 | +33.3" not in text  # one model alone is compared with nothing
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "color-scheme:light dark" in page
    assert "<svg" in page
    assert "SELECT city FROM customers" in page
    assert "SELECT city FROM customers" in text
    assert "![Training loss by step](loss.svg)" in text
    assert (tmp_path / "loss.svg").read_text().startswith("<svg")
    data = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert data["scores"]["tuned"]["zh"]["strict"]["of"] == 1


def test_a_bad_line_of_a_question_file_is_named(tmp_path: Path) -> None:
    file = write_lines(
        tmp_path / "q.jsonl", {"question": "a", "sql": "SELECT 1"}, {"question": "b"}
    )
    with pytest.raises(RecordError, match="line 2"):
        load_cases(file)


def test_two_models_stand_side_by_side_on_the_same_questions(
    shop_database: Database, tmp_path: Path
) -> None:
    first, _ = scored(shop_database, {"count": "SELECT 40", "names": "SELECT name FROM customers"})
    second, _ = scored(shop_database, {"count": "SELECT 40"})
    text = write_report(tmp_path, {"new": first, "old": second[:2]}, {}).read_text("utf-8")
    assert "## new against old" in text
    assert "| strict | 2 | 1 | 0 | +50.0 (+0.0 to +100.0) | 1 |" in text


MISSES = [
    ("SELECT a FROM t", "", "abstained"),
    ("SELECT a FROM t", "SELECT a FROM u", "table"),
    ("SELECT a FROM t", "SELECT b FROM t", "column"),
    ("SELECT a FROM t", "SELECT a, b FROM t", "extra column"),
    ("SELECT a, b FROM t", "SELECT a FROM t", "missing column"),
    ("SELECT a FROM t WHERE b > 3", "SELECT a FROM t WHERE b >= 3", "operator"),
    ("SELECT a FROM t WHERE b = 3", "SELECT a FROM t WHERE b = 4", "value"),
    ("SELECT MAX(a) FROM t", "SELECT MIN(a) FROM t", "aggregate"),
    ("SELECT a FROM t GROUP BY a", "SELECT a FROM t GROUP BY a HAVING COUNT(*) > 1", "grouping"),
    ("SELECT DISTINCT a FROM t", "SELECT a FROM t", "distinct"),
    ("SELECT a FROM t ORDER BY b", "SELECT a FROM t ORDER BY b DESC", "order or limit"),
    ("SELECT a FROM t LEFT JOIN u ON t.i = u.i", "SELECT a FROM t JOIN u ON t.i = u.i", "join"),
    ("SELECT a FROM t", "SELECT a FROM (SELECT a FROM t) AS q", "structure"),
    ("SELECT a FROM t", "SELECT FROM WHERE", "invalid"),
]


@pytest.mark.parametrize(("gold", "sql", "kind"), MISSES)
def test_a_miss_is_named_by_what_differs_from_the_gold_query(
    gold: str, sql: str, kind: str
) -> None:
    assert kind in miss_kinds(gold, sql, "")


def test_the_same_query_under_other_aliases_differs_in_nothing_that_is_named() -> None:
    one = "SELECT x.a FROM t AS x JOIN u AS y ON x.i = y.i WHERE y.b = 3 ORDER BY x.a"
    other = "SELECT t.a FROM t JOIN u ON t.i = u.i WHERE u.b = 3 ORDER BY t.a"
    assert miss_kinds(one, other, "") == ("structure",)
