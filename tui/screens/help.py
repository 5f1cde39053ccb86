"""F1: every key, from the one registry, those of the screen one comes from first."""

from __future__ import annotations

from collections.abc import Mapping

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from llmtui.tui.keys import KEYS
from llmtui.tui.texts import t
from llmtui.tui.widgets.once import Once


class HelpScreen(Once, ModalScreen[None]):
    BINDINGS = [  # noqa: RUF012
        Binding("escape,f1,q", "dismiss", t("back")),
        Binding("j", "scroll('down')"),
        Binding("k", "scroll('up')"),
    ]

    def __init__(self, place: str, keymap: Mapping[str, str]) -> None:
        super().__init__()
        self.came_from, self.keymap = place, keymap

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="help"):
            yield Static(Text(f"{t('help')} · {t('keys')}", style="bold"))
            yield Static(Text(t(f"about_{self.came_from}")), classes="quiet")
            places = list(dict.fromkeys(key.place for key in KEYS))
            places.sort(key=lambda place: (place != self.came_from, place != "app"))
            for place in places:
                yield Static(Text(f"\n{t('everywhere') if place == 'app' else t(place)}", "bold"))
                for key in KEYS:
                    if key.place == place:
                        keys = self.keymap.get(key.id, key.keys).replace(",", ", ")
                        yield Static(Text.assemble(
                            f"  {keys:<14} {t(key.text)}  ", (key.id, "dim")
                        ))  # fmt: skip

    def on_mount(self) -> None:
        self.query_one("#help").focus()

    def action_scroll(self, way: str) -> None:
        box = self.query_one("#help", VerticalScroll)
        if way == "down":
            box.scroll_down()
        else:
            box.scroll_up()
