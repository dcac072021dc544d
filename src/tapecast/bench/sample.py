"""Times, kept one by one as long as they are few enough: percentiles are exact, and memory has a bound.

Counting them in buckets at once would be smaller, but the server's clock is known best at the end, and only
then can an age be corrected.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import msgspec

MOST: Final = 400_000


class Spread(msgspec.Struct, frozen=True):
    """How long something took, in milliseconds: for half of them, nine of ten, 99 of 100, and the slowest."""

    count: int
    p50_ms: float
    p90_ms: float
    p99_ms: float
    max_ms: float


class Sample:
    """Seconds. With more than MOST, every other one is dropped, and from then on every other one is taken."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._kept = array("d")
        self._step = 1
        self._turn = 0
        # Of all, kept or not.
        self.count = 0
        self.least = math.inf
        self.greatest = -math.inf

    def add(self, seconds: float) -> None:
        """One more."""
        self.count += 1
        self.least = min(self.least, seconds)
        self.greatest = max(self.greatest, seconds)
        self._turn += 1
        if self._turn < self._step:
            return
        self._turn = 0
        self._kept.append(seconds)
        if len(self._kept) > self._most:
            self._kept = self._kept[::2]
            self._step *= 2

    def __iter__(self) -> Iterator[float]:
        return iter(self._kept)

    def spread(self, correct: Callable[[float], float] = float) -> Spread | None:
        """Percentiles after a correction that keeps the order; None of nothing."""
        if not self._kept:
            return None
        ordered = sorted(self._kept)
        parts = [1000 * correct(percentile(ordered, share)) for share in (0.5, 0.9, 0.99)]
        return Spread(self.count, *(round(part, 3) for part in (*parts, 1000 * correct(self.greatest))))


def percentile(ordered: Sequence[float], share: float) -> float:
    """The least value that so large a share of them do not exceed: one that was there, never one between."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
