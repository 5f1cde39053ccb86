"""Words for the values that databases hold: Chinese for English ones, other spellings, codes."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def _data() -> dict[str, Any]:
    text = files("llmtui.database").joinpath("vocabulary.toml").read_text("utf-8")
    return tomllib.loads(text)


def chinese_for(value: str) -> tuple[str, ...]:
    """Chinese for a value that is stored in English, () when not known."""
    text = _data()["values"].get(value.lower().strip(), "")
    return tuple(text.split("|")) if text else ()


@cache
def english_for() -> dict[str, tuple[str, ...]]:
    """Chinese word → English values that it may stand for, in lower case."""
    found: dict[str, list[str]] = {}
    for english, chinese in _data()["values"].items():
        for word in chinese.split("|"):
            found.setdefault(word, []).append(english)
    return {word: tuple(values) for word, values in found.items()}


@cache
def other_forms() -> dict[str, tuple[str, ...]]:
    """What a question names → how a database may hold it, both in lower case."""
    return {word: tuple(forms.split("|")) for word, forms in _data()["also"].items()}


@cache
def endings() -> dict[str, tuple[str, ...]]:
    """English noun → what a Chinese name of such a thing ends with."""
    return {noun: tuple(marks.split("|")) for noun, marks in _data()["endings"].items()}


@cache
def question_words() -> frozenset[str]:
    """Words that make up questions and alone name no value, in lower case."""
    return frozenset(_data()["questions"]["words"].split())
