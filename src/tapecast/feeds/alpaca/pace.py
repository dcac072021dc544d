"""At most so many REST calls a second, with a small burst, for all that share one pace.

The free plan allows 200 data calls a minute and other programs of the account use them too.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable


class Pace:
    """A token bucket without a task: it only knows when the next call would be due."""

    def __init__(self, per_second: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval = 1.0 / per_second
        self._slack = (burst - 1) * self._interval
        self._clock = clock
        # When a caller without any burst left could go.
        self._due = clock()

    def reserve(self) -> float:
        """Take the next place and say how many seconds away it is."""
        now = self._clock()
        self._due = max(self._due, now)
        delay = max(0.0, self._due - self._slack - now)
        self._due += self._interval
        return delay

    async def wait(self) -> None:
        """Return when the caller may go."""
        await asyncio.sleep(self.reserve())
