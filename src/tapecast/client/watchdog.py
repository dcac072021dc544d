"""Says when a stream that looks open has been silent for too long.

By wall clock: the monotonic one stands still while a laptop sleeps, and the connection is dead when it wakes.
"""

from __future__ import annotations

from typing import Final

from tapecast.clock import Clock

KEEPALIVE_S: Final = 15.0
"""The server's default. What it really is shows in its heartbeats."""
BEATS: Final = 2.5
MOST_S: Final = 750.0
LEAST_S: Final = 2.0
SLEPT_S: Final = 15.0


class Watchdog:
    """Of one connection, over all its streams: what was learnt of the heartbeats stays."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._limit_s = BEATS * KEEPALIVE_S
        self._is_measured = False
        self._heard = clock.wall()
        # Of the last heartbeat, by the server's clock: how late it got here does not matter then.
        self._beat: int | None = None

    def begin(self) -> None:
        """A new stream: the silence begins anew."""
        self._beat = None
        self.hear()

    def hear(self) -> None:
        """Something came."""
        self._heard = self._clock.wall()

    def beat(self, server_time: int) -> None:
        """A heartbeat came."""
        if self._beat is not None and server_time > self._beat:
            self._limit_s = min(MOST_S, max(LEAST_S, BEATS * (server_time - self._beat) / 1e6))
            self._is_measured = True
        self._beat = server_time

    @property
    def left_s(self) -> float:
        """Until the silence is too long; 0 or less if it is."""
        now = self._clock.wall()
        # Set back: what it said before means nothing any more.
        self._heard = min(self._heard, now)
        return self._heard + self._limit_s - now

    def bark(self) -> None:
        """It was too long. A server whose heartbeats are further apart than we thought must not be left
        again and again; long after the limit is no sign of that, but of a laptop that slept.
        """
        if not self._is_measured and self.left_s > -SLEPT_S:
            self._limit_s = min(MOST_S, 2 * self._limit_s)
