"""What has printed of one symbol, and what REST says of it: one ledger for each, whoever makes the prints.

Prints are kept for a while because a venue may correct or cancel them. The newest is that of the newest time:
a late print is counted into the bars of its time, and shown to nobody as the last trade. What was corrected
or cancelled leaves no trace in the bars: clients take them as they are after an amendment.
"""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple

from tapecast.simulator.bars import Bar, Bars
from tapecast.simulator.minutes import Minutes
from tapecast.simulator.symbols import Instrument

KEPT_PRINTS: Final = 100
"""How many of a symbol's prints can still be corrected or cancelled."""


class Print(NamedTuple):
    """One trade of the simulated market. `ns` is venue time; `bought` says that the buyer took the offer."""

    instrument: Instrument
    ns: int
    # The venue's id; 0 in a print that is to be given the next one.
    number: int
    price: float
    size: float
    bought: bool
    conditions: tuple[str, ...] = ("@",)
    venue: str = "V"  # IEX


class Book(NamedTuple):
    """The top of the simulated book, sizes in shares, contracts or coins."""

    instrument: Instrument
    ns: int
    bid: float
    ask: float
    bid_size: float
    ask_size: float


Event = Print | Book


class Image(NamedTuple):
    """Everything that the venue's REST knows of one symbol; a recording may begin without quote and past."""

    trade: Print
    quote: Book | None
    minute: Bar
    day: Bar
    previous: Bar | None


class Ledger:
    """One symbol's prints, book and bars."""

    __slots__ = ("_bars", "_kept", "_number", "_settled", "instrument", "minutes", "quote", "trade")

    def __init__(self, instrument: Instrument, bars: Bars | None = None) -> None:
        self.instrument = instrument
        # Both as of the newest time; None before the first.
        self.trade: Print | None = None
        self.quote: Book | None = None
        # None: they begin with the first print.
        self._bars = bars
        # As they are without the prints that are kept: what no amendment can reach any more.
        self._settled = bars.copy() if bars is not None else None
        self._kept: deque[Print] = deque(maxlen=KEPT_PRINTS)
        self._number = 0
        self.minutes = Minutes(instrument)

    def image(self) -> Image | None:
        """What REST says, or None before the first print."""
        if self.trade is None or self._bars is None:
            return None
        bars = self._bars
        return Image(self.trade, self.quote, bars.minute, bars.day, bars.previous)

    def write(self, event: Event) -> Event:
        """Take in one event; the event with its number."""
        return self.print(event) if isinstance(event, Print) else self.book(event)

    def book(self, event: Book) -> Book:
        """Take in one top of book."""
        if self.quote is None or event.ns >= self.quote.ns:
            self.quote = event
        return event

    def print(self, event: Print) -> Print:
        """Take in one trade; the trade with its number."""
        self._number = event.number or self._number + 1
        event = event._replace(number=self._number)
        if len(self._kept) == KEPT_PRINTS:
            self._settled = self._count(self._settled, self._kept[0])
        self._kept.append(event)
        self.minutes.add(event)
        self._bars = self._count(self._bars, event)
        if self.trade is None or event.ns >= self.trade.ns:
            self.trade = event
        return event

    @property
    def previous_close(self) -> float | None:
        """The close of the day before, as far as it is known."""
        previous = self._bars.previous if self._bars is not None else None
        return previous.close if previous is not None else None

    @property
    def day_start_ns(self) -> int:
        """The first instant of the running day; 0 before the first print."""
        return self._bars.day.start_ns if self._bars is not None else 0

    def find(self, number: int) -> Print | None:
        """An earlier print, if it is not too long ago."""
        return next((each for each in self._kept if each.number == number), None)

    def correct(self, number: int, price: float) -> tuple[Print, Print] | None:
        """Give an earlier print another price and a number of its own: what it was, and what it is."""
        was = self.find(number)
        if was is None:
            return None
        self._number += 1
        now = was._replace(number=self._number, price=price)
        self._kept[self._kept.index(was)] = now
        self.minutes.amend(was, now)
        self._settle()
        return was, now

    def cancel(self, number: int) -> Print | None:
        """Strike out an earlier print: what it was."""
        was = self.find(number)
        if was is not None:
            self._kept.remove(was)
            self.minutes.amend(was, None)
            self._settle()
        return was

    def _count(self, bars: Bars | None, event: Print) -> Bars:
        bars = bars if bars is not None else Bars.at(self.instrument.market, event.ns, event.price)
        bars.add(event.ns, event.price, event.size)
        return bars

    def _settle(self) -> None:
        """The newest of what is left, and its bars; a symbol never loses its only trade."""
        if not self._kept:
            return
        # Of two at one time, the later in coming; a correction keeps its place but has a higher number.
        self.trade = max(reversed(self._kept), key=lambda each: each.ns)
        self._bars = self._settled.copy() if self._settled is not None else None
        for each in self._kept:
            self._bars = self._count(self._bars, each)
