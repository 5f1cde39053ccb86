"""Every sentence of the app, by key, from the catalogues `texts_en.toml` and `texts_zh.toml`.

`LLMTUI_LANG`, or else the locale, chooses the language. Stages and errors speak English: the texts
`said_*` of the English catalogue are the sentences they speak, with {slots}. A sentence that
fits one is said as the other catalogue has it, and so is what stands in its slots, names excepted;
one that fits none stays.
"""

from __future__ import annotations

import os
import re
import tomllib
from functools import cache
from pathlib import Path
from string import Formatter

LANGUAGES = ("en", "zh")
_NAMES = ("name", "names", "near", "file", "path", "source", "base", "column")
"""Slots of sentences whose values are names, not words."""


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


def own_words(text: str) -> str:
    """What a stage or an error says, in the person's language."""
    return translated(text, language())


def translated(text: str, lang: str) -> str:
    """A sentence of a stage in a language; its indentation stays."""
    if lang == "en":
        return text
    said = text.strip()
    for key, pattern in _sentences().items():
        match = pattern.fullmatch(said)
        if match is not None:
            values = {
                slot: value if slot in _NAMES else translated(value, lang)
                for slot, value in match.groupdict().items()
            }
            return text.replace(said, catalogue(lang)[key].format(**values))
    return text


@cache
def _sentences() -> dict[str, re.Pattern[str]]:
    """Key → pattern, those with the most words first: they fit the least."""
    texts = {key: text for key, text in catalogue("en").items() if key.startswith("said_")}
    order = sorted(texts, key=lambda key: -len(re.sub(r"\{\w+\}", "", texts[key])))
    return {key: re.compile(_pattern(texts[key]), re.DOTALL) for key in order}


def _pattern(text: str) -> str:
    parts = Formatter().parse(text)
    return "".join(
        re.escape(plain) + (f"(?P<{slot}>.+?)" if slot else "") for plain, slot, *_ in parts
    )
