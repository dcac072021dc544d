"""One symbol's trades as bars of every length that is wanted. Pure: time is passed in, nothing is awaited.

A trade is added to its second and to its minute, by the venue's time, late or not. Longer bars are put
together from these when they are told. A cancelled or corrected trade is taken out by making its second and
minute again from the trades that are remembered; where those are too few, or the venue's own bar stood there,
the bar is doubtful (`partial`) until the venue says how it is.

The venue's minute replaces ours. Trades that come after it are added to it, until the venue mends it (`u`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from tapecast.bars import MINUTE_NS, SECOND_NS, Bar, Interval, VenueBar
from tapecast.bus.bars import BUCKET
from tapecast.ingest.bars.gaps import Gaps
from tapecast.ingest.bars.recent import Recent
from tapecast.ingest.bars.series import KEPT, Series
from tapecast.ingest.bars.tally import Tally
from tapecast.market import Cancel, Correction, Trade, parse_rfc3339

SECONDS_KEPT: Final = KEPT * BUCKET * SECOND_NS
MINUTES_KEPT: Final = KEPT * BUCKET * MINUTE_NS

Tallies = dict[int, Tally]


class Book:
    """Seconds and minutes of one symbol, and the series that are made of them."""

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.gaps = Gaps()
        self.series: dict[Interval, Series] = {}
        self._tallies: dict[Interval, Tallies] = {Interval.SECOND: {}, Interval.MINUTE: {}}
        self._seconds, self._minutes = self._tallies[Interval.SECOND], self._tallies[Interval.MINUTE]
        self._second_floor = self._minute_floor = 0
        # Those of both that are to be told again.
        self._changed: dict[Interval, set[int]] = {Interval.SECOND: set(), Interval.MINUTE: set()}
        self._recent = Recent()
        # The venue's bars that are longer than minutes: they stand where our minutes are not whole.
        self._history: dict[Interval, Tallies] = {}

    # What the feed says.

    def on_trade(self, trade: Trade) -> None:
        """Count a trade."""
        ns = trade.ts_event_ns
        if self.gaps.is_open:
            self.gaps.hear(ns)
        self._recent.add(trade)
        second, minute = ns - ns % SECOND_NS, ns - ns % MINUTE_NS
        if second >= self._second_floor:
            tally = self._seconds.get(second)
            if tally is None:
                tally = self._seconds[second] = Tally(second)
            tally.add(trade)
            self._changed[Interval.SECOND].add(second)
        if minute >= self._minute_floor:
            tally = self._minutes.get(minute)
            if tally is None:
                tally = self._minutes[minute] = Tally(minute)
            tally.add(trade)
            self._changed[Interval.MINUTE].add(minute)

    def on_amend(self, amend: Correction | Cancel) -> None:
        """Take a trade back, and count what it should have been."""
        amended = self._recent.amend(amend)
        if amended is None:
            return
        old, mended = amended
        for interval, tallies in self._tallies.items():
            start = interval.start(old.ts_event_ns)
            if start in tallies:
                self._make_again(interval, start, old, mended)
                self._changed[interval].add(start)

    def _make_again(self, interval: Interval, start: int, old: Trade, mended: Trade | None) -> None:
        tallies = self._tallies[interval]
        if tallies[start].is_ours and start > self._recent.forgotten_ns:
            tally = tallies[start] = Tally(start)
            for trade in self._recent.between(start, start + interval.ns):
                tally.add(trade)
            if tally.is_empty:
                del tallies[start]
            return
        tallies[start].take_back(old)
        if mended is not None:
            tallies[start].add(mended)
        tallies[start].is_venue = False
        self.gaps.doubt(start, start + interval.ns)

    def lose(self, since_ns: int) -> None:
        """Nothing is heard from here on. What was told of that time may lack trades, though it is over."""
        if not self.gaps.is_open:
            for interval, tallies in self._tallies.items():
                self._changed[interval].update(s for s in tallies if s + interval.ns > since_ns)
        self.gaps.lose(since_ns)

    def on_venue_bar(self, bar: VenueBar) -> None:
        """The venue's own minute."""
        start = bar.start_ns
        if start < self._minute_floor:
            return
        self.gaps.extend(start)
        tally, ours = Tally.of(bar, MINUTE_NS, is_venue=True), self._minutes.get(start)
        if ours is not None and ours.figures == tally.figures:
            # It is the same, and ours knows its trades.
            ours.is_venue = True
        else:
            self._minutes[start] = tally
        self._changed[Interval.MINUTE].add(start)

    def on_history(self, interval: Interval, bars: Iterable[VenueBar]) -> None:
        """Closed bars of the venue's, by REST."""
        series = self.series.get(interval)
        if series is None:
            return
        series.reopen()
        for bar in bars:
            tally = Tally.of(bar, interval.ns, is_venue=True)
            if interval is Interval.MINUTE:
                self.on_venue_bar(bar)
                if bar.start_ns not in self._minutes:
                    series.put_history(bar.start_ns, tally)
            else:
                self._history.setdefault(interval, {})[bar.start_ns] = tally
                series.put_history(bar.start_ns, tally)
        series.has_history = series.is_anew = True
        if interval is Interval.MINUTE:
            # What the minutes make whole again, or for the first time.
            self._changed[Interval.MINUTE].update(self._minutes)
            for longer in self.series.values():
                longer.is_anew |= longer.interval.part is interval

    def restore(self, interval: Interval, bars: list[Bar], buckets: Iterable[int], *, history: bool) -> None:
        """Start from what Redis holds of these bars; trades that were counted here since are others."""
        series = self.series[interval]
        series.restore(bars, buckets)
        series.has_history = history
        # What was counted here before anybody wanted bars of this length.
        self._changed[interval.part].update(self._tallies[interval.part])
        tallies = self._tallies.get(interval)
        if tallies is None:
            return
        for known in filter(None, (_restored(self.symbol, bar) for bar in bars)):
            if history and interval is Interval.MINUTE:
                self.gaps.past_ns = known.start_ns
            self.gaps.known_until(known.start_ns)
        for bar in bars:
            self._take_over(interval, bar)

    def _take_over(self, interval: Interval, bar: Bar) -> None:
        if (known := _restored(self.symbol, bar)) is None:
            return
        start, tallies = known.start_ns, self._tallies[interval]
        if bar.partial:
            self.gaps.miss(start, start + interval.ns)
        tally = Tally.of(known, interval.ns, is_venue=bar.closed and not bar.partial)
        if not bar.closed:
            # Any later trade is its last.
            tally.close_ns = start
            # Nobody heard what came since: it is to be told that it may lack that.
            self._changed[interval].add(start)
        if start in tallies:
            tally.merge(tallies[start])
            self._changed[interval].add(start)
        tallies[start] = tally

    # What is told.

    @property
    def unread(self) -> Series | None:
        """A series of which it is not known yet what Redis holds: before that, nothing is to be told."""
        return next((series for series in self.series.values() if not series.is_ready), None)

    def tell(self, now_ns: int) -> None:
        """Bring every series up to date. `now_ns`: the venue's time by now."""
        for interval, series in self.series.items():
            changed = self._changed[interval.part]
            starts = {interval.start(ns) for ns in changed}
            if interval is not interval.part:
                # What is older would be put together from what happens to be left.
                floor = self._second_floor if interval.is_fine else self._minute_floor
                starts = {start for start in starts if start >= floor}
            for start in sorted(starts):
                tally, partial = self._made(interval, start, now_ns)
                series.tell(start, tally, now_ns=now_ns, partial=partial)
            for start in series.over(now_ns):
                series.close(start, partial=self._made(interval, start, now_ns)[1])
        for changed in self._changed.values():
            changed.clear()
        self._forget(now_ns)

    def _made(self, interval: Interval, start: int, now_ns: int) -> tuple[Tally | None, bool]:
        part, tallies = interval.part, self._tallies[interval.part]
        if interval is part:
            tally = tallies.get(start)
            return tally, tally is not None and self._is_partial(part, start)
        made, partial = Tally(start), False
        for at in range(start, start + interval.ns, part.ns):
            if at in tallies:
                made.merge(tallies[at])
            # What is still to come was not missed.
            partial = partial or (at <= now_ns and self._is_partial(part, at))
        if partial and (whole := self._history.get(interval, {}).get(start)) is not None:
            return whole, False
        return (None if made.is_empty else made), partial

    def _is_partial(self, part: Interval, start: int) -> bool:
        if part is Interval.SECOND:
            return self.gaps.hits(start, start + SECOND_NS)
        tally = self._minutes.get(start)
        return not (tally is not None and tally.is_venue) and self.gaps.hits_minute(start)

    def _forget(self, now_ns: int) -> None:
        self._second_floor = _forget(self._seconds, SECONDS_KEPT, self._second_floor, now_ns)
        self._minute_floor = _forget(self._minutes, MINUTES_KEPT, self._minute_floor, now_ns)
        for tallies in self._history.values():
            for start in [start for start in tallies if start < now_ns - MINUTES_KEPT]:
                del tallies[start]


def _forget(tallies: Tallies, kept_ns: int, floor: int, now_ns: int) -> int:
    """Forget what is too old, seldom, and say what is."""
    newest = max(tallies, default=0)
    # One that is dated ahead must not take the present's place.
    newest = min(newest, now_ns) if now_ns else newest
    if newest - floor < 2 * kept_ns:
        return floor
    floor = newest - kept_ns
    for start in [start for start in tallies if start < floor]:
        del tallies[start]
    return floor


def _restored(symbol: str, bar: Bar) -> VenueBar | None:
    if bar.removed or bar.open is None or bar.high is None or bar.low is None or bar.close is None:
        return None
    start_ns, volume, trades = parse_rfc3339(bar.start), bar.volume or 0.0, bar.trades or 0
    return VenueBar(symbol, start_ns, bar.open, bar.high, bar.low, bar.close, volume, trades, bar.vwap or 0.0)
