"""What the venue is asked for by REST: what nobody heard, once, and again if more is missing."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import cast
from unittest.mock import Mock

import pytest

from tapecast.bars import Interval, VenueBar
from tapecast.clock import Clock
from tapecast.errors import FeedError, FeedFatal, FeedTransient
from tapecast.feeds.base import BarHistory, Feed, FeedListener
from tapecast.ingest.bars.ear import Ear
from tapecast.ingest.bars.history import (
    BUCKETS_KEPT,
    DEPTH_NS,
    RETRY_S,
    SYMBOLS_AT_ONCE,
    TOO_SOON_S,
    History,
)
from tapecast.ingest.bars.series import Series
from tapecast.market import Market
from tests.ingest.bars.raw import START, trade
from tests.ingest.fakes import FakeFeed
from tests.support import HandClock

S = 10**9
MINUTE = 60 * S


class Stage:
    """A history over a fake feed; the venue's time is that of the trades."""

    def __init__(self, *symbols: str, runs: bool = False) -> None:
        self.time = HandClock()
        # Years ahead of the venue's, which is that of a tape.
        self.clock = clock = Clock(
            now=lambda: self.time.seconds, wall=lambda: START / 1e9 + 10**8 + self.time.seconds
        )
        self.feed = FakeFeed()
        self.ear = Ear(Mock(spec=FeedListener), clock, runs=runs)
        self.history = History(self.feed, self.ear, clock)
        for symbol in symbols:
            self.follow(symbol)

    def follow(self, symbol: str, *intervals: Interval) -> None:
        """Bars of these lengths are wanted."""
        book = self.ear.follow(symbol)
        for interval in intervals or Interval:
            book.series[interval] = Series(interval)
            book.series[interval].is_ready = True

    def knows(self, *bars: VenueBar, until_ns: int = START) -> None:
        """What the venue answers."""
        found: dict[str, list[VenueBar]] = {}
        for each in bars:
            found.setdefault(each.symbol, []).append(each)
        self.feed.history = BarHistory(until_ns, found)

    async def asked(self) -> list[tuple[tuple[str, ...], Interval, int]]:
        """What one look asks for."""
        self.feed.asked.clear()
        await self.history.turn()
        return list(self.feed.asked)


def bar(start_ns: int, close: float = 2.0) -> VenueBar:
    """The venue's."""
    return VenueBar("AAPL", start_ns, 1.0, 9.0, 1.0, close, 10.0, 2)


async def test_the_past_is_asked_for_once() -> None:
    """Minutes and what is longer; of seconds there is nothing to ask."""
    stage = Stage("AAPL")
    stage.knows(bar(START - MINUTE), bar(START))
    stage.ear.on_trade(trade(5, 3.0))
    asked = await stage.asked()
    assert [interval for _, interval, _ in asked] == [Interval.MINUTE, Interval.FIVE_MINUTES, Interval.HOUR]
    assert all(START - DEPTH_NS[interval] - 60 * interval.ns <= since < START for _, interval, since in asked)
    assert await stage.asked() == []
    book = stage.ear.books["AAPL"]
    book.tell(START + 5 * S)
    minutes = {each.start[11:16]: each.close for each in book.series[Interval.MINUTE]}
    assert minutes == {"14:59": 2.0, "15:00": 3.0}, "what is not over is not the venue's to tell"
    assert book.series[Interval.MINUTE].has_history


async def test_the_minute_of_the_first_trade_is_asked_for_when_it_is_over() -> None:
    """It may lack those before; if the stream has told it, there is nothing to ask."""
    for told in (False, True):
        stage = Stage()
        stage.follow("AAPL", Interval.MINUTE)
        stage.knows()
        stage.ear.on_trade(trade(5, 3.0))
        await stage.asked()
        if told:
            stage.ear.on_bar(bar(START))
        stage.ear.on_trade(trade(61, 3.0))
        assert await stage.asked() == []
        stage.ear.on_trade(trade(66, 3.0))
        stage.knows(bar(START, 5.0), until_ns=START + MINUTE)
        asked = await stage.asked()
        assert [interval for _, interval, _ in asked] == ([] if told else [Interval.MINUTE])
        stage.ear.books["AAPL"].tell(START + 66 * S)
        first = next(iter(stage.ear.books["AAPL"].series[Interval.MINUTE]))
        assert (first.close, first.partial) == (2.0 if told else 5.0, False)


