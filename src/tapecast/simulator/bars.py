"""Open, high, low, close and volume of intervals, kept while the trades go by."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tapecast.market import Market
from tapecast.simulator import hours


@dataclass(slots=True)
class Bar:
    """One interval from `start_ns`. `turnover` is price times size, for the volume-weighted price."""

    start_ns: int
    open: float
    high: float
    low: float
    close: float
    volume: float = 0.0
    count: int = 0
    turnover: float = 0.0
    # Of the trade that is its close; 0 where that is older than what is known.
    closed_ns: int = 0

    @classmethod
    def at(cls, start_ns: int, price: float) -> Bar:
        """A bar without trades yet, at one price."""
        return cls(start_ns, price, price, price, price)

    def add(self, ns: int, price: float, size: float) -> None:
        """Take in one trade; a late one is not the close."""
        self.high = max(self.high, price)
        self.low = min(self.low, price)
        if ns >= self.closed_ns:
            self.close, self.closed_ns = price, ns
        self.volume += size
        self.count += 1
        self.turnover += price * size

    @property
    def average(self) -> float:
        """The volume-weighted price; the close where nothing traded."""
        return self.turnover / self.volume if self.volume else self.close


class Bars:
    """The running minute, the running day and the day before it (None: not known), of one symbol."""

    __slots__ = ("_day_ends", "_market", "day", "minute", "previous")

    def __init__(self, market: Market, previous: Bar | None, day: Bar) -> None:
        self._market = market
        self.previous = previous
        self.day = day
        self.minute = Bar.at(day.start_ns, day.close)
        self._day_ends = hours.next_day_start(market, day.start_ns)

    @classmethod
    def at(cls, market: Market, ns: int, price: float) -> Bars:
        """Bars without a past, which begin with a trade at `ns` that is still to be added."""
        bars = cls(market, None, Bar.at(hours.day_start(market, ns), price))
        bars.minute = Bar.at(ns - ns % hours.MINUTE, price)
        return bars

    def copy(self) -> Bars:
        """The same figures, to go on from them elsewhere."""
        twin = Bars(self._market, self.previous, replace(self.day))
        twin.minute = replace(self.minute)
        return twin

    def add(self, ns: int, price: float, size: float) -> None:
        """Take in one trade; one of an interval that is over changes nothing."""
        if ns >= self._day_ends:
            self.previous = self.day
            self.day = Bar.at(hours.day_start(self._market, ns), price)
            self._day_ends = hours.next_day_start(self._market, ns)
        if ns - self.minute.start_ns >= hours.MINUTE:
            self.minute = Bar.at(ns - ns % hours.MINUTE, price)
        if ns >= self.day.start_ns:
            self.day.add(ns, price, size)
        if ns >= self.minute.start_ns:
            self.minute.add(ns, price, size)
