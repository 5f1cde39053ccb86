"""The name that was meant: by its words, or by its letters."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from llmtui.database.keys import singular, words

LIKE = 0.75
"""Least similarity (difflib's ratio, 0 to 1) of a name to be taken for another."""
_KEYS = {"id", "no", "num", "key", "code"}


def name_words(name: str) -> list[str]:
    return [singular(word) for word in words(name)]


def nearest(name: str, names: Iterable[str], *, owner: str = "") -> str | None:
    """The one of `names` that is clearly nearest to `name`, None when none or two are.

    By words first, in any order and with the owner's left out ("AlbumTitle" of "albums" is
    "title", "PhoneNumber" is "phone"), then by letters. A key is never taken for what is no key.
    """
    mine, own = name_words(name), set(name_words(owner))
    ranked: list[tuple[float, str]] = []
    for other in names:
        theirs = name_words(other)
        if bool(_KEYS & set(theirs)) != bool(_KEYS & set(mine)):
            continue
        ranked.append((_alike(mine, theirs, own, name, other), other))
    ranked.sort(key=lambda item: -item[0])
    if not ranked or ranked[0][0] < LIKE:
        return None
    return ranked[0][1] if len(ranked) == 1 or ranked[0][0] > ranked[1][0] else None


def _alike(mine: list[str], theirs: list[str], own: set[str], name: str, other: str) -> float:
    if "".join(mine) == "".join(theirs) or sorted(mine) == sorted(theirs):
        return 1.0
    a, b = set(mine) - own or set(mine), set(theirs) - own or set(theirs)
    if a == b:
        return 0.99
    letters = difflib.SequenceMatcher(None, name.lower(), other.lower()).ratio()
    if a < b or b < a:
        return max(letters, 0.6 + 0.35 * len(a & b) / len(a | b))
    return letters
