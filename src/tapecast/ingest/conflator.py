"""Conflate: the venue's messages become the newest image of each symbol, and only what changed is written.

The feed's reader calls the `on_*` methods, which store and return. The flusher is another task: it publishes
at once when idle and is paced when busy, so a burst costs one write per symbol, not one per message.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Final, Never

from tapecast.bus import codec
from tapecast.bus.fence import BATCH
from tapecast.bus.keys import LAST_EVERY_S, REFRESH_EVERY_S
from tapecast.bus.publisher import Publisher, Write
from tapecast.clock import Clock
from tapecast.conflation import drain
from tapecast.errors import BusUnavailable
from tapecast.ingest.image import Image
from tapecast.market import Quote, Snapshot, Tick, Trade

logger = logging.getLogger(__name__)

FLUSH_EVERY_S: Final = 0.01
"""The pace when busy: 100 flushes a second, twice the promised fifty."""
RETRY_S: Final = 0.2
WARN_EVERY_S: Final = 10.0


class Conflator:
    """The images of one market under one lease, and the two loops that write them."""

    def __init__(
        self,
        feed: str,
        epoch: int,
        publisher: Publisher,
        healthy: Callable[[], bool],
        clock: Clock | None = None,
    ) -> None:
        self._feed = feed
        self.epoch = epoch
        self._publisher = publisher
        # Whether the venue was heard from in the last seconds: only then may a price be refreshed.
        self._healthy = healthy
        self._clock = clock or Clock()
        self._images: dict[str, Image] = {}
        self._dirty: dict[str, Image] = {}
        self._woken = asyncio.Event()
        self._seq = 0
        # The first seq of the present venue session; a beat vouches for ticks from here on.
        self.session_seq = self._next_seq()
        # The bytes that `price:` holds, to refresh them unchanged; symbols leave with `keep`.
        self._written: dict[str, bytes] = {}
        self._last_written: dict[str, float] = {}
        # One write at a time: a refresh that Redis served after a flush would put the older tick back.
        self._writing = asyncio.Lock()
        self.newest_ts_recv = 0
        self._next_warning = 0.0

    def on_session(self) -> None:
        """A new session: nothing known so far may be published until it is confirmed again."""
        for image in self._images.values():
            image.fresh = False
        self._dirty.clear()
        self._written.clear()
        self.session_seq = self._next_seq()

    def on_subscribed(self, symbols: frozenset[str]) -> None:
        """The venue's whole set: what is not in it any more is neither published nor refreshed."""
        for symbol, image in self._images.items():
            if symbol not in symbols:
                image.fresh = False
                self._dirty.pop(symbol, None)
                self._written.pop(symbol, None)

    def on_trade(self, trade: Trade) -> None:
        """Store a print."""
        image = self._images.get(trade.symbol)
        # Data of a symbol just unsubscribed can still arrive for a moment.
        if image is not None and image.on_trade(trade):
            self._touch(image)

    def on_quote(self, quote: Quote) -> None:
        """Store a quote."""
        image = self._images.get(quote.symbol)
        if image is not None and image.on_quote(quote):
            self._touch(image)

    def on_snapshot(self, snapshot: Snapshot) -> None:
        """Store the venue's REST answer."""
        image = self._images.get(snapshot.symbol)
        if image is not None:
            image.on_snapshot(snapshot)
            self._touch(image)

    def _touch(self, image: Image) -> None:
        if image.fresh:
            self._dirty[image.symbol] = image
            self._woken.set()

    def missing(self, symbols: Iterable[str]) -> list[str]:
        """Which of these symbols have no image yet."""
        return [symbol for symbol in symbols if symbol not in self._images]

    def keep(self, symbols: Iterable[str], restored: Iterable[Tick] = ()) -> None:
        """Hold images of exactly these symbols, new ones started from `restored` where it has them."""
        wanted = set(symbols)
        for symbol in self._images.keys() - wanted:
            del self._images[symbol]
            self._dirty.pop(symbol, None)
            self._written.pop(symbol, None)
            self._last_written.pop(symbol, None)
        for symbol in wanted - self._images.keys():
            self._images[symbol] = Image(symbol)
        for tick in restored:
            if tick.symbol in wanted:
                self._images[tick.symbol].restore(tick)

    def outdated_days(self) -> list[str]:
        """Symbols whose day has turned and whose day figures want asking for again."""
        return [image.symbol for image in self._images.values() if image.wants_snapshot]

    async def flush_forever(self) -> Never:
        """Publish what is dirty. Raises LeaseLost."""
        while True:
            await self._woken.wait()
            started = self._clock.now()
            self._woken.clear()
            async with self._writing:
                # A venue gone silent vouches for nothing: a price in hand is old by the time Redis is back.
                done = self._healthy() and await self._flush()
            if not done and self._dirty:
                self._woken.set()
            pause = FLUSH_EVERY_S if done else RETRY_S
            # Idle before: no wait came first. Busy: what gathers during this pause goes out together.
            await asyncio.sleep(max(0.0, pause - (self._clock.now() - started)))

    async def _flush(self) -> bool:
        session, now = self.session_seq, self._clock.now()
        images = drain(self._dirty)
        writes = [write for write in (self._write(image, now) for image in images) if write is not None]
        try:
            await self._publisher.publish(writes)
        except BusUnavailable as error:
            self._warn(error)
            for image in images:
                # Whatever is newer by then goes out instead, under a new seq.
                if self._images.get(image.symbol) is image:
                    self._touch(image)
            return False
        if session == self.session_seq:
            self._wrote(writes, now)
        return True

    def _warn(self, error: BusUnavailable) -> None:
        # A flush is tried again five times a second: once in a while is enough to say so.
        if self._clock.now() >= self._next_warning:
            self._next_warning = self._clock.now() + WARN_EVERY_S
            logger.warning("flush_failed: %s", error)

    def _wrote(self, writes: list[Write], now: float) -> None:
        for write in writes:
            image = self._images.get(write.symbol)
            # Dropped, or dropped and wanted again, while Redis was being written.
            if image is not None and image.fresh:
                self._written[write.symbol] = write.data
                if write.last:
                    self._last_written[write.symbol] = now

    def _write(self, image: Image, now: float) -> Write | None:
        tick = image.tick(self._feed, self.epoch, self._next_seq()) if image.fresh else None
        if tick is None:
            return None
        self.newest_ts_recv = max(self.newest_ts_recv, tick.ts_recv)
        return Write(image.symbol, codec.encode(tick), last=self._last_due(image.symbol, now), publish=True)

    def _last_due(self, symbol: str, now: float) -> bool:
        written = self._last_written.get(symbol)
        return written is None or now - written >= LAST_EVERY_S

    async def refresh_forever(self) -> Never:
        """Re-write `price:` of quiet symbols while the path is healthy. Raises LeaseLost."""
        while True:
            await asyncio.sleep(REFRESH_EVERY_S)
            if self._healthy():
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
        session, now = self.session_seq, self._clock.now()
        writes = [
            Write(symbol, self._written[symbol], last=self._last_due(symbol, now), publish=False)
            for symbol in symbols
            # A dirty one is about to be written anew; after a flush whose answer was lost, what we know of
            # its bytes may be older than the key.
            if symbol in self._written and symbol not in self._dirty
        ]
        await self._publisher.publish(writes)
        if session == self.session_seq:
            self._wrote(writes, now)

    def _next_seq(self) -> int:
        self._seq = max(self._seq + 1, self._clock.micros())
        return self._seq
