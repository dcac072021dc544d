"""The running session of one symbol: its range, its volume, and the close that it is measured against.

Pure. Times in nanoseconds of the venue. What is unknown stays None: the figures are dropped when a trade of a
later day arrives, and asked for again until the venue has them.

Every print of the market passes through `on_trade`, so the figures are plain fields that change in place, and
a bar is made of them only for who asks.
"""

from __future__ import annotations

import sys
from typing import Final

from tapecast.market import ADDS_VOLUME, SETS_RANGE, DayBar, Snapshot, Trade

DAY_NS: Final = 24 * 3600 * 1_000_000_000
ASK_AGAIN_NS: Final = 60 * 1_000_000_000
"""Before the open the venue has no bar of today, so a trade this much later asks for it again."""
_NEVER: Final = sys.maxsize


class Day:
    """The venue's figures of the day with our own trades folded in."""

    __slots__ = (
        "_ask_ns", "_close", "_counted_ns", "_doubted_us", "_end_ns", "_high", "_low", "_open", "_start_ns",
        "_volume", "known", "previous_close",
    )  # fmt: skip

    def __init__(self) -> None:
        self.previous_close: float | None = None
        # Whether there are figures of this day.
        self.known = False
        self._start_ns = 0
        self._open = self._high = self._low = self._close = self._volume = 0.0
        # The instant from which the day is over; never while none is known.
        self._end_ns = _NEVER
        # Trades up to here are not to be counted: the venue's figures have them. Without figures, none is.
        self._counted_ns = _NEVER
        # A trade from here on asks for the figures, if there are none.
        self._ask_ns = _NEVER
        # When a print was last corrected or cancelled that the figures may have counted; 0: they are sound.
        self._doubted_us = 0

    @property
    def bar(self) -> DayBar | None:
        """The figures, if they are known."""
        if not self.known:
            return None
        return DayBar(self._start_ns, self._open, self._high, self._low, self._close, self._volume)

    def on_trade(self, trade: Trade) -> None:
        """Count a print, late or not; one of a later day ends this one."""
        at = trade.ts_event_ns
        if at >= self._end_ns:
            self._turn(trade)
        if at > self._counted_ns:
            effect = trade.effect
            if effect & ADDS_VOLUME:
                self._volume += trade.size
            if effect & SETS_RANGE:
                price = self._close = trade.price
                if price > self._high:
                    self._high = price
                elif price < self._low:
                    self._low = price

    def doubt(self, ts_recv: int) -> None:
        """A print was corrected or cancelled: the answer to a question from now on replaces the figures."""
        self._doubted_us = ts_recv

    def on_snapshot(self, snapshot: Snapshot, newest: Trade | None) -> None:
        """Take the venue's figures, unless they are of an earlier day. `newest` is the trade that we hold."""
        if newest is not None and newest.ts_event_ns >= self._end_ns:
            self._turn(newest)
        newest_ns = newest.ts_event_ns if newest is not None else 0
        self._ask_ns = newest_ns + ASK_AGAIN_NS
        bar, held = snapshot.day, self.bar
        if bar is None or (held is not None and bar.start_ns < held.start_ns):
            return
        days_ago = max(0, newest_ns - bar.start_ns) // DAY_NS
        self._end_ns = bar.start_ns + (days_ago + 1) * DAY_NS
        # An answer that was on its way when the word came may still have the print in it.
        is_mended = 0 < self._doubted_us < snapshot.ts_asked
        if is_mended:
            self._doubted_us = 0
        if days_ago:
            # Before the open the venue's "daily bar" is still yesterday's: its close is the previous one.
            self._forget()
            self.previous_close = bar.close
            return
        if snapshot.previous_day is not None:
            self.previous_close = snapshot.previous_day.close
        counted_ns = snapshot.trade.ts_event_ns if snapshot.trade is not None else 0
        self._counted_ns = max(bar.start_ns, counted_ns)
        if held is not None and held.start_ns == bar.start_ns and not is_mended:
            self._take(_wider(held, bar))
            return
        self._take(bar)
        if newest is not None:
            # It may have overtaken the answer: the price is never outside of its day's range.
            self.on_trade(newest)

    def wants_snapshot(self, newest: Trade | None) -> bool:
        """Whether the figures are missing or doubted and want asking for again."""
        if self.known:
            return self._doubted_us > 0
        return newest is not None and newest.ts_event_ns >= self._ask_ns

    def _take(self, bar: DayBar) -> None:
        self.known = True
        self._start_ns, self._open, self._close = bar.start_ns, bar.open, bar.close
        self._high, self._low, self._volume = bar.high, bar.low, bar.volume

    def _forget(self) -> None:
        self.known = False
        self._counted_ns = _NEVER

    def _turn(self, trade: Trade) -> None:
        # A new day began while we listened: yesterday's range is not today's, nor its change.
        self._forget()
        self.previous_close = None
        self._end_ns, self._ask_ns = _NEVER, trade.ts_event_ns


def _wider(held: DayBar, bar: DayBar) -> DayBar:
    # The answer was made before our newest trades, and knows those that a lost socket cost us: of one day,
    # both are true.
    return DayBar(
        bar.start_ns, bar.open, max(held.high, bar.high), min(held.low, bar.low),
        held.close, max(held.volume, bar.volume),
    )  # fmt: skip
