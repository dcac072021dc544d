"""First values for newly confirmed symbols, by REST, because the stream sends none.

There is no snapshot on subscribe and no replay after a gap: without a seed a quiet symbol would show nothing
until its next trade, on a Sunday nothing till Monday. One seeder serves one session: a reconnect seeds all.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol

from tapecast.backoff import backoff
from tapecast.errors import FeedFatal, FeedTransient
from tapecast.feeds.alpaca.limits import Limits
from tapecast.feeds.alpaca.rest import SYMBOLS_PER_CALL
from tapecast.market import Snapshot

AGAIN_AFTER_S: Final = 10.0

logger = logging.getLogger(__name__)


class SnapshotSource(Protocol):
    """The venue's REST side, as far as a seed needs it. Raises FeedError."""

    async def snapshots(self, symbols: Sequence[str]) -> list[Snapshot]:
        """What the venue knows of each symbol."""


class Seeder:
    """Asks for each confirmed symbol once. A REST side that fails costs the seed, never the stream."""

    def __init__(
        self,
        rest: SnapshotSource,
        on_snapshot: Callable[[Snapshot], None],
        limits: Limits,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._rest = rest
        self._on_snapshot = on_snapshot
        self._limits = limits
        self._confirmed: frozenset[str] = frozenset()
        # Confirmed and not yet seeded, in the order of confirmation.
        self._waiting: dict[str, None] = {}
        # When each was last waiting, in monotonic seconds.
        self._asked: dict[str, float] = {}
        self._wake = asyncio.Event()

    def confirm(self, symbols: frozenset[str]) -> None:
        """The venue's whole set has changed."""
        fresh = sorted(symbols - self._confirmed)
        self._confirmed = symbols
        self._waiting = dict.fromkeys(symbol for symbol in self._waiting if symbol in symbols)
        self._asked = {symbol: at for symbol, at in self._asked.items() if symbol in symbols}
        self._enqueue(fresh)

    def again(self, symbols: Iterable[str]) -> None:
        """Seed these once more, those that are confirmed and were not asked for a moment ago.

        Whoever asks may ask with every breath: just after midnight the venue has no new day to tell of.
        """
        latest = self._clock() - AGAIN_AFTER_S
        self._enqueue([s for s in symbols if s in self._confirmed and self._asked.get(s, latest) <= latest])

    def _enqueue(self, symbols: Iterable[str]) -> None:
        for symbol in symbols:
            self._waiting[symbol] = None
            self._asked[symbol] = self._clock()
        if self._waiting:
            self._wake.set()

    async def run(self) -> None:
        """Seed whatever waits, for as long as the session lasts."""
        delays = backoff(self._limits.backoff_first_s, self._limits.backoff_cap_s)
        while True:
            await self._wake.wait()
            try:
                await self._seed(list(self._waiting)[:SYMBOLS_PER_CALL])
            except FeedTransient as failure:
                logger.warning("seed_delayed: %s", failure)
                await asyncio.sleep(max(next(delays), failure.retry_after or 0.0))
            else:
                delays = backoff(self._limits.backoff_first_s, self._limits.backoff_cap_s)

    async def _seed(self, batch: list[str]) -> None:
        try:
            snapshots = await self._rest.snapshots(batch)
        except FeedFatal as failure:
            logger.warning("seed_refused: %d symbols: %s", len(batch), failure)
            snapshots = []
        for snapshot in snapshots:
            # It may have been unsubscribed while the answer was on its way.
            if snapshot.symbol in self._confirmed:
                self._on_snapshot(snapshot)
        for symbol in batch:
            self._waiting.pop(symbol, None)
        if not self._waiting:
            self._wake.clear()
