"""How sure a score is: intervals of one share, of a mean over databases, of two models' difference.

Everything that draws at random is seeded: the same outcomes give the same figures.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from math import comb, sqrt
from statistics import mean

DRAWS = 10_000
"""Resamples of a bootstrap; the ends of its interval are then stable to about half a point."""


@dataclass(frozen=True)
class Share:
    """`hits` of `of` with the 95 % Wilson interval, 0 to 1."""

    hits: int
    of: int
    low: float
    high: float

    @property
    def value(self) -> float:
        return self.hits / self.of if self.of else 0.0


@dataclass(frozen=True)
class Interval:
    """A value and the 95 % interval around it."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Paired:
    """Two models on the same cases: what only one of them has right, and the difference.

    difference: share of the first minus share of the second, with a bootstrap interval over cases
    p: of the exact sign test (McNemar's): how likely at least so uneven a split is by chance alone
    """

    of: int
    only_first: int
    only_second: int
    difference: Interval
    p: float


def share(hits: int, of: int) -> Share:
    """The Wilson score interval (1927) at 95 %."""
    if not of:
        return Share(0, 0, 0.0, 1.0)
    z, p = 1.96, hits / of
    centre, spread = p + z * z / (2 * of), z * sqrt(p * (1 - p) / of + z * z / (4 * of * of))
    scale = 1 + z * z / of
    return Share(hits, of, max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale))


def mean_interval(values: Sequence[float], seed: int = 7) -> Interval:
    """The mean with its percentile bootstrap interval (Efron 1979); all 0 for no values.

    values: one figure a unit; the units (databases, cases) are what is drawn again
    """
    if not values:
        return Interval(0.0, 0.0, 0.0)
    rng = random.Random(seed)
    means = sorted(mean(rng.choices(values, k=len(values))) for _ in range(DRAWS))
    return Interval(mean(values), means[int(0.025 * DRAWS)], means[int(0.975 * DRAWS) - 1])


def paired(first: Sequence[bool], second: Sequence[bool]) -> Paired:
    """Compare two models case by case; both sequences are in the order of the same cases."""
    differences = [int(a) - int(b) for a, b in zip(first, second, strict=True)]
    only_first, only_second = differences.count(1), differences.count(-1)
    return Paired(
        len(differences),
        only_first,
        only_second,
        mean_interval(differences),
        sign_test(only_first, only_second),
    )


def sign_test(wins: int, losses: int) -> float:
    """Two-sided exact binomial p of wins against losses at even odds; 1 when there are none."""
    of = wins + losses
    tail: float = sum(comb(of, k) for k in range(min(wins, losses) + 1)) / 2**of
    return min(1.0, 2 * tail)
