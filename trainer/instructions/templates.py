"""Phrasings of the data files, filled in.

In a phrasing `{name}` is a slot, `(a|b|)` one of several, `<name>` a list of words from the file's
table [words]; in Chinese a `?` after a character or a slot makes it optional.
"""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Protocol

_SLOT = re.compile(r"{(\w+)}")
_CHOICE = re.compile(r"\(([^()]*\|[^()]*)\)")
_WORDS = re.compile(r"<(\w+)>")
_OPTIONAL = re.compile(r"({\w+}|[\u4e00-\u9fff])\?(?=.)")
_ARTICLE = re.compile(r"{a} (?=(\S+))")
_SOUND_A = ("unit", "uniq", "unif", "univ", "union", "use", "usu", "uti", "euro", "one")
_SOUND_AN = ("hour", "honor", "honour", "heir")


class Sayable(Protocol):
    """Something that can be said in a language, or not."""

    def has(self, lang: str) -> bool: ...

    def say(self, lang: str, rng: random.Random) -> str: ...


@dataclass(frozen=True)
class Lazy:
    """Said anew each time it is needed; None when a language has no way to say it."""

    en: Callable[[random.Random], str] | None
    zh: Callable[[random.Random], str] | None

    def has(self, lang: str) -> bool:
        return (self.en if lang == "en" else self.zh) is not None

    def say(self, lang: str, rng: random.Random) -> str:
        speak = self.en if lang == "en" else self.zh
        return speak(rng) if speak else ""


@cache
def data(name: str) -> dict[str, Any]:
    """A data file of the package `shapes`, parsed."""
    text = files("llmtui.trainer.instructions.shapes").joinpath(f"{name}.toml").read_text("utf-8")
    return tomllib.loads(text)


@cache
def phrasings(file: str, name: str, part: str) -> tuple[str, ...]:
    """The phrasings of a part, with words put in; () when there are none."""
    listed = data(file)
    return prepared(listed[name].get(part, ()), part, listed.get("words", {}))


def prepared(texts: Sequence[str], part: str, words: Mapping[str, str]) -> tuple[str, ...]:
    found = []
    for text in texts:
        whole = _WORDS.sub(lambda match: f"({words[match[1]]})", text)
        found.append(_OPTIONAL.sub(r"(\1|)", whole) if part.endswith("zh") else whole)
    return tuple(found)


@cache
def slots_of(template: str) -> frozenset[str]:
    return frozenset(_SLOT.findall(template)) - {"a"}


def fits(template: str, lang: str, slots: Mapping[str, Sayable]) -> bool:
    """Whether every slot of a phrasing can be filled."""
    return all(name in slots and slots[name].has(lang) for name in slots_of(template))


def chosen(template: str, rng: random.Random) -> str:
    """A phrasing with its choices made."""
    while (match := _CHOICE.search(template)) is not None:
        one = rng.choice(match[1].split("|"))
        template = template[: match.start()] + one + template[match.end() :]
    return template


def fill(template: str, lang: str, slots: Mapping[str, Sayable], rng: random.Random) -> str:
    """A phrasing with its choices made and its slots filled."""
    template = chosen(template, rng)
    text, end = "", 0
    for match in _SLOT.finditer(template):
        between = template[end : match.start()]
        said = match[0] if match[1] == "a" else slots[match[1]].say(lang, rng)
        if lang == "zh" and end and not between:
            said = "" if text.endswith(said) else said  # 纽约州州
        text, end = text + between + said, match.end()
    text += template[end:]
    return _ARTICLE.sub(lambda match: f"{_article(match[1].lower())} ", text)


def _article(word: str) -> str:
    """The article before a word, by its sound as far as its letters tell."""
    word = word.lstrip("\"'“‘(")
    vowel = word.startswith(tuple("aeiou")) and not word.startswith(_SOUND_A)
    return "an" if vowel or word.startswith(_SOUND_AN) else "a"
