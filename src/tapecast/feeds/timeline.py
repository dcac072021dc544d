"""How far a recorded tape has come: one timeline for all the feeds that read it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from tapecast.recording import Recording


class Timeline:
    """Where on the tape it is now."""

    def __init__(
        self, recording: Recording, speed: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._first_ns = recording.first_ns
        self._speed = speed
        self._clock = clock
        self._started: float | None = None

    def start(self) -> None:
        """Begin, unless it has begun."""
        if self._started is None:
            self._started = self._clock()

    def due_in(self, ns: int) -> float:
        """Seconds until a moment of the tape; not above zero when it has come."""
        if self._started is None:
            return math.inf
        return self._started + (ns - self._first_ns) / 1e9 / self._speed - self._clock()
