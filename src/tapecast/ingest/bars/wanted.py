"""Which bars are wanted of one market, over all replicas, and for how long still. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from tapecast.bars import BarCounts, Interval

GRACE_S: Final = 30.0
"""A page that is reloaded must not cost a hole in the seconds."""
SYMBOLS_MOST: Final = 500
"""Of one market. Each has megabytes in Redis, if all lengths are wanted."""


class Wanted:
    """The lengths that are wanted of each symbol, over all replicas, with a grace for pages that reload."""

    def __init__(self, most: int = SYMBOLS_MOST) -> None:
        self._most = most
        self._wanted: dict[str, frozenset[Interval]] = {}
        # Symbols that nobody wants any more, with the time at which they are let go.
        self._until: dict[str, float] = {}
        # Called when others may be wanted.
        self.on_change: Callable[[], None] = _nothing
        self.counts = BarCounts()

    def leave(self) -> None:
        """Nobody keeps bars here any more: another process does, or none."""
        self.on_change, self.counts.symbols = _nothing, 0

    def update(self, wanted: Mapping[str, Iterable[Interval]], now: float) -> None:
        """Set who is wanted now."""
        for symbol in self._wanted.keys() - wanted.keys():
            self._until.setdefault(symbol, now + GRACE_S)
        for symbol, intervals in wanted.items():
            self._until.pop(symbol, None)
            if symbol in self._wanted or len(self._wanted) < self._most:
                parts = {interval.part for interval in intervals}
                self._wanted[symbol] = self._wanted.get(symbol, frozenset()).union(intervals, parts)
        self.on_change()

    def now(self, now: float) -> Mapping[str, frozenset[Interval]]:
        """Who is wanted still."""
        for symbol in [symbol for symbol, until in self._until.items() if until <= now]:
            del self._until[symbol], self._wanted[symbol]
        return self._wanted


def _nothing() -> None:
    """Until somebody keeps bars there is nobody to tell."""
