"""How long something took, counted by size: the shape in which times cross Redis and reach `/metrics`.

An average hides the one flush in a hundred that everybody waited for, and quantiles cannot be added up over
processes. Counts by fixed bounds can.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate
from typing import Final

import msgspec

TIMES_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds that suit both a flush and the way of a price to a page."""


class Histogram(msgspec.Struct):
    """Counts by upper bound, the last of them for whatever is above all bounds."""

    bounds: tuple[float, ...] = TIMES_S
    counts: list[int] = []
    total: float = 0.0

    def __post_init__(self) -> None:
        # Also what comes out of Redis is made here, and must be fit to be read.
        self.counts = (self.counts + [0] * (len(self.bounds) + 1))[: len(self.bounds) + 1]

    def observe(self, value: float, times: int = 1) -> None:
        """Count this value."""
        self.counts[bisect_left(self.bounds, value)] += times
        self.total += value * times

    def buckets(self) -> list[tuple[str, float]]:
        """As Prometheus has them: how many were at most as large as each bound."""
        names = map(str, (*self.bounds, "+Inf"))
        return list(zip(names, accumulate(map(float, self.counts)), strict=True))
