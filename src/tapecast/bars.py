"""The vocabulary of bars: their lengths, a bar of the venue's, and a bar as Redis and browsers have it. Pure.

A bar is named by its first instant, in the venue's time; hours are those of UTC. It is made of trades, so an
interval without one has no bar.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

SECOND_NS: Final = 1_000_000_000
MINUTE_NS: Final = 60 * SECOND_NS


class Interval(StrEnum):
    """The length of a bar."""

    SECOND = "1s"
    FIVE_SECONDS = "5s"
    MINUTE = "1m"
    FIVE_MINUTES = "5m"
    HOUR = "1h"

    @property
    def ns(self) -> int:
        """Nanoseconds."""
        return _NS[self]

    @property
    def is_fine(self) -> bool:
        """Whether no venue has bars of this length: what happened before the first trade seen is unknown."""
        return _NS[self] < MINUTE_NS

    @property
    def part(self) -> Interval:
        """What bars of this length are put together from: seconds or minutes."""
        return Interval.SECOND if self.is_fine else Interval.MINUTE

    def start(self, ns: int) -> int:
        """The first instant of the bar that this instant belongs to."""
        return ns - ns % _NS[self]


_NS: Final[dict[Interval, int]] = {
    Interval.SECOND: SECOND_NS,
    Interval.FIVE_SECONDS: 5 * SECOND_NS,
    Interval.MINUTE: MINUTE_NS,
    Interval.FIVE_MINUTES: 5 * MINUTE_NS,
    Interval.HOUR: 60 * MINUTE_NS,
}


class VenueBar(msgspec.Struct, frozen=True, gc=False):
    """A bar that the venue has made, by stream or by REST."""

    symbol: str
    start_ns: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    trades: int
    # 0: the venue did not say.
    vwap: float = 0.0


class Bar(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One bar on the wire. Unknown fields are left out; a bar replaces the one of the same start.

    `start`: RFC 3339, to the second, so that text sorts as time. `closed`: its time is over. `corrected`: it
    was closed and has changed since. `partial`: it may lack trades that we did not hear. `removed`: its only
    trade never was, there is no such bar. `epoch` and `seq` order all that is told of one start.
    """

    start: str
    open: float | None = None
    high: float | None = None
    low: float | None = None
    close: float | None = None
    volume: float | None = None
    trades: int | None = None
    vwap: float | None = None
    closed: bool = False
    corrected: bool = False
    partial: bool = False
    removed: bool = False
    epoch: int = 0
    seq: int = 0


class BarCounts(msgspec.Struct, omit_defaults=True):
    """What one market's bars have come to since the process began."""

    # Whose bars are made here now.
    symbols: int = 0
    # Words on bars that Redis has taken, and those of them that go back.
    told: int = 0
    corrected: int = 0
    # Questions to the venue's REST side, and those that it did not answer.
    asked: int = 0
    failed: int = 0

    def __add__(self, other: BarCounts) -> BarCounts:
        """Of both markets."""
        both = zip(msgspec.structs.astuple(self), msgspec.structs.astuple(other), strict=True)
        return BarCounts(*(one + another for one, another in both))
