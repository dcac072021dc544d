"""The server's clock as seen from here: ages of prices are by that, not by what this machine believes."""

from __future__ import annotations

from collections import deque
from typing import Final

from tapecast.clock import Clock

SAMPLES: Final = 8


class ServerTime:
    """Server minus local. Each sample is too small by its time on the way, so the largest is the best."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offsets: deque[float] = deque(maxlen=SAMPLES)

    def reset(self) -> None:
        """Forget what was learnt: this machine may have slept, or its clock been set."""
        self._offsets.clear()

    def hear(self, server_time: int) -> None:
        """What the server said the time is, in microseconds."""
        self._offsets.append(server_time / 1e6 - self._clock.wall())

    @property
    def offset_s(self) -> float:
        """By how much the server's clock is ahead of this one; 0 before the first word."""
        return max(self._offsets, default=0.0)

    def now(self) -> float:
        """Server time, seconds since the epoch."""
        return self._clock.wall() + self.offset_s
