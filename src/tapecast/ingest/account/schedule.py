"""When to read the account next. Pure; time is a parameter, in monotonic seconds.

It outlives listeners and ownerships: a page that is reloaded again and again must not cost a call each time.
"""

from __future__ import annotations

import math

from tapecast.backoff import backoff
from tapecast.errors import FeedFatal, FeedTransient
from tapecast.ingest.account.timing import Timing


class Schedule:
    """Polls, and reads that somebody asked for in between."""

    def __init__(self, timing: Timing) -> None:
        self._timing = timing
        self._last = -math.inf
        self._asked = math.inf
        # After a failure, and while the stream's first word is awaited.
        self._not_before = -math.inf
        self._held_until = -math.inf
        # When the next read would be due if all were `sustained_s` apart.
        self._sustained = -math.inf
        self._delays = backoff(timing.retry_first_s, timing.poll_s)

    def when(self, *, is_streaming: bool, is_scarce: bool) -> float:
        """The time of the next read."""
        timing = self._timing
        poll = self._last + (timing.poll_s if is_streaming else timing.poll_lost_s)
        slack = (timing.burst - 1) * timing.sustained_s
        asked = max(self._asked, self._last + timing.apart_s, self._sustained - slack)
        return max(poll if is_scarce else min(poll, asked), self._not_before, self._held_until)

    def soon(self, now: float) -> None:
        """A position has moved."""
        self.ask(now + self._timing.soon_s)

    def later(self, now: float) -> None:
        """An order has changed, and no position."""
        self.ask(max(now + self._timing.later_s, self._last + self._timing.later_apart_s))

    def ask(self, when: float) -> None:
        """Read at this time, or before."""
        self._asked = min(self._asked, when)

    def hold(self, until: float) -> None:
        """Do not read before."""
        self._held_until = until

    def begin(self, now: float) -> None:
        """A read begins: it is the answer to all who have asked."""
        self._last, self._asked = now, math.inf
        self._sustained = max(self._sustained, now) + self._timing.sustained_s

    def succeeded(self) -> None:
        """The next failure is a first one again."""
        self._delays = backoff(self._timing.retry_first_s, self._timing.poll_s)

    def failed(self, error: FeedFatal | FeedTransient, now: float, *, is_final: bool) -> None:
        """The read is due again, after a while."""
        pause = self._timing.failed_s if is_final else next(self._delays)
        if isinstance(error, FeedTransient) and error.retry_after is not None:
            pause = max(pause, error.retry_after)
        self._not_before = now + pause
        self.ask(self._not_before)
