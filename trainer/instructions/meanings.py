"""What words mean beyond their names: what happened on a date, what a superlative is, deeds."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from llmtui.database.vocabulary import chinese_for
from llmtui.trainer.instructions.lexicon import OWN, Words
from llmtui.trainer.instructions.templates import data
from llmtui.trainer.instructions.translate import translated


@cache
def _table(name: str) -> dict[str, Any]:
    return dict(data("glossary")[name])


def value_words(value: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(English, Chinese) words for a value as it is stored, () when none are known."""
    name = value.lower().strip()
    own = {key.lower(): text for key, text in OWN.get().get("values", {}).items()}
    words = [part.strip() for part in own.get(name, "").split("|") if part.strip()]
    coded = _table("codes").get(name, "")
    english = [*(w for w in words if w.isascii()), *(p for p in coded.split("|") if p)]
    return tuple(english), (*(w for w in words if not w.isascii()), *chinese_for(value))


def verb_for(column: Words) -> tuple[str, str]:
    """What happened on a date column's day: (English participle, Chinese verb) or two blanks.

    Its last word that is none for a date says so; what is due or planned has not happened.
    """
    verbs, signs = _table("verbs"), _table("dates")
    for name in column.en:
        words = [word for word in name.lower().split() if word not in signs["words"].split()]
        if words and words[-1] in verbs and not set(words) & set(signs["not_yet"].split()):
            english, chinese = verbs[words[-1]].split("|")
            return english, chinese
    return "", ""


def base_of(done: str) -> str:
    """The base form of a participle that is said of who does it: arrive; '' for what is done."""
    return str(_table("by_itself").get(done, ""))


def superlatives_for(column: Words, *, high: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """English and Chinese superlatives for a number column, () when not known."""
    half = slice(0, None, 2) if high else slice(1, None, 2)
    english, chinese = (
        tuple(word.lstrip("~") for word in words[half] if not (word[0] == "~" and column.yields))
        for words in _superlatives(column)
    )
    return english, chinese


def _superlatives(column: Words) -> tuple[list[str], list[str]]:
    known = _table("superlatives")
    for name in (*column.en, *column.zh):
        for key in (name, name.rpartition(" ")[2]):
            if key in known:
                english, chinese = (part.split(",") for part in known[key].split("|"))
                return english, chinese
    return [], []


def yields_to(column: Words, others: Iterable[Words]) -> bool:
    """Whether one of the others has a better right to a superlative of this column."""
    theirs = {word for other in others for words in _superlatives(other) for word in words}
    mine = {word[1:] for words in _superlatives(column) for word in words if word[0] == "~"}
    return bool(mine & theirs)


def counted_for(column: Words) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What a number column counts, as one asks "how many …": people for a population, bedrooms."""
    for name in column.en:
        if name.rpartition(" ")[2] == "population":
            english, chinese = _table("counted")["population"].split("|")
            return tuple(english.split(",")), tuple(chinese.split(","))
    return ((column.counts,), translated(column.counts)) if column.counts else ((), ())


def measure_words(table: Words) -> tuple[str, ...]:
    """Chinese measure words for the rows of a table, 个 among them: 家 for companies."""
    known = _table("measure_words")
    names = [key for name in table.en for key in (name, name.rpartition(" ")[2])]
    found = next((known[name] for name in names if name in known), "")
    return (found, "个", found) if found else ("个",)


def degree_for(column: Words) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The adjective of "how … is": old for an age, tall for a height; () when not known."""
    known = _table("degrees")
    for name in (*column.en, *column.zh):
        for key in (name, name.rpartition(" ")[2]):
            if key in known:
                english, chinese = known[key].split("|")
                return (english,), tuple(part for part in chinese.split(",") if part)
    return (), ()


def events_for(table: Words) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What a parent of such rows did: English participle phrases and Chinese verb phrases."""
    for name in (*table.en, *table.zh):
        text = _table("events").get(name.lower())
        if text:
            english, chinese = (tuple(p for p in part.split(",") if p) for part in text.split("|"))
            return english, chinese
    return (), ()


def ties_for(role: Words) -> tuple[tuple[str, ...], str, tuple[str, ...]]:
    """(English participles, English verb, Chinese with {v}) for what one row is to another."""
    for name in (*role.en, *role.zh):
        if text := _table("ties").get(name.lower()):
            doing, do, tied = text.split("|")
            return tuple(doing.split(",")), do, tuple(tied.split(","))
    return (), "", ()


def neighbours_for(role: Words) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """English and Chinese adjectives for rows that are this to another of the same table."""
    for name in (*role.en, *role.zh):
        if text := _table("neighbours").get(name.lower()):
            english, chinese = text.split("|")
            return tuple(english.split(",")), tuple(chinese.split(","))
    return (), ()


def opposite_for(word: str) -> str:
    """What is not so, in a word: available for unavailable, active for inactive; '' without one."""
    known = data("glossary")["opposites"]["words"].split()
    return next((w for w in known if word != w and word in (f"un{w}", f"in{w}", f"im{w}")), "")
