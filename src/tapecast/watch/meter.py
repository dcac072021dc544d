"""How long prices take from the server's receipt of them to this terminal, and how many come."""

from __future__ import annotations

from collections import deque
from statistics import median
from typing import Final

from tapecast.client import Stream, Tick
from tapecast.clock import Clock

WINDOW_S: Final = 5.0
SAMPLES: Final = 4096
"""The window is shorter where more come: that is enough for a median."""


class Meter:
    """Of one stream."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._delays: deque[tuple[float, float]] = deque(maxlen=SAMPLES)
        self._count = 0
        self._began = clock.now()

    def hear(self, tick: Tick, stream: Stream) -> None:
        """A tick came. An image of before this stream tells no delay."""
        if stream.hello is not None and tick.ts_recv >= stream.hello.server_time:
            delay = max(0.0, stream.server_now() - tick.ts_recv / 1e6)
            self._delays.append((self._clock.now(), delay))

    def _recent(self) -> list[float]:
        since = self._clock.now() - WINDOW_S
        while self._delays and self._delays[0][0] < since:
            self._delays.popleft()
        return [delay for _, delay in self._delays]

    @property
    def delay_s(self) -> float | None:
        """The median; None while nothing comes."""
        recent = self._recent()
        return median(recent) if recent else None

    @property
    def per_second(self) -> float:
        """Ticks."""
        recent = len(self._recent())
        full = recent == SAMPLES and self._delays[-1][0] - self._delays[0][0]
        return recent / (full or WINDOW_S)
