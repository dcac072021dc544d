"""A stream that hears nothing while others of the same symbols do.

Silence alone is no fault: markets are quiet, and closed. Prices have no numbers without holes either, since a
newer one replaces what waits. But all streams of a run ask for the same, so what one of them heard is due to
all of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from tapecast.bench.listener import Listener

LIMIT_S: Final = 1.0
"""Far above what a write to thousands takes; as long as a price stays believable without a sign of life."""


class Gaps:
    """How many there were, and the longest so far."""

    def __init__(self, interval_ms: int | None) -> None:
        # With an interval the streams that came apart are also served apart.
        self._limit_s = LIMIT_S + 2 * (interval_ms or 0) / 1000
        self.count = 0
        self.longest_s = 0.0

    def look(self, newest: float, listeners: Iterable[Listener]) -> None:
        """`newest` is when any of them heard a price."""
        for listener in listeners:
            behind = newest - listener.last
            if not listener.is_open or not listener.last or behind < self._limit_s:
                listener.is_behind = False
                continue
            if not listener.is_behind:
                listener.is_behind = True
                self.count += 1
            self.longest_s = max(self.longest_s, behind)
