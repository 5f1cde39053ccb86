"""Every sentence of the app, by key, from the catalogues `texts_en.toml` and `texts_zh.toml`.

`LLMTUI_LANG`, or else the locale, chooses the language. Stages and errors speak English: the texts
`said_*` of the English catalogue are what stages say, with {slots}; `errors_zh.toml` has what
errors and refusals say, by its English words. A sentence that fits one is said as the other
language has it, and so is what stands in its slots, names excepted; one that fits none stays.
"""

from __future__ import annotations

import os
import re
import tomllib
from functools import cache
from pathlib import Path
from string import Formatter

from llmtui.workspace.errors import LlmtuiError

LANGUAGES = ("en", "zh")
_NAMES = ("name", "names", "near", "other", "file", "path", "source", "base", "column", "value",
          "command", "answer")  # fmt: skip
"""Slots of sentences whose values are names, not words."""
_NUMBERS = ("n", "count", "line", "number")
"""Slots that hold no space."""
_KEPT = (*_NAMES, *_NUMBERS)
_FEW = 8
"""More colons than a place has, and more sentences than a hint."""
_ENDS = (".", "!", "?", "。", "！", "？")

_Sentences = list[tuple[str, str, str]]
"""(longest piece of words, English, other language), those with the most words first: they fit
the least."""


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


def words_of(error: Exception | str) -> str:
    """An error in the person's language: what happened, where, and what to do."""
    lang = language()
    if lang == "en" or not isinstance(error, LlmtuiError):
        return translated(str(error), lang)
    what, hint = translated(error.what, lang), translated(error.hint, lang)
    end = ". " if what == error.what else "。"
    told = f"{_place(error.where, lang)}{what}{'' if what.endswith(_ENDS) else end}{hint}"
    return told.rstrip()


def translated(text: str, lang: str) -> str:
    """A sentence of a stage, or an error as a string, in a language; its indentation stays."""
    said = text.strip()
    if lang == "en" or not said:
        return text
    found = _match(said, _of_stages(lang), lang) or _taken_apart(said, lang) or _joined(said, lang)
    return text if found is None else text.replace(said, found)


def _taken_apart(said: str, lang: str) -> str | None:
    """ "where: what. hint" in a language; None when it is not made of what errors say."""
    ends = [match.start() for match in re.finditer(r"(?<=[.!?]) ", said)]
    for end in [*ends[-_FEW:], len(said)]:
        hint = _error(said[end + 1 :], lang) if end < len(said) else ""
        begins = [0, *(match.end() for match in re.finditer(": ", said[:end]))]
        for begin in begins[:_FEW] if hint is not None else []:
            what = _error(said[begin:end], lang)
            if what is not None:
                return f"{_place(said[: max(0, begin - 2)], lang)}{what}{hint}"
    return None


def _joined(said: str, lang: str) -> str | None:
    """ "this; that." in a language, as an answer tells it; None when no part of it is known."""
    parts = said.removesuffix(".").split("; ")
    if len(parts) < 2:
        return None
    told = [translated(part, lang).removesuffix("。") for part in parts]
    return "；".join(told) + "。" if told != parts else None


def _error(said: str, lang: str) -> str | None:
    """A sentence of an error, whether its full stop is there or not."""
    bare = said.removesuffix(".")
    found = _match(bare, _of_errors("sentences", lang), lang)
    if found is not None and bare != said and not found.endswith(_ENDS):
        return f"{found}。"
    return found or _match(said, _of_errors("sentences", lang), lang)


def _place(where: str, lang: str) -> str:
    """Where an error happened, as its beginning."""
    return f"{_match(where, _of_errors('places', lang), lang) or where}：" if where else ""


def _match(said: str, sentences: _Sentences, lang: str) -> str | None:
    """The sentence in a language, None when it is none of these."""
    for piece, english, other in sentences:
        match = _pattern(english).fullmatch(said) if piece in said else None
        if match is not None:
            values = {
                slot: value if slot in _KEPT else translated(value, lang)
                for slot, value in match.groupdict().items()
            }
            return other.format(**values)
    return None


@cache
def _of_stages(lang: str) -> _Sentences:
    english, other = catalogue("en"), catalogue(lang)
    return _sorted({english[key]: other[key] for key in english if key.startswith("said_")})


@cache
def errors_catalogue(lang: str) -> dict[str, dict[str, str]]:
    """English → text of one language, of "places" and "sentences"."""
    file = Path(__file__).with_name(f"errors_{lang}.toml")
    return tomllib.loads(file.read_text(encoding="utf-8"))


@cache
def _of_errors(part: str, lang: str) -> _Sentences:
    return _sorted(errors_catalogue(lang)[part])


def _sorted(texts: dict[str, str]) -> _Sentences:
    pieces = {text: [plain for plain, *_ in Formatter().parse(text)] for text in texts}
    order = sorted(texts, key=lambda text: -sum(map(len, pieces[text])))
    return [(max(pieces[text], key=len), text, texts[text]) for text in order]


@cache
def _pattern(text: str) -> re.Pattern[str]:
    """What fits a text with slots. A name that a sentence begins with ends before a colon, where
    the place of an error does."""
    pattern = ""
    for plain, slot, *_ in Formatter().parse(text):
        value = r"\S+?" if slot in _NUMBERS else ".+?"
        if not pattern + plain and slot in _NAMES:
            value = "(?:(?!: ).)+?"
        pattern += re.escape(plain) + (f"(?P<{slot}>{value})" if slot else "")
    return re.compile(pattern, re.DOTALL)
