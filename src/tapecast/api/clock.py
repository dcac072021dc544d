"""The two clocks, injected together so that a test can turn them by hand.

Deadlines count monotonic seconds, because the wall clock may be set while a price is shown. What a person or
another machine reads is wall time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from tapecast.bus import codec


@dataclass(frozen=True)
class Clock:
    """Seconds from either clock."""

    now: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time

    def server_time(self) -> int:
        """The wall clock as clients see it: microseconds since the epoch."""
        return codec.now_us(self.wall())

    def since(self) -> str:
        """The wall clock as RFC 3339."""
        return codec.iso(self.wall())
