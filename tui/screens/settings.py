"""Settings: every one with its value, where that comes from, and what it means."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.widgets import DataTable, Static

from llmtui.database.text import safe_text
from llmtui.tui.keys import bindings, parse_keymap
from llmtui.tui.screens.base import LlmtuiScreen
from llmtui.tui.session import Session
from llmtui.tui.texts import t
from llmtui.tui.widgets.dialogs import AskText
from llmtui.tui.widgets.lists import Rows
from llmtui.workspace import settings as settings_of
from llmtui.workspace.errors import LlmtuiError
from llmtui.workspace.project import start

OF_THE_SOURCE = ("exclude", "large")
"""Settings that are written into the project of the open source rather than the user's file."""


class SettingsScreen(LlmtuiScreen):
    place = "settings"
    BINDINGS = bindings("settings")

    def __init__(self, session: Session | None) -> None:
        super().__init__()
        self.session = session
        self.names = [field.name for field in dataclasses.fields(settings_of.Settings)]

    def content(self) -> ComposeResult:
        yield Static(Text(t("about_settings")), classes="quiet")
        yield Rows(id="settings", cursor_type="row", zebra_stripes=True, classes="frame")
        yield Static("", id="meaning", classes="facts")

    def on_mount(self) -> None:
        table = self.query_one(Rows)
        table.add_columns(*(Text(t(name)) for name in ("setting", "value", "comes_from")))
        table.focus()

    def on_screen_resume(self) -> None:
        if self.is_mounted:
            self.call_after_refresh(self.show)

    @property
    def file(self) -> Path | None:
        """The project's file, when it is there."""
        file = self.session.project.file if self.session else None
        return file if file is not None and file.is_file() else None

    def show(self) -> None:
        table = self.query_one(Rows)
        row = table.cursor_row
        try:
            values = dataclasses.asdict(settings_of.load(self.file))
            origins = settings_of.origins(self.file)
        except LlmtuiError as error:
            self.problem(error)
            return
        table.clear()
        for name in self.names:
            given = origins[name] != "default"
            told = origin_name(origins[name])
            table.add_row(
                Text(name, style="bold" if given else ""),
                Text(safe_text(str(values[name]))),
                Text(told, style="" if given else "dim"),
            )
        table.move_cursor(row=row)

    @on(DataTable.RowHighlighted)
    def explain(self, event: DataTable.RowHighlighted) -> None:
        self.query_one("#meaning", Static).update(Text(t(f"set_{self.names[event.cursor_row]}")))

    @on(DataTable.RowSelected)
    def chosen(self) -> None:
        self.action_change()

    @work
    async def action_change(self) -> None:
        """Ask for another value and write it where it belongs."""
        name = self.names[self.query_one(Rows).cursor_row]
        try:
            value = str(getattr(settings_of.load(self.file), name))
        except LlmtuiError as error:
            self.problem(error)
            return
        question = f"{name}\n{t(f'set_{name}')}\n{t('written_to', file=self.home_of(name))}"
        answer = await self.app.push_screen_wait(AskText(question, value))
        if answer is not None and answer != value:
            self.write(name, answer)

    def action_default(self) -> None:
        """Take the highlighted setting out of the file that it stands in."""
        self.write(self.names[self.query_one(Rows).cursor_row], None)

    def home_of(self, name: str) -> Path:
        """The file that a change of this setting is written to: where it stands already, if any."""
        from llmtui.workspace import paths

        project = self.session.project.file if self.session else None
        if project is not None:
            stands = settings_of.origins(self.file)[name] == str(project)
            if stands or name in OF_THE_SOURCE:
                return project
        return paths.settings_file()

    def write(self, name: str, value: str | None) -> None:
        try:
            if name == "keys":
                self.app.set_keymap(parse_keymap(value or ""))
            file = self.home_of(name)
            if self.session is not None and file == self.session.project.file:
                start(self.session.project, self.session.source)
                settings_of.save_project(file, **{name: value})
            else:
                settings_of.save_user(**{name: value})
            origin = settings_of.origins(self.file)[name]
            changed = str(getattr(settings_of.load(self.file), name))
        except LlmtuiError as error:
            self.problem(error)
            return
        if value is not None and changed != value and origin.startswith("LLMTUI_"):
            self.notify(t("environment_wins", name=origin), severity="warning", markup=False)
        if name == "theme":
            self.app.theme = changed if changed in self.app.available_themes else self.app.theme
        elif self.session is not None:
            self.session.forget_database()
        self.show()


def origin_name(origin: str) -> str:
    """An origin in few words: what it is, and the file or variable."""
    if origin == "default":
        return t("default_value")
    if origin.startswith("LLMTUI_"):
        return f"{t('environment')} {origin}"
    kind = "own_file" if origin.endswith("settings.toml") else "project_file"
    return t(kind)
