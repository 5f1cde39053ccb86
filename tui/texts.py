"""Every sentence of the app, by key, from the catalogues `texts_en.toml` and `texts_zh.toml`.

`LLMTUI_LANG`, or else the locale, chooses the language.
"""

from __future__ import annotations

import os
import tomllib
from functools import cache
from pathlib import Path

LANGUAGES = ("en", "zh")


def language() -> str:
    """ "zh" or "en"."""
    for name in ("LLMTUI_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        wanted = os.environ.get(name, "")
        if wanted:
            return "zh" if wanted.lower().startswith("zh") else "en"
    return "en"


@cache
def catalogue(lang: str) -> dict[str, str]:
    """Key → text of one language."""
    file = Path(__file__).with_name(f"texts_{lang}.toml")
    return tomllib.loads(file.read_text(encoding="utf-8"))


def t(key: str, **values: object) -> str:
    """The text of a key in the person's language, its {slots} filled."""
    text = catalogue(language())[key]
    return text.format(**values) if values else text
