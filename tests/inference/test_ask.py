import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest

from llmtui.database.execute import Database
from llmtui.inference.answer import Answer, run_sql
from llmtui.inference.ask import Asker
from llmtui.inference.batch import answer_file, read_items
from llmtui.inference.calibration import calibrated
from llmtui.inference.candidates import Candidate
from llmtui.inference.repair import mend
from llmtui.inference.statement import statement_in
from llmtui.inference.wording import core_of, question_problem
from llmtui.trainer.prompt import Prompt
from llmtui.workspace.errors import RecordError
from tests.conftest import write_lines


class Scripted:
    """A model that says what it is told to, and remembers what it was asked."""

    def __init__(self, *says: str, schema: str = "weights") -> None:
        self.path = Path("scripted.gguf")
        self.prompt = Prompt("chatml", schema)
        self.context, self.confidence, self.cut = 2048, 0.9, False
        self.used = (7, 3)
        self.says, self.asked = list(says), list[str]()
        self.others: list[str] = []
        self._texts: list[str] = []

    def tokenize(self, text: str, control: bool = False) -> list[int]:
        self._texts.append(text)
        return [len(self._texts) - 1]

    def alternatives(self, most: int, enough: Callable[[str, Candidate], float]) -> None:
        for place, text in enumerate(self.others[:most], 1):
            if enough(text, Candidate([1], place * math.log(0.9))) > place * math.log(0.9):
                break

    def expect(self, statements: Iterable[str]) -> None:
        self.expected = list(statements)

    def stream(
        self,
        tokens: Sequence[int],
        *,
        max_tokens: int = 256,
        shared: int = 0,
    ) -> Iterator[str]:
        self.asked.append("".join(self._texts[token] for token in tokens))
        text = self.says.pop(0)
        yield from (text[i : i + 5] for i in range(0, len(text), 5))

    def turn(self) -> AbstractContextManager[object]:
        return nullcontext()

    def cancel(self) -> None: ...


def asked(database: Database, *says: str, question: str = "how many customers?") -> Answer:
    return Asker(database, Scripted(*says)).ask(question, id="7")


def test_an_answer_has_every_field_in_its_order(shop_database: Database) -> None:
    answer = asked(shop_database, "SELECT COUNT(*) FROM customers")
    data = answer.to_dict()
    assert list(data) == [
        "id", "question", "sql", "status", "columns", "rows", "row_count", "truncated",
        "confidence", "likelihood", "checks", "message", "seconds", "model",
    ]  # fmt: skip
    assert (data["status"], data["rows"], data["id"]) == ("ok", [[40]], "7")
    assert data["checks"] == {"parsed": True, "read_only": True, "bound": True, "ran": True}
    assert "model" not in answer.to_dict(asked=False)


@pytest.mark.parametrize(
    ("says", "status"),
    [
        ("I cannot help with that", "abstained"),
        ("SELECT nothing_like_it FROM customers", "abstained"),
        ("SELECT a FROM missing_table_xyz", "abstained"),
        ("DELETE FROM customers", "refused"),
        ("SELECT * FROM read_csv('/etc/passwd')", "refused"),
        ("", "abstained"),
    ],
)
def test_what_does_not_hold_is_never_an_answer(
    shop_database: Database, says: str, status: str
) -> None:
    answer = asked(shop_database, says, says)
    assert answer.status == status
    assert answer.message
    assert answer.rows == ()
    assert not answer.checks.ran


def test_the_second_try_gets_another_prompt_and_can_save_the_answer(
    shop_database: Database,
) -> None:
    model = Scripted("SELECT nope FROM customers", "SELECT COUNT(*) FROM orders")
    answer = Asker(shop_database, model).ask("How many orders are there? Please, just the number.")
    assert answer.status == "ok"
    assert len(set(model.asked)) == 2


def test_the_same_prompt_is_never_tried_twice(shop_database: Database) -> None:
    model = Scripted("SELECT nope FROM customers")
    assert Asker(shop_database, model).ask("how many orders").status == "abstained"
    assert len(model.asked) == 1


def test_a_model_that_reads_the_schema_is_told_what_failed(shop_database: Database) -> None:
    model = Scripted("SELECT nope FROM customers", "SELECT 1", schema="prompt")
    Asker(shop_database, model).ask("how many")
    assert "customers(id INTEGER" in model.asked[0]
    assert "SELECT nope FROM customers" in model.asked[1]


