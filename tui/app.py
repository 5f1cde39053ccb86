"""The app: screens over one open source. Nothing heavy is imported before the first paint."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from textual.app import App, SystemCommand
from textual.screen import Screen

from llmtui.tui.keys import bindings
from llmtui.tui.session import Session
from llmtui.tui.texts import t
from llmtui.tui.themes import THEMES
from llmtui.workspace import settings as settings_of
from llmtui.workspace.errors import LlmtuiError


class LlmtuiApp(App[int]):
    """`source` None shows recent projects. `problem` is told on the first screen."""

    TITLE = "llmtui"
    CSS_PATH = "app.tcss"
    BINDINGS = bindings("app")
    ENABLE_COMMAND_PALETTE = True

    def __init__(self, source: Path | None = None, project: Path | None = None) -> None:
        super().__init__()
        self.session: Session | None = None
        self.problem = ""
        self._first = (source, project)
        for theme in THEMES:
            self.register_theme(theme)

    def on_mount(self) -> None:
        self._keep_theme()
        source, project = self._first
        if source is not None:
            self.open_source(source, project)
        self.go("home")

    def _keep_theme(self) -> None:
        try:
            wanted = settings_of.load().theme
        except LlmtuiError as error:
            self.problem, wanted = str(error), "llmtui-dark"
        self.theme = wanted if wanted in self.available_themes else "llmtui-dark"
        self.theme_changed_signal.subscribe(self, lambda theme: self._save_theme(theme.name))

    def _save_theme(self, name: str) -> None:
        try:
            settings_of.save_user(theme=name)
        except (LlmtuiError, OSError) as error:
            self.notify(str(error), severity="warning", markup=False)

    def open_source(self, source: Path, project: Path | None = None) -> bool:
        """Make a source the open one; a problem is kept for the screen to tell."""
        try:
            self.session = Session(source, project)
            self.problem = ""
        except LlmtuiError as error:
            self.problem = str(error)
            return False
        self.sub_title = self.session.source.name
        return True

    def go(self, name: str) -> None:
        """Show a screen by name."""
        while len(self.screen_stack) > 1:
            self.pop_screen()
        self.push_screen(self._screen(name))

    def action_go(self, name: str) -> None:
        self.go(name)

    def _screen(self, name: str) -> Screen[None]:
        if name == "ask" and self.session is not None:
            from llmtui.tui.screens.ask import AskScreen

            return AskScreen(self.session)
        if name == "tune" and self.session is not None:
            from llmtui.tui.screens.tune import TuneScreen

            return TuneScreen(self.session)
        from llmtui.tui.screens.home import HomeScreen

        return HomeScreen(self.session)

    def action_help(self) -> None:
        from llmtui.tui.screens.help import HelpScreen

        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen())

    def action_leave(self) -> None:
        self.exit(0)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        yield from super().get_system_commands(screen)
        yield SystemCommand(t("home"), t("go_home"), lambda: self.go("home"))
        if self.session is not None:
            yield SystemCommand(t("ask"), t("go_ask"), lambda: self.go("ask"))
            yield SystemCommand(t("tune"), t("go_tune"), lambda: self.go("tune"))


def run_app(source: Path | None, project: Path | None = None) -> int:
    """Run the app until the person leaves; returns the exit code."""
    app = LlmtuiApp(source, project)
    code = app.run()
    if app.session is not None:
        if app.session.job.running:
            print(t("goes_on"))
        app.session.close()
    return code or 0
