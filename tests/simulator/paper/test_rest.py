"""The trading host's calls, made by alpaca-py itself: every answer must pass its models."""

from __future__ import annotations

from decimal import Decimal

import httpx
import pytest
from alpaca.trading.requests import (
    ClosePositionRequest,
    LimitOrderRequest,
    MarketOrderRequest,
)

from tapecast.simulator.paper.ids import asset_id
from tapecast.simulator.server import Simulator
from tests.simulator.paper.desk import Trader, refused
from tests.simulator.paper.pit import OPTION
from tests.support import eventually

AAPL = {"symbol": "AAPL", "qty": 10, "side": "buy", "time_in_force": "day"}
AWAY = LimitOrderRequest(**AAPL, limit_price=250)
D = Decimal


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