async def test_a_gap_is_asked_for() -> None:
    """From its begin, in whole buckets; one of hours at every length, once."""
    stage = Stage("AAPL")
    stage.knows()
    stage.ear.on_subscribed(frozenset({"AAPL"}))
    stage.ear.on_trade(trade(5, 3.0))
    await stage.asked()
    stage.ear.on_trade(trade(7000, 3.0))
    stage.knows(until_ns=START + 6960 * S)
    await stage.asked()
    assert await stage.asked() == []
    stage.ear.on_session()
    stage.ear.on_subscribed(frozenset({"AAPL"}))
    stage.ear.on_trade(trade(8000, 3.0))
    stage.knows(until_ns=START + 7920 * S)
    asked = await stage.asked()
    assert [(interval, (since - START) // S) for _, interval, since in asked] == [(Interval.MINUTE, 3600)]
    stage.time.advance(TOO_SOON_S)
    stage.ear.on_session()
    stage.ear.on_subscribed(frozenset({"AAPL"}))
    stage.ear.on_trade(trade(50_000, 3.0))
    stage.knows(until_ns=START + 49_980 * S)
    asked = await stage.asked()
    assert [interval for _, interval, _ in asked] == [Interval.MINUTE, Interval.FIVE_MINUTES, Interval.HOUR]
    assert await stage.asked() == []


async def test_a_failure_is_tried_again_later(caplog: pytest.LogCaptureFixture) -> None:
    """It costs the history; a feed that has none is not complained of."""
    stage = Stage("AAPL")
    stage.ear.on_trade(trade(5, 3.0))
    with caplog.at_level(logging.INFO):
        assert len(await stage.asked()) == 1
        assert await stage.asked() == []
    assert caplog.text == ""
    stage.time.advance(RETRY_S)
    stage.feed.failure = FeedTransient("rate_limited", "HTTP 429")
    assert len(await stage.asked()) == 1
    assert "bars_not_read: HTTP 429" in caplog.text
    stage.feed.failure = None
    stage.time.advance(RETRY_S)
    stage.knows()
    assert len(await stage.asked()) == 3


async def test_one_bad_symbol_costs_itself() -> None:
    """The others are asked for without it, and it is not asked for again."""
    stage = Stage()
    for symbol in ("A", "B", "BAD", "C"):
        stage.follow(symbol, Interval.MINUTE)
    stage.ear.on_trade(trade(5, 3.0))

    class Venue:
        market = Market.US_EQUITY

        def __init__(self) -> None:
            self.asked: list[tuple[str, ...]] = []

        async def bars(self, symbols: Sequence[str], interval: Interval, since_ns: int) -> BarHistory:
            self.asked.append(tuple(symbols))
            if "BAD" in symbols:
                raise FeedFatal("request_refused", "HTTP 400", 400)
            return BarHistory(START, {})

    venue = Venue()
    stage.history._feed = cast("Feed", venue)
    await stage.history.turn()
    assert venue.asked == [("A", "B", "BAD", "C"), ("A", "B"), ("BAD", "C"), ("BAD",), ("C",)]
    await stage.history.turn()
    assert len(venue.asked) == 5


async def test_many_symbols_take_turns() -> None:
    """One question is bounded; a symbol that left meanwhile is no trouble."""
    stage = Stage()
    for number in range(SYMBOLS_AT_ONCE + 5):
        stage.follow(f"S{number}", Interval.MINUTE)
    stage.knows()
    stage.ear.on_trade(trade(5, 3.0))
    first, second = await stage.asked(), await stage.asked()
    assert (len(first[0][0]), len(second[0][0])) == (SYMBOLS_AT_ONCE, 5)
    assert await stage.asked() == []


async def test_nothing_is_asked_before_redis_was_read() -> None:
    """What it holds need not be asked for, and would be overwritten."""
    stage = Stage("AAPL")
    stage.knows()
    for series in stage.ear.books["AAPL"].series.values():
        series.is_ready = False
    assert await stage.asked() == []


async def test_a_minute_that_has_just_ended_is_not_known_yet() -> None:
    """Whoever comes at that moment would have a hole there for ever."""
    stage = Stage()
    stage.follow("AAPL", Interval.MINUTE)
    stage.ear.on_trade(trade(61, 3.0))
    stage.knows(bar(START - MINUTE), until_ns=START + 61 * S)
    assert len(await stage.asked()) == 1
    stage.knows(bar(START - MINUTE), bar(START, 5.0), until_ns=START + 65 * S)
    stage.ear.on_trade(trade(65, 3.0))
    assert len(await stage.asked()) == 1
    stage.ear.books["AAPL"].tell(START + 65 * S)
    bars = list(stage.ear.books["AAPL"].series[Interval.MINUTE])
    assert [(each.start[11:16], each.partial) for each in bars] == [
        ("14:59", False), ("15:00", False), ("15:01", True),
    ]  # fmt: skip


async def test_a_venue_that_does_not_know_yet_is_not_asked_twice_a_second() -> None:
    """A delayed feed's history ends before its stream does."""
    stage = Stage()
    stage.follow("AAPL", Interval.MINUTE)
    stage.ear.on_trade(trade(605, 3.0))
    stage.knows(until_ns=START + 540 * S)
    assert len(await stage.asked()) == 1
    assert await stage.asked() == []
    stage.time.advance(TOO_SOON_S)
    assert len(await stage.asked()) == 1


async def test_a_market_that_is_closed_has_a_history() -> None:
    """No trade says what time it is, and all of its bars are over."""
    stage = Stage(runs=True)
    stage.follow("AAPL", Interval.MINUTE, Interval.HOUR)
    now_ns = stage.clock.micros() * 1000
    minutes = [bar(Interval.HOUR.start(now_ns) - number * MINUTE) for number in range(200, 0, -1)]
    stage.knows(*minutes, until_ns=now_ns)
    await stage.asked()
    book = stage.ear.books["AAPL"]
    book.tell(stage.ear.over_ns())
    assert len(list(book.series[Interval.MINUTE])) == 200
    assert all(each.closed and not each.partial for series in book.series.values() for each in series)
    assert len(book.series[Interval.MINUTE].changed_buckets()) == 4


async def test_no_more_is_taken_than_is_kept() -> None:
    """Of a market that never closes no more is asked for either."""
    stage = Stage()
    stage.follow("AAPL", Interval.MINUTE)
    stage.ear.on_trade(trade(5, 3.0))
    stage.knows(*(bar(START - number * MINUTE) for number in range(4000, 0, -1)))
    stage.feed.market = Market.CRYPTO
    ((_, _, since),) = await stage.asked()
    assert START - since <= (BUCKETS_KEPT + 1) * 60 * MINUTE
    stage.ear.books["AAPL"].tell(START)
    kept = len(list(stage.ear.books["AAPL"].series[Interval.MINUTE]))
    assert BUCKETS_KEPT * 60 - 60 < kept <= BUCKETS_KEPT * 60 + 1


async def test_a_symbol_that_left_and_came_back_asks_anew() -> None:
    """The answer to its old question is not all that it lacks."""
    stage = Stage()
    stage.follow("AAPL", Interval.MINUTE)
    stage.ear.on_trade(trade(5, 3.0))
    stage.knows(bar(START - MINUTE))
    ask = stage.feed.bars

    async def slowly(symbols: Sequence[str], interval: Interval, since_ns: int) -> BarHistory:
        stage.ear.drop("AAPL")
        stage.follow("AAPL", Interval.MINUTE)
        return await ask(symbols, interval, since_ns)

    stage.history._feed = cast("Feed", Mock(bars=slowly, market=Market.US_EQUITY))
    await stage.history.turn()
    assert not stage.ear.books["AAPL"].series[Interval.MINUTE].has_history
    stage.history._feed = stage.feed
    assert len(await stage.asked()) == 1


async def test_the_venues_word_on_when_to_come_back_is_kept() -> None:
    """Also in the middle of a search for one bad symbol."""
    stage = Stage()
    for symbol in ("A", "B", "C", "D"):
        stage.follow(symbol, Interval.MINUTE)
    stage.ear.on_trade(trade(5, 3.0))
    refusals: list[FeedError] = [
        FeedTransient("rate_limited", "HTTP 429", 429, retry_after=50.0),
        FeedFatal("request_refused", "HTTP 400", 400),
    ]
    asked: list[Sequence[str]] = []

    async def refuse(symbols: Sequence[str], *_: object) -> BarHistory:
        asked.append(symbols)
        raise refusals.pop()

    stage.history._feed = cast("Feed", Mock(bars=refuse, market=Market.US_EQUITY))
    await stage.history.turn()
    stage.time.advance(49)
    await stage.history.turn()
    assert asked == [["A", "B", "C", "D"], ["A", "B"]]
    stage.history._feed = stage.feed
    stage.time.advance(1)
    assert len(await stage.asked()) == 1


async def test_no_bar_is_missing_once_the_venue_has_told() -> None:
    """Not before it was asked, and not while a minute is over that it is too soon to ask for."""
    stage = Stage("AAPL")
    book = stage.ear.books["AAPL"]

    def told() -> list[bool]:
        return [stage.history.is_told(book, interval) for interval in Interval]

    stage.knows(until_ns=START)
    stage.ear.on_trade(trade(6, 3.0))
    assert told() == [True, True, False, False, False], "nobody tells of seconds"
    await stage.asked()
    assert all(told())
    stage.ear.on_trade(trade(61, 3.0))
    assert not any(told()[2:]), "the minute of the first trade is over"
    assert await stage.asked() == []
    stage.ear.on_trade(trade(66, 3.0))
    stage.knows(until_ns=START + MINUTE)
    await stage.asked()
    assert all(told())


async def test_where_no_venue_tells_nothing_is_waited_for() -> None:
    """Of a tape; but one that fails will tell yet."""
    stage = Stage("AAPL")
    book = stage.ear.books["AAPL"]
    stage.ear.on_trade(trade(1, 3.0))
    stage.feed.failure = FeedTransient("rest_failed", "no")
    await stage.asked()
    assert not stage.history.is_told(book, Interval.MINUTE)
    stage.feed.failure = None
    stage.time.advance(RETRY_S + 1)
    await stage.asked()
    assert stage.history.is_told(book, Interval.MINUTE)
