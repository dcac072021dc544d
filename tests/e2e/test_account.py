"""From an order by alpaca-py's own client to the page: events, positions, profit to the cent, outages."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from statistics import median
from typing import Any

import httpx
import pytest
from alpaca.trading.enums import OrderClass, OrderSide, TimeInForce
from alpaca.trading.requests import (
    LimitOrderRequest,
    MarketOrderRequest,
    StopLossRequest,
    TakeProfitRequest,
)

from tapecast.simulator.paths import TRADING_PATH
from tapecast.simulator.server import Simulator, SimulatorConfig
from tests.e2e.account_page import AccountPage
from tests.e2e.pipe import Pipe, pipe
from tests.e2e.processes import streaming
from tests.simulator.paper.desk import Trader, trading_client
from tests.support import PATIENCE_S, eventually

pytestmark = pytest.mark.e2e

CENT = Decimal("0.01")
MONEY = ("market_value", "cost_basis", "unrealized_pl", "unrealized_intraday_pl")
RATIOS = ("unrealized_plpc", "unrealized_intraday_plpc", "change_today")


@dataclass
class Floor:
    """A pipe with somebody who trades, and a page of the account."""

    pipe: Pipe
    trader: Trader
    page: AccountPage

    @property
    def venue(self) -> Simulator:
        """The local Alpaca."""
        return self.pipe.venue

    async def buy(self, symbol: str, qty: str, **more: Any) -> Any:
        """A market order of alpaca-py's client."""
        until = TimeInForce.GTC if "/" in symbol else TimeInForce.DAY
        request = MarketOrderRequest(
            symbol=symbol, qty=float(qty), side=OrderSide.BUY, time_in_force=until, **more
        )
        return await self.trader("submit_order", request)

    async def bid(self, symbol: str, qty: str, price: float) -> Any:
        """A limit order."""
        request = LimitOrderRequest(
            symbol=symbol, qty=float(qty), side=OrderSide.BUY, time_in_force=TimeInForce.DAY,
            limit_price=price,
        )  # fmt: skip
        return await self.trader("submit_order", request)

    async def at_the_venue(self, symbol: str) -> dict[str, Any]:
        """The position as the venue's REST says it."""
        keys = {"APCA-API-KEY-ID": "simulated", "APCA-API-SECRET-KEY": "simulated"}
        async with httpx.AsyncClient(base_url=self.venue.base, headers=keys, timeout=PATIENCE_S) as client:
            answer = await client.get(f"/v2/positions/{symbol.replace('/', '')}")
            found: dict[str, Any] = answer.json()
            return found


@asynccontextmanager
async def floor(valkey_url: str, *, still: bool = False) -> AsyncIterator[Floor]:
    """All of it, live. `still`: nothing prints but what the test prints."""
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(
            pipe(valkey_url, SimulatorConfig(still=still), PUBLIC="positions")
        )
        trader = await stack.enter_async_context(trading_client(running.venue))
        stream = await stack.enter_async_context(streaming(f"{running.base}/stream/positions"))
        page = AccountPage(stream)
        await page.is_live()
        yield Floor(running, trader, page)


async def test_orders_of_every_kind_reach_the_page(valkey_url: str) -> None:
    """A fill and a second one, one in parts, a cancelled one and a bracket; and the positions follow."""
    async with floor(valkey_url, still=True) as on:
        page, held = on.page, on.page.qty("AAPL")
        for symbol in ("AAPL", "NVDA", "MSFT"):
            price = float(page.positions[symbol]["current_price"])
            # A hundred on each side: more than that fills in parts.
            on.venue.quote(symbol, price - 0.01, price + 0.01)
        for _ in range(2):
            order = await on.buy("AAPL", "10")
            await page.hears(order.id, "new", "fill")
        await page.holds("AAPL", held + 20)
        order = await on.buy("NVDA", "250")
        await eventually(lambda: page.told(order.id)[-1:] == ["fill"])
        assert page.told(order.id).count("partial_fill") >= 1
        await page.holds("NVDA", Decimal(310))
        order = await on.bid("AAPL", "1", 1.0)
        # One that is cancelled before it works is never said to be new.
        await page.hears(order.id, "new")
        await on.trader("cancel_order_by_id", str(order.id))
        await page.hears(order.id, "new", "canceled")
        legs = {
            "take_profit": TakeProfitRequest(limit_price=100_000),
            "stop_loss": StopLossRequest(stop_price=1),
        }
        order = await on.buy("MSFT", "1", order_class=OrderClass.BRACKET, **legs)
        await page.hears(order.id, "new", "fill")
        await page.holds("MSFT", Decimal("13.5"))
        async with streaming(f"{on.pipe.base}/stream/positions") as stream:
            late = AccountPage(stream)
            await eventually(lambda: late.orders, "the recent orders on connect")
            assert late.orders[0]["id"] == str(order.id)
            assert {leg["id"] for leg in late.orders[0]["legs"]} == {str(leg.id) for leg in order.legs}


