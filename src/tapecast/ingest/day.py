"""The running session of one symbol: its range, its volume, and the close that it is measured against.

Pure. Times in nanoseconds of the venue. What is unknown stays None: the figures are dropped when a trade of a
later day arrives, and asked for again until the venue has them.
"""

from __future__ import annotations

import sys
from typing import Final

from tapecast.market import ADDS_VOLUME, SETS_RANGE, DayBar, Snapshot, Trade

DAY_NS: Final = 24 * 3600 * 1_000_000_000
ASK_AGAIN_NS: Final = 60 * 1_000_000_000
"""Before the open the venue has no bar of today, so a trade this much later asks for it again."""


class Day:
    """The venue's figures of the day with our own trades folded in."""

    __slots__ = ("_ask_ns", "_counted_ns", "_doubted", "_end_ns", "bar", "previous_close")

    def __init__(self) -> None:
        self.bar: DayBar | None = None
        self.previous_close: float | None = None
        # The instant from which the day is over; 0 while none is known.
        self._end_ns = 0
        # Trades up to here are in `bar` already: the venue's snapshot counted them.
        self._counted_ns = 0
        # A trade from here on asks for the figures, if there are none.
        self._ask_ns = sys.maxsize
        # A print that is counted in `bar` was corrected or cancelled since.
        self._doubted = False

    def on_trade(self, trade: Trade) -> None:
        """Count a print, late or not; one of a later day ends this one."""
        self._turn(trade)
        bar = self.bar
        if bar is not None and trade.ts_event_ns > self._counted_ns:
            volume = bar.volume + trade.size if trade.effect & ADDS_VOLUME else bar.volume
            if trade.effect & SETS_RANGE:
                high, low, close = max(bar.high, trade.price), min(bar.low, trade.price), trade.price
            else:
                high, low, close = bar.high, bar.low, bar.close
            self.bar = DayBar(bar.start_ns, bar.open, high, low, close, volume)

    def doubt(self) -> None:
        """A print was corrected or cancelled: the venue's next answer replaces the figures, wider or not."""
        self._doubted = True

    def on_snapshot(self, snapshot: Snapshot, newest: Trade | None) -> None:
        """Take the venue's figures, unless they are of an earlier day. `newest` is the trade that we hold."""
        if newest is not None:
            self._turn(newest)
        doubted, self._doubted = self._doubted, False
        newest_ns = newest.ts_event_ns if newest is not None else 0
        self._ask_ns = newest_ns + ASK_AGAIN_NS
        bar, held = snapshot.day, self.bar
        if bar is None or (held is not None and bar.start_ns < held.start_ns):
            return
        days_ago = max(0, newest_ns - bar.start_ns) // DAY_NS
        self._end_ns = bar.start_ns + (days_ago + 1) * DAY_NS
        if days_ago:
            # Before the open the venue's "daily bar" is still yesterday's: its close is the previous one.
            self.bar, self.previous_close = None, bar.close
            return
        if snapshot.previous_day is not None:
            self.previous_close = snapshot.previous_day.close
        counted_ns = snapshot.trade.ts_event_ns if snapshot.trade is not None else 0
        self._counted_ns = max(bar.start_ns, counted_ns)
        if held is not None and held.start_ns == bar.start_ns and not doubted:
            self.bar = _wider(held, bar)
            return
        self.bar = bar
        if newest is not None:
            # It may have overtaken the answer: the price is never outside of its day's range.
            self.on_trade(newest)

    def wants_snapshot(self, newest: Trade | None) -> bool:
        """Whether the figures are missing or doubted and want asking for again."""
        if self._doubted:
            return True
        return self.bar is None and newest is not None and newest.ts_event_ns >= self._ask_ns

    def _turn(self, trade: Trade) -> None:
        if 0 < self._end_ns <= trade.ts_event_ns:
            # A new day began while we listened: yesterday's range is not today's, nor its change.
            self.bar, self.previous_close = None, None
            self._end_ns, self._ask_ns = 0, trade.ts_event_ns


def _wider(held: DayBar, bar: DayBar) -> DayBar:
    # The answer was made before our newest trades, and knows those that a lost socket cost us: of one day,
    # both are true.
    return DayBar(
        bar.start_ns, bar.open, max(held.high, bar.high), min(held.low, bar.low),
        held.close, max(held.volume, bar.volume),
    )  # fmt: skip
