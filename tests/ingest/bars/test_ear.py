"""Between the feed and the owner: everything is passed on, and trades are counted where bars are wanted."""

from __future__ import annotations

from collections.abc import Iterator
from unittest.mock import Mock, call

import pytest

from tapecast.bars import Interval, VenueBar
from tapecast.clock import Clock
from tapecast.feeds.base import FeedListener
from tapecast.ingest.bars.ear import BEHIND_NS, GRACE_NS, Ear
from tapecast.ingest.bars.series import Series
from tapecast.market import Cancel, Correction, FeedState, Quote, Snapshot, Trade, rfc3339
from tests.ingest.bars.raw import START, trade
from tests.support import HandClock

S = 10**9
# What our clock says, in seconds of `trade`.
BEFORE_S = 3600.0
NOW_NS = START + 3600 * S


class Stage:
    """An ear on a hand clock, and a mock for an owner."""

    def __init__(self, *, runs: bool = True) -> None:
        self.time = HandClock()
        clock = Clock(now=lambda: self.time.seconds, wall=lambda: NOW_NS / S + self.time.seconds - 1000)
        self.owner = Mock(spec=FeedListener)
        self.ear = Ear(self.owner, clock, runs=runs)

    def seconds(self, symbol: str = "AAPL") -> list[tuple[str, int | None, bool]]:
        """The bars of a symbol's seconds: when, how many trades, and whether some may be missing."""
        book = self.ear.books[symbol]
        series = book.series.setdefault(Interval.SECOND, Series(Interval.SECOND))
        for tallies in (book._seconds,):
            book._changed[Interval.SECOND].update(tallies)
        book.tell(self.ear.venue_ns())
        return [(bar.start, bar.trades, bar.partial) for bar in series]


def test_the_owner_hears_everything() -> None:
    """Also while nobody wants bars, which it need not know of."""
    stage = Stage()
    print_, quote = trade(0, 1.0), Quote("AAPL", 1.0, 2.0, 1.0, 1.0, 1, 1)
    correction, cancel = Correction("AAPL", 1, "", 2, 1.0, 1.0, 7, 1), Cancel("AAPL", 1, "", 1)
    snapshot = Snapshot("AAPL", None, None, None, None)
    for _ in range(2):
        stage.owner.reset_mock()
        ear: FeedListener = stage.ear
        ear.on_session()
        ear.on_state(FeedState.LIVE, "why")
        ear.on_trade(print_)
        ear.on_quote(quote)
        ear.on_data([print_, quote])
        ear.on_correction(correction)
        ear.on_cancel(cancel)
        ear.on_bar(VenueBar("AAPL", 0, 1.0, 1.0, 1.0, 1.0, 1.0, 1))
        ear.on_snapshot(snapshot)
        ear.on_subscribed(frozenset({"AAPL"}))
        ear.on_refused({"X": "no"})
        ear.on_rejected("shape")
        assert ear.is_owner() is stage.owner.is_owner.return_value
        assert stage.owner.mock_calls == [
            call.on_session(),
            call.on_state(FeedState.LIVE, "why"),
            call.on_trade(print_),
            call.on_quote(quote),
            call.on_data([print_, quote]),
            call.on_correction(correction),
            call.on_cancel(cancel),
            call.on_snapshot(snapshot),
            call.on_subscribed(frozenset({"AAPL"})),
            call.on_refused({"X": "no"}),
            call.on_rejected("shape"),
            call.is_owner(),
        ]
        stage.ear.follow("AAPL")


class Untouched(list[Trade | Quote]):
    """A frame at which nobody looks."""

    def __iter__(self) -> Iterator[Trade | Quote]:
        raise AssertionError("looked at")


def test_without_bars_no_trade_is_looked_at() -> None:
    """A big feed has no time for it: a frame is passed on, and that is all."""
    stage, frame = Stage(), Untouched([trade(0, 1.0)])
    stage.ear.on_data(frame)
    stage.owner.on_data.assert_called_once_with(frame)
    stage.ear.follow("AAPL")
    with pytest.raises(AssertionError, match="looked at"):
        stage.ear.on_data(frame)


def test_only_followed_symbols_are_counted() -> None:
    """Each into its own book; quotes are none of it."""
    stage = Stage()
    stage.ear.follow("AAPL")
    stage.ear.on_subscribed(frozenset({"AAPL"}))
    quote = Quote("AAPL", 1.0, 2.0, 1.0, 1.0, trade(0, 1.0).ts_event_ns, 1)
    stage.ear.on_data([trade(0, 1.0), quote, trade(0.5, 2.0)])
    stage.ear.on_trade(trade(1, 1.0))
    assert [count for _, count, _ in stage.seconds()] == [2, 1]
    stage.ear.drop("AAPL")
    stage.ear.on_trade(trade(2, 1.0))
    assert not stage.ear.books


def test_amendments_and_the_venues_minutes_find_their_book() -> None:
    """And no other."""
    stage = Stage()
    book = stage.ear.follow("AAPL")
    stage.ear.on_trade(trade(0, 10.0, number=1))
    stage.ear.on_trade(trade(0.1, 20.0, number=2))
    stage.ear.on_cancel(Cancel("AAPL", 1, "V", 1))
    stage.ear.on_correction(Correction("AAPL", 2, "V", 3, 30.0, 2.0, 7, 1))
    stage.ear.on_cancel(Cancel("MSFT", 2, "V", 1))
    assert [count for _, count, _ in stage.seconds()] == [1]
    start = trade(0, 1.0).ts_event_ns
    stage.ear.on_bar(VenueBar("AAPL", start, 1.0, 9.0, 1.0, 9.0, 5.0, 5))
    assert book._minutes[start].is_venue


