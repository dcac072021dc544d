"""What the account says it is worth, from what it says it holds."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tapecast.market import parse_rfc3339
from tapecast.simulator.market import SimulatedMarket
from tapecast.simulator.paper import wire
from tapecast.simulator.paper.figures import Figures, positions
from tapecast.simulator.paper.portfolio import Portfolio

NOW = parse_rfc3339("2026-11-20T15:00:00Z")
MARKET = SimulatedMarket()
DEMO = Portfolio(MARKET)
HELD = positions(DEMO, MARKET, NOW)
POSITIONS = [wire.position(each, each.holding.quantity) for each in HELD]
WORDS = {"asset_id", "symbol", "exchange", "asset_class", "asset_marginable", "side"}
NUMBERS = {
    "qty",
    "qty_available",
    "avg_entry_price",
    "market_value",
    "cost_basis",
    "unrealized_pl",
    "unrealized_plpc",
    "unrealized_intraday_pl",
    "unrealized_intraday_plpc",
    "current_price",
    "lastday_price",
    "change_today",
}


@pytest.mark.parametrize("position", POSITIONS, ids=lambda each: each["symbol"])
def test_a_position_adds_up(position: dict[str, str]) -> None:
    """Every number follows from quantity, entry, price and last close, to the cent."""
    number = {name: Decimal(text) for name, text in position.items() if name in NUMBERS}
    assert number["market_value"] == number["qty"] * number["current_price"]
    assert number["cost_basis"] == number["qty"] * number["avg_entry_price"]
    assert number["unrealized_pl"] == number["market_value"] - number["cost_basis"]
    moved = number["current_price"] - number["lastday_price"]
    assert number["unrealized_intraday_pl"] == number["qty"] * moved
    assert number["change_today"] == pytest.approx(moved / number["lastday_price"])
    assert number["unrealized_plpc"] == pytest.approx(number["unrealized_pl"] / abs(number["cost_basis"]))


@pytest.mark.parametrize("position", POSITIONS, ids=lambda each: each["symbol"])
def test_a_position_has_the_venues_fields_and_decimal_strings(position: dict[str, object]) -> None:
    """No number is a float, none has an exponent."""
    assert set(position) == WORDS | NUMBERS
    for name in NUMBERS:
        assert isinstance(position[name], str)
        assert "E" not in str(position[name])


def test_the_demo_has_a_short_and_a_pair_without_its_slash() -> None:
    """The two that pages get wrong."""
    sides = {each["symbol"]: (each["side"], each["qty"][0] == "-") for each in POSITIONS}
    assert sides["TSLA"] == ("short", True)
    assert sides["BTCUSD"] == ("long", False)
    assert "BTC/USD" not in sides


def test_positions_are_priced_live() -> None:
    """The current price is the market's last trade, the last day's its previous close."""
    for held, position in zip(HELD, POSITIONS, strict=True):
        image = MARKET.image(held.holding.instrument.symbol, NOW)
        assert image is not None
        assert image.previous is not None
        assert Decimal(position["current_price"]) == Decimal(str(image.trade.price))
        assert Decimal(position["lastday_price"]) == Decimal(str(image.previous.close))


def test_the_account_adds_up_to_its_positions() -> None:
    """Equity is cash and what is held; the day's gain is the positions' gains of the day."""
    account = wire.account(Figures.of(DEMO, MARKET, NOW, Decimal()))
    value = sum(Decimal(each["market_value"]) for each in POSITIONS)
    assert Decimal(account["equity"]) == Decimal(account["cash"]) + value
    today = sum(Decimal(each["unrealized_intraday_pl"]) for each in POSITIONS)
    assert Decimal(account["equity"]) - Decimal(account["last_equity"]) == today
    assert Decimal(account["short_market_value"]) < 0 < Decimal(account["long_market_value"])
