"""Whether times of two kinds can be told apart: the Mann-Whitney U test, as effect size and as significance."""

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Final, NamedTuple

EFFECT_MOST: Final = 0.05
SIGNIFICANT: Final = 0.001


class Apart(NamedTuple):
    """How often a time of the one kind is longer than one of the other, and how likely chance alone does as much."""

    effect: float
    p: float

    @property
    def told(self) -> bool:
        """Whether an onlooker could tell the kinds apart: by enough to matter, and not by chance."""
        return abs(self.effect - 0.5) > EFFECT_MOST and self.p < SIGNIFICANT


def apart(one: Sequence[float], other: Sequence[float]) -> Apart:
    """Compare two samples; the effect is 0.5 where neither kind takes longer, 0 or 1 where one always does."""
    pairs = len(one) * len(other)
    ranks = _ranks([*one, *other])
    longer = sum(ranks[: len(one)]) - len(one) * (len(one) + 1) / 2
    spread = math.sqrt(pairs * (len(one) + len(other) + 1) / 12)
    z = (longer - pairs / 2) / spread
    return Apart(longer / pairs, 2 * (1 - NormalDist().cdf(abs(z))))


def _ranks(values: Sequence[float]) -> list[float]:
    """Return the rank of each value, counted from 1; equal ones share the middle of theirs."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    first = 0
    while first < len(order):
        last = first
        while last + 1 < len(order) and values[order[last + 1]] == values[order[first]]:
            last += 1
        for place in order[first : last + 1]:
            ranks[place] = (first + last) / 2 + 1
        first = last + 1
    return ranks
