"""The trading host's calls, made by alpaca-py itself: every answer must pass its models."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from alpaca.common.enums import Sort
from alpaca.common.exceptions import APIError
from alpaca.trading.enums import OrderClass, OrderSide, QueryOrderStatus
from alpaca.trading.requests import (
    ClosePositionRequest,
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

from tapecast.simulator.paper.ids import asset_id
from tapecast.simulator.server import Simulator
from tests.simulator.client import HEADERS
from tests.simulator.paper.desk import Trader, trading
from tests.simulator.paper.pit import OPTION
from tests.support import eventually

AAPL = {"symbol": "AAPL", "qty": 10, "side": "buy", "time_in_force": "day"}
AWAY = LimitOrderRequest(**AAPL, limit_price=250)
D = Decimal


@pytest.fixture
async def trader(still: Simulator) -> AsyncIterator[Trader]:
    """A client and its stream; AAPL is quoted at 270.99 to 271.01, 100 shares each."""
    still.trade("AAPL", 271)
    still.quote("AAPL", 270.99, 271.01)
    async with trading(still) as one:
        yield one


@pytest.fixture
async def http(still: Simulator) -> AsyncIterator[httpx.AsyncClient]:
    """A plain client with the right keys."""
    async with httpx.AsyncClient(base_url=still.base, headers=HEADERS) as client:
        yield client


async def refused(trader: Trader, *call: Any) -> tuple[int, dict[str, Any]]:
    """Status and body of an error, as alpaca-py raises it."""
    with pytest.raises(APIError) as caught:
        await trader(*call)
    return caught.value.status_code, {"code": caught.value.code, "message": caught.value.message}


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


async def test_all_positions_are_closed(trader: Trader, still: Simulator) -> None:
    """Orders first, if wished; the account is flat, and yesterday's equity stands."""
    before = await trader("get_account")
    standing = await trader("submit_order", LimitOrderRequest(**AAPL | {"side": "sell"}, limit_price=300))
    answers = await trader("close_all_positions")
    assert {each.symbol: each.status for each in answers} == {
        "AAPL": 403, "MSFT": 200, "NVDA": 200, "SPY": 200, "TSLA": 200, "BTCUSD": 200,
    }  # fmt: skip
    answers = await trader("close_all_positions", True)
    assert (await trader("get_order_by_id", standing.id)).status == "canceled"
    await eventually(lambda: not still.account.portfolio.holdings, "all is sold")
    after = await trader("get_account")
    assert await trader("get_all_positions") == []
    assert (after.equity, after.long_market_value, after.short_market_value) == (after.cash, "0", "0")
    assert after.last_equity == before.last_equity


async def test_a_position_has_two_names(trader: Trader, still: Simulator) -> None:
    """Its own spelling and its id; a part of it can be closed."""
    position = await trader("get_open_position", "BTCUSD")
    assert (await trader("get_open_position", str(position.asset_id))).symbol == "BTCUSD"
    still.quote("BTC/USD", 101000, 101010)
    order = await trader("close_position", "BTCUSD", ClosePositionRequest(percentage="40"))
    fill = await trader.until(order, "fill")
    assert (order.symbol, order.qty, fill.position_qty) == ("BTC/USD", "0.094", 0.141)
    assert (await refused(trader, "get_open_position", "GME"))[1] == {
        "code": 40410000, "message": "position does not exist",
    }  # fmt: skip


async def test_a_contract(trader: Trader, still: Simulator) -> None:
    """Bought, valued at a hundred times its price, and sold again."""
    still.trade(OPTION, 8.15)
    still.quote(OPTION, 8.1, 8.2)
    order = await trader("submit_order", MarketOrderRequest(**AAPL | {"symbol": OPTION, "qty": 2}))
    await trader.until(order, "fill")
    position = await trader("get_open_position", OPTION)
    assert (position.asset_class, position.exchange, position.market_value) == ("us_option", "", "1630")
    assert (position.cost_basis, position.unrealized_pl) == ("1640", "-10")


