"""The app: screens over one open source. Nothing heavy is imported before the first paint."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from textual import work
from textual.app import App, SystemCommand
from textual.filter import LineFilter
from textual.notifications import Notify, SeverityLevel
from textual.screen import Screen

from llmtui.database.text import safe_text
from llmtui.tui.keys import KEYS, PLACES, bindings, parse_keymap
from llmtui.tui.plain import Plain
from llmtui.tui.screens.base import CanLose
from llmtui.tui.session import Session
from llmtui.tui.texts import own_words, t, words_of
from llmtui.tui.themes import THEMES
from llmtui.tui.title import show_title
from llmtui.tui.toasts import Toasted
from llmtui.workspace import settings as settings_of
from llmtui.workspace.errors import LlmtuiError
from llmtui.workspace.log import log_failure

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
        self.problem = self.crash = ""
        """What was wrong with a source or a setting; what ended the app."""
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

    def on_unmount(self) -> None:
        """Threads that answer or read end with the app, which would wait for them."""
        if self.session is not None:
            self.session.close()

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = True,
    ) -> None:
        """Tell something in passing; from any thread."""
        seconds = self.NOTIFICATION_TIMEOUT if timeout is None else timeout
        self.post_message(Notify(Toasted(message, title, severity, seconds, markup=markup)))

    def _use_settings(self) -> None:
        theme = "llmtui-dark"
        try:
            settings = settings_of.load()
            theme = settings.theme
            self.set_keymap(parse_keymap(settings.keys))
        except LlmtuiError as error:
            self.problem = words_of(error)
        self.theme = theme if theme in self.available_themes else "llmtui-dark"
        self.theme_changed_signal.subscribe(self, lambda theme: self._save_theme(theme.name))

    def _save_theme(self, name: str) -> None:
        try:
            if settings_of.load().theme != name:
                settings_of.save_user(theme=name)
        except (LlmtuiError, OSError) as error:
            self.notify(words_of(error), severity="warning", markup=False)

    def open_source(self, source: Path, project: Path | None = None) -> bool:
        """Make a source the open one; a problem is kept for the screen to tell."""
        try:
            session = Session(source, project)
        except LlmtuiError as error:
            self.problem = words_of(error)
            return False
        if self.session is not None:
            self.session.close()
        self.session, self.problem = session, ""
        self.sub_title = safe_text(self.session.source.name)
        self._number += 1
        return True

    def go(self, name: str) -> None:
        """Show a place by name, after a question when what lies over this one would be lost.

        Without a source the places that need one become home.
        """
        lost = lost_with(self.screen_stack[1:])
        if lost:
            self._go_after_question(name, lost)
        else:
            self._show(name)

    @work
    async def _go_after_question(self, name: str, lost: str) -> None:
        if await self._may_lose(lost, t("discard")):
            self._show(name)

    def _show(self, name: str) -> None:
        """Show a place; one that cannot be made is told, and this one stays."""
        if self.session is None and name not in FREE_PLACES:
            name = "home"
        mode = f"{name}-{self._number}"
        if mode not in self._modes:
            try:
                screen = self._screen(name)
            except LlmtuiError as error:
                self.notify(words_of(error), severity="error", markup=False)
                return
            self.add_mode(mode, lambda: screen)
        while len(self.screen_stack) > 1:
            self.pop_screen()
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
        was_done, had_failed = job.state.done, job.state.failed
        ran = job.ran
        begun = ran or bool(job.events)
        job.new_events()
        if begun and job.state.done and not was_done:
            self.notify(t("tune_done"), timeout=15, markup=False)
        if begun and job.state.failed and not had_failed:
            text = t("tune_failed", why=safe_text(own_words(job.state.failed)))
            self.notify(text, severity="error", timeout=15, markup=False)
        if ran and job.died:
            self.notify(t("tune_died"), severity="error", timeout=15, markup=False)
        job.ran = job.running
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
        lost = lost_with(screen for stack in self._screen_stacks.values() for screen in stack)
        if not lost or await self._may_lose(lost, t("quit")):
            self.exit(0)

    async def _may_lose(self, lost: str, yes: str) -> bool:
        """Ask whether something may be lost; no while another such question is open."""
        from llmtui.tui.widgets.dialogs import Confirm

        if isinstance(self.screen, Confirm):
            return False
        answer = await self.push_screen_wait(Confirm(f"{lost}\n{t('leave_anyway')}", yes))
        return answer is True

    async def action_quit(self) -> None:
        """What Textual itself binds asks too."""
        self.action_leave()

    def action_help_quit(self) -> None:
        """Ctrl+C copies and never ends the app: say what does."""
        keys = self._keymap.get("app.leave", "ctrl+q").replace(",", ", ")
        self.notify(t("how_to_quit", keys=keys), markup=False)

    def action_command_palette(self) -> None:
        from textual._node_list import DuplicateIds

        from llmtui.tui.widgets.palette import Palette

        if not isinstance(self.screen, Palette):
            palette = Palette(placeholder=t("search_commands"), id="--command-palette")
            with suppress(DuplicateIds):  # the one before is still on its way out
                self.push_screen(palette)

    def _fatal_error(self) -> None:
        """One sentence in the place of a traceback, which could show data."""
        error = self._exception or RuntimeError()
        self.crash = t("crashed", kind=type(error).__name__, file=log_failure(error))
        self.panic()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Everything that can be done: places, the keys of this screen, looks."""
        for name in PLACES:
            if self.session is not None or name in FREE_PLACES:
                yield SystemCommand(t(name), t(f"go_{name}"), partial(self.go, name))
        places = {"app", *(getattr(kind, "place", "") for kind in type(screen).__mro__)}
        for key in KEYS:
            if key.place in places and not key.action.startswith(("app.", "command_")):
                if key.place == "dialog" and not hasattr(screen, f"action_{key.action}"):
                    continue
                run_action = self.run_action if key.place == "app" else screen.run_action
                run = partial(self.call_later, partial(run_action, key.action))
                yield SystemCommand(t(key.text), key.keys.replace(",", ", "), run)
        yield SystemCommand(t("theme"), t("theme_help"), self.action_change_theme)
        yield SystemCommand(
            t("screenshot"), t("screenshot_help"), lambda: self.set_timer(0.1, self.picture)
        )

    def picture(self) -> None:
        self.deliver_screenshot()


def lost_with(screens: Iterable[Screen[Any]]) -> str:
    """What would be lost with screens, a sentence a line; '' when nothing would."""
    return "\n".join(filter(None, (s.unsaved() for s in screens if isinstance(s, CanLose))))


def run_app(source: Path | None, project: Path | None = None) -> int:
    """Run the app until the person leaves; returns the exit code."""
    app = LlmtuiApp(source, project)
    app.run()
    if app.crash:
        print(f"llmtui: {app.crash}", file=sys.stderr)
    if app.session is not None and app.session.job.running:
        print(t("goes_on"))
    return app.return_code or 0
