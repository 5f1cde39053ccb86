"""Every key of the app in one place: bindings, footer, F1 and command palette are made from it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from textual.binding import Binding, BindingType

from llmtui.tui.texts import t
from llmtui.workspace.errors import UsageError


@dataclass(frozen=True)
class Key:
    """A key by its id, `place.name`: the place is "app", "list", "dialog" or a screen's name."""

    id: str
    keys: str
    action: str
    text: str
    shown: bool = True
    """Whether the footer shows it; a screen shows at most eight, those of the app included."""
    first: bool = False
    """Whether it works while something is being typed."""

    @property
    def place(self) -> str:
        return self.id.partition(".")[0]


PLACES = ("home", "database", "instructions", "tune", "models", "ask", "chat", "settings")
"""Screens, by name; each is `llmtui.tui.screens.<name>`."""

KEYS = (
    Key("app.help", "f1", "help", "help", first=True),
    Key("app.palette", "ctrl+p", "command_palette", "palette", shown=False, first=True),
    Key("app.find", "slash", "find", "find_in_list", shown=False),
    Key("app.leave", "ctrl+q", "leave", "quit", first=True),
    Key("home.ask", "a", "app.go('ask')", "ask"),
    Key("home.chat", "c", "app.go('chat')", "chat"),
    Key("home.database", "b", "app.go('database')", "database"),
    Key("home.instructions", "i", "app.go('instructions')", "instructions"),
    Key("home.tune", "t", "app.go('tune')", "tune"),
    Key("home.models", "m", "app.go('models')", "models"),
    Key("home.settings", "s", "app.go('settings')", "settings", shown=False),
    Key("home.pick", "f", "pick", "pick", shown=False),
    Key("home.demo", "d", "demo", "demo", shown=False),
    Key("database.exclude", "x", "exclude", "exclude"),
    Key("database.find", "slash", "find", "find"),
    Key("database.back", "escape", "app.go('home')", "back"),
    Key("instructions.read", "enter", "edit", "edit", shown=False),
    Key("instructions.edit", "e", "edit", "edit"),
    Key("instructions.new", "n", "new", "new_row"),
    Key("instructions.accept", "a", "judge('accepted')", "accept"),
    Key("instructions.reject", "r", "judge('rejected')", "reject"),
    Key("instructions.take", "i", "take", "import", shown=False),
    Key("instructions.give", "x", "give", "export", shown=False),
    Key("instructions.cover", "c", "cover", "coverage"),
    Key("instructions.find", "slash", "find", "find"),
    Key("instructions.back", "escape", "app.go('home')", "back", shown=False),
    Key("tune.start", "enter", "start", "start"),
    Key("tune.pause", "p", "pause", "pause"),
    Key("tune.stop", "s", "stop", "stop"),
    Key("tune.log", "l", "toggle_log", "log"),
    Key("tune.runs", "r", "toggle_runs", "runs"),
    Key("tune.ask", "a", "app.go('ask')", "ask"),
    Key("tune.back", "escape", "app.go('home')", "back"),
    Key("runs.compare", "c", "compare", "compare"),
    Key("runs.find", "slash", "app.find", "find_in_list"),
    Key("runs.back", "escape,r", "dismiss(None)", "back"),
    Key("models.use", "enter", "use", "use", first=True),
    Key("models.add", "n", "add", "add"),
    Key("models.quantize", "q", "quantize", "quantize"),
    Key("models.delete", "d", "delete", "delete"),
    Key("models.chat", "c", "chat", "chat"),
    Key("models.back", "escape", "app.go('home')", "back"),
    Key("ask.run", "f5,ctrl+r", "run_sql", "run", first=True),
    Key("ask.accept", "ctrl+y", "accept", "accept", first=True),
    Key("ask.reject", "ctrl+n", "reject", "reject", shown=False, first=True),
    Key("ask.copy", "f8", "copy", "copy", first=True),
    Key("ask.copy_result", "f7", "copy_result", "copy_result", shown=False, first=True),
    Key("ask.chart", "f6", "chart", "chart", first=True),
    Key("ask.export", "f9", "export", "export", first=True),
    Key("ask.editor", "f4", "editor", "editor", shown=False, first=True),
    Key("ask.cancel", "escape", "cancel", "back", first=True),
    Key("chat.new", "ctrl+n", "new", "new_chat", first=True),
    Key("chat.again", "ctrl+r", "again", "again", first=True),
    Key("chat.copy", "f8", "copy", "copy_answer", first=True),
    Key("chat.copy_code", "f7", "copy_code", "copy_code", shown=False, first=True),
    Key("chat.system", "f6", "system", "system", shown=False, first=True),
    Key("chat.list", "f5", "toggle_list", "chats", first=True),
    Key("chat.export", "f9", "export", "export", first=True),
    Key("chat.delete", "ctrl+delete", "delete", "delete", shown=False, first=True),
    Key("chat.cancel", "escape", "cancel", "back", first=True),
    Key("settings.change", "enter", "change", "change", first=True),
    Key("settings.default", "d", "default", "default"),
    Key("settings.back", "escape", "app.go('home')", "back"),
    Key("list.down", "j", "cursor_down", "down", shown=False),
    Key("list.up", "k", "cursor_up", "up", shown=False),
    Key("list.left", "h", "cursor_left", "left_key", shown=False),
    Key("list.right", "l", "cursor_right", "right_key", shown=False),
    Key("list.top", "g", "top", "top", shown=False),
    Key("list.bottom", "G", "bottom", "bottom", shown=False),
    Key("sql.redo", "ctrl+shift+z", "redo", "redo", shown=False),
    Key("row.editor", "f4", "editor", "editor_row", first=True),
    Key("dialog.find", "slash", "app.find", "find_in_list"),
    Key("dialog.save", "ctrl+s", "save", "save", first=True),
    Key("dialog.cancel", "escape", "cancel", "cancel"),
)


