"""Take pictures of the app on the demo database: `make screenshots` writes docs/screenshots/*.svg.

Everything runs in a folder of its own; the answer in the pictures is of SQL that is run, so that no
model is needed. `LLMTUI_LANG` chooses the language.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from pathlib import Path

SHOTS = (  # name, size, theme, place
    ("first", (80, 24), "llmtui-dark", ""),
    ("home", (100, 30), "llmtui-dark", "home"),
    ("database", (120, 34), "llmtui-dark", "database"),
    ("ask", (100, 30), "llmtui-light", "ask"),
    ("chart", (100, 30), "llmtui-dark", "chart"),
    ("tune", (100, 24), "llmtui-light", "tune"),
    ("settings", (100, 30), "llmtui-dark", "settings"),
)
SQL = (
    "SELECT departments.name, COUNT(*) AS employees FROM employees\n"
    "JOIN departments ON employees.department_id = departments.id\n"
    "GROUP BY departments.name ORDER BY employees DESC"
)


async def shot(size: tuple[int, int], theme: str, place: str) -> str:
    """The SVG of one place."""
    from llmtui.tui.app import LlmtuiApp
    from llmtui.workspace import paths

    app = LlmtuiApp(paths.demo_file() if place else None)
    async with app.run_test(size=size) as pilot:
        app.theme = theme
        if place:
            while app.session is None or app.session.schema is None:
                await asyncio.sleep(0.1)
            app.go("ask" if place == "chart" else place)
        await pilot.pause(1.0)
        if place in ("ask", "chart"):
            await answered(app)
            await pilot.press(*(["f6"] if place == "chart" else []))
        await pilot.pause(1.0)
        return app.export_screenshot(title="llmtui", simplify=True)


async def answered(app: object) -> None:
    from llmtui.tui.screens.ask import AskScreen
    from llmtui.tui.widgets.sqlarea import SqlArea

    screen = getattr(app, "screen", None)
    assert isinstance(screen, AskScreen)
    screen.query_one(SqlArea).load_text(SQL)
    screen.action_run_sql()
    while screen.answer is None:
        await asyncio.sleep(0.1)


def main(folder: Path) -> None:
    from llmtui.database.demo import write_demo
    from llmtui.workspace import paths

    write_demo(paths.demo_file())
    folder.mkdir(parents=True, exist_ok=True)
    for name, size, theme, place in SHOTS:
        svg = asyncio.run(shot(size, theme, place))
        (folder / f"{name}.svg").write_text(svg, encoding="utf-8")
        print(folder / f"{name}.svg")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        os.environ["LLMTUI_HOME"] = home
        os.environ.setdefault("LLMTUI_LANG", "en")
        main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "screenshots")
