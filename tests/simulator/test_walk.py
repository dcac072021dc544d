"""One symbol's random walk."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tapecast.market import parse_rfc3339
from tapecast.simulator.hours import SECOND
from tapecast.simulator.ledger import Book, Event, Image, Print
from tapecast.simulator.symbols import LISTED, instrument
from tapecast.simulator.walk import Walk

START = parse_rfc3339("2026-11-20T15:00:00Z")
STEP = SECOND // 50
SYMBOLS = st.sampled_from([*sorted(LISTED), "AAPL240315C00172500", "SPY261218P00500000"])


def walk(symbol: str = "AAPL", seed: int = 1, rate: float = 1.0) -> Walk:
    """A walk that was founded at START."""
    listed = instrument(symbol)
    assert listed is not None
    return Walk(listed, seed, rate, START)


def shown(each: Walk) -> Image:
    """What REST says of it."""
    image = each.ledger.image()
    assert image is not None
    return image


def previous_close(each: Walk) -> float:
    """The close of the day before."""
    assert each.ledger.previous_close is not None
    return each.ledger.previous_close


def tape(each: Walk, seconds: float, step: int = STEP) -> list[Event]:
    """What happens in the time after START."""
    end = START + int(seconds * SECOND)
    return [event for now in range(START, end + 1, step) for event in each.advance(now)]


@given(symbol=SYMBOLS, seed=st.integers(0, 10**6), rate=st.sampled_from([0.01, 1.0, 20.0]))
@settings(max_examples=60, deadline=None)
def test_the_market_is_believable(symbol: str, seed: int, rate: float) -> None:
    """Bid < ask, they bracket the last trade, prices are inside the day's bar, and no second is silent."""
    each = walk(symbol, seed, rate)
    last, times = shown(each).trade.price, [START]
    for now in range(START, START + 6 * SECOND, STEP):
        for event in each.advance(now):
            if isinstance(event, Print):
                assert event.price > 0
                assert event.size > 0
                last = event.price
                times.append(event.ns)
            else:
                assert 0 < event.bid < event.ask
                assert event.bid <= last <= event.ask
                assert min(event.bid_size, event.ask_size) > 0
        image = shown(each)
        assert image.day.low <= image.trade.price <= image.day.high
        assert abs(image.trade.price / previous_close(each) - 1) < 0.05
    assert max(later - earlier for earlier, later in pairwise([*times, START + 6 * SECOND])) < SECOND


@given(symbol=SYMBOLS, step=st.integers(SECOND // 1000, SECOND // 2))
@settings(max_examples=30, deadline=None)
def test_how_often_a_walk_is_advanced_does_not_change_its_tape(symbol: str, step: int) -> None:
    """The same events at the same times, in small steps or in large ones."""
    large = tape(walk(symbol), 3, step)
    small = tape(walk(symbol), 3)
    assert large[:40] == small[: len(large)][:40]


def test_a_seed_is_a_tape() -> None:
    """The same seed gives the same events, another one others."""
    assert tape(walk(seed=7), 2) == tape(walk(seed=7), 2)
    assert tape(walk(seed=7), 2) != tape(walk(seed=8), 2)


def test_quotes_move_more_often_than_trades() -> None:
    """Every trade moves the quote, and it moves between trades."""
    events = tape(walk(), 20)
    trades = sum(isinstance(event, Print) for event in events)
    quotes = sum(isinstance(event, Book) for event in events)
    assert quotes > 2 * trades > 40


def test_rate_multiplies_the_prints() -> None:
    """Ten times the rate, about ten times the trades."""
    slow = sum(isinstance(event, Print) for event in tape(walk(), 30))
    fast = sum(isinstance(event, Print) for event in tape(walk(rate=10), 30))
    assert 6 < fast / slow < 14


def test_prices_move() -> None:
    """A busy symbol shows several prices within a minute."""
    assert len({event.price for event in tape(walk(), 60) if isinstance(event, Print)}) > 3


def test_a_walk_that_was_left_alone_goes_on_from_now() -> None:
    """An hour of sleep costs two events, not ten thousand."""
    each = walk()
    later = START + 3600 * SECOND
    trade, quote = each.advance(later)
    assert isinstance(trade, Print)
    assert isinstance(quote, Book)
    assert trade.ns == quote.ns == later
    assert quote.bid <= trade.price <= quote.ask


def test_refresh_leaves_a_fresh_walk_alone() -> None:
    """A look at the newest trade does not make one, unless it is old."""
    each = walk()
    number = shown(each).trade.number
    each.refresh(START + SECOND // 100)
    assert shown(each).trade.number == number
    each.refresh(START + 60 * SECOND)
    assert shown(each).trade.number == number + 1


@pytest.mark.parametrize(
    ("symbol", "midnight"), [("AAPL", "2026-11-21T05:00:00Z"), ("BTC/USD", "2026-11-21T00:00:00Z")]
)
def test_midnight_makes_today_yesterday_without_a_jump(symbol: str, midnight: str) -> None:
    """The last price before it is the previous close after it."""
    at = parse_rfc3339(midnight)
    each = walk(symbol)
    each.advance(at - SECOND)
    before = shown(each)
    for now in range(at - SECOND, at + 3 * SECOND, STEP):
        if shown(each).previous is before.previous:
            before = shown(each)
        each.advance(now)
    after = shown(each)
    assert after.previous == before.day
    assert after.day.start_ns == at
    assert after.trade.price == pytest.approx(before.trade.price, rel=0.002)


def test_the_day_begins_with_a_past() -> None:
    """Today's and yesterday's bars are whole before the first print."""
    image = shown(walk())
    assert image.previous is not None
    for bar in (image.day, image.previous):
        assert bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high
        assert bar.low <= bar.average <= bar.high
        assert bar.volume > 0
    assert image.previous.close != image.day.open
