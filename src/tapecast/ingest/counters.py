"""What one ingest process counts, and the rate it shows."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from tapecast.bus.histogram import Histogram
from tapecast.market import Quote, Trade

WINDOW_S: Final = 5.0
SAY_AGAIN_S: Final = 60.0
"""A venue that goes mad sends thousands of bad messages a second; the log needs one line of each kind."""

TYPES: Final = ("trade", "quote", "correction", "cancel", "snapshot")

logger = logging.getLogger(__name__)


class Counters:
    """Messages of the venue, by type and by rate, and those that made no sense, by kind; and flushes."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        # Of the venue's stream by type, and REST snapshots, which are no messages.
        self.received = dict.fromkeys(TYPES, 0)
        self.rejected: Counter[str] = Counter()
        # How long flushes of all markets took.
        self.flushes = Histogram()
        # When each kind of rejected message may be logged again.
        self._say_from: dict[tuple[str, str], float] = {}
        # The rate is that of the last whole window: a counter since the start would hide a feed gone quiet.
        self._window_start = clock()
        self._window_messages = 0
        self._rate = 0.0

    @property
    def messages(self) -> int:
        """All that the venue's streams have said."""
        return sum(self.received.values()) - self.received["snapshot"]

    def receive(self, data: Sequence[Trade | Quote]) -> None:
        """Count a frame, of which a busy feed sends a thousand a second."""
        trades = [type(value) for value in data].count(Trade)
        self.received["trade"] += trades
        self.received["quote"] += len(data) - trades

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
