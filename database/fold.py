"""Text folded for comparing: case, accents, punctuation, plurals and possessives do not count."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from llmtui.database.keys import singular

_HAN = "\u3400-\u9fff"
_WORD = re.compile(rf"[{_HAN}]+|[^\W_{_HAN}]+(?:['’][^\W_{_HAN}]+)*")
_HAN_SIGN = re.compile(f"[{_HAN}]")
_ALL_HAN = re.compile(f"[{_HAN}]+")
_PIECES = 1 << 13
"""Pieces of text whose key is remembered: those of rows that are alike come again and again."""
_POSSESSIVE = re.compile(r"['’]s?$")
_QUOTED = re.compile(
    r"\"([^\"]{1,60})\"|“([^”]{1,60})”|‘([^’]{1,60})’|《([^》]{1,60})》|「([^」]{1,60})」"
    r"|(?<!\w)'([^']{1,60})'(?!\w)"
)


@dataclass(frozen=True)
class Token:
    """A word of a text: as written, folded, folded and singular, and where it stands."""

    text: str
    folded: str
    key: str
    start: int
    end: int

    @property
    def han(self) -> bool:
        return is_han(self.text)


def is_han(text: str) -> bool:
    """Whether the text holds a Han character."""
    return _HAN_SIGN.search(text) is not None


def fold(text: str) -> str:
    """Lower case without accents; the length may change."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in plain if not unicodedata.combining(c))


def tokens(text: str) -> list[Token]:
    """Words of a text; a run of Han characters is one word."""
    found = []
    for match in _WORD.finditer(text):
        folded = _POSSESSIVE.sub("", fold(match[0])).replace("'", "").replace("’", "")
        if folded:
            key = singular(folded) if len(folded) > 3 else folded
            found.append(Token(match[0], folded, key, match.start(), match.end()))
    return found


@lru_cache(maxsize=_PIECES)
def key_of(value: str) -> str:
    """What a value is found by: its singular words, or its Han text; "" when it has no letter."""
    if _ALL_HAN.fullmatch(value):
        return value
    parts = tokens(value)
    if is_han(value):
        return "".join(part.folded for part in parts)
    key = " ".join(part.key for part in parts)
    return key if any(character.isalpha() for character in key) else ""


def same_words(one: str, other: str) -> bool:
    """Whether two texts differ in case, accents, punctuation and possessives at the most."""
    return [part.folded for part in tokens(one)] == [part.folded for part in tokens(other)]


def quoted(text: str) -> list[tuple[int, int]]:
    """Where the quoted pieces of a text stand, without their marks."""
    return [match.span(match.lastindex or 0) for match in _QUOTED.finditer(text)]


def distance(one: str, other: str, most: int) -> int:
    """Edits (insert, delete, replace, swap of neighbours) between two words, `most` + 1 if more."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before, last, row = row, before, [i]
        for j, b in enumerate(other, 1):
            cost = min(before[j] + 1, row[-1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return row[-1]
