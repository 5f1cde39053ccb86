"""Every key of the app in one place: the footer, the bindings and F1 are made from it."""

from __future__ import annotations

from dataclasses import dataclass

from textual.binding import Binding, BindingType

from llmtui.tui.texts import t


@dataclass(frozen=True)
class Key:
    """A key of a place: "app" everywhere, else the screen's name."""

    place: str
    keys: str
    action: str
    text: str
    shown: bool = True
    first: bool = False
    """Whether it works while something is being typed."""


KEYS = (
    Key("app", "f1", "help", "help", first=True),
    Key("app", "ctrl+q", "leave", "quit", first=True),
    Key("home", "a", "app.go('ask')", "ask"),
    Key("home", "t", "app.go('tune')", "tune"),
    Key("home", "d", "demo", "demo"),
    Key("ask", "f5,ctrl+r", "run_sql", "run", first=True),
    Key("ask", "ctrl+y", "accept", "accept", first=True),
    Key("ask", "f8", "copy", "copy", first=True),
    Key("ask", "escape", "cancel", "back", first=True),
    Key("tune", "enter", "start", "start"),
    Key("tune", "s", "stop", "stop"),
    Key("tune", "a", "app.go('ask')", "ask"),
    Key("tune", "escape", "app.go('home')", "back"),
)


def bindings(place: str) -> list[BindingType]:
    """The bindings of a screen, or of the app."""
    return [
        Binding(key.keys, key.action, t(key.text), show=key.shown, priority=key.first)
        for key in KEYS
        if key.place == place
    ]
