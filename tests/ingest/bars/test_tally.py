"""One interval: whatever the order and however it is put together, it is the bar of its trades."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapecast.bars import Bar, Interval, VenueBar
from tapecast.ingest.bars.tally import Tally
from tapecast.market import ADDS_VOLUME, SETS_ALL, SETS_PRICE, SETS_RANGE, Trade
from tests.ingest.bars.raw import START, bars_of, figures, told, trade

Print = tuple[float, float, int]
SIZES = st.one_of(st.integers(1, 10**6), st.integers(1, 10**12).map(lambda units: units / 10**9))
PRINTS = st.lists(
    st.tuples(st.floats(0.01, 10**6), SIZES, st.sampled_from([0, 4, 5, 6, SETS_ALL])), min_size=1, max_size=40
)


def trades_of(prints: list[Print]) -> list[Trade]:
    """One after the other."""
    return [trade(at / 50, price, size, at + 1, effect) for at, (price, size, effect) in enumerate(prints)]


def tally_of(trades: list[Trade]) -> Tally:
    """All of these added."""
    tally = Tally(START)
    for each in trades:
        tally.add(each)
    return tally


@given(PRINTS, st.integers(0, 1000))
def test_no_order_of_trades_changes_a_bar(prints: list[Print], seed: int) -> None:
    """Late ones too; and the bar is that of exact arithmetic."""
    trades = [
        trade(at / 50, price, float(size), at + 1, effect) for at, (price, size, effect) in enumerate(prints)
    ]
    expected = bars_of(trades, Interval.MINUTE)
    random.Random(seed).shuffle(trades)
    tally = tally_of(trades)
    assert (told([tally.bar()]) if tally.has_price else {}) == expected


@given(PRINTS, st.integers(0, 40))
def test_a_bar_put_together_is_the_bar_of_all_trades(prints: list[Print], cut: int) -> None:
    """Volume and average to the last digit."""
    trades = [
        trade(at / 50, price, float(size), at + 1, effect) for at, (price, size, effect) in enumerate(prints)
    ]
    whole, parts = tally_of(trades), Tally(START)
    for part in (trades[cut:], trades[:cut]):
        parts.merge(tally_of(part))
    assert parts.has_price == whole.has_price
    if whole.has_price:
        assert parts.bar() == whole.bar()


def test_conditions_say_what_a_trade_changes() -> None:
    """An odd lot makes volume alone; a sold-late print the range; what sets the price is in the range."""
    tally = tally_of([trade(0, 10.0, 5.0, effect=ADDS_VOLUME)])
    assert not tally.has_price
    assert not tally.is_empty
    tally.add(trade(2, 12.0, 1.0, effect=SETS_PRICE | ADDS_VOLUME))
    tally.add(trade(1, 9.0, 1.0, effect=SETS_RANGE | ADDS_VOLUME))
    tally.add(trade(3, 99.0, 1.0, effect=0))
    assert figures(tally.bar()) == (12.0, 12.0, 9.0, 12.0, 7.0, 3)
    assert tally.bar().vwap == pytest.approx((5 * 10 + 12 + 9) / 7)


def test_of_two_trades_at_one_time_the_later_to_come_is_the_last() -> None:
    """And the first to come the first."""
    assert figures(tally_of([trade(1, 5.0), trade(1, 6.0)]).bar())[:4] == (5.0, 6.0, 5.0, 6.0)


def test_a_bar_of_the_venue_keeps_its_ends() -> None:
    """A late trade widens it and counts; it is neither first nor last."""
    bar = VenueBar("AAPL", START, 10.0, 11.0, 9.0, 10.5, 100.0, 7, 10.25)
    tally = Tally.of(bar, Interval.MINUTE.ns, is_venue=True)
    assert tally.bar() == Bar("2026-11-20T15:00:00Z", 10.0, 11.0, 9.0, 10.5, 100.0, 7, 10.25)
    tally.add(trade(59, 12.0, 10.0))
    assert figures(tally.bar()) == (10.0, 12.0, 9.0, 10.5, 110.0, 8)
    assert not tally.is_ours


def test_a_trade_that_is_taken_back_counts_no_more() -> None:
    """What can be known without the others: volume, trades and average; never below nothing."""
    tally = tally_of([trade(0, 10.0, 5.0), trade(1, 20.0, 5.0)])
    tally.take_back(trade(1, 20.0, 5.0))
    assert figures(tally.bar())[4:] == (5.0, 1)
    assert tally.bar().vwap == 10.0
    tally.take_back(trade(1, 20.0, 500.0))
    assert figures(tally.bar())[4:] == (0.0, 0)
    assert tally.bar().vwap is None