async def test_errors_are_the_venues(trader: Trader) -> None:
    """Status, code and words."""
    many = MarketOrderRequest(**AAPL | {"qty": 10_000})
    assert await refused(trader, "submit_order", many) == (
        403, {"code": 40310000, "message": "insufficient buying power"},
    )  # fmt: skip
    assert await refused(trader, "get_order_by_id", asset_id("none")) == (
        404, {"code": 40410000, "message": f"order not found for {asset_id('none')}"},
    )  # fmt: skip
    unknown = MarketOrderRequest(**AAPL | {"symbol": "ZZZZ"})
    assert await refused(trader, "submit_order", unknown) == (
        422, {"code": 42210000, "message": 'asset "ZZZZ" not found'},
    )  # fmt: skip


async def test_assets_by_name_and_id(trader: Trader) -> None:
    """A pair by either spelling; contracts are no assets."""
    named = {"AAPL": "AAPL", "BTC/USD": "BTC/USD", "BTCUSD": "BTC/USD", asset_id("SPY"): "SPY"}
    for name, symbol in named.items():
        assert (await trader("get_asset", name)).symbol == symbol
    for unknown in ("ZZZZ", OPTION):
        assert (await refused(trader, "get_asset", unknown))[0] == 404


@pytest.mark.parametrize(
    "query",
    ["qty=x", "percentage=x", "percentage=1e999999999", "qty=nan", "percentage=inf", "qty=-1", "qty=0"],
)
async def test_a_part_that_is_no_number_is_refused(http: httpx.AsyncClient, query: str) -> None:
    """422; nothing is sold."""
    answer = await http.delete(f"/v2/positions/AAPL?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, 40010001)


async def test_keys_come_first(still: Simulator) -> None:
    """401 for every call about the account."""
    async with httpx.AsyncClient(base_url=still.base) as client:
        for method, path in (("GET", "/v2/orders"), ("POST", "/v2/orders"), ("DELETE", "/v2/positions")):
            assert (await client.request(method, path)).status_code == 401
    assert not list(still.account.orders)


async def test_positions_can_be_wrong(http: httpx.AsyncClient, still: Simulator) -> None:
    """As `rest_faults` says."""
    still.rest_faults.positions = {"AAPL": {"current_price": None}, "ZZZZ.W": {}}
    still.rest_faults.missing = {"qty_available", "equity"}
    found = {each["symbol"]: each for each in (await http.get("/v2/positions")).json()}
    assert found["AAPL"]["current_price"] is None
    assert "ZZZZ.W" in found
    assert not any("qty_available" in each for each in found.values())
    assert "equity" not in (await http.get("/v2/account")).json()


async def test_rest_can_lag_behind_the_stream(trader: Trader, still: Simulator) -> None:
    """The fill is told, the order is filled, and the position is not there yet."""
    still.rest_faults.lag_s = 60
    before = await trader("get_account")
    order = await trader("submit_order", MarketOrderRequest(**AAPL))
    await trader.until(order, "fill")
    assert (await trader("get_open_position", "AAPL")).qty == "40"
    assert (await trader("get_account")).cash == before.cash
    assert (await trader("get_order_by_id", order.id)).status == "filled"
    still.clear_faults()
    assert (await trader("get_open_position", "AAPL")).qty == "50"


async def test_at_a_moving_market_an_order_fills_within_a_fifth_of_a_second(sim: Simulator) -> None:
    """Though nobody is subscribed to its symbol."""
    loop = asyncio.get_running_loop()
    async with trading(sim) as trader:
        took = []
        for symbol in ("AAPL", "GME", "KO"):
            started = loop.time()
            order = await trader("submit_order", MarketOrderRequest(**AAPL | {"symbol": symbol, "qty": 5}))
            await trader.until(order, "fill")
            took.append(loop.time() - started)
    # The fastest: this machine may be busy, the market is not.
    assert min(took) < 0.2
