"""Every wait of this feed, in one place with its reason, so that tests can shorten all of them.

`Delays` decides how long to wait before the next dial. Three kinds of failure want three kinds of patience:
the ordinary one backs off, a taken slot (406) or a throttled dial (429) is left alone for a long while, and a
406 just after a takeover is only the predecessor's session that has not ended yet.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from tapecast.backoff import backoff, jittered
from tapecast.errors import FeedTransient

CONNECTION_LIMIT = 406


@dataclass(frozen=True)
class Limits:
    """Seconds, unless the name says otherwise."""

    # The upgrade and the welcome; then the log-in. A server that upgraded and said nothing hung the SDK.
    welcome_s: float = 5.0
    auth_s: float = 5.0
    # From a subscribe message to the venue's `subscription` or error.
    reply_s: float = 5.0
    # A message of ours must leave within this, else the socket is stuck.
    send_s: float = 5.0
    # Ping after this much silence; give up after that much. A price lives five seconds from the last sign of
    # life, and is written again every two: with pings further apart its key would come and go. With the close
    # of a frozen socket, a silent venue is given up within 10 s.
    ping_s: float = 1.5
    silent_s: float = 5.5
    # SIGTERM waits for the close, so it must end even when the peer is frozen. Must stay above the
    # `close_timeout` of the socket: below it, the library swallows our cancellation.
    close_s: float = 2.5
    # A session that brought data, or lasted so long, was a good one: the next failure is a first one again.
    proven_s: float = 10.0
    backoff_first_s: float = 0.5
    # Not longer: whoever waits here when the venue returns is late by that much, and 10 s is the promise.
    backoff_cap_s: float = 6.0
    # A taken slot is freed by the venue's own timeout; dialling faster earns HTTP 429.
    slow_s: tuple[float, float] = (15.0, 30.0)
    # After a takeover the old holder's session may need a moment to end.
    takeover_s: float = 10.0
    takeover_retry_s: float = 0.5
    # The confirmed symbols are compared with REST this often, and sooner while nothing at all arrives.
    compare_every_s: float = 60.0
    compare_quiet_s: float = 10.0
    # A symbol whose newest trade at the venue is this much newer than ours has gone silent, unless that trade
    # arrives in the time that the comparison gives it.
    lag_s: float = 15.0
    compare_grace_s: float = 3.0
    # How long the first dial waits for the market's clock, so that no closed market is called live.
    clock_first_s: float = 1.0
    clock_every_s: float = 300.0
    clock_retry_s: float = 30.0


class Delays:
    """How long to wait after each failure, for one run of a feed."""

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._clock = clock
        self._takeover_until = clock() + limits.takeover_s
        self.reset()

    def reset(self) -> None:
        """The venue served us (being confirmed does not count): the next failure is a first one again."""
        self._ordinary = backoff(self._limits.backoff_first_s, self._limits.backoff_cap_s)

    def after(self, failure: FeedTransient) -> float:
        """Seconds to wait before the next dial."""
        if failure.code == CONNECTION_LIMIT and self._clock() < self._takeover_until:
            return self._limits.takeover_retry_s
        if failure.retry_after is not None:
            return jittered(*self._limits.slow_s)
        return next(self._ordinary)
