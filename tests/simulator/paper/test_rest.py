"""The trading host's calls, made by alpaca-py itself: every answer must pass its models."""

from __future__ import annotations

from decimal import Decimal

from alpaca.trading.requests import MarketOrderRequest

from tapecast.simulator.server import Simulator
from tests.simulator.paper.desk import trading


async def test_a_market_order_fills_at_the_standing_quote(still: Simulator) -> None:
    """The stream tells it, the position has it, and the cash is less by exactly its price."""
    still.quote("AAPL", 270.99, 271.01)
    async with trading(still) as trader:
        before = await trader("get_account")
        wanted = MarketOrderRequest(symbol="AAPL", qty=10, side="buy", time_in_force="day")
        order = await trader("submit_order", wanted)
        assert order.status == "pending_new"
        fill = await trader.until(order, "fill")
        assert (fill.price, fill.qty, fill.position_qty) == (271.01, 10, 50)
        assert fill.order.status == "filled"
        assert trader.told(order) == ["new", "fill"]
        position = await trader("get_open_position", "AAPL")
        after = await trader("get_account")
    assert position.qty == "50"
    assert Decimal(position.cost_basis) == Decimal("245.7") * 40 + Decimal("2710.1")
    assert Decimal(before.cash) - Decimal(after.cash) == Decimal("2710.1")