def test_a_gap_lasts_from_the_newest_trade_to_the_first_after_the_subscription() -> None:
    """Whatever our clock says: the venue's time may be another."""
    stage = Stage()
    stage.ear.follow("AAPL")
    stage.ear.on_subscribed(frozenset({"AAPL"}))
    for at in (0.5, 1.5, 2.5):
        stage.ear.on_trade(trade(at, 1.0))
    stage.ear.on_session()
    stage.ear.on_subscribed(frozenset({"AAPL"}))
    for at in (9.5, 10.5):
        stage.ear.on_trade(trade(at, 1.0))
    assert [partial for _, _, partial in stage.seconds()] == [True, False, True, True, False]


def test_a_symbol_that_was_subscribed_before_bars_were_wanted() -> None:
    """Nothing is missed from that moment on, as far as the venue's time is ours."""
    stage = Stage()
    stage.ear.on_subscribed(frozenset({"AAPL"}))
    stage.ear.follow("AAPL")
    stage.ear.on_trade(trade(BEFORE_S + 7.5, 1.0))
    assert [partial for _, _, partial in stage.seconds()] == [False]


def test_the_time_at_the_venue() -> None:
    """That of its newest trade, and on from there; never ahead of our clock, never back; less a grace."""
    stage = Stage()
    assert stage.ear.venue_ns() == 0
    stage.ear.follow("AAPL")
    stage.ear.on_trade(trade(BEFORE_S - 900, 1.0))
    assert stage.ear.venue_ns() == NOW_NS - 900 * S - GRACE_NS
    stage.time.advance(10)
    assert stage.ear.venue_ns() == NOW_NS - 890 * S - GRACE_NS
    stage.ear.on_trade(trade(BEFORE_S + 15, 1.0))
    assert stage.ear.venue_ns() == NOW_NS + 15 * S - GRACE_NS
    stage.time.advance(3)
    assert stage.ear.venue_ns() == NOW_NS + 15 * S - GRACE_NS, "its clock is ahead of ours"
    stage.ear.on_trade(trade(0, 1.0))
    assert stage.ear.venue_ns() == NOW_NS + 15 * S - GRACE_NS


def test_a_trade_of_the_future_says_nothing_of_the_time() -> None:
    """All forming bars would be over, and every trade late, until its time has come."""
    stage = Stage()
    stage.ear.follow("AAPL")
    stage.ear.on_trade(trade(BEFORE_S, 1.0))
    stage.ear.on_trade(trade(BEFORE_S + 240, 1.0))
    stage.time.advance(10)
    assert stage.ear.venue_ns() == NOW_NS + 10 * S - GRACE_NS
    for second in range(1, 5):
        stage.time.advance(1)
        stage.ear.on_trade(trade(BEFORE_S + 10 + second, 1.0))
        assert stage.seconds()[-2][1] == 1
    starts = [start for start, _, _ in stage.seconds()]
    assert starts[-5:-1] == [rfc3339(NOW_NS + (10 + second) * S) for second in range(1, 5)]


def test_a_market_that_is_closed_has_a_time_too() -> None:
    """No trade comes: the venue's minutes tell it, and before those what is long past is over."""
    stage = Stage()
    assert stage.ear.over_ns() == NOW_NS - BEHIND_NS
    stage.ear.follow("AAPL")
    stage.ear.on_bar(VenueBar("AAPL", NOW_NS - 120 * S, 1.0, 1.0, 1.0, 1.0, 1.0, 1))
    assert stage.ear.over_ns() == NOW_NS - 60 * S - GRACE_NS
    stage.time.advance(5)
    stage.ear.reach(NOW_NS - 300 * S)
    assert stage.ear.over_ns() == NOW_NS - 55 * S - GRACE_NS, "it does not go back"
    stage.ear.reach(NOW_NS + 3600 * S)
    assert stage.ear.over_ns() == NOW_NS + 5 * S - GRACE_NS, "our clock is the limit"
    recording = Stage(runs=False)
    recording.ear.reach(NOW_NS)
    assert recording.ear.over_ns() == 0


def test_what_was_told_before_a_loss_was_noticed_is_told_again() -> None:
    """A second that was closed as whole lacks the trades that came after the socket had died."""
    stage = Stage()
    stage.ear.follow("AAPL")
    stage.ear.on_subscribed(frozenset({"AAPL"}))
    for at in (0.5, 1.5, 2.5):
        stage.ear.on_trade(trade(at, 1.0))
        book = stage.ear.books["AAPL"]
        series = book.series.setdefault(Interval.SECOND, Series(Interval.SECOND))
        book.tell(START + 9 * S)
    assert [bar.partial for bar in series] == [True, False, False]
    stage.ear.on_session()
    book.tell(START + 9 * S)
    assert [(bar.partial, bar.corrected) for bar in series][1:] == [(False, False), (True, True)]
    assert not book._changed[Interval.MINUTE]


def test_time_on_a_recording_is_that_of_its_trades() -> None:
    """It may be played fast or slowly."""
    stage = Stage(runs=False)
    stage.ear.follow("AAPL")
    stage.ear.on_trade(trade(0, 1.0))
    stage.time.advance(1000)
    assert stage.ear.venue_ns() == trade(0, 1.0).ts_event_ns
