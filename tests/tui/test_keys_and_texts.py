"""One registry of keys and two catalogues of texts: complete, and used."""

import dataclasses
import re
from pathlib import Path
from string import Formatter

import pytest
from textual.widgets._footer import FooterKey

import llmtui.tui
from llmtui.inference.answer import CUT, Answer
from llmtui.tui.answers import result_line
from llmtui.tui.app import LlmtuiApp
from llmtui.tui.budget import accuracy_text
from llmtui.tui.keys import KEYS, PLACES, parse_keymap
from llmtui.tui.rowlist import row_text, summary
from llmtui.tui.screens.help import HelpScreen
from llmtui.tui.screens.home import HomeScreen
from llmtui.tui.texts import catalogue, language, own_words
from llmtui.workspace import paths, settings
from llmtui.workspace.errors import StorageError, UsageError
from llmtui.workspace.events import Scored
from llmtui.workspace.files import told_when_disk_refuses
from llmtui.workspace.records import Instruction

ROOM = Path(llmtui.tui.__path__[0])


def slots(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_both_catalogues_have_the_same_texts_with_the_same_slots() -> None:
    english, chinese = catalogue("en"), catalogue("zh")
    assert list(english) == list(chinese)
    assert {k: slots(v) for k, v in english.items()} == {k: slots(v) for k, v in chinese.items()}
    same = {key for key in english if english[key] == chinese[key]}
    assert not same, "not translated"


def test_rows_scores_and_common_errors_are_told_in_chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMTUI_LANG", "zh")
    scores = [Scored(f"{who} · held-out en", "strict", 1, 2, 0, 1) for who in ("tuned", "base")]
    row = Instruction("a", "?", "SELECT 1", shape="group_count", status="accepted", split="dev")
    told = [accuracy_text(scores), summary([row], 1), row_text(row).plain.partition("·")[2]]
    cut = Answer(sql="SELECT 1", status="ok", row_count=9, truncated=True,
                 message=CUT.format(rows=9))  # fmt: skip
    told.append(result_line(cut, chart=False).replace("· 0.00 s", ""))
    with pytest.raises(UsageError) as wrong:
        settings.load(minuts=3)
    with pytest.raises(UsageError) as typed:
        paths.typed_path("~nosuch/x")
    with pytest.raises(StorageError) as folder, told_when_disk_refuses(Path("/x")):
        raise IsADirectoryError(21, "…")
    told += [own_words(str(error.value)) for error in (wrong, typed, folder)]
    names = r"SQL|dev|command line|minut\w+|Could.*directory|\(…\)|~nosuch/x|/x|\ba\b"
    for text in told:
        assert not re.search("[A-Za-z]{2}", re.sub(names, "", text)), text


def test_every_setting_is_explained() -> None:
    for field in dataclasses.fields(settings.Settings):
        assert f"set_{field.name}" in catalogue("en")


def test_every_text_that_the_code_names_is_there_and_every_text_is_used() -> None:
    code = "".join(file.read_text("utf-8") for file in ROOM.rglob("*.py"))
    named = set(re.findall(r'\bt\(\s*"(\w+)"', code))
    assert named - set(catalogue("en")) == set()
    words = set(re.findall(r"[\"'](\w+)[\"']", code)) | {f"go_{p}" for p in PLACES}
    words |= {f"about_{p}" for p in PLACES} | {f"step{n}" for n in range(1, 6)} | set(PLACES)
    words |= {key.place for key in KEYS} | {key.text for key in KEYS}
    made = re.findall(r"""f["'](\w+_)\{""", code)
    heads = (*made, "said_")
    unused = {key for key in catalogue("en") if key not in words and not key.startswith(heads)}
    assert unused == set()


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [
        ({"LLMTUI_LANG": "zh", "LANG": "en_US.UTF-8"}, "zh"),
        ({"LLMTUI_LANG": "", "LC_ALL": "zh_CN.UTF-8"}, "zh"),
        ({"LLMTUI_LANG": "", "LC_ALL": "", "LC_MESSAGES": "zh_CN", "LANG": "C"}, "zh"),
        ({"LLMTUI_LANG": "", "LC_ALL": "", "LC_MESSAGES": "", "LANG": "de_DE"}, "en"),
    ],
)
def test_the_language_follows_the_locale(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], wanted: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert language() == wanted


def test_ids_are_unique_and_no_place_has_a_key_twice() -> None:
    ids = [key.id for key in KEYS]
    assert len(ids) == len(set(ids))
    taken = [(key.place, one) for key in KEYS for one in key.keys.split(",")]
    assert len(taken) == len(set(taken))


@pytest.mark.parametrize("place", PLACES)
async def test_every_place_opens_and_its_footer_has_at_most_eight_keys(
    shop: Path, place: str
) -> None:
    app = LlmtuiApp(shop)
    async with app.run_test(size=(160, 24)) as pilot:
        app.go(place)
        await pilot.pause()
        assert getattr(app.screen, "place", "") == place
        assert 3 <= len(app.screen.query(FooterKey)) <= 8
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(app.screen, HomeScreen)


@pytest.mark.parametrize("place", PLACES)
async def test_f1_lists_every_key_and_explains_the_place(shop: Path, place: str) -> None:
    app = LlmtuiApp(shop)
    async with app.run_test(size=(80, 24)) as pilot:
        app.go(place)
        await pilot.press("f1")
        assert isinstance(app.screen, HelpScreen)
        shown = "\n".join(str(item.content) for item in app.screen.query("Static"))
        for key in KEYS:
            assert key.keys.replace(",", ", ") in shown
            assert key.id in shown
        assert catalogue("en")[f"about_{place}"] in shown
        await pilot.press("escape")
        assert not isinstance(app.screen, HelpScreen)


async def test_a_key_of_ones_own_replaces_the_built_in_one(shop: Path) -> None:
    settings.save_user(keys="home.database=ctrl+b; home.tune=z")
    app = LlmtuiApp(shop)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("b")
        assert isinstance(app.screen, HomeScreen)
        await pilot.press("ctrl+b")
        await pilot.pause()
        assert getattr(app.screen, "place", "") == "database"
        await pilot.press("f1")
        shown = "\n".join(str(item.content) for item in app.screen.query("Static"))
        assert "ctrl+b" in shown


@pytest.mark.parametrize("text", ["nothing.here=f2", "ask.copy", "ask.copy=", "ask.copy=[/]"])
def test_a_wrong_keymap_is_told(text: str) -> None:
    with pytest.raises(UsageError, match="keys"):
        parse_keymap(text)


async def test_a_wrong_keymap_is_told_on_the_first_screen(shop: Path) -> None:
    settings.save_user(keys="nothing.here=f2")
    app = LlmtuiApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert "nothing.here" in str(app.screen.query_one("#problem").content)  # type: ignore[attr-defined]


async def test_the_palette_offers_every_place_and_every_key_of_the_screen(shop: Path) -> None:
    app = LlmtuiApp(shop)
    async with app.run_test(size=(80, 24)):
        titles = [command.title for command in app.get_system_commands(app.screen)]
        for place in PLACES:
            assert catalogue("en")[place] in titles
        assert catalogue("en")["demo"] in titles
