"""The log of a tune in the person's language.

Stages speak English. The texts `said_*` of the English catalogue are the sentences they speak,
with {slots}; a sentence that fits one is said as the other catalogue has it, and so is what stands
in its slots. A sentence that fits none stays as it is.
"""

from __future__ import annotations

import re
from functools import cache
from string import Formatter

from llmtui.tui.commands.common import describe
from llmtui.tui.texts import catalogue, language
from llmtui.workspace.events import Event


def line_of(event: Event) -> str:
    """One line for a person, '' for what needs no line."""
    return translated(describe(event), language())


def translated(text: str, lang: str) -> str:
    """A sentence of a stage in a language; its indentation stays."""
    if lang == "en":
        return text
    said = text.strip()
    for key, pattern in _sentences().items():
        match = pattern.fullmatch(said)
        if match is not None:
            values = {name: translated(value, lang) for name, value in match.groupdict().items()}
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
