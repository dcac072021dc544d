"""The trading host's spelling."""

from __future__ import annotations

from decimal import Decimal

from tapecast.market import Market
from tapecast.simulator import symbols
from tapecast.simulator.paper import wire
from tapecast.simulator.paper.figures import positions
from tests.simulator.paper.pit import OPTION, Pit

TIMES = {
    "created_at",
    "updated_at",
    "submitted_at",
    "filled_at",
    "expired_at",
    "canceled_at",
    "failed_at",
    "replaced_at",
}


def test_an_order_is_text_and_nulls(pit: Pit) -> None:
    """Nothing is left out, no number is a number."""
    told = wire.order(pit.submit(qty="10.50", client_order_id="mine"))
    assert (told["qty"], told["notional"], told["filled_qty"], told["filled_avg_price"]) == (
        "10.5",
        None,
        "0",
        None,
    )
    assert told.keys() >= TIMES | {"replaced_by", "replaces", "hwm", "trail_price", "trail_percent", "legs"}
    assert (told["status"], told["order_class"], told["type"], told["order_type"]) == (
        "pending_new",
        "simple",
        "market",
        "market",
    )
    assert not [
        name for name, value in told.items() if isinstance(value, (int, float)) and name != "extended_hours"
    ]


def test_a_pair_has_its_slash_in_orders_and_not_in_positions(pit: Pit) -> None:
    """As at the venue."""
    order = pit.submit("BTCUSD", qty="0.1", time_in_force="gtc")
    assert (wire.order(order)["symbol"], wire.order(order)["asset_class"]) == ("BTC/USD", "crypto")
    (held,) = [
        each
        for each in positions(pit.account.portfolio, pit.market, pit.now)
        if each.holding.instrument.market is Market.CRYPTO
    ]
    told = wire.position(held, held.holding.quantity)
    assert (told["symbol"], told["asset_class"], told["exchange"]) == ("BTCUSD", "crypto", "CRYPTO")


def test_a_contract_is_worth_a_hundred_times_its_price(pit: Pit) -> None:
    """Value, cost and profit, and no exchange."""
    pit.quote(OPTION, "8.1", "8.2")
    pit.place(OPTION, qty=3)
    pit.trade(OPTION, "8.5")
    held = {
        each.holding.instrument.symbol: each for each in positions(pit.account.portfolio, pit.market, pit.now)
    }
    told = wire.position(held[OPTION], Decimal(3))
    figures = {
        name: told[name] for name in ("qty", "avg_entry_price", "cost_basis", "market_value", "unrealized_pl")
    }
    assert list(figures.values()) == ["3", "8.2", "2460", "2550", "90"]
    assert (told["asset_class"], told["exchange"], told["unrealized_intraday_pl"]) == ("us_option", "", "90")


def test_an_asset() -> None:
    """What alpaca-py wants to know of it."""
    listed = symbols.instrument("BTC/USD")
    assert listed is not None
    told = wire.asset(listed)
    assert (told["symbol"], told["class"], told["price_increment"]) == ("BTC/USD", "crypto", "0.01")
    assert (told["tradable"], told["marginable"]) == (True, False)
