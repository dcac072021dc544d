"""A stream that misses what others of the same symbols have heard.

Silence alone is no fault: markets are quiet, and closed. Prices have no numbers without holes either, since a
newer one replaces what waits. But all streams of a run ask for the same, so what one of them heard is due to
all of them.

What was heard within the last moment may still be on its way to the others, and the streams are not read in
the same instant. So a price is missed if it is a limit old, and came at least a limit after the last one that
this stream has had.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final

from tapecast.bench.listener import Listener

LIMIT_S: Final = 0.5
"""Far above what a write to thousands takes. Who is cut off from a steady flow is found after two of them."""


class Gaps:
    """How many there were, and for how long a price was overdue at the most."""

    def __init__(self, interval_ms: int | None) -> None:
        # With an interval the streams that came apart are also served apart.
        self._limit_s = LIMIT_S + 2 * (interval_ms or 0) / 1000
        # When looked, and when any of them had heard a price last by then; the first is a limit old, or there
        # is none that is.
        self._heard: deque[tuple[float, float]] = deque()
        self.count = 0
        self.longest_s = 0.0

    def look(self, now: float, newest: float, listeners: Iterable[Listener]) -> None:
        """`newest` is when any of them heard a price. To be called again and again."""
        self._heard.append((now, newest))
        while len(self._heard) > 1 and self._heard[1][0] <= now - self._limit_s:
            self._heard.popleft()
        looked, due = self._heard[0]
        if looked > now - self._limit_s:
            return
        for listener in listeners:
            is_behind = listener.is_open and 0 < listener.last < due - self._limit_s
            if not is_behind:
                listener.missed = 0.0
                continue
            if not listener.missed:
                listener.missed = due
                self.count += 1
            self.longest_s = max(self.longest_s, now - listener.missed)
