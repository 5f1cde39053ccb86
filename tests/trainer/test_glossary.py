"""Words of a person's own for tables, columns and values."""

from pathlib import Path

import pytest

from llmtui.database.execute import Database
from llmtui.trainer.instructions.build import build
from llmtui.trainer.instructions.construct import Options
from llmtui.trainer.instructions.glossary import read_glossary, template
from llmtui.workspace.errors import UsageError
from llmtui.workspace.events import Event, Note
from llmtui.workspace.project import Project, start
from llmtui.workspace.records import load_rows

OWN = """
[tables]
customers = "shopper | 买主"
custmers = "typo"
[columns]
"orders.status" = "progress | 进度"
[values]
sent = "on its way | 在路上"
"""


def test_questions_are_built_with_the_words_of_the_glossary(
    shop: Path, shop_database: Database
) -> None:
    project = Project(shop.parent / "p")
    start(project, shop)
    project.glossary.write_text(OWN, "utf-8")
    events, text = list[Event](), ""
    for seed in range(4):  # a value of one column is seldom spoken of
        events = list(build(shop_database, project, Options(rows=700, seed=seed)))
        text += "\n".join(row.question.lower() for row in load_rows(project.instructions))
    for word in ("shopper", "买主", "progress", "进度", "on its way", "在路上"):
        assert word in text
    notes = [event.text for event in events if isinstance(event, Note)]
    assert any('"custmers", which is no table' in note for note in notes)


def test_the_template_is_a_glossary_with_every_name(
    tmp_path: Path, shop_database: Database
) -> None:
    file = tmp_path / "glossary.toml"
    file.write_text(template(shop_database.schema), "utf-8")
    found = read_glossary(file)
    assert found["tables"]["customers"].startswith("customer | ")
    assert "客户" in found["tables"]["customers"]
    assert "城市" in found["columns"]["customers.city"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[tables", "not valid TOML"),
        ("[names]\na = 'b'", 'no part "names"'),
        ("[tables]\na = 3", 'words of "a"'),
        ("tables = 'x'", 'words of "tables"'),
    ],
)
def test_a_wrong_glossary_is_told(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "glossary.toml"
    file.write_text(text)
    with pytest.raises(UsageError, match=told):
        read_glossary(file)
