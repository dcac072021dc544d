"""The bars of one market under one lease: what is wanted of them, read, told, written, and asked for by REST.

Four times a second whatever has changed is told: so often a bar that is forming goes out at most, and a bar
that is over goes out at its close. What Redis refuses waits and is told with what has come since.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final, Never

import msgspec

from tapecast.bars import Bar, Interval
from tapecast.bus.bars import (
    BARS_KEPT,
    BUCKET,
    BarIndex,
    Told,
    decode_bar,
    has_buckets,
    read_bars,
    write_bars,
)
from tapecast.bus.connection import Bus
from tapecast.bus.fence import Fence
from tapecast.bus.lease import Lease
from tapecast.clock import Clock
from tapecast.errors import BusUnavailable
from tapecast.feeds.base import Feed, FeedListener
from tapecast.ingest.bars.book import Book
from tapecast.ingest.bars.ear import Ear
from tapecast.ingest.bars.history import History
from tapecast.ingest.bars.series import KEPT, Series
from tapecast.ingest.bars.wanted import Wanted

logger = logging.getLogger(__name__)

TELL_EVERY_S: Final = 0.25
AT_ONCE: Final = 25
"""Symbols that are told without a pause, and written in one call: about a millisecond each."""
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
        self._history = History(feed, self.ear, self._clock)
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
            while True:
                await self.turn()
                await asyncio.sleep(TELL_EVERY_S)

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
            for interval in Interval:
                await self._write(interval)
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
                # Not the newest: it may have been written anew already.
                last = [str(start // S) for start in sorted(series.buckets)[-2:-1]]
                if not await has_buckets(self._bus, book.symbol, series.interval, last):
                    series.tell_again()
                    book.gaps.unfill()
                    self._history.again(book.symbol)
        self._number = number

    def follow(self) -> None:
        """Keep books of what is wanted now."""
        wanted = self._wanted.now(self._clock.now())
        for symbol in self.ear.books.keys() - wanted.keys():
            self.ear.drop(symbol)
        for symbol, intervals in wanted.items():
            book = self.ear.follow(symbol)
            for interval in intervals:
                if interval not in book.series:
                    book.series[interval] = Series(interval)
        self._feed.want_bars(wanted.keys())

    async def _restore(self, book: Book, series: Series) -> None:
        stored = await read_bars(self._bus, book.symbol, series.interval, KEPT)
        newest: dict[str, Bar] = {}
        for data in stored.bars:
            try:
                bar = decode_bar(bytes(data))
            except msgspec.DecodeError:
                continue
            held = newest.get(bar.start)
            if held is None or (bar.epoch, bar.seq) > (held.epoch, held.seq):
                newest[bar.start] = bar
        starts = [start * S for start in stored.listing.buckets]
        bars = [newest[start] for start in sorted(newest)]
        book.restore(series.interval, bars, starts, history=stored.listing.history)

    async def _write(self, interval: Interval) -> None:
        news = [
            (series, self._told(book.symbol, series))
            for book in self.ear.books.values()
            if (series := book.series.get(interval)) is not None and (series.pending or series.is_anew)
        ]
        for start in range(0, len(news), AT_ONCE):
            batch = news[start : start + AT_ONCE]
            told = [each for _, each in batch]
            await write_bars(self._bus, self._fence, told, simulated=self._feed.simulated)
            for series, each in batch:
                series.is_anew = False
                series.buckets.difference_update(start * S for start in each.dropped)
                series.wrote(each.bars, [start * S for start in each.buckets])

    def _told(self, symbol: str, series: Series) -> Told:
        first_seq = max(self._seq + 1, self._clock.micros())
        bars = series.number(self._lease.epoch, first_seq)
        self._seq = first_seq + len(bars)
        buckets = series.changed_buckets()
        held = sorted(series.buckets | buckets.keys())
        dropped = held[: max(0, len(held) - BARS_KEPT // BUCKET - 1)]
        index = BarIndex([start // S for start in held[len(dropped) :]], series.has_history)
        changed = {start // S: bars for start, bars in buckets.items() if start not in dropped}
        gone = [start // S for start in dropped]
        return Told(symbol, series.interval, bars, series.newest, changed, index, gone, series.is_anew)
