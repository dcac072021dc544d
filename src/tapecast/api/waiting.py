"""Connections whose next request has not come yet, in bounded number.

Each takes a file, and costs whoever opened it next to nothing. When there are too many, the oldest is cut
off: whoever means it sends a request at once.
"""

from __future__ import annotations

from collections import Counter
from typing import Final, Protocol

MOST: Final = 2048
"""Far more than a crowd that comes back at once has waiting at any moment."""

CUTS: Final = ("crowded", "late", "large", "pipelined", "unread")
"""Why a connection is cut off before it is answered: to make room, no whole head in time, a request that is
too large, too many requests behind each other, an answer that is not taken."""


class Waiter(Protocol):
    """A connection, as it is cut off."""

    def cut_off(self) -> None:
        """Close at once."""


class Waiting:
    """Who waits, oldest first."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._waiters: dict[Waiter, None] = {}
        # Connections cut off, by one of CUTS.
        self.cut: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._waiters)

    def add(self, waiter: Waiter) -> None:
        """It waits from now on."""
        self._waiters[waiter] = None
        if len(self._waiters) > self._most:
            oldest = next(iter(self._waiters))
            del self._waiters[oldest]
            self.cut["crowded"] += 1
            oldest.cut_off()

    def discard(self, waiter: Waiter) -> None:
        """Its request is here, or it is gone."""
        self._waiters.pop(waiter, None)