def bindings(place: str) -> list[BindingType]:
    """The bindings of a place; a person's own keymap finds them by their ids."""
    return [
        Binding(key.keys, key.action, t(key.text), show=key.shown, priority=key.first, id=key.id)
        for key in KEYS
        if key.place == place
    ]


def parse_keymap(text: str) -> dict[str, str]:
    """ "ask.copy=f10; home.tune=t,ctrl+t" → id → keys. Raises UsageError naming what is wrong."""
    known = {key.id: key for key in KEYS}
    keymap: dict[str, str] = {}
    for part in filter(None, (piece.strip() for piece in text.split(";"))):
        id, sign, keys = (piece.strip() for piece in part.partition("="))
        if id not in known or not sign or not re.fullmatch(r"[\w+]+(,[\w+]+)*", keys):
            raise UsageError(
                f'The setting "keys" has "{part}"',
                hint="Write id=key, several with ; between: ask.copy=f10; tune.stop=x. "
                "F1 lists the ids.",
            )
        keymap[id] = keys
    for id, keys in keymap.items():
        _tell_clash(known[id], keys, keymap)
    return keymap


def _tell_clash(key: Key, keys: str, keymap: Mapping[str, str]) -> None:
    """Raise UsageError when another key that works beside this one is the same."""
    if keys == key.keys:
        return
    for other in KEYS:
        theirs = keymap.get(other.id, other.keys).split(",")
        beside = {key.place, other.place} <= {"row", "dialog", "sql"}
        beside = beside or key.place == other.place or "app" in (key.place, other.place)
        if other.id != key.id and beside and (both := set(keys.split(",")) & set(theirs)):
            raise UsageError(
                f'The setting "keys" gives {min(both)} to {key.id}, but {other.id} has it',
                hint=f"Choose another one, or give {other.id} another one too.",
            )