@pytest.mark.parametrize("symbol", ["AAPL", "TSLA", "BTC/USD"])
async def test_profit_is_the_venues_own_to_the_cent(valkey_url: str, symbol: str) -> None:
    """At each of many prices: of a long one, a short one, and of coins."""
    async with floor(valkey_url, still=True) as on:
        level = float(on.page.positions[symbol]["current_price"])
        for step in range(1, 21):
            price = round(level * (1 + (-1) ** step * step / 400), 2)
            on.venue.trade(symbol, price)
            exact = Decimal(str(price))
            await on.page.prices(symbol, exact)
            theirs, ours = await on.at_the_venue(symbol), on.page.positions[symbol]
            for name in MONEY:
                assert abs(ours[name] - Decimal(theirs[name])) < CENT / 2, (name, price)
            for name in RATIOS:
                assert abs(ours[name] - Decimal(theirs[name])) < Decimal("1e-8"), (name, price)

        def adds_up() -> bool:
            total = sum((each["unrealized_pl"] for each in on.page.positions.values()), Decimal())
            return bool(on.page.portfolio["unrealized_pl"] == total)

        await eventually(adds_up, "the portfolio adds up")


async def test_what_was_missed_in_an_outage_is_there_within_a_poll(valkey_url: str) -> None:
    """While the trading stream is away the page says so and keeps what it has; then nothing is missing."""
    async with floor(valkey_url) as on:
        held = on.page.qty("SPY")
        on.venue.faults[TRADING_PATH].upgrade = 503
        on.venue.drop_sessions(TRADING_PATH)
        await eventually(lambda: on.page.states[-1] == ("reconnecting", "stream_lost"))
        assert on.page.qty("SPY") == held
        order = await on.buy("SPY", "3")
        # By the poll alone.
        await on.page.holds("SPY", held + 3)
        assert on.page.states[-1] == ("reconnecting", "stream_lost")
        on.venue.clear_faults(TRADING_PATH)
        await eventually(lambda: on.page.states[-1][0] == "live")

        def is_filled() -> bool:
            found = [each["status"] for each in on.page.orders if each["id"] == str(order.id)]
            return found == ["filled"]

        await eventually(is_filled, "the order that was missed")


async def test_a_rest_that_fails_zeroes_nothing(valkey_url: str) -> None:
    """The last known stays, with the reason; recovery needs no restart."""
    async with floor(valkey_url) as on:
        known = {symbol: each["qty"] for symbol, each in on.page.positions.items()}
        on.venue.rest_faults.status = 500
        # An event makes it read at once.
        on.venue.drop_sessions(TRADING_PATH)
        await eventually(lambda: on.page.states[-1] == ("reconnecting", "rest_unavailable"))
        assert {symbol: each["qty"] for symbol, each in on.page.positions.items()} == known
        on.venue.clear_faults()
        await eventually(lambda: on.page.states[-1][0] == "live")
        assert {symbol: each["qty"] for symbol, each in on.page.positions.items()} == known


async def test_a_position_that_no_feed_knows_says_so(valkey_url: str) -> None:
    """It keeps the venue's figures, and the others go on."""
    async with floor(valkey_url) as on:
        on.venue.rest_faults.positions = {
            "ODD?": {"asset_class": "moon", "qty": "1", "market_value": "5", "current_price": None}
        }
        order = await on.buy("AAPL", "1")
        await eventually(lambda: "ODD?" in on.page.positions, f"{order.id}")
        odd = on.page.positions["ODD?"]
        assert (odd["market_value"], odd["current_price"]) == (5, None)
        assert odd["state"] != "live"
        count = len(on.page.seen)
        await eventually(lambda: len(on.page.seen) > count + 5, "the others go on")


async def test_nobody_who_listens_costs_no_call(valkey_url: str) -> None:
    """Not even the first one."""
    async with pipe(valkey_url, PUBLIC="positions") as running, running.prices("AAPL") as stream:
        await eventually(lambda: stream.ticks("AAPL"))
        assert not [path for path in running.venue.calls if "account" in path or "positions" in path]
        assert not running.venue.dials[TRADING_PATH]


@pytest.mark.long
async def test_a_minute_with_a_hundred_listeners_costs_ten_calls(valkey_url: str) -> None:
    """While nothing trades; and a fill is on each of their screens within a second. Prints both."""
    async with floor(valkey_url) as on, AsyncExitStack() as stack:
        pages = [on.page]
        for _ in range(99):
            stream = await stack.enter_async_context(streaming(f"{on.pipe.base}/stream/positions"))
            pages.append(AccountPage(stream))
        for page in pages:
            await page.is_live()
        before = on.venue.calls.copy()
        await asyncio.sleep(60)
        calls = on.venue.calls - before
        trading = {
            path: count for path, count in calls.items() if path.startswith("/v2/") and "stocks" not in path
        }
        print(f"\nin a minute with 100 listeners: {sum(trading.values())} REST calls {trading}")  # noqa: T201
        assert sum(trading.values()) <= 10
        delays = [await _order_to(pages, on) for _ in range(20)]
        told = f"{median(delays):.2f} s (median), {max(delays):.2f} s (worst)"
        print(f"from an order to its position on 100 pages: {told}")  # noqa: T201
        assert max(delays) < 1


async def _order_to(pages: list[AccountPage], on: Floor) -> float:
    # More than one a second, for longer than ten, is read once a second: others need the calls, too.
    await asyncio.sleep(1.5)
    held, begun = on.page.qty("AAPL"), time.monotonic()
    order = await on.buy("AAPL", "1")
    for page in pages:
        await page.holds("AAPL", held + 1)
    took = time.monotonic() - begun
    await on.page.hears(order.id, "new", "fill")
    return took
