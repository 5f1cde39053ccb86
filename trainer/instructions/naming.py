"""Identifiers as words: separators, glued words, abbreviations, plurals."""

from __future__ import annotations

import re
from functools import cache
from itertools import groupby

from llmtui.database.keys import singular, words
from llmtui.trainer.instructions.templates import data

HAN = re.compile(r"[\u3400-\u9fff]")
_GLUED_FROM = 7
"""Letters from which an unknown word may be several written together."""


@cache
def _known() -> frozenset[str]:
    """English words that identifiers are made of."""
    found = {"of", "in", "by", "at", "to", "is", "has", "id", "no", "the", "per", "and", "from"}
    for part in ("nouns", "columns"):
        for phrase in data("glossary")[part]:
            found.update(phrase.split())
    for phrase, others in data("identifiers")["same"].items():
        found.update(phrase.split())
        found.update(others.replace("|", " ").split())
    found.update(data("identifiers")["counts"]["nouns"].split())
    found.update(data("identifiers")["counts"]["words"].split())
    for base, text in data("glossary")["doing"].items():
        found.update((base, *text.split("|")[:2]))
    found.discard("")
    return frozenset(found | {plural(word) for word in found if len(word) > 3})


@cache
def split_glued(word: str) -> tuple[str, ...]:
    """ "customername" → customer, name; a word that is not made of known ones stays whole."""
    known, short = _known(), data("identifiers")["short"]
    if len(word) < _GLUED_FROM or not word.isascii() or not word.isalpha() or word in known:
        return (word,)
    best: list[tuple[str, ...] | None] = [()] + [None] * len(word)
    for end in range(1, len(word) + 1):
        for start in range(end):
            before, part = best[start], word[start:end]
            good = part in known or (len(part) > 2 and part in short)
            if before is None or not good or (len(part) < 3 and part not in ("id", "no", "of")):
                continue
            found = best[end]
            if found is None or len(before) + 1 < len(found):
                best[end] = (*before, part)
    return best[-1] or (word,)


@cache
def spoken(name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(words as written, words as spoken) of an identifier: "CustNo" → cust no, customer number."""
    short = data("identifiers")["short"]
    written = [part for word in words(name) for part in split_glued(word)]
    if len(written) == 1 and re.fullmatch(r"[a-z]{1,4}id", written[0]):
        written = [written[0][:-2], "id"]
    if len(written) == 2 and written[1] == "id" and len(written[0]) == 1:
        written = ["id"]
    said = [part for word in written for part in short.get(word, word).split()]
    said = [part for part, _ in groupby(said)]  # zip code code
    return tuple(written), tuple(said)


def counted_noun(parts: tuple[str, ...]) -> str:
    """What a column counts, plural: "bedroom count", "num bedrooms" → bedrooms; '' when nothing."""
    marks, nouns = (set(data("identifiers")["counts"][key].split()) for key in ("words", "nouns"))
    rest = [part for part in parts if part not in marks and part != "of"]
    last = singular(rest[-1]) if rest else ""
    if not rest or last not in nouns:
        return ""
    if len(rest) < len(parts) or rest[-1] != last:
        return " ".join([*rest[:-1], plural(last)])
    return ""


_NOT_DONE = frozenset(["speed", "breed", "hundred"])
_DONE = frozenset(["paid", "sold", "bought", "sent", "spent", "built", "won", "lost"])


def is_participle(word: str) -> bool:
    """Whether a word says that something was done: "shipped", "paid"."""
    return word in _DONE or (word.endswith("ed") and len(word) > 4 and word not in _NOT_DONE)


_TIED = frozenset(["from", "to", "in", "of", "by", "available"])
"""Words behind the noun that has a plural: dates from, bikes available."""
_IRREGULAR = {
    "person": "people", "child": "children", "staff": "staff", "aircraft": "aircraft", "man": "men",
    "woman": "women", "series": "series", "species": "species", "information": "information",
    "foot": "feet", "weather": "weather", "money": "money",
    "news": "news", "sheep": "sheep", "fish": "fish",
    "equipment": "equipment", "data": "data", "address": "addresses", "bus": "buses",
    "status": "statuses", "gas": "gases", "life": "lives", "knife": "knives", "shelf": "shelves",
    "wife": "wives", "half": "halves", "leaf": "leaves", "analysis": "analyses",
}  # fmt: skip


def one_of(word: str) -> str:
    """The singular of a noun, irregular ones too: a person of people."""
    ones = {many: one for one, many in _IRREGULAR.items() if many != one}
    return ones.get(word) or singular(word)


def plural(noun: str) -> str:
    """English plural of the last word of a noun phrase; Chinese stays as it is."""
    if HAN.search(noun) or not noun:
        return noun
    if " of " in noun or " in " in noun:
        mark = " of " if " of " in noun else " in "
        head, _, rest = noun.partition(mark)
        return plural(head) + mark + rest
    head, _, last = noun.rpartition(" ")
    if head and (last in _TIED or is_participle(last)):
        return f"{plural(head)} {last}"
    if last in _IRREGULAR:
        end = _IRREGULAR[last]
    elif last in _IRREGULAR.values():
        end = last
    elif last.endswith("y") and last[-2:-1] not in "aeiou":
        end = last[:-1] + "ies"
    elif last.endswith(("ss", "us", "x", "ch", "sh", "z", "is")):
        end = last + "es"
    else:
        end = last if last.endswith("s") else last + "s"
    return f"{head} {end}".strip()
