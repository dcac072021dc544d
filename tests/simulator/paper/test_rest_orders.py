"""Orders of every kind, placed and followed by alpaca-py itself: every answer must pass its models."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from alpaca.common.enums import Sort
from alpaca.trading.enums import OrderClass, OrderSide, QueryOrderStatus
from alpaca.trading.requests import (
    GetOrderByIdRequest,
    GetOrdersRequest,
    LimitOrderRequest,
    MarketOrderRequest,
    ReplaceOrderRequest,
    StopLimitOrderRequest,
    StopLossRequest,
    StopOrderRequest,
    TakeProfitRequest,
    TrailingStopOrderRequest,
)

from tapecast.simulator.server import Simulator
from tests.simulator.paper.desk import Trader, refused, trading
from tests.support import eventually

AAPL = {"symbol": "AAPL", "qty": 10, "side": "buy", "time_in_force": "day"}
AWAY = LimitOrderRequest(**AAPL, limit_price=250)
D = Decimal


async def test_a_market_order_fills_at_the_standing_quote(trader: Trader) -> None:
    """The stream tells it, the position has it, and the cash is less by exactly its price."""
    before = await trader("get_account")
    order = await trader("submit_order", MarketOrderRequest(**AAPL))
    assert order.status == "pending_new"
    fill = await trader.until(order, "fill")
    assert (fill.price, fill.qty, fill.position_qty) == (271.01, 10, 50)
    assert fill.order.status == "filled"
    assert trader.told(order) == ["new", "fill"]
    position = await trader("get_open_position", "AAPL")
    after = await trader("get_account")
    assert position.qty == "50"
    assert D(position.cost_basis) == D("245.7") * 40 + D("2710.1")
    assert D(before.cash) - D(after.cash) == D("2710.1")


async def test_a_large_order_fills_in_parts(trader: Trader) -> None:
    """`partial_fill`, and at last `fill`."""
    order = await trader("submit_order", MarketOrderRequest(**AAPL | {"qty": 250}))
    fill = await trader.until(order, "fill")
    assert trader.told(order) == ["new", "partial_fill", "partial_fill", "fill"]
    assert (fill.order.filled_qty, fill.order.filled_avg_price) == ("250", "271.01")


async def test_a_limit_stands_until_the_market_comes(trader: Trader, still: Simulator) -> None:
    """It is shown as open, by both its ids, and fills within a moment."""
    order = await trader("submit_order", AWAY.model_copy(update={"client_order_id": "mine"}))
    await trader.until(order, "new")
    (shown,) = await trader("get_orders")
    assert shown.id == order.id == (await trader("get_order_by_client_id", "mine")).id
    still.quote("AAPL", 249.9, 249.95)
    fill = await trader.until(order, "fill")
    assert fill.price == 249.95
    assert await trader("get_orders") == []
    (closed,) = await trader("get_orders", GetOrdersRequest(status=QueryOrderStatus.CLOSED, symbols=["AAPL"]))
    assert (closed.id, closed.status) == (order.id, "filled")


async def test_orders_of_a_time_and_side(trader: Trader) -> None:
    """In alpaca-py's spelling of times and switches."""
    began = datetime.now(UTC)
    mine = [await trader("submit_order", AWAY) for _ in range(3)]
    words: Any = {
        "status": QueryOrderStatus.ALL,
        "after": began - timedelta(seconds=5),
        "direction": Sort.ASC,
    }
    asked = GetOrdersRequest(
        **words, until=began + timedelta(hours=1), nested=True, side=OrderSide.BUY, limit=2
    )
    assert [each.id for each in await trader("get_orders", asked)] == [each.id for each in mine[:2]]
    assert await trader("get_orders", GetOrdersRequest(until=began - timedelta(hours=1))) == []


async def test_orders_are_replaced_and_canceled(trader: Trader) -> None:
    """Each points at the other; cancelling all tells of each."""
    order = await trader("submit_order", AWAY)
    new = await trader("replace_order_by_id", order.id, ReplaceOrderRequest(qty=12, limit_price=251))
    await trader.until(new, "new")
    old = await trader("get_order_by_id", order.id)
    assert (old.status, old.replaced_by, new.replaces, new.qty, new.limit_price) == (
        "replaced", new.id, order.id, "12", "251",
    )  # fmt: skip
    assert trader.told(order)[-1] == "replaced"
    await trader("cancel_order_by_id", new.id)
    await trader.until(new, "canceled")
    assert (await refused(trader, "cancel_order_by_id", new.id))[0] == 422
    standing = [await trader("submit_order", AWAY) for _ in range(2)]
    gone = await trader("cancel_orders")
    assert {each.id for each in gone} == {each.id for each in standing}
    assert {each.status for each in gone} == {200}


