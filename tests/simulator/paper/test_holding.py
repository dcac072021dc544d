"""One position's arithmetic: average cost, sides, and what of it is from before today."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapecast.simulator.paper.holding import Holding
from tapecast.simulator.symbols import LISTED

D = Decimal
AAPL = LISTED["AAPL"]
QUANTITIES = st.decimals(-1000, 1000, places=3).filter(bool)
PRICES = st.decimals("0.01", 1000, places=2)


def after(*trades: tuple[str, str]) -> Holding:
    """A position of ten at 100 from yesterday, after some trades."""
    held = Holding(AAPL, D(10), D(100))
    held.roll(1)
    for more, price in trades:
        held.trade(D(more), D(price))
    return held


@pytest.mark.parametrize(
    ("trades", "quantity", "entry"),
    [
        ([("10", "110")], "20", "105"),
        ([("-4", "200")], "6", "100"),
        ([("5", "103"), ("-14", "90")], "1", "101"),
        ([("-10", "90")], "0", "100"),
        ([("-25", "90")], "-15", "90"),
        ([("-15", "90"), ("-5", "80")], "-10", "85"),
        ([("-15", "90"), ("2", "10")], "-3", "90"),
        ([("-15", "90"), ("8", "70")], "3", "70"),
        ([("5", "101")], "15", "100.333333333"),
    ],
)
def test_the_entry_is_the_average_of_what_was_added(
    trades: list[tuple[str, str]], quantity: str, entry: str
) -> None:
    """Reducing leaves it, turning round begins anew."""
    held = after(*trades)
    assert (held.quantity, held.entry) == (D(quantity), D(entry))


@pytest.mark.parametrize(
    ("trades", "cost"),
    [
        ([], "1050"),  # 10 at yesterday's close
        ([("10", "110")], "2150"),
        ([("-4", "200")], "630"),
        ([("10", "110"), ("-12", "120")], "880"),  # yesterday's go first
        ([("-15", "90")], "-450"),
    ],
)
def test_today_is_counted_from_the_last_close_or_from_todays_price(
    trades: list[tuple[str, str]], cost: str
) -> None:
    """The last close is 105."""
    assert after(*trades).day_cost(D(105)) == D(cost)


def test_with_a_new_day_all_is_from_yesterday() -> None:
    """Once."""
    held = after(("10", "110"))
    held.roll(1)
    assert held.day_cost(D(105)) == 2150
    held.roll(2)
    assert held.day_cost(D(112)) == 20 * 112


@given(st.lists(st.tuples(QUANTITIES, PRICES), min_size=1, max_size=20))
def test_whatever_is_traded_the_parts_make_the_whole(trades: list[tuple[Decimal, Decimal]]) -> None:
    """Yesterday's part has the position's sign and is no larger; the entry is a price that was paid."""
    held = Holding(AAPL)
    held.roll(1)
    held.trade(D(7), D(3))
    held.roll(2)
    for more, price in trades:
        held.trade(more, price)
        assert held.overnight * held.quantity >= 0
        assert abs(held.overnight) <= abs(held.quantity)
    assert held.quantity == 7 + sum(more for more, _ in trades)
    paid = [D(3), *(price for _, price in trades)]
    assert min(paid) <= held.entry <= max(paid)
