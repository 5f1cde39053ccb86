"""Chance that remembers what it drew, so that a draw can be made again with one part of it changed.

A step of the constructor asks for chance some dozen times: a table, a column, a value, a direction.
`Recorded` gives what `random.Random` gives and keeps it; `Replayed` gives the same again, except at
one place. What follows that place is as it was as far as it is asked for in the same way.
"""

from __future__ import annotations

import random
from collections.abc import MutableSequence, Sequence
from typing import Any

Drawn = tuple[str, Any]
"""(what was asked for, what was given: a number, or places in a list)."""


class _Drawing(random.Random):
    """Every way of drawing that the constructor uses, by way of `_draw`."""

    # random.Random chooses how it draws whole numbers by what a class overrides
    _randbelow = random.Random._randbelow_with_getrandbits  # type: ignore[attr-defined]

    def _draw(self, kind: str, fresh: Any) -> Any:
        raise NotImplementedError

    def random(self) -> float:
        return float(self._draw("random", super().random))

    def uniform(self, a: float, b: float) -> float:
        return a + (b - a) * self.random()

    def randint(self, a: int, b: int) -> int:
        return a + int(self.choice(range(b - a + 1)))

    def choice(self, seq: Any) -> Any:
        place: int = self._draw("choice", lambda: self._randbelow(len(seq)))
        return seq[place % len(seq)]

    def choices(
        self,
        population: Any,
        weights: Any = None,
        *,
        cum_weights: Any = None,
        k: int = 1,
    ) -> list[Any]:
        del cum_weights
        places = range(len(population))
        plain = super().choices
        found = self._draw("choices", lambda: plain(places, weights, k=k))
        return [population[place % len(population)] for place in found]

    def sample(self, population: Any, k: int, *, counts: Any = None) -> list[Any]:
        del counts
        plain = super().sample
        found = self._draw("sample", lambda: plain(range(len(population)), k))
        places = list(dict.fromkeys(place % len(population) for place in found))
        rest = [place for place in range(len(population)) if place not in places]
        return [population[place] for place in [*places, *rest][:k]]

    def shuffle(self, x: MutableSequence[Any]) -> None:
        order = list(range(len(x)))
        plain = super().shuffle

        def mixed() -> list[int]:
            plain(order)
            return order

        found = [place for place in self._draw("shuffle", mixed) if place < len(x)]
        left = [place for place in range(len(x)) if place not in found]
        x[:] = [x[place] for place in [*found, *left]]


class Recorded(_Drawing):
    """The same numbers as `random.Random` of this seed; `drawn` is what was given since it was
    last emptied."""

    def __init__(self, seed: int) -> None:
        self.drawn: list[Drawn] = []
        self._inside = False
        super().__init__(seed)

    def _draw(self, kind: str, fresh: Any) -> Any:
        if self._inside:
            return fresh()
        self._inside = True
        try:
            found = fresh()
        finally:
            self._inside = False
        self.drawn.append((kind, list(found) if isinstance(found, list) else found))
        return found


class Unlike(Exception):
    """What is asked for is not what was asked for before: the change reaches too far."""


class Replayed(_Drawing):
    """What was drawn before, with a fresh draw at `place`; -1 changes nothing. Raises Unlike."""

    def __init__(self, drawn: Sequence[Drawn], place: int = -1, seed: int = 0) -> None:
        self._before, self._place, self._now = drawn, place, 0
        self._inside = False
        super().__init__(seed)

    def _draw(self, kind: str, fresh: Any) -> Any:
        if self._inside:
            return fresh()
        if self._now >= len(self._before) or self._before[self._now][0] != kind:
            raise Unlike(kind)
        given = self._before[self._now][1]
        self._now += 1
        if self._now - 1 != self._place:
            return given
        self._inside = True
        try:
            return fresh()
        finally:
            self._inside = False
