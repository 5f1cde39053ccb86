"""The title of the terminal's window or tab."""

from __future__ import annotations

from textual.app import App

from llmtui.database.text import safe_text

_told: dict[int, str] = {}


def show_title(app: App[int], title: str) -> None:
    """Set the title (OSC 2) when it changed; nothing where there is no terminal."""
    if app.is_headless or app.is_web or _told.get(id(app)) == title:
        return
    _told[id(app)] = title
    driver = app._driver  # Textual has no call for the title
    if driver is not None:
        driver.write(f"\x1b]2;{safe_text(title)}\x07")
