"""The two clocks, injected together so that a test can turn them by hand.

Deadlines count monotonic seconds, because the wall clock may be set while a price is shown. What a person or
another machine reads is wall time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True)
class Clock:
    """Seconds from either clock."""

    now: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time

    def micros(self) -> int:
        """The wall clock in the unit of epoch, seq, ts_recv and server_time: microseconds since the epoch."""
        return int(self.wall() * 1_000_000)

    def iso(self) -> str:
        """The wall clock as RFC 3339, to the millisecond, for people."""
        text = datetime.fromtimestamp(self.wall(), UTC).isoformat(timespec="milliseconds")
        return text.replace("+00:00", "Z")
