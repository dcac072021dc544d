"""One interval of one symbol while trades are added. Pure.

Volume and turnover are whole numbers of tiny units, so that sums do not depend on the order of the trades:
a bar put together from others, or mended after a cancel, is the very bar that its trades make at once.

| a trade's effect | open, close | high, low | volume, trades, vwap |
| ---------------- | ----------- | --------- | -------------------- |
| SETS_PRICE       | yes         | yes       |                      |
| SETS_RANGE       |             | yes       |                      |
| ADDS_VOLUME      |             |           | yes                  |

A trade that sets the price is in the range too, else an extended-hours bar would close outside of itself.
"""

from __future__ import annotations

import math
import sys
from typing import Final, Self

from tapecast.bars import Bar, VenueBar
from tapecast.market import ADDS_VOLUME, SETS_PRICE, SETS_RANGE, Trade, rfc3339

UNIT: Final = 1_000_000_000_000
"""In one share, coin or dollar. Recorded sizes have more than nine digits after the point; bars show nine."""
NEVER: Final = sys.maxsize
_IN_RANGE: Final = SETS_PRICE | SETS_RANGE

Figures = tuple[float, float, float, float, float, int]


class Tally:
    """Open, high, low, close, volume and turnover; the first and last trade by time of the venue."""

    __slots__ = (
        "close", "close_ns", "high", "is_ours", "is_venue", "low", "open", "open_ns", "start_ns", "trades",
        "turnover", "units",
    )  # fmt: skip

    def __init__(self, start_ns: int) -> None:
        self.start_ns = start_ns
        self.open = self.close = 0.0
        self.open_ns, self.close_ns = NEVER, -1
        self.high, self.low = -math.inf, math.inf
        self.units = self.turnover = self.trades = 0
        # Made of nothing but trades that we heard, so that it can be made again without one of them.
        self.is_ours = True
        # The venue has said that it is so.
        self.is_venue = False

    @classmethod
    def of(cls, bar: VenueBar, length_ns: int, *, is_venue: bool) -> Self:
        """A bar that is known as a whole. No later trade can be its first or its last."""
        tally = cls(bar.start_ns)
        tally.open, tally.high, tally.low, tally.close = bar.open, bar.high, bar.low, bar.close
        tally.open_ns, tally.close_ns = bar.start_ns, bar.start_ns + length_ns - 1
        tally.units, tally.turnover = _weight(bar.vwap or bar.close, bar.volume)
        tally.trades = bar.trades
        tally.is_ours, tally.is_venue = False, is_venue
        return tally

    @property
    def has_price(self) -> bool:
        """Whether it is a bar at all: odd lots alone make volume and no price."""
        return self.open_ns != NEVER

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all is in it."""
        return not self.has_price and not self.trades and self.high == -math.inf

    def add(self, trade: Trade) -> None:
        """Take in one trade of this interval."""
        effect, price = trade.effect, trade.price
        if effect & SETS_PRICE:
            ns = trade.ts_event_ns
            if ns < self.open_ns:
                self.open, self.open_ns = price, ns
            # Of two at one time, the later to come.
            if ns >= self.close_ns:
                self.close, self.close_ns = price, ns
        if effect & _IN_RANGE:
            self.high = max(self.high, price)
            self.low = min(self.low, price)
        if effect & ADDS_VOLUME:
            self.trades += 1
            size = trade.size * UNIT
            try:
                # Both before either counts. Not `_weight`: a call would cost a tenth of what a trade does.
                units, turnover = round(size), round(price * size)
            except OverflowError:
                return
            self.units += units
            self.turnover += turnover

    def take_back(self, trade: Trade) -> None:
        """Count a trade no more. What range and ends would be without it is not known here."""
        if trade.effect & ADDS_VOLUME:
            units, turnover = _weight(trade.price, trade.size)
            self.units = max(0, self.units - units)
            self.turnover = max(0, self.turnover - turnover)
            self.trades = max(0, self.trades - 1)

    def merge(self, other: Tally) -> None:
        """Take in other trades of this interval, put together already."""
        if other.open_ns < self.open_ns:
            self.open, self.open_ns = other.open, other.open_ns
        if other.close_ns >= self.close_ns:
            self.close, self.close_ns = other.close, other.close_ns
        self.high, self.low = max(self.high, other.high), min(self.low, other.low)
        self.units += other.units
        self.turnover += other.turnover
        self.trades += other.trades
        self.is_ours &= other.is_ours

    @property
    def figures(self) -> Figures:
        """What makes it another bar when it changes. The average is left out: venues round theirs."""
        return (self.open, self.high, self.low, self.close, round(self.units / UNIT, 9), self.trades)

    def bar(self, *, closed: bool = False, partial: bool = False) -> Bar:
        """As the wire has it, without its order."""
        # Ten digits: what is left of the division's error would differ from one order of trades to another.
        vwap = float(f"{self.turnover / self.units:.10g}") if self.units else None
        return Bar(rfc3339(self.start_ns), *self.figures, vwap, closed, partial=partial)


def _weight(price: float, size: float) -> tuple[int, int]:
    """Volume and turnover in units. What is more than any number can be is nobody's volume."""
    try:
        return round(size * UNIT), round(price * (size * UNIT))
    except OverflowError:
        return 0, 0
