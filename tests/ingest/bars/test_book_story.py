"""Whatever happens on the way, a bar that claims to be whole is that of the venue's trades."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import cast
from unittest.mock import Mock

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tapecast.bars import Bar, Interval, VenueBar
from tapecast.clock import Clock
from tapecast.feeds.base import BarHistory, Feed, FeedListener
from tapecast.ingest.bars.ear import Ear
from tapecast.ingest.bars.history import TOO_SOON_S, History
from tapecast.ingest.bars.series import Series
from tapecast.market import Cancel, Correction, Market, Trade, parse_rfc3339
from tests.ingest.bars.raw import START, bars_of, figures, trade
from tests.support import HandClock

AFTER_S = st.sampled_from([0.0, 0.3, 2.0, 25.0])
LATE_S = st.sampled_from([0, 0, 0, 4, 15])
STEPS = st.one_of(
    st.tuples(st.just("trade"), AFTER_S, st.integers(90, 110), LATE_S),
    st.tuples(st.just("volume"), AFTER_S),
    st.tuples(st.just("amend"), st.integers(1, 8), st.booleans()),
    st.tuples(st.sampled_from(["tell", "tell", "rest", "down", "notice", "up", "renew"])),
)


class Story:
    """A venue with a stream and a REST side, and what is made of them."""

    def __init__(self) -> None:
        self.time = HandClock()
        self.time.advance(-self.time.seconds)
        clock = Clock(now=lambda: self.time.seconds, wall=lambda: START / 1e9 + self.time.seconds)
        self.ear = Ear(Mock(spec=FeedListener), clock, runs=True)
        self.history = History(cast("Feed", self), self.ear, clock)
        self.market = Market.US_EQUITY
        # All of the venue's, and those of them that were not heard.
        self.trades: list[Trade] = []
        self.missed: list[Trade] = []
        self.number = 0
        self.is_up = False
        # What a client holds that has heard all.
        self.held: dict[Interval, dict[str, Bar]] = {interval: {} for interval in Interval}
        self.book = self.ear.follow("AAPL")
        for interval in Interval:
            self.book.series[interval] = Series(interval)
            self.book.series[interval].is_ready = True
        self.up()

    async def bars(self, symbols: Sequence[str], interval: Interval, since_ns: int) -> BarHistory:
        """The venue's REST side."""
        until_ns = START + round(self.time.seconds * 1e9)
        found = [
            VenueBar(
                "AAPL", parse_rfc3339(start), *cast("tuple[float, float, float, float, float, int]", bar)
            )
            for start, bar in bars_of(self.trades, interval).items()
            if since_ns <= parse_rfc3339(start)
        ]
        return BarHistory(until_ns, dict.fromkeys(symbols, found))

    def up(self) -> None:
        """A new session."""
        if not self.is_up:
            # No venue answers at once.
            self.time.advance(0.05)
            self.ear.on_session()
            self.ear.on_subscribed(frozenset({"AAPL"}))
            self.is_up = True

    def renew(self) -> None:
        """The symbol is subscribed anew, within a session."""
        if self.is_up:
            self.ear.on_subscribed(frozenset())
            self.ear.on_subscribed(frozenset({"AAPL"}))

    def down(self) -> None:
        """Nothing is heard any more; that is noticed at once, or not before the next session."""
        self.is_up = False

    def notice(self) -> None:
        """The socket is gone."""
        if not self.is_up:
            self.ear.on_subscribed(frozenset())

    def trade(self, after_s: float, price: int, late_s: int) -> None:
        """A print, heard or missed. What is late and missed is beyond what anybody could know."""
        self.time.advance(after_s)
        self.number += 1
        late_s = late_s if self.is_up else 0
        one = trade(max(0.0, self.time.seconds - late_s), float(price), 0.5, self.number)
        self.trades.append(one)
        if self.is_up:
            self.ear.on_trade(one)
        else:
            self.missed.append(one)

    def volume(self, after_s: float) -> None:
        """An odd lot."""
        if self.is_up:
            self.time.advance(after_s)
            self.number += 1
            self.trades.append(one := trade(self.time.seconds, 1.0, 3.0, self.number, effect=4))
            self.ear.on_trade(one)

    def amend(self, back: int, is_cancel: bool) -> None:
        """One of the last that were heard."""
        heard = [each for each in self.trades if each not in self.missed][-back:]
        if not heard or not self.is_up:
            return
        old, at = heard[0], self.trades.index(heard[0])
        if is_cancel:
            del self.trades[at]
            self.ear.on_cancel(Cancel("AAPL", old.number, "V", 1))
            return
        self.number += 1
        self.trades[at] = msgspec.structs.replace(old, price=77.0, size=2.0, number=self.number)
        new = self.trades[at]
        self.ear.on_correction(Correction("AAPL", old.number, "V", new.number, 77.0, 2.0, old.effect, 1))

    def tell(self) -> None:
        """A turn of the keeper's."""
        self.book.tell(self.ear.over_ns())
        for interval, series in self.book.series.items():
            bars = series.number(7, 1)
            series.is_anew = False
            self.held[interval].update((bar.start, bar) for bar in bars)
            series.wrote(bars, series.changed_buckets())

    async def play(self, steps: Sequence[tuple[object, ...]]) -> None:
        """All of it, and then enough time for whatever can be mended."""
        for name, *values in steps:
            if name == "rest":
                await self.history.turn()
            else:
                getattr(self, str(name))(*values)
        self.up()
        for _ in range(3):
            self.time.advance(61 + TOO_SOON_S)
            self.tell()
            await self.history.turn()
        self.tell()


@settings(max_examples=100, deadline=None)
@given(st.lists(STEPS, max_size=60))
def test_a_bar_that_claims_to_be_whole_is(steps: list[tuple[object, ...]]) -> None:
    """Seconds that lack trades say so; minutes and longer lack none in the end."""
    story = Story()
    asyncio.run(story.play(steps))
    for interval, held in story.held.items():
        truth = bars_of(story.trades, interval)
        told = {start: bar for start, bar in held.items() if not bar.removed}
        for start, bar in told.items():
            assert bar.partial or figures(bar) == truth[start], (interval, start)
        missed = {} if not interval.is_fine else bars_of(story.missed, interval)
        assert truth.keys() - missed.keys() <= told.keys()
        if not interval.is_fine:
            assert not [start for start, bar in told.items() if bar.partial and bar.closed], interval