@pytest.mark.parametrize(
    ("asked", "prints", "event"),
    [
        (StopOrderRequest(**AAPL | {"side": "sell"}, stop_price=260), [259.5], "fill"),
        (StopLimitOrderRequest(**AAPL, stop_price=280, limit_price=282), [281], "fill"),
        (TrailingStopOrderRequest(**AAPL | {"side": "sell"}, trail_percent=1), [280, 277], "fill"),
        (TrailingStopOrderRequest(**AAPL, trail_price=2), [260, 262.5], "fill"),
    ],
    ids=["stop", "stop limit", "trailing sale", "trailing purchase"],
)
async def test_stops(trader: Trader, still: Simulator, asked: Any, prints: list[float], event: str) -> None:
    """Reached by prints."""
    order = await trader("submit_order", asked)
    await trader.until(order, "new")
    for price in prints:
        still.trade("AAPL", price)
    assert (await trader.until(order, event)).price == prints[-1]


async def test_a_trailing_stop_shows_how_it_moves(trader: Trader, still: Simulator) -> None:
    """In the order, not in an event."""
    asked = TrailingStopOrderRequest(**AAPL | {"side": "sell"}, trail_percent=1)
    order = await trader("submit_order", asked)
    await trader.until(order, "new")
    still.trade("AAPL", 280)
    shown = await trader("get_order_by_id", order.id)
    assert (shown.hwm, shown.stop_price, shown.trail_percent) == ("280", "277.2", "1")
    assert trader.told(order) == ["new"]


async def test_a_bracket(trader: Trader, still: Simulator) -> None:
    """Its legs are in the answer, come to the market with the fill, and one ends the other."""
    order = await trader(
        "submit_order",
        MarketOrderRequest(
            **AAPL,
            order_class=OrderClass.BRACKET,
            take_profit=TakeProfitRequest(limit_price=275),
            stop_loss=StopLossRequest(stop_price=265),
        ),
    )
    profit, loss = order.legs
    assert [(each.type, each.status) for each in order.legs] == [("limit", "held"), ("stop", "held")]
    await trader.until(profit, "new")
    still.trade("AAPL", 264.5)
    await trader.until(loss, "fill")
    assert (trader.told(profit), trader.told(loss)) == (["new", "canceled"], ["new", "fill"])
    nested = await trader("get_order_by_id", order.id, GetOrderByIdRequest(nested=True))
    assert [each.status for each in nested.legs] == ["canceled", "filled"]
    assert (await trader("get_open_position", "AAPL")).qty == "40"


async def test_one_cancels_the_other(trader: Trader, still: Simulator) -> None:
    """The profit is filled, the loss is gone."""
    order = await trader(
        "submit_order",
        LimitOrderRequest(
            **AAPL | {"side": "sell"},
            order_class=OrderClass.OCO,
            take_profit=TakeProfitRequest(limit_price=275),
            stop_loss=StopLossRequest(stop_price=265),
        ),
    )
    (loss,) = order.legs
    await trader.until(order, "new")
    still.quote("AAPL", 275.5, 275.6)
    await trader.until(order, "fill")
    await trader.until(loss, "canceled")


async def test_at_a_moving_market_an_order_fills_within_a_fifth_of_a_second(sim: Simulator) -> None:
    """Though nobody is subscribed to its symbol."""
    loop = asyncio.get_running_loop()
    async with trading(sim) as trader:

        async def is_quick(symbol: str) -> bool:
            started = loop.time()
            order = await trader("submit_order", MarketOrderRequest(**AAPL | {"symbol": symbol, "qty": 1}))
            await trader.until(order, "fill")
            return loop.time() - started < 0.2

        for symbol in ("AAPL", "GME", "KO"):
            # Once: this machine may be busy, the market is not.
            await eventually(partial(is_quick, symbol), symbol)
