"""The venue's own bars, asked for by REST: those of before our first trade, and those that a gap has cost.

Minutes are asked for whenever a stretch was not heard and its minutes are over; whatever is longer once for
each symbol, and after a gap of hours: else it is made of the minutes. There is nothing to ask for of seconds.
A REST side that fails costs the history, and bars that may lack trades stay marked as such.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final, Never

from tapecast.bars import MINUTE_NS, Interval
from tapecast.bus.bars import bucket_ns
from tapecast.clock import Clock
from tapecast.errors import FeedError, FeedFatal
from tapecast.feeds.base import NO_HISTORY, Feed
from tapecast.ingest.bars.book import MINUTES_KEPT, Book
from tapecast.ingest.bars.ear import Ear

LOOK_EVERY_S: Final = 0.5
BAD_REQUEST: Final = (400, 422)
RETRY_S: Final = 15.0
DEPTH_NS: Final = {
    Interval.MINUTE: 4 * 24 * 60 * MINUTE_NS,
    Interval.FIVE_MINUTES: 7 * 24 * 60 * MINUTE_NS,
    Interval.HOUR: 45 * 24 * 60 * MINUTE_NS,
}
"""How far back: over a long weekend, and at least as many bars as are kept, or a month."""
SYMBOLS_AT_ONCE: Final = 20
"""In one question, whose answer comes in pages."""

logger = logging.getLogger(__name__)


class History:
    """Asks for what is missing, for as long as the lease is held."""

    def __init__(self, feed: Feed, ear: Ear, clock: Clock) -> None:
        self._feed = feed
        self._ear = ear
        self._clock = clock
        # Up to when minutes were known as each book's longer bars were asked for.
        self._asked: dict[tuple[str, Interval], int] = {}
        # Not before, after a failure.
        self._next_s = 0.0
        self._said = ""
        # What the venue does not take for a symbol, and is not asked of again.
        self._refused: set[tuple[str, Interval]] = set()

    async def run(self) -> Never:
        """Ask for ever."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await self.turn()

    async def turn(self) -> None:
        """Ask for what is missing by now."""
        self._asked = {key: end for key, end in self._asked.items() if key[0] in self._ear.books}
        self._refused = {key for key in self._refused if key[0] in self._ear.books}
        for interval in DEPTH_NS:
            wanting = self._wanting(interval)
            if wanting and self._clock.now() >= self._next_s:
                await self._ask(interval, wanting)

    def again(self, symbol: str) -> None:
        """Ask for all of this symbol once more."""
        self._asked = {key: end for key, end in self._asked.items() if key[0] != symbol}

    def _wanting(self, interval: Interval) -> dict[str, int]:
        """From when on bars are missing, by symbol."""
        now_ns = self._now_ns()
        wanting: dict[str, int] = {}
        for symbol, book in self._ear.books.items():
            series = book.series.get(interval)
            if series is None or not series.is_ready or (symbol, interval) in self._refused:
                continue
            since = self._since(book, interval, now_ns)
            if since is not None:
                floor = now_ns - DEPTH_NS[interval]
                wanting[symbol] = max(floor, since) // bucket_ns(interval) * bucket_ns(interval)
                if len(wanting) == SYMBOLS_AT_ONCE:
                    break
        return wanting

    def _since(self, book: Book, interval: Interval, now_ns: int) -> int | None:
        if interval is Interval.MINUTE:
            return book.gaps.wanting(now_ns)
        asked = self._asked.get((book.symbol, interval))
        if asked is None:
            return 0
        # Minutes that were missing longer ago than they are kept are in no bar of ours.
        until = min(book.gaps.filled_to, now_ns - MINUTES_KEPT)
        return asked if asked < until and book.gaps.hits(asked, until) else None

    async def _part(self, interval: Interval, wanting: dict[str, int], error: FeedError) -> None:
        """One bad symbol refuses all: halve them until it stands alone."""
        symbols = list(wanting)
        if len(symbols) == 1:
            logger.warning("bars_refused: %s: %s: %s", symbols[0], interval, error)
            self._refused.add((symbols[0], interval))
            return
        half = len(symbols) // 2
        for part in (symbols[:half], symbols[half:]):
            await self._ask(interval, {symbol: wanting[symbol] for symbol in part})

    def _fail(self, error: FeedError) -> None:
        self._next_s = self._clock.now() + RETRY_S
        # A recording has no such side: nothing to complain of. Anything else is said once.
        if error.reason != NO_HISTORY and str(error) != self._said:
            self._said = str(error)
            logger.warning("bars_not_read: %s", error)

    def _now_ns(self) -> int:
        return self._ear.venue_ns() or self._clock.micros() * 1000

    async def _ask(self, interval: Interval, wanting: dict[str, int]) -> None:
        since_ns = min(wanting.values())
        try:
            answer = await self._feed.bars(list(wanting), interval, since_ns)
        except FeedError as error:
            if isinstance(error, FeedFatal) and error.code in BAD_REQUEST:
                await self._part(interval, wanting, error)
            else:
                self._fail(error)
            return
        self._said = ""
        # What is not over yet is not whole, and minutes are cut where the longer ones still go on.
        until_ns = interval.start(min(answer.until_ns, max(self._now_ns(), since_ns)))
        for symbol in wanting:
            book = self._ear.books.get(symbol)
            if book is None or interval not in book.series:
                continue
            bars = [each for each in answer.bars.get(symbol, []) if each.start_ns + interval.ns <= until_ns]
            book.on_history(interval, bars)
            if interval is Interval.MINUTE:
                book.gaps.fill(since_ns, until_ns)
            self._asked[symbol, interval] = book.gaps.filled_to
