"""The app in a real terminal over a database whose every name, comment and value is hostile.

`python -m tests.tui.hostile FILE` visits every place of the key registry and puts each of `STRINGS`
into every widget that it finds there; it exits with 0 when nothing ended the app.
"""

from __future__ import annotations

import asyncio
import faulthandler
import sys
from pathlib import Path

from rich.text import Text
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import Button, DataTable, Input, OptionList, RichLog, Static, TextArea, Tree

from llmtui.tui.app import LlmtuiApp
from llmtui.tui.keys import PLACES
from llmtui.tui.screens.base import LlmtuiScreen
from llmtui.tui.widgets.results import Results
from llmtui.workspace.errors import QueryError

OBEYED = [
    "\x1b]52;c;UFdO\x07", "\x1b]0;PWN\x07", "\x1b]8;;file:///PWN\x1b\\x", "\x1b[31mPWN",
    "\x1b[2JPWN",
    "\x1bPqPWN\x1b\\", "\x1b_PWN\x1b\\", "\x1b^PWN\x1b\\", "\x1bXPWN\x1b\\", "\x1bcPWN",
    "\x9b31mPWN",
    "\x9d0;PWN\x07", "\x90qPWN\x9c", "\x85PWN", "\x07PWN", "\x08\x08PWN", "\x0ePWN", "\x7fPWN",
    "\u202ePWN", "\u2066PWN", "\u200fPWN", "\u2028PWN",
]  # fmt: skip
"""What a terminal acts on; none of it may reach one as it stands."""
MARKUP = ["[/]", "[r", "[a=b]", "[@click=app.quit]x[/]", "[link=file:///PWN]x", "\\[", "[/bold]",
          "[bold", "[red]x", "$x {y} %s <|im_end|>"]  # fmt: skip
STRINGS = [*OBEYED, *MARKUP]
_filled: list[str] = []
_DRAWN = 0.04  # seconds in which a change is drawn


async def fill(widget: Widget, text: str) -> None:
    """Show a text in a widget, as data; nothing for a widget that shows none."""
    match widget:
        case Results():
            await widget.show([text, "n"], [[text, 1], [{text: [text]}, None]])
        case Static():
            widget.update(Text(text))
        case Input():
            widget.value = widget.placeholder = text
        case TextArea():
            widget.load_text(text)
        case DataTable():
            widget.clear(columns=True)
            widget.add_column(Text(text))
            widget.add_row(Text(text))
        case OptionList():
            widget.clear_options()
            widget.add_option(Text(text))
        case Tree():
            widget.root.add_leaf(Text(text))
        case RichLog():
            widget.write(Text(text))
        case Button():
            widget.label = Text(text)
        case _:
            pass


async def drive(pilot: Pilot[int]) -> None:
    app = pilot.app
    assert isinstance(app, LlmtuiApp)
    seen: set[type[Widget]] = set()
    for place in PLACES:
        app.go(place)
        await asyncio.sleep(1.5)
        enter = () if place == "tune" else ("enter",)  # where it would train for minutes
        for key in ("down", "down", *enter, "down"):
            await pilot.press(key)
        screen = app.screen
        new = {type(widget) for widget in screen.query(Widget)} - seen
        seen |= new
        for text in STRINGS:
            app.sub_title = text
            for widget in list(screen.query(Widget)):
                if type(widget) in new:
                    await fill(widget, text)
            await asyncio.sleep(_DRAWN)
        for text in STRINGS:
            app.notify(text, title=text, markup=False, timeout=0.2)
            if isinstance(app.screen, LlmtuiScreen):
                app.screen.problem(QueryError(text, where=text, hint=text))
            await asyncio.sleep(_DRAWN)
        if not isinstance(app.screen, LlmtuiScreen):  # a dialog that Enter opened
            await pilot.press("escape")
    _filled.extend(sorted(kind.__name__ for kind in seen))
    app.exit(0)


def main() -> int:
    faulthandler.dump_traceback_later(270, exit=True)  # tells where it hangs
    app = LlmtuiApp(Path(sys.argv[1]))
    code = app.run(auto_pilot=drive)
    print("widgets:", " ".join(_filled))
    return 1 if code is None else code


if __name__ == "__main__":
    sys.exit(main())
