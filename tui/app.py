"""The app: screens over one open source. Nothing heavy is imported before the first paint."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path

from textual import work
from textual.app import App, SystemCommand
from textual.filter import LineFilter
from textual.screen import Screen

from llmtui.database.text import safe_text
from llmtui.tui.keys import KEYS, PLACES, bindings, parse_keymap
from llmtui.tui.plain import Plain
from llmtui.tui.screens.base import CanLose
from llmtui.tui.session import Session
from llmtui.tui.texts import t
from llmtui.tui.themes import THEMES
from llmtui.tui.title import show_title
from llmtui.workspace import settings as settings_of
from llmtui.workspace.errors import LlmtuiError

FREE_PLACES = ("home", "models", "settings")
"""Places that need no open source."""


class LlmtuiApp(App[int]):
    """`source` None offers the demo, a file picker and recent projects. `problem` is told first.

    A place is a Textual mode, so that it stays as it was left. Modes carry the number of the
    source that they were made for: another source gets places of its own.
    """

    TITLE = "llmtui"
    CSS_PATH = "app.tcss"
    BINDINGS = bindings("app")

    def __init__(self, source: Path | None = None, project: Path | None = None) -> None:
        super().__init__()
        self.session: Session | None = None
        self.problem = ""
        self._plain = Plain()
        self._number = 0
        self._first = (source, project)
        for theme in THEMES:
            self.register_theme(theme)

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [*super().get_line_filters(), self._plain]

    def on_mount(self) -> None:
        self._use_settings()
        source, project = self._first
        if source is not None:
            self.open_source(source, project)
        self.go("home")
        self.set_interval(0.5, self.watch_tune)

    def _use_settings(self) -> None:
        theme = "llmtui-dark"
        try:
            settings = settings_of.load()
            theme = settings.theme
            self.set_keymap(parse_keymap(settings.keys))
        except LlmtuiError as error:
            self.problem = str(error)
        self.theme = theme if theme in self.available_themes else "llmtui-dark"
        self.theme_changed_signal.subscribe(self, lambda theme: self._save_theme(theme.name))

    def _save_theme(self, name: str) -> None:
        try:
            if settings_of.load().theme != name:
                settings_of.save_user(theme=name)
        except (LlmtuiError, OSError) as error:
            self.notify(str(error), severity="warning", markup=False)

    def open_source(self, source: Path, project: Path | None = None) -> bool:
        """Make a source the open one; a problem is kept for the screen to tell."""
        try:
            session = Session(source, project)
        except LlmtuiError as error:
            self.problem = str(error)
            return False
        if self.session is not None:
            self.session.close()
        self.session, self.problem = session, ""
        self.sub_title = safe_text(self.session.source.name)
        self._number += 1
        return True

    def go(self, name: str) -> None:
        """Show a place by name; without a source those that need one become home."""
        if self.session is None and name not in FREE_PLACES:
            name = "home"
        while len(self.screen_stack) > 1:
            self.pop_screen()
        mode = f"{name}-{self._number}"
        if mode not in self._modes:
            self.add_mode(mode, partial(self._screen, name))
        self.switch_mode(mode)
        for old in [m for m in self._modes if not m.endswith(f"-{self._number}")]:
            if old != mode:
                self.remove_mode(old)

    def _screen(self, name: str) -> Screen[None]:
        module = import_module(f"llmtui.tui.screens.{name}")
        screen: Screen[None] = getattr(module, f"{name.title()}Screen")(self.session)
        return screen

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Without a source only what opens one is offered."""
        if action == "go" and self.session is None:
            return parameters[0] in FREE_PLACES
        return True

    def action_go(self, name: str) -> None:
        self.go(name)

    def watch_tune(self) -> None:
        """Follow the tune wherever the person is: the terminal's title, and a word at its end."""
        if self.session is None:
            return
        job = self.session.job
        was_done = job.state.done
        begun, had_failed = bool(job.events), job.state.failed
        job.new_events()
        if begun and job.state.done and not was_done:
            self.notify(t("tune_done"), timeout=15, markup=False)
        if begun and job.state.failed and not had_failed:
            text = t("tune_failed", why=safe_text(job.state.failed))
            self.notify(text, severity="error", timeout=15, markup=False)
        step = job.state.progress
        share = f"{step.step / step.of:.0%} " if step and step.of and job.running else ""
        show_title(self, f"{share}llmtui · {self.session.source.name}")

    @work
    async def action_find(self) -> None:
        """Go to the next row of the focused list that holds a text."""
        from llmtui.tui.widgets.dialogs import AskText
        from llmtui.tui.widgets.lists import Seekable

        found = self.focused
        if not isinstance(found, Seekable):
            return
        text = await self.push_screen_wait(AskText(t("find_in_list"), found.sought))
        if text and not found.seek(text):
            self.notify(t("not_found", text=safe_text(text)), severity="warning", markup=False)

    def action_help(self) -> None:
        from llmtui.tui.screens.help import HelpScreen

        if not isinstance(self.screen, HelpScreen):
            place = next((p for p in PLACES if self.current_mode.startswith(f"{p}-")), "home")
            self.push_screen(HelpScreen(place, self._keymap))

    @work
    async def action_leave(self) -> None:
        """End, after a question when something would be lost."""
        screens = [screen for stack in self._screen_stacks.values() for screen in stack]
        lost = [s.unsaved() for s in screens if isinstance(s, CanLose)]
        if any(lost):
            from llmtui.tui.widgets.dialogs import Confirm

            text = "\n".join(filter(None, lost))
            if not await self.push_screen_wait(Confirm(f"{text}\n{t('leave_anyway')}", t("quit"))):
                return
        self.exit(0)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Everything that can be done: places, the keys of this screen, looks."""
        for name in PLACES:
            if self.session is not None or name in FREE_PLACES:
                yield SystemCommand(t(name), t(f"go_{name}"), partial(self.go, name))
        place = getattr(screen, "place", "")
        for key in KEYS:
            if key.place in ("app", place) and not key.action.startswith(("app.go", "command_")):
                run = partial(self.call_later, partial(screen.run_action, key.action))
                yield SystemCommand(t(key.text), key.keys.replace(",", ", "), run)
        yield SystemCommand(t("theme"), t("theme_help"), self.action_change_theme)
        yield SystemCommand(
            t("screenshot"), t("screenshot_help"), lambda: self.set_timer(0.1, self.picture)
        )

    def picture(self) -> None:
        self.deliver_screenshot()


def run_app(source: Path | None, project: Path | None = None) -> int:
    """Run the app until the person leaves; returns the exit code."""
    app = LlmtuiApp(source, project)
    code = app.run()
    if app.session is not None:
        if app.session.job.running:
            print(t("goes_on"))
        app.session.close()
    return code or 0
