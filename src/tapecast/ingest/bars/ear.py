"""Hears what a market's owner hears, and counts it into the books of the symbols that bars are wanted of.

It stands between the feed and the owner. While nobody wants bars it costs one look for each frame.

What time it is at the venue is guessed from its newest word and the time since: a delayed feed is a quarter
of an hour behind, a recording by years. By that, bars are closed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tapecast.bars import MINUTE_NS, VenueBar
from tapecast.clock import Clock
from tapecast.feeds.base import FeedListener
from tapecast.ingest.bars.book import Book
from tapecast.market import Cancel, Correction, FeedState, Quote, Snapshot, Trade

GRACE_NS: Final = 200_000_000
"""A bar is closed so much after its end: a trade of its last moment may come behind another symbol's."""
LEAP_NS: Final = 10_000_000_000
"""A trade so much ahead of the venue's time and of our clock is misdated: it says nothing of the time."""
BEHIND_NS: Final = 20 * 60 * 1_000_000_000
"""No feed is further behind our clock than a quarter of an hour."""


class Ear(FeedListener):
    """The feed's listener, with the owner behind it."""

    def __init__(self, owner: FeedListener, clock: Clock, *, runs: bool) -> None:
        self._owner = owner
        self._clock = clock
        # Whether time goes on at the venue as it does here: not on a recording that is played.
        self._runs = runs
        # By symbol.
        self.books: dict[str, Book] = {}
        self._confirmed: frozenset[str] = frozenset()
        # The latest trade of all.
        self._newest_ns = 0
        # The latest word on the time at the venue, and when it came.
        self._at_ns = 0
        self._at_s = 0.0

    def venue_ns(self) -> int:
        """The time at the venue, less a grace; never ahead of its newest word and our clock; 0: not known."""
        if not self._runs or not self._at_ns:
            return self._at_ns
        return self._by_now_ns() - GRACE_NS

    def over_ns(self) -> int:
        """Up to when everything is over for certain."""
        is_unknown = self._runs and not self._at_ns
        return self._clock.micros() * 1000 - BEHIND_NS if is_unknown else self.venue_ns()

    def reach(self, ns: int) -> None:
        """The venue has told of all before this moment, though perhaps not by a trade."""
        ns = min(ns, self._clock.micros() * 1000)
        if self._runs and (not self._at_ns or ns > self._by_now_ns()):
            self._at_ns, self._at_s = ns, self._clock.now()

    def _by_now_ns(self) -> int:
        since_ns = int((self._clock.now() - self._at_s) * 1e9)
        return max(self._at_ns, min(self._at_ns + since_ns, self._clock.micros() * 1000))

    def follow(self, symbol: str) -> Book:
        """Keep a book of this symbol from now on."""
        book = self.books.get(symbol)
        if book is None:
            book = self.books[symbol] = Book(symbol)
            if symbol in self._confirmed:
                self._hear(book)
        return book

    def hears(self, symbol: str) -> bool:
        """Whether the venue sends its trades, by its own word."""
        return symbol in self._confirmed

    def drop(self, symbol: str) -> None:
        """Keep it no more."""
        self.books.pop(symbol, None)

    # What the feed says.

    def on_session(self) -> None:
        """A new session."""
        self._confirm(frozenset())
        self._owner.on_session()

    def on_state(self, state: FeedState, reason: str | None = None) -> None:
        """Not of interest here."""
        self._owner.on_state(state, reason)

    def on_trade(self, trade: Trade) -> None:
        """A print."""
        self._owner.on_trade(trade)
        if self.books:
            self._count((trade,))

    def on_quote(self, quote: Quote) -> None:
        """Not of interest here."""
        self._owner.on_quote(quote)

    def on_data(self, data: Sequence[Trade | Quote]) -> None:
        """A frame of prints and quotes."""
        self._owner.on_data(data)
        if self.books:
            self._count(data)

    def _count(self, data: Sequence[Trade | Quote]) -> None:
        books, newest_ns = self.books, self._newest_ns
        for value in data:
            if type(value) is Trade:
                newest_ns = max(newest_ns, value.ts_event_ns)
                book = books.get(value.symbol)
                if book is not None:
                    book.on_trade(value)
        if newest_ns > self._newest_ns and not self._is_ahead(newest_ns):
            self._newest_ns = self._at_ns = newest_ns
            self._at_s = self._clock.now()

    def _is_ahead(self, ns: int) -> bool:
        if not self._runs or not self._at_ns or ns <= self._at_ns + LEAP_NS:
            return False
        return ns > max(self._by_now_ns(), self._clock.micros() * 1000) + LEAP_NS

    def on_correction(self, correction: Correction) -> None:
        """A print was wrong."""
        self._owner.on_correction(correction)
        if correction.symbol in self.books:
            self.books[correction.symbol].on_amend(correction)

    def on_cancel(self, cancel: Cancel) -> None:
        """A print is void."""
        self._owner.on_cancel(cancel)
        if cancel.symbol in self.books:
            self.books[cancel.symbol].on_amend(cancel)

    def on_bar(self, bar: VenueBar) -> None:
        """The venue's own minute."""
        if bar.symbol in self.books:
            self.books[bar.symbol].on_venue_bar(bar)
            # In a quiet market no trade says so.
            self.reach(bar.start_ns + MINUTE_NS)

    def on_snapshot(self, snapshot: Snapshot) -> None:
        """Not of interest here: its trade may be one that was counted."""
        self._owner.on_snapshot(snapshot)

    def on_subscribed(self, symbols: frozenset[str]) -> None:
        """The venue's whole set: of what is not in it nothing is heard from now on."""
        self._confirm(symbols)
        self._owner.on_subscribed(symbols)

    def _confirm(self, symbols: frozenset[str]) -> None:
        for symbol, book in self.books.items():
            if symbol not in symbols:
                # The venue may have been silent for a while before we noticed.
                book.lose(self._newest_ns)
            elif symbol not in self._confirmed:
                self._hear(book)
        self._confirmed = symbols

    def _hear(self, book: Book) -> None:
        venue_ns = self._by_now_ns() if self._runs and self._at_ns else 0
        book.gaps.confirm(self._clock.micros() * 1000, venue_ns)

    def on_refused(self, refused: dict[str, str]) -> None:
        """Not of interest here."""
        self._owner.on_refused(refused)

    def on_rejected(self, kind: str) -> None:
        """Not of interest here."""
        self._owner.on_rejected(kind)

    def is_owner(self) -> bool:
        """As the owner says."""
        return self._owner.is_owner()
