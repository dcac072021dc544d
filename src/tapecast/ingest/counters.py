"""What one ingest process counts, and the rate it shows."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from typing import Final

WINDOW_S: Final = 5.0
SAY_AGAIN_S: Final = 60.0
"""A venue that goes mad sends thousands of bad messages a second; the log needs one line of each kind."""

logger = logging.getLogger(__name__)


class Counters:
    """Messages of the venue, by sum and by rate, and those that made no sense, by kind."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.messages = 0
        self.rejected: Counter[str] = Counter()
        # When each kind of rejected message may be logged again.
        self._say_from: dict[tuple[str, str], float] = {}
        # The rate is that of the last whole window: a counter since the start would hide a feed gone quiet.
        self._window_start = clock()
        self._window_messages = 0
        self._rate = 0.0

    def reject(self, market: str, kind: str) -> bool:
        """Count a message that made no sense, and say so once in a while; whether it was said."""
        self.rejected[kind] += 1
        now = self._clock()
        if now >= self._say_from.get((market, kind), now):
            self._say_from[market, kind] = now + SAY_AGAIN_S
            logger.warning("message_rejected: %s: %s, %d so far", market, kind, self.rejected[kind])
            return True
        return False

    def messages_per_second(self) -> float:
        """The rate over about the last WINDOW_S."""
        now = self._clock()
        elapsed = now - self._window_start
        if elapsed >= WINDOW_S:
            self._rate = (self.messages - self._window_messages) / elapsed
            self._window_start, self._window_messages = now, self.messages
        elif self._rate == 0.0 and elapsed > 0:
            return round((self.messages - self._window_messages) / max(elapsed, 1.0), 1)
        return round(self._rate, 1)
