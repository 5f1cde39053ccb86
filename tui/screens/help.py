"""F1: every key, from the one registry."""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from llmtui.tui.keys import KEYS
from llmtui.tui.texts import t


class HelpScreen(ModalScreen[None]):
    BINDINGS = [Binding("escape,f1,q", "dismiss", t("back"))]  # noqa: RUF012

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="help"):
            yield Static(Text(f"{t('help')} · {t('keys')}", style="bold"))
            place = ""
            for key in KEYS:
                if key.place != place:
                    place = key.place
                    name = t("title") if place == "app" else t(place)
                    yield Static(Text(f"\n{name}", style="bold"))
                yield Static(Text(f"  {key.keys.replace(',', ', '):<14} {t(key.text)}"))
            yield Static(Text(f"  {'ctrl+p':<14} {t('theme')}, {t('home')}, {t('ask')} …"))
