"""One position at another price, by Alpaca's formulas and in exact arithmetic."""

from __future__ import annotations

from decimal import Decimal

from tapecast.api.account.repricing import repriced
from tapecast.bus.codec import Fields
from tests.api.account.support import LONG, SHORT, numbers


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


def test_what_alpaca_left_open_stays_open() -> None:
    """A null is not turned into a number."""
    bare: Fields = {"symbol": "AAPL", "qty": Decimal(2), "market_value": None, "cost_basis": Decimal(0)}
    result = repriced(bare, Decimal(5))
    assert result["market_value"] == Decimal(10)
    assert "unrealized_intraday_pl" not in result
    assert "unrealized_plpc" not in result
    assert repriced({"symbol": "AAPL", "qty": "?"}, Decimal(5)) == {"symbol": "AAPL", "qty": "?"}
