"""How an answer may go on, guessed from statements about the same database.

A model reads eight tokens in the time of three, so that tokens which are guessed rightly cost
little: it says at every place what it would have said anyway, and goes on from the first wrong
guess by itself. Guessing by the longest piece that was said before is retrieval-based speculative
decoding (He et al. 2024, REST, arXiv:2311.08252); what is looked up are the instruction rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

MOST = 7
"""Tokens that are guessed at once."""
_LONGEST = 8
"""Tokens before the next one by which it is looked up."""
_SURE = 0.7
"""Share of the places like this one that go on alike."""
_BEGIN = -1
"""Stands before every statement."""


class Drafts:
    """Statements as tokens, and where each pair of tokens stands in them."""

    def __init__(self, statements: Iterable[Sequence[int]]) -> None:
        self._said = said = [_BEGIN]
        self._places: dict[tuple[int, int], list[int]] = {}
        for statement in statements:
            said += [*statement, _BEGIN]
        for place in range(2, len(said)):
            self._places.setdefault((said[place - 2], said[place - 1]), []).append(place)

    def after(self, answer: Sequence[int], most: int = MOST) -> list[int]:
        """The tokens that likely come after an answer's first ones; [] where that is not sure."""
        context = [_BEGIN, *answer]
        found: list[int] = []
        places = self._like(context) if answer else []
        while places and len(found) < most:
            token, count = Counter(self._said[place] for place in places).most_common(1)[0]
            if token == _BEGIN or count < _SURE * len(places):
                break
            found.append(token)
            places = [place + 1 for place in places if self._said[place] == token]
        return found

    def _like(self, context: Sequence[int]) -> Sequence[int]:
        """The places before which the longest piece stands that the context ends with."""
        places: Sequence[int] = self._places.get((context[-2], context[-1]), ())
        for length in range(3, min(len(context), _LONGEST) + 1):
            longer = [p for p in places if self._said[p - length] == context[-length]]
            if not longer:
                break
            places = longer
        return places
