"""The bars of one market under one lease: what is wanted of them, read, told, written, and asked for by REST.

Four times a second whatever has changed is told: so often a bar that is forming goes out at most, and a bar
that is over goes out at its close. What Redis refuses waits and is told with what has come since.

With it goes whether the bars are whole, since whoever reads them later cannot know whether they are followed
still: at the end the last word is that they are not, and an owner that is killed has an epoch of the past.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final, Never

from tapecast.bars import Interval
from tapecast.bus.bars import BARS_KEPT, BUCKET, BarIndex, Told, has_buckets, write_bars
from tapecast.bus.connection import Bus
from tapecast.bus.fence import Fence
from tapecast.bus.keys import BARS_TTL_S, SIMULATED_BARS_TTL_S
from tapecast.bus.lease import Lease
from tapecast.clock import Clock
from tapecast.errors import BusUnavailable
from tapecast.feeds.base import Feed, FeedListener
from tapecast.ingest.bars.book import Book
from tapecast.ingest.bars.cache import read_cached
from tapecast.ingest.bars.ear import Ear
from tapecast.ingest.bars.history import History
from tapecast.ingest.bars.series import Series
from tapecast.ingest.bars.wanted import Wanted

logger = logging.getLogger(__name__)

TELL_EVERY_S: Final = 0.25
AT_ONCE: Final = 25
"""Symbols that are told without a pause, and written in one call: about a millisecond each."""
BARS_AT_ONCE: Final = 2000
"""In one call, or a little more: a third of a megabyte, some milliseconds."""
MANY: Final = 100
S: Final = 1_000_000_000


class Keeper:
    """One ownership. `wanted` outlives it: it is the worker's."""

    def __init__(
        self,
        bus: Bus,
        feed: Feed,
        lease: Lease,
        owner: FeedListener,
        wanted: Wanted,
        clock: Clock | None = None,
    ) -> None:
        self._bus = bus
        self._feed = feed
        self._lease = lease
        self._fence = Fence(bus, lease)
        self._clock = clock or Clock()
        self._wanted = wanted
        self.ear = Ear(owner, self._clock, runs=feed.name != "replay")
        self._history = History(feed, self.ear, self._clock, wanted.counts)
        # Followed no more, which Redis does not know yet.
        self._left: dict[str, Book] = {}
        self._seq = 0
        self._said = ""
        # Another one: Redis may have been emptied since.
        self._number = lease.number
        # At once: the feed may begin to send within a millisecond.
        wanted.on_change = self.follow
        self.follow()

    async def run(self) -> Never:
        """Keep bars. Raises LeaseLost."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._history.run())
            try:
                while True:
                    await self.turn()
                    await asyncio.sleep(TELL_EVERY_S)
            finally:
                self._wanted.leave()

    async def turn(self) -> None:
        """Do once what is due. Raises LeaseLost."""
        self.follow()
        try:
            await self._look_for_loss()
            for number, book in enumerate(list(self.ear.books.values())):
                if number % AT_ONCE == AT_ONCE - 1:
                    await asyncio.sleep(0)
                # Asked anew each time: another length may be wanted while Redis answers.
                while (series := book.unread) is not None:
                    await self._restore(book, series)
                # The time of this very moment: a trade that came while we waited is not of the future.
                book.tell(self.ear.over_ns())
                self._judge(book)
                if any(len(series.pending) > MANY for series in book.series.values()):
                    # A history of days is some ten milliseconds' work.
                    await asyncio.sleep(0)
            left = dict(self._left)
            for interval in Interval:
                await self._write(interval)
            self._left = {s: book for s, book in self._left.items() if left.get(s) is not book}
            self._said = ""
        except BusUnavailable as error:
            if str(error) != self._said:
                self._said = str(error)
                logger.warning("bars_not_written: %s", error)

    async def _look_for_loss(self) -> None:
        """Tell all that is in memory again to a Redis that has forgotten it, and ask for the rest."""
        number = self._lease.number
        if number == self._number:
            return
        for book in list(self.ear.books.values()):
            for series in [each for each in book.series.values() if each.is_ready]:
                # Not the newest, if there are two: it may have been written anew already.
                last = [str(start // S) for start in sorted(series.buckets)[-2:][:1]]
                if not last or not await has_buckets(self._bus, book.symbol, series.interval, last):
                    series.tell_again()
                    book.gaps.unfill()
                    self._history.again(book.symbol)
        self._number = number

    def _judge(self, book: Book) -> None:
        is_heard = self.ear.hears(book.symbol)
        for series in book.series.values():
            is_whole = series.is_whole or self._history.is_told(book, series.interval)
            series.is_whole = is_heard and is_whole and series.is_ready

    def follow(self) -> None:
        """Keep books of what is wanted now."""
        wanted = self._wanted.now(self._clock.now())
        for symbol in self.ear.books.keys() - wanted.keys():
            self._leave(symbol)
        for symbol, intervals in wanted.items():
            self._left.pop(symbol, None)
            book = self.ear.follow(symbol)
            for interval in intervals:
                if interval not in book.series:
                    book.series[interval] = Series(interval)
        self._wanted.counts.symbols = len(self.ear.books)
        self._feed.want_bars(wanted.keys())

    def _leave(self, symbol: str) -> None:
        book = self._left[symbol] = self.ear.books[symbol]
        for series in book.series.values():
            series.is_whole = False
        self.ear.drop(symbol)

    async def _restore(self, book: Book, series: Series) -> None:
        cached = await read_cached(self._bus, self._feed, book.symbol, series.interval)
        book.restore(series.interval, cached.bars, cached.buckets, history=cached.history)
        # Whoever shows another feed's is to have ours.
        series.is_anew |= cached.foreign

    async def _write(self, interval: Interval) -> None:
        batch: list[tuple[Series, Told]] = []
        bars = 0
        for book in [*self.ear.books.values(), *self._left.values()]:
            series = book.series.get(interval)
            if series is not None and series.is_ready and self._is_due(series):
                told = self._told(book.symbol, series)
                batch.append((series, told))
                bars += len(told.bars) + sum(len(each) for each in told.buckets.values())
            if len(batch) == AT_ONCE or bars > BARS_AT_ONCE:
                await self._put(batch)
                batch, bars = [], 0
        if batch:
            await self._put(batch)

    def _is_due(self, series: Series) -> bool:
        if series.pending or series.is_anew or series.is_whole != series.was_whole:
            return True
        # Of a symbol that is silent for long: a word that has expired would say that nobody follows it.
        ttl_s = min(BARS_TTL_S[series.interval], SIMULATED_BARS_TTL_S)
        return self._clock.now() - series.written_s > ttl_s / 2

    async def _put(self, batch: list[tuple[Series, Told]]) -> None:
        for series, _ in batch:
            # Before the wait: history may arrive in it, and is to be told anew again.
            series.is_anew = False
        try:
            told = [each for _, each in batch]
            await write_bars(self._bus, self._fence, told, simulated=self._feed.simulated)
        except BaseException:
            for series, each in batch:
                series.is_anew |= each.anew
            raise
        for series, each in batch:
            series.buckets.difference_update(start * S for start in each.dropped)
            series.wrote(each.bars, [start * S for start in each.buckets])
            series.was_whole, series.written_s = each.whole, self._clock.now()
            self._wanted.counts.told += len(each.bars)
            self._wanted.counts.corrected += sum(bar.corrected for bar in each.bars)

    def _told(self, symbol: str, series: Series) -> Told:
        first_seq = max(self._seq + 1, self._clock.micros())
        bars = series.number(self._lease.epoch, first_seq)
        self._seq = first_seq + len(bars)
        buckets = series.changed_buckets()
        held = sorted(series.buckets | buckets.keys())
        dropped = held[: max(0, len(held) - BARS_KEPT // BUCKET - 1)]
        kept = [start // S for start in held[len(dropped) :]]
        index = BarIndex(kept, series.has_history, self._feed.name)
        changed = {start // S: bars for start, bars in buckets.items() if start not in dropped}
        gone = [start // S for start in dropped]
        lists = series.is_anew or not series.is_listed
        word = self._lease.epoch, self._seq, series.is_whole
        return Told(
            symbol, series.interval, bars, series.newest, changed, index, gone, series.is_anew, lists, *word
        )