@pytest.mark.parametrize(
    "question", ["", "   ", "?!", "Сколько у нас клиентов?", "كم عدد العملاء", "x" * 5000]
)
def test_a_question_that_cannot_be_asked_costs_nothing(
    shop_database: Database, question: str
) -> None:
    model = Scripted()
    answer = Asker(shop_database, model).ask(question)
    assert (answer.status, answer.exit_code, model.asked) == ("failed", 1, [])
    assert answer.message.endswith(".")


@pytest.mark.parametrize("question", ["有多少客户？", "How many?", "客户 in Paris", "2023年?"])
def test_english_and_chinese_questions_can_be_asked(question: str) -> None:
    assert question_problem(question) == ""


def test_the_sql_is_streamed_as_it_grows(shop_database: Database) -> None:
    seen: list[str] = []
    asker = Asker(shop_database, Scripted("SELECT COUNT(*) FROM orders"))
    asker.ask("how many orders", on_text=seen.append)
    assert seen[0] == "SELEC"
    assert seen[-1] == "SELECT COUNT(*) FROM orders"


MENDED: list[tuple[str, str]] = [
    ("Sure!\n```sql\nSELECT name FROM customers;\n```\nDone", "SELECT name FROM customers"),
    ("SELECT name FROM customer", "SELECT name FROM customers"),
    ("SELECT nmae FROM customers", "SELECT name FROM customers"),
    ("SELECT name FROM customers WHERE city = 'paris'",
     "SELECT name FROM customers WHERE city = 'Paris'"),
    ("SELECT customers.total FROM orders JOIN customers ON orders.customer_id = customers.id",
     "SELECT orders.total FROM orders JOIN customers ON orders.customer_id = customers.id"),
]  # fmt: skip


@pytest.mark.parametrize(("said", "meant"), MENDED)
def test_near_misses_are_mended_and_told(shop_database: Database, said: str, meant: str) -> None:
    mended = mend(said, shop_database)
    assert mended.sql == meant
    assert bool(mended.changes) == (statement_in(said) != meant)


def test_what_is_right_is_not_touched(shop_database: Database) -> None:
    sql = (
        "SELECT c.name, count(*)  FROM customers c JOIN orders o ON o.customer_id = c.id GROUP BY 1"
    )
    assert mend(sql, shop_database).sql == sql
    far = "SELECT name FROM customers WHERE city = 'Reykjavik'"
    assert mend(far, shop_database).sql == far


def test_brackets_and_afterthoughts_are_not_the_core_of_a_question() -> None:
    assert core_of("Which are active? Just the names, please.") == "Which are active"
    assert core_of("已完成（completed）的项目。") == "已完成的项目"
    assert core_of("What did Mr. J. Smith buy?") == "What did Mr. J. Smith buy"


def test_a_statement_of_ones_own_goes_through_the_same_checks(shop_database: Database) -> None:
    assert run_sql(shop_database, "SELECT 1").status == "ok"
    assert run_sql(shop_database, "DROP TABLE orders").status == "refused"
    failed = run_sql(shop_database, "SELECT nope FROM orders")
    assert (failed.status, failed.exit_code, failed.checks.parsed) == ("failed", 1, True)


def answer_with(status: str) -> Callable[[str, str], Answer]:
    return lambda id, text: Answer(id=id, question=text, status=status)


def test_a_file_of_questions_gives_a_line_each_in_order(tmp_path: Path) -> None:
    file = write_lines(tmp_path / "q.jsonl", {"id": "b", "question": "x"}, {"question": "y"})
    events = list(answer_file(file, tmp_path / "a.jsonl", "question", answer_with("ok")))
    lines = (tmp_path / "a.jsonl").read_text().splitlines()
    assert ['"id": "b"' in lines[0], '"id": "2"' in lines[1]] == [True, True]
    assert len(events) >= 4


def test_a_bad_line_is_told_before_anything_is_answered(tmp_path: Path) -> None:
    file = write_lines(tmp_path / "q.jsonl", {"question": "x"}, {"sql": "SELECT 1"})
    with pytest.raises(RecordError, match='line 2: A line needs the text field "question"'):
        read_items(file, "question")


@pytest.mark.parametrize(
    "said",
    [
        "SELECT city FROM customers WHERE city = 'Rome' GROUP BY city",
        "SELECT id FROM customers WHERE city = 'Rome' GROUP BY id ORDER BY COUNT(*) DESC LIMIT 1",
        "SELECT name FROM customers WHERE city = 'Rome' ORDER BY id DESC LIMIT 1",
        "SELECT name FROM customers WHERE city = 'Rome' AND id > 9",
        "SELECT AVG(customer_id) FROM orders JOIN customers ON orders.customer_id = customers.id"
        " WHERE customers.city = 'Rome'",
        "SELECT name FROM customers WHERE city = 'Rome' OR city = 'city'",
    ],
)
def test_an_answer_that_asks_in_vain_is_not_believed(shop_database: Database, said: str) -> None:
    model = Scripted(said)
    model.others = ["SELECT COUNT(*) FROM customers WHERE city = 'Rome'"]
    assert Asker(shop_database, model).ask("rome customers?").sql == model.others[0]


