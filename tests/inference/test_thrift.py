"""What one question costs: nothing is worked out again that is known already."""

from typing import Any

import pytest

from llmtui.database import link
from llmtui.database.execute import Database
from llmtui.inference import lacking
from llmtui.inference.ask import Asker
from llmtui.inference.repair import mend
from llmtui.trainer.instructions import things
from tests.inference.test_ask import Scripted


class Letters(Scripted):
    """Its tokens are letters; the longest texts that it was given are noted."""

    def __init__(self, *says: str) -> None:
        super().__init__(*says, schema="prompt")
        self.read: list[str] = []
        self.prompts: list[tuple[str, int]] = []

    def tokenize(self, text: str, control: bool = False) -> list[int]:
        self.read.append(text)
        return [ord(letter) for letter in text]

    def stream(self, tokens, *, max_tokens=256, shared=0):  # type: ignore[no-untyped-def]
        self.prompts.append(("".join(map(chr, tokens)), shared))
        yield self.says.pop(0)


COUNT = "SELECT COUNT(*) FROM customers WHERE city = 'Rome'"


def test_the_values_of_a_question_are_looked_for_once(
    shop_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []
    question = link.Question

    def counted(text: str) -> link.Question:
        looked.append(text)
        return question(text)

    monkeypatch.setattr(link, "Question", counted)
    asker = Asker(shop_database, Scripted(COUNT), settled=[("orders of Oslo", "SELECT 1")])
    asked = "how many customers in Rome?"
    assert asker.ask(asked).status == "ok"
    assert looked.count(asked) == 1


def test_a_schema_is_cut_and_read_once_for_all_questions(shop_database: Database) -> None:
    model = Letters(COUNT, COUNT, COUNT)
    asker = Asker(shop_database, model)
    asker.ask("how many in Rome?")
    model.read.clear()
    asker.ask("how many customers in Rome?")
    assert sum("customers(" in text for text in model.read) == 1
    (one, shared), (other, same) = model.prompts
    assert shared == same > 48
    assert one[:shared] == other[:shared]
    model.context = len(one) + 100 + 192
    narrow = Asker(shop_database, model)
    narrow.ask("how many customers in Rome, " + "really " * 20)
    assert len(model.prompts[2][0]) <= model.context - 192
    assert model.prompts[2][1] == 0


def test_the_names_of_a_schema_are_worked_out_once(
    shop_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[Any] = []
    lacking._names.cache_clear()  # of an equal schema, which another test asked about
    thing_of = things.thing_of
    monkeypatch.setattr(
        things, "thing_of", lambda table, taken: said.append(table) or thing_of(table, taken)
    )
    for _ in range(3):
        Asker(shop_database, Scripted("huh", "huh")).ask("How many invoices? Please.")
    assert len(said) == len(shop_database.schema.tables)


def test_a_pattern_is_looked_for_within_a_second(
    shop_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: list[float] = []
    run = shop_database.run

    def noted(sql: str, **named: Any) -> Any:
        limits.append(named.get("seconds") or shop_database.access.time_limit)
        return run(sql, **named)

    monkeypatch.setattr(shop_database, "run", noted)
    said = "SELECT COUNT(*) FROM customers WHERE city LIKE 'rom%'"
    assert "ILIKE" in mend(said, shop_database).sql
    assert limits == [1.0, 1.0]
