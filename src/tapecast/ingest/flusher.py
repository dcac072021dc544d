"""Flush: what the conflator has marked goes to Redis, and what is quiet is written again before it expires.

At once when idle, paced when busy. A price lives for PRICE_TTL_S from when the venue was last heard, not from
when it is written: else a venue that froze just before a refresh would stay live for nearly twice as long.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final, Never

from tapecast.bus import codec
from tapecast.bus.fence import BATCH
from tapecast.bus.histogram import Histogram
from tapecast.bus.keys import LAST_EVERY_S, REFRESH_EVERY_S
from tapecast.bus.publisher import Publisher, Write
from tapecast.clock import Clock
from tapecast.conflation import drain
from tapecast.errors import BusRefused, BusUnavailable
from tapecast.ingest.conflator import Conflator
from tapecast.ingest.image import Image

logger = logging.getLogger(__name__)

FLUSH_EVERY_S: Final = 0.01
"""The slowest pace while Redis keeps up: 100 flushes a second, twice the promised fifty."""
FLUSH_SHARE: Final = 0.25
"""Of the time, at most, until that pace is reached. A flush of a few symbols takes a fraction of a
millisecond, and waiting ten for the next would be most of what a price needs from the venue to a page."""
FLUSH_MOST: Final = 2 * BATCH
"""Symbols in one flush, those first that changed first. At that pace 10,000 symbols that never rest go out
every 250 ms each, and 400 or fewer every 10 ms. Writing all that is dirty each time would be 100,000 writes a
second and more: work that no reader sees, taken from the reading of the socket, which the venue cuts off if
it falls behind. One flush holds the loop for about a millisecond."""
LAST_MOST: Final = BATCH // 4
"""`last:` keys in one write. Symbols that all came in one moment would all be due again in one, five seconds
later; so many a flush is still each symbol of 10,000 in two seconds."""
RETRY_S: Final = 0.2
WARN_EVERY_S: Final = 10.0


class Flusher:
    """The two loops that write one market's prices under one lease."""

    def __init__(
        self,
        feed: str,
        conflator: Conflator,
        publisher: Publisher,
        good_for_s: Callable[[], float],
        clock: Clock | None = None,
        on_refused: Callable[[str], None] = lambda _: None,
        times: Histogram | None = None,
    ) -> None:
        self._feed = feed
        self._conflator = conflator
        self._publisher = publisher
        # How long a price that is written now may be believed; not above zero while the path is not healthy.
        self._good_for_s = good_for_s
        self._clock = clock or Clock()
        # Told after each flush why Redis refused it, or that it did not.
        self._on_refused = on_refused
        # How long flushes took, and waited for one another.
        self._times = times or Histogram()
        # What `price:` holds, to refresh it unchanged, with the session in which it was written.
        self._written: dict[str, tuple[int, bytes]] = {}
        self._last_written: dict[str, float] = {}
        # One write at a time: a refresh that Redis served after a flush would put the older tick back.
        self._writing = asyncio.Lock()
        self.newest_ts_recv = 0
        self._next_warning = 0.0

    async def flush_forever(self) -> Never:
        """Publish what is dirty. Raises LeaseLost."""
        dirty, woken = self._conflator.dirty, self._conflator.woken
        while True:
            await woken.wait()
            started = self._clock.now()
            woken.clear()
            async with self._writing:
                done = await self._flush_retired() and await self._flush()
            if not done and (dirty or self._conflator.retired):
                woken.set()
            took = self._clock.now() - started
            if done:
                self._times.observe(took)
            every = min(took / FLUSH_SHARE, FLUSH_EVERY_S) if done else RETRY_S
            # Idle before: no wait came first. Busy: what gathers during this pause goes out together.
            await asyncio.sleep(max(0.0, every - took))

    async def _flush_retired(self) -> bool:
        while retired := drain(self._conflator.retired, BATCH):
            for each in retired:
                self._written.pop(each.symbol, None)
                self._last_written.pop(each.symbol, None)
            try:
                await self._publisher.retire(retired)
            except BusUnavailable as error:
                self._warn(error)
                # The others expire in seconds; but a price that was void stands on pages, and in `last:`.
                self._conflator.retire_again(each for each in retired if each.void)
                return False
        return True

    async def _flush(self) -> bool:
        good_for_s = self._good_for_s()
        # A venue gone silent vouches for nothing: a price in hand is old by the time Redis is back.
        if good_for_s <= 0:
            return False
        session, now = self._conflator.session_seq, self._clock.now()
        images = drain(self._conflator.dirty, FLUSH_MOST)
        writes = self._writes(images, now)
        try:
            await self._publisher.publish(writes, good_for_s)
        except BusUnavailable as error:
            self._warn(error)
            for image in images:
                # Whatever is newer by then goes out instead, under a new seq.
                if self._conflator.image(image.symbol) is image:
                    self._conflator.touch(image)
            # Where nothing waits to be tried again, nothing would take the word back.
            reason = error.reason if isinstance(error, BusRefused) else ""
            self._on_refused(reason if self._conflator.dirty else "")
            return False
        self._wrote(writes, session, now)
        self._on_refused("")
        if self._conflator.dirty:
            self._conflator.woken.set()
        return True

    def _warn(self, error: BusUnavailable) -> None:
        # A flush is tried again five times a second: once in a while is enough to say so.
        if self._clock.now() >= self._next_warning:
            self._next_warning = self._clock.now() + WARN_EVERY_S
            logger.warning("flush_failed: %s", error)

    def _wrote(self, writes: list[Write], session: int, now: float) -> None:
        for write in writes:
            self._written[write.symbol] = (session, write.data)
            if write.last:
                self._last_written[write.symbol] = now

    def _writes(self, images: list[Image], now: float) -> list[Write]:
        conflator, feed, due = self._conflator, self._feed, self._last_due(now)
        epoch, first_seq = conflator.epoch, conflator.next_seq(len(images))
        writes = []
        for seq, image in enumerate(images, first_seq):
            tick = image.tick(feed, epoch, seq) if image.fresh else None
            if tick is not None:
                self.newest_ts_recv = max(self.newest_ts_recv, tick.ts_recv)
                writes.append(Write(image.symbol, codec.encode(tick), due(image.symbol), True))
        return writes

    def _last_due(self, now: float) -> Callable[[str], bool]:
        """Tells of each symbol of one write whether its `last:` is to be written too."""
        written, oldest, left = self._last_written, now - LAST_EVERY_S, LAST_MOST

        def due(symbol: str) -> bool:
            nonlocal left
            if left == 0 or written.get(symbol, oldest) > oldest:
                return False
            left -= 1
            return True

        return due

    async def refresh_forever(self) -> Never:
        """Re-write `price:` of quiet symbols while the path is healthy. Raises LeaseLost."""
        while True:
            await asyncio.sleep(REFRESH_EVERY_S)
            await self.refresh()

    async def refresh(self) -> None:
        """Re-write `price:` as it was written last, and `last:` where it is due. Raises LeaseLost.

        In small steps, between which a flush can go first: new prices are worth more than old ones.
        """
        symbols = list(self._written)
        for start in range(0, len(symbols), BATCH):
            async with self._writing:
                try:
                    await self._rewrite(symbols[start : start + BATCH])
                except BusUnavailable as error:
                    logger.warning("refresh_failed: %s", error)
                    return

    async def _rewrite(self, symbols: list[str]) -> None:
        good_for_s, now = self._good_for_s(), self._clock.now()
        if good_for_s <= 0:
            return
        session, due = self._conflator.session_seq, self._last_due(now)
        writes = [
            Write(symbol, self._written[symbol][1], due(symbol), False)
            for symbol in symbols
            if self._stands(symbol)
        ]
        await self._publisher.publish(writes, good_for_s)
        self._wrote(writes, session, now)

    def _stands(self, symbol: str) -> bool:
        """Whether what was written last is still the newest that is known, and confirmed by this session."""
        session, _ = self._written.get(symbol, (0, b""))
        image = self._conflator.image(symbol)
        # A dirty one is about to be written anew; after a flush whose answer was lost, what we know of its
        # bytes may be older than the key.
        return (
            session == self._conflator.session_seq
            and image is not None
            and image.fresh
            and symbol not in self._conflator.dirty
        )