@pytest.mark.parametrize("first", ["SELECT name FROM customers WHERE id < 0", "SELECT FROM FROM"])
def test_what_was_nearly_said_is_tried_when_the_answer_is_empty_or_none(
    shop_database: Database, first: str
) -> None:
    model = Scripted(first)
    model.others = ["SELECT name FROM customers WHERE id < -1", "SELECT MAX(id) FROM orders"]
    answer = Asker(shop_database, model).ask("the last order")
    assert (answer.sql, answer.rows) == ("SELECT MAX(id) FROM orders", ((200,),))


def test_an_empty_answer_stays_when_nothing_better_was_nearly_said(shop_database: Database) -> None:
    model = Scripted("SELECT name FROM customers WHERE id < 0")
    model.others = ["SELECT nonsense("]
    answer = Asker(shop_database, model).ask("customers with a negative id")
    assert (answer.status, answer.row_count) == ("ok", 0)
    assert answer.sql == "SELECT name FROM customers WHERE id < 0"


def test_an_answer_that_leaves_less_of_the_question_out_is_preferred(
    shop_database: Database,
) -> None:
    some, both = (f"SELECT COUNT(*) FROM customers WHERE city {test}"
                  for test in ("= 'Rome'", "IN ('Rome', 'Oslo')"))  # fmt: skip
    model = Scripted(some)
    model.others = ["SELECT COUNT(*) FROM customers", both]
    assert Asker(shop_database, model).ask("how many in rome or oslo?").sql == both
    whole = Scripted(both)
    whole.others = [some]
    assert Asker(shop_database, whole).ask("how many in rome or oslo?").sql == both


def test_an_answer_less_sure_than_wanted_is_not_shown(shop_database: Database) -> None:
    sql = "SELECT COUNT(*) FROM customers"
    asker = Asker(shop_database, Scripted(sql), least=0.95)
    answer = asker.ask("how many customers?")
    assert (answer.status, answer.rows, answer.sql) == ("abstained", (), sql)
    assert "Not sure enough: 29% of 95%" in answer.message
    assert Asker(shop_database, Scripted(sql), least=0.25).ask("how many?").status == "ok"


def test_an_answer_that_leaves_something_out_is_less_sure(shop_database: Database) -> None:
    sql = "SELECT COUNT(*) FROM customers"
    whole = Asker(shop_database, Scripted(sql)).ask("how many customers?")
    part = Asker(shop_database, Scripted(sql)).ask("how many customers in rome?")
    assert whole.confidence == pytest.approx(calibrated(0.9))
    assert part.confidence == pytest.approx(0.6 * calibrated(0.9))


@pytest.mark.parametrize(
    ("says", "told"),
    [
        ("-- Nothing here tells the salary of customers.",
         "Nothing here tells the salary of customers."),
        ("-- 您指的是哪个日期：开始日期还是结束日期？", "您指的是哪个日期：开始日期还是结束日期？"),
        ("  -- SELECT name FROM customers\n", "SELECT name FROM customers"),
    ],
)  # fmt: skip
def test_a_model_that_declines_gives_no_sql_and_is_not_asked_again(
    shop_database: Database, says: str, told: str
) -> None:
    model, seen = Scripted(says), list[str]()
    model.others = ["SELECT COUNT(*) FROM customers"]
    answer = Asker(shop_database, model).ask("Salaries? Please, now.", on_text=seen.append)
    assert (answer.status, answer.sql, answer.message) == ("abstained", "", told)
    assert (answer.rows, answer.exit_code, answer.checks.parsed) == ((), 1, False)
    assert seen == []
    assert len(model.asked) == 1


def test_a_comment_above_sql_declines_nothing(shop_database: Database) -> None:
    answer = asked(shop_database, "-- all of them\nSELECT COUNT(*) FROM customers")
    assert (answer.status, answer.rows) == ("ok", ((40,),))


def test_a_model_may_decline_at_the_second_try(shop_database: Database) -> None:
    model = Scripted("SELECT nope FROM customers", "-- Which date do you mean: a or b?")
    answer = Asker(shop_database, model).ask("When? Please, just the date.")
    assert (answer.status, answer.message) == ("abstained", "Which date do you mean: a or b?")
