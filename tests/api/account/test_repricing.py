"""One position at another price, by Alpaca's formulas and in exact arithmetic."""

from __future__ import annotations

from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapecast.api.account.numbers import EXACT, ratio
from tapecast.api.account.repricing import is_repriceable, repriced, worth
from tapecast.bus.codec import Fields
from tests.api.account.support import LONG, OPTION, SHORT, numbers

prices = st.decimals(min_value="0.0001", max_value=100_000, places=4)
quantities = st.decimals(min_value=-100_000, max_value=100_000, places=9).filter(bool)


def test_a_long_position_at_a_new_price() -> None:
    """Every figure follows from the price, without a binary rounding."""
    result = repriced(numbers(LONG), Decimal("160.10"))
    assert result["market_value"] == Decimal("1601.00")
    assert result["unrealized_pl"] == Decimal("100.00")
    assert result["unrealized_plpc"] == Decimal("0.0666222518")
    assert result["unrealized_intraday_pl"] == Decimal("51.00")
    assert result["change_today"] == Decimal("0.0329032258")
    assert result["qty"] == Decimal(10)


def test_a_short_position_gains_when_the_price_falls() -> None:
    """Its quantity, value and basis are negative."""
    result = repriced(numbers(SHORT), Decimal(180))
    assert result["market_value"] == Decimal(-360)
    assert result["unrealized_pl"] == Decimal(40)
    assert result["unrealized_plpc"] == Decimal("0.1")
    assert result["unrealized_intraday_pl"] == Decimal(10)


def test_a_short_position_may_be_told_by_its_side_alone() -> None:
    """Then its value keeps the sign that Alpaca gave it; what it gains is the same, and what it is worth."""
    told = numbers(SHORT | {"qty": "2", "cost_basis": "400", "market_value": "380"})
    result = repriced(told, Decimal(180))
    assert (result["market_value"], worth(result)) == (Decimal(360), Decimal(-360))
    assert (result["unrealized_pl"], result["unrealized_plpc"]) == (Decimal(40), Decimal("0.1"))
    assert result["unrealized_intraday_pl"] == Decimal(10)


@pytest.mark.parametrize("more", [{}, {"asset_class": None}, {"symbol": "AAPL1250117C00150000X"}], ids=str)
def test_an_option_stands_for_a_hundred_shares(more: Fields) -> None:
    """By its class or by the form of its name."""
    result = repriced(numbers(OPTION | more), Decimal("5.30"))
    assert result["market_value"] == Decimal(530)
    assert result["unrealized_pl"] == Decimal(30)


@pytest.mark.parametrize(
    ("position", "can_be"),
    [
        (LONG, True),
        (SHORT, True),
        (SHORT | {"qty": "2", "market_value": "380"}, True),
        (OPTION, True),
        (OPTION | {"market_value": "780"}, False),
        (LONG | {"asset_class": "us_future"}, True),
        (LONG | {"asset_class": "us_future", "market_value": "80000"}, False),
        (LONG | {"market_value": "1600.01"}, True),
        (LONG | {"market_value": "1601"}, False),
        (
            LONG
            | {
                "asset_class": "crypto",
                "qty": "1e9",
                "current_price": "0.00001235",
                "market_value": "12349.9",
            },
            True,
        ),
        (LONG | {"market_value": None}, True),
        (LONG | {"current_price": None, "asset_class": None}, True),
        (LONG | {"current_price": None, "asset_class": "us_future"}, False),
        (LONG | {"qty": None}, False),
    ],
)
def test_alpacas_own_value_tells_what_a_unit_stands_for(position: Fields, can_be: bool) -> None:
    """One share, or a hundred of an option; a price that was rounded is no other multiplier."""
    assert is_repriceable(numbers(position)) is can_be


def test_what_alpaca_left_open_stays_open() -> None:
    """A null is not turned into a number."""
    bare: Fields = {"symbol": "AAPL", "qty": Decimal(2), "market_value": None, "cost_basis": Decimal(0)}
    result = repriced(bare, Decimal(5))
    assert result["market_value"] == Decimal(10)
    assert "unrealized_intraday_pl" not in result
    assert "unrealized_plpc" not in result
    assert repriced({"symbol": "AAPL", "qty": "?"}, Decimal(5)) == {"symbol": "AAPL", "qty": "?"}


def test_of_nothing_there_is_no_fraction() -> None:
    """A share that was a gift has a profit; the fraction of another price would be wrong."""
    result = repriced(numbers(LONG | {"cost_basis": "0", "unrealized_plpc": "1"}), Decimal(5))
    assert (result["unrealized_pl"], result["unrealized_plpc"]) == (Decimal(50), None)


def said(quantity: Decimal, entry: Decimal, last_day: Decimal, price: Decimal, shares: int) -> Fields:
    """What Alpaca says of such a position, by its own formulas."""
    with localcontext(EXACT):
        value, cost, start = (quantity * each * shares for each in (price, entry, last_day))
        return {
            "symbol": "AAPL" if shares == 1 else OPTION["symbol"], "qty": quantity, "market_value": value,
            "side": "long" if quantity > 0 else "short", "current_price": price, "lastday_price": last_day,
            "avg_entry_price": entry, "cost_basis": cost, "unrealized_pl": value - cost,
            "unrealized_plpc": ratio(value - cost, abs(cost)), "unrealized_intraday_pl": value - start,
            "unrealized_intraday_plpc": ratio(value - start, abs(start)),
            "change_today": ratio(price - last_day, last_day),
        }  # fmt: skip


@given(quantities, prices, prices, prices, prices, st.sampled_from([1, 100]))
def test_it_is_what_alpaca_would_have_said_at_that_price(
    quantity: Decimal, entry: Decimal, last_day: Decimal, before: Decimal, after: Decimal, shares: int
) -> None:
    """Every figure to its last digit, longs and shorts, whichever price it was re-priced from."""
    told = said(quantity, entry, last_day, before, shares)
    assert repriced(told, after) == said(quantity, entry, last_day, after, shares)
