"""The venue's own bars, asked for by REST: those of before our first trade, and those that a gap has cost.

Minutes are asked for whenever a stretch was not heard and its minutes are over; whatever is longer once for
each symbol, and after a gap of hours: else it is made of the minutes. There is nothing to ask for of seconds.
A REST side that fails costs the history, and bars that may lack trades stay marked as such. It is also asked
too soon: what it has not told by then is asked for again.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final, Never

from tapecast.bars import MINUTE_NS, BarCounts, Interval, VenueBar
from tapecast.bus.bars import BARS_KEPT, BUCKET, bucket_ns
from tapecast.clock import Clock
from tapecast.errors import FeedError, FeedFatal, FeedTransient
from tapecast.feeds.base import NO_HISTORY, BarHistory, Feed
from tapecast.ingest.bars.book import MINUTES_KEPT, Book
from tapecast.ingest.bars.ear import Ear
from tapecast.ingest.bars.gaps import SETTLE_NS
from tapecast.market import Market

LOOK_EVERY_S: Final = 0.5
BAD_REQUEST: Final = (400, 422)
RETRY_S: Final = 15.0
TOO_SOON_S: Final = 5.0
"""Until a venue is asked again for a minute that is over and that it did not tell of yet."""
DEPTH_NS: Final = {
    Interval.MINUTE: 4 * 24 * 60 * MINUTE_NS,
    Interval.FIVE_MINUTES: 7 * 24 * 60 * MINUTE_NS,
    Interval.HOUR: 45 * 24 * 60 * MINUTE_NS,
}
"""How far back: over a long weekend, and at least as many bars as are kept, or a month."""
BUCKETS_KEPT: Final = BARS_KEPT // BUCKET + 1
SYMBOLS_AT_ONCE: Final = 20
"""In one question, whose answer comes in pages."""

logger = logging.getLogger(__name__)


class History:
    """Asks for what is missing, for as long as the lease is held."""

    def __init__(self, feed: Feed, ear: Ear, clock: Clock, counts: BarCounts | None = None) -> None:
        self._feed = feed
        self._ear = ear
        self._clock = clock
        self._counts = counts or BarCounts()
        # Up to when minutes were known as each book's longer bars were asked for.
        self._asked: dict[tuple[str, Interval], int] = {}
        # The feed has no such side.
        self._is_none = False
        # Not before, after a failure.
        self._next_s = 0.0
        self._said = ""
        # Symbols whose minutes the venue had not told when it was asked, and when it may be asked again.
        self._soon: dict[str, float] = {}
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
        now_s = self._clock.now()
        self._soon = {symbol: until for symbol, until in self._soon.items() if until > now_s}
        for interval in DEPTH_NS:
            wanting = self._wanting(interval)
            if wanting and self._clock.now() >= self._next_s:
                await self._ask(interval, wanting)

    def again(self, symbol: str) -> None:
        """Ask for all of this symbol once more."""
        self._asked = {key: end for key, end in self._asked.items() if key[0] != symbol}
        self._soon.pop(symbol, None)

    def is_told(self, book: Book, interval: Interval) -> bool:
        """Whether the venue has told all that it can of the time that was not heard: no bar is missing."""
        key = book.symbol, interval
        if interval.is_fine or self._is_none or key in self._refused:
            return True
        # Also of a minute that it is too soon to ask for.
        return key in self._asked and book.gaps.wanting(self._now_ns() + SETTLE_NS) is None

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
                floor = now_ns - self._depth_ns(interval)
                wanting[symbol] = max(floor, since) // bucket_ns(interval) * bucket_ns(interval)
                if len(wanting) == SYMBOLS_AT_ONCE:
                    break
        return wanting

    def _since(self, book: Book, interval: Interval, now_ns: int) -> int | None:
        if interval is Interval.MINUTE:
            return book.gaps.wanting(now_ns) if book.symbol not in self._soon else None
        asked = self._asked.get((book.symbol, interval))
        if asked is None:
            return 0
        # Minutes that were missing longer ago than they are kept are in no bar of ours.
        until = min(book.gaps.filled_to, now_ns - MINUTES_KEPT)
        return asked if asked < until and book.gaps.hits(asked, until) else None

    def _depth_ns(self, interval: Interval) -> int:
        # A market that never closes has as many as are kept in a day.
        never_closes = self._feed.market is Market.CRYPTO
        return (
            min(DEPTH_NS[interval], BUCKETS_KEPT * bucket_ns(interval))
            if never_closes
            else DEPTH_NS[interval]
        )

    async def _part(self, interval: Interval, wanting: dict[str, int], error: FeedError) -> None:
        """One bad symbol refuses all: halve them until it stands alone."""
        symbols = list(wanting)
        if len(symbols) == 1:
            self._counts.failed += 1
            logger.warning("bars_refused: %s: %s: %s", symbols[0], interval, error)
            self._refused.add((symbols[0], interval))
            return
        half = len(symbols) // 2
        for part in (symbols[:half], symbols[half:]):
            if self._clock.now() < self._next_s:
                return
            await self._ask(interval, {symbol: wanting[symbol] for symbol in part})

    def _fail(self, error: FeedError) -> None:
        self._is_none = error.reason == NO_HISTORY
        self._counts.failed += not self._is_none
        wait_s = error.retry_after if isinstance(error, FeedTransient) else None
        self._next_s = self._clock.now() + max(RETRY_S, wait_s or 0.0)
        # A recording has no such side: nothing to complain of. Anything else is said once.
        if not self._is_none and str(error) != self._said:
            self._said = str(error)
            logger.warning("bars_not_read: %s", error)

    def _now_ns(self) -> int:
        return self._ear.venue_ns() or self._clock.micros() * 1000

    async def _ask(self, interval: Interval, wanting: dict[str, int]) -> None:
        since_ns = min(wanting.values())
        books = [self._ear.books[symbol] for symbol in wanting if symbol in self._ear.books]
        self._counts.asked += 1
        try:
            answer = await self._feed.bars(list(wanting), interval, since_ns)
        except FeedError as error:
            if isinstance(error, FeedFatal) and error.code in BAD_REQUEST:
                await self._part(interval, wanting, error)
            else:
                self._fail(error)
            return
        self._said, self._is_none = "", False
        # What is not over yet, or has just ended, is not whole; and minutes are cut where the longer ones
        # still go on.
        now_ns = self._now_ns()
        until_ns = interval.start(min(answer.until_ns, max(now_ns - SETTLE_NS, since_ns)))
        for book in books:
            # A symbol that left meanwhile and came back has a new book, which has asked for nothing yet.
            if self._ear.books.get(book.symbol) is book and interval in book.series:
                self._take(book, interval, answer, (since_ns, until_ns))
                if interval is Interval.MINUTE and book.gaps.wanting(now_ns) is not None:
                    self._soon[book.symbol] = self._clock.now() + TOO_SOON_S
                # Some ten milliseconds each: the feed's reader must not wait for all of them.
                await asyncio.sleep(0)
        if interval is Interval.MINUTE:
            self._ear.reach(until_ns)

    def _take(self, book: Book, interval: Interval, answer: BarHistory, told: tuple[int, int]) -> None:
        bars = [each for each in answer.bars.get(book.symbol, []) if each.start_ns + interval.ns <= told[1]]
        book.on_history(interval, _kept(bars, interval))
        if interval is Interval.MINUTE:
            book.gaps.fill(*told)
        self._asked[book.symbol, interval] = book.gaps.filled_to


def _kept(bars: list[VenueBar], interval: Interval) -> list[VenueBar]:
    """Those of so many buckets as are kept: more would be made and thrown away."""
    length = bucket_ns(interval)
    buckets = sorted({bar.start_ns // length for bar in bars})[-BUCKETS_KEPT:]
    return [bar for bar in bars if bar.start_ns // length >= buckets[0]]
