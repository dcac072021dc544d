"""How old prices are when they are written to clients: the one number that says whether this is live.

From `ts_recv`, when ingest received what made the tick, to the write: Redis, this process's queue and its
intervals are all in it, the venue and the client's network are not. It is read from two hosts' clocks where
ingest is on another.

One tick of one write in EVERY is looked at, and counts for all the clients that got it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from tapecast.bus.histogram import TIMES_S, Histogram

if TYPE_CHECKING:
    from tapecast.api.topic import Topic

EVERY: Final = 16
BOUNDS_S: Final = (*TIMES_S, 30.0, 60.0)


class Ages:
    """The ages of a sample."""

    __slots__ = ("_now", "_turn", "histogram")

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self.histogram = Histogram(BOUNDS_S)
        # Not always the first symbol of a view.
        self._turn = 0

    def see(self, topics: Sequence[Topic], clients: int) -> None:
        """The newest ticks of these go to so many clients now."""
        if not topics:
            return
        self._turn += 1
        ts_recv = topics[self._turn % len(topics)].ts_recv
        if ts_recv:
            # A clock that is behind ingest's makes no price younger than new.
            self.histogram.observe(max(0.0, self._now() - ts_recv / 1_000_000), clients)
