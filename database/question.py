"""A question taken apart: its words, its quoted pieces, every piece that may be a value."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache

from llmtui.database.fold import fold, is_han, key_of, quoted, tokens
from llmtui.database.vocabulary import english_for, other_forms

MOST_WORDS = 8
LONGEST_HAN = 16
_ENDINGS = "市省州县区国部"


@dataclass(frozen=True)
class Spoken:
    """What names a column: all of `words` (singular), or one of the Han words of its comment."""

    words: frozenset[str]
    han: tuple[str, ...]


class Question:
    """A question taken apart."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokens(text)
        self._quoted = quoted(text)
        self._keys = {token.key for token in self.tokens}

    def is_quoted(self, start: int, end: int) -> bool:
        return any(a <= start and end <= b for a, b in self._quoted)

    def extent(self) -> tuple[int, int]:
        return (self.tokens[0].start, self.tokens[-1].end) if self.tokens else (0, 0)

    def holds(self, own: frozenset[str]) -> bool:
        return bool(own) and own <= self._keys

    def names(self, spoken: Spoken) -> bool:
        """Whether a column is named, in English or in Chinese."""
        return self.holds(spoken.words) or any(word in self.text for word in spoken.han)

    def latin(self, instead: dict[int, str] | None = None) -> dict[str, list[tuple[int, int]]]:
        """Key → places of every run of words; with `instead`, of runs that hold a replaced one."""
        keys: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for first, begin in enumerate(self.tokens):
            parts: list[str] = []
            for last in range(first, min(first + MOST_WORDS, len(self.tokens))):
                if self.tokens[last].han:
                    break
                parts.append((instead or {}).get(last, self.tokens[last].key))
                if instead is None or any(first <= place <= last for place in instead):
                    keys[" ".join(parts)].append((begin.start, self.tokens[last].end))
        return keys

    def han(self) -> dict[str, list[tuple[int, int]]]:
        """Key → places of every piece of the text with a Han character, endings left off too."""
        keys: dict[str, list[tuple[int, int]]] = defaultdict(list)
        if not is_han(self.text):
            return keys
        for start in range(len(self.text)):
            for end in range(start + 1, min(start + LONGEST_HAN, len(self.text)) + 1):
                piece = self.text[start:end]
                if is_han(piece) and not piece[0].isspace() and not piece[-1].isspace():
                    keys[key_of(piece)].append((start, end))
        return keys


@lru_cache(maxsize=1 << 13)
def forms_of(text: str) -> tuple[str, ...]:
    """Other ways in which a database may hold what `text` says, translations included."""
    plain = fold(text)
    english = list(english_for().get(text, ()))
    if is_han(text) and len(text) > 1 and not english:
        english = [e for mark in _ENDINGS for e in english_for().get(text + mark, ())]
    if is_han(text) and len(text) > 2 and text[-1] in _ENDINGS:
        english += english_for().get(text[:-1], ())
    others = (form for word in (plain, *english) for form in other_forms().get(word, ()))
    return (*english, *others)
