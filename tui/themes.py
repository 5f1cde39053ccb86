"""llmtui's own themes; Textual's are there too."""

from __future__ import annotations

from textual.theme import Theme

DARK = Theme(
    name="llmtui-dark",
    primary="#7aa2f7",
    secondary="#9ece6a",
    accent="#e0af68",
    warning="#e0af68",
    error="#f7768e",
    success="#9ece6a",
    foreground="#c8d0e8",
    background="#16181f",
    surface="#1d2029",
    panel="#262a36",
    dark=True,
)
LIGHT = Theme(
    name="llmtui-light",
    primary="#2a5db0",
    secondary="#3d7a25",
    accent="#9a5b00",
    warning="#9a5b00",
    error="#b3261e",
    success="#2f6b1a",
    foreground="#1d2430",
    background="#fbfbfd",
    surface="#f1f3f7",
    panel="#e4e8ef",
    dark=False,
)
THEMES = (DARK, LIGHT)
