"""Of a schema that is too large for the prompt, the model is shown what the question is about."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from llmtui.database.execute import Access, Database
from llmtui.inference.ask import Asker
from llmtui.tui.texts import translated
from tests.inference.test_thrift import Letters

TOLD = "the model was shown {} of 43 tables."
COUNT = "SELECT COUNT(*) FROM zebra_keepers"


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """Forty tables about nothing, and after them three that are tied."""
    file: Path = tmp_path_factory.mktemp("large") / "large.duckdb"
    with duckdb.connect(str(file)) as connection:
        for number in range(40):
            connection.execute(
                f"CREATE TABLE archive_{number:02d} (id INTEGER PRIMARY KEY, amount_one INTEGER,"
                " amount_two INTEGER, amount_three INTEGER, remark VARCHAR, checked_on DATE)"
            )
        connection.execute("""
            CREATE TABLE zebra_keepers (id INTEGER PRIMARY KEY, name VARCHAR);
            CREATE TABLE zoo_animals (id INTEGER PRIMARY KEY, nickname VARCHAR, weight DOUBLE);
            CREATE TABLE feedings (zebra_id INTEGER REFERENCES zoo_animals(id),
                keeper_id INTEGER REFERENCES zebra_keepers(id));
            INSERT INTO zebra_keepers VALUES (1, 'Wilhelmina'), (2, 'Ann'), (3, 'Bo');
            INSERT INTO zoo_animals VALUES (1, 'Stripes', 300), (2, 'Dotty', 310);
            COMMENT ON TABLE zoo_animals IS 'Animals / 动物';
            COMMENT ON COLUMN zoo_animals.weight IS 'Weight / 体重';
        """)
    with Database.open(file, Access()) as database:
        yield database


def asked(database: Database, question: str, context: int) -> tuple[str, int, str]:
    """The prompt, how much of it all questions share, and what is told with the answer."""
    model = Letters(COUNT)
    model.context = context + 192
    answer = Asker(database, model).ask(question)
    assert answer.status == "ok"
    (prompt, shared), *_ = model.prompts
    assert len(prompt) <= context
    return prompt, shared, answer.message


@pytest.mark.parametrize(
    ("question", "table"),
    [
        ("How many zebra keepers are there?", "zebra_keepers("),
        ("What is known about Wilhelmina?", "zebra_keepers("),
        ("the highest nickname", "zoo_animals("),
        ("动物有多少", "zoo_animals("),
        ("最大的体重", "zoo_animals("),
    ],
)
def test_the_tables_that_a_question_names_are_shown(
    large: Database, question: str, table: str
) -> None:
    prompt, shared, told = asked(large, question, 1500)
    assert table in prompt
    assert shared == 0
    shown = prompt.count("archive_") + prompt.count("zebra_keepers(")
    assert 3 < shown < 40
    assert TOLD.partition("{}")[0] in told


def test_tables_between_two_that_are_asked_for_come_with_their_keys(large: Database) -> None:
    prompt, _, told = asked(large, "zebra keepers with the nickname of their animals", 800)
    assert "feedings(" in prompt
    assert "zebra_keepers(" in prompt
    assert "zoo_animals(" in prompt
    assert "feedings.keeper_id = zebra_keepers.id" in prompt
    assert "feedings.zebra_id = zoo_animals.id" in prompt
    count = sum(f"{table.name}(" in prompt for table in large.schema.tables)
    assert told.endswith(TOLD.format(count))
    assert translated(TOLD.format(count), "zh") == f"表太多，只给模型看了 43 个表中的 {count} 个。"


def test_what_has_room_is_shown_whole_and_shared(large: Database) -> None:
    prompt, shared, told = asked(large, "How many zebra keepers are there?", 20_000)
    assert shared > 1000
    assert all(f"{table.name}(" in prompt for table in large.schema.tables)
    assert "tables" not in told
