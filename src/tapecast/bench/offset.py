"""The server's clock, as seen from here: an age is our time less the server's, and no two clocks agree.

A `hello` carries the server's time, which lies between our request and its arrival: so the offset lies within
a known range. Each of them, and each heartbeat, narrows it; the least delayed narrows it most. Where no
offset at all is within the range, the clocks are taken as equal: two hosts that keep time differ by less
than a network delays, and a correction by half a delay would only add to the error.

The client's servertime.py keeps the lower end of that range alone: for an age in seconds that is enough, for
milliseconds it is not.

Ages are dated by ingest. It is trusted to share the api's clock; `clock_offset_s` of the status tells if not.
"""

from __future__ import annotations

import math
from typing import Final

import msgspec

SURE_S: Final = 2.0
"""A wider range than this says nothing."""


class ClockFinding(msgspec.Struct, frozen=True):
    """By how much the server's clock is ahead of ours, give or take; `known` is false if none was heard."""

    known: bool
    offset_ms: float
    uncertainty_ms: float


class Offset:
    """The server's clock less ours, in seconds: at least `low`, at most `high`."""

    def __init__(self) -> None:
        self.low = -math.inf
        self.high = math.inf
        # The narrowest that a single exchange has left.
        self._best = (-math.inf, math.inf)

    def answered(self, server_s: float, asked_s: float, heard_s: float) -> None:
        """A time that was told in answer to what we asked for."""
        low, high = server_s - heard_s, server_s - asked_s
        if high - low < self._best[1] - self._best[0]:
            self._best = (low, high)
        self.low, self.high = max(self.low, low), min(self.high, high)

    def told(self, server_s: float, heard_s: float) -> None:
        """A time that was told unasked: it was not later than its arrival."""
        self.low = max(self.low, server_s - heard_s)

    @property
    def range(self) -> tuple[float, float]:
        """All that fits what was heard; with replicas whose clocks differ, what fits the clearest answer."""
        return (self.low, self.high) if self.low <= self.high else self._best

    @property
    def seconds(self) -> float:
        """What to add to our time to have the server's."""
        low, high = self.range
        if low <= 0 <= high or not math.isfinite(high - low):
            return 0.0
        return (low + high) / 2

    def finding(self) -> ClockFinding:
        """What to tell a person."""
        low, high = self.range
        if high - low > SURE_S:
            return ClockFinding(known=False, offset_ms=0.0, uncertainty_ms=0.0)
        seconds = self.seconds
        uncertain = max(high - seconds, seconds - low)
        return ClockFinding(True, round(1000 * seconds, 3), round(1000 * uncertain, 3))
