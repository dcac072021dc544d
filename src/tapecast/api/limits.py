"""How many streams there may be, in all and for each client, and how fast they may be opened.

Whoever is over a limit is refused for now, in the way that an `EventSource` comes back from (`errors.py`). A
client counts as its credential and as its address (`peers.py`): tickets are cheap. Without either it may be
anybody, and counts for all alone. Health and metrics have no limit.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from tapecast.clock import Clock
from tapecast.errors import ClientError
from tapecast.settings import Settings

REASONS: Final = ("process", "client", "rate")
"""Which limit it was."""
_CODE: Final = "too_many_streams"
_WORDS: Final = {
    "process": "this server has as many streams open as it may; come back",
    "client": "you have as many streams open as one client may; close some",
    "rate": "streams are opened faster than this server lets them; come back",
}
RETRY_AFTER_S: Final = 10


class Limits:
    """The open streams by client, and a bucket of those that may be opened now."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._most = settings.max_streams
        self._most_each = settings.max_streams_per_client
        self._rate = settings.accept_rate
        self._clock = clock
        # A second's worth may come in one moment, or one.
        self._tokens = self._burst = max(self._rate, 1.0)
        self._filled = clock.now()
        self._open: Counter[str] = Counter()
        self._count = 0
        # Requests turned away, by the limit that they met.
        self.refused: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._count

    def require(self, holders: tuple[str, ...]) -> None:
        """Raises ClientError if a client of these names may not open a stream now."""
        if self._count >= self._most:
            raise self._refusal("process")
        if self._most_each and any(self._open[holder] >= self._most_each for holder in holders):
            raise self._refusal("client")
        self.require_pace()

    def require_pace(self) -> None:
        """Raises ClientError if requests come too fast; for those, too, that open no stream."""
        if not self._rate:
            return
        now = self._clock.now()
        self._tokens = min(self._burst, self._tokens + (now - self._filled) * self._rate)
        self._filled = now
        if self._tokens < 1:
            raise self._refusal("rate")
        self._tokens -= 1

    def enter(self, holders: tuple[str, ...]) -> None:
        """One more."""
        self._open.update(holders)
        self._count += 1

    def leave(self, holders: tuple[str, ...]) -> None:
        """One less; who has none is not kept."""
        self._count -= 1
        self._open.subtract(holders)
        for holder in holders:
            if self._open[holder] <= 0:
                del self._open[holder]

    def _refusal(self, reason: str) -> ClientError:
        self.refused[reason] += 1
        return ClientError(429, _CODE, _WORDS[reason], retry_after=RETRY_AFTER_S)
