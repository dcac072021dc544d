"""The account against the simulated one: orders that alpaca-py's own client places, with the real timing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest
from alpaca.trading.enums import OrderClass, OrderSide, TimeInForce
from alpaca.trading.requests import (
    LimitOrderRequest,
    MarketOrderRequest,
    StopLossRequest,
    TakeProfitRequest,
)

from tapecast.bus.connection import Bus
from tapecast.simulator.bad import Bad
from tapecast.simulator.paths import TRADING_PATH
from tapecast.simulator.server import Simulator, SimulatorConfig, simulator
from tests.ingest.account.support import Follower, following, image_of, serving_at
from tests.ingest.account.test_owner import is_now
from tests.simulator.paper.desk import Trader, trading_client
from tests.support import eventually, free_socket


@asynccontextmanager
async def desk(bus: Bus) -> AsyncIterator[tuple[Simulator, Trader, Follower]]:
    """A simulated account that is followed, somebody who trades on it, and what a replica hears."""
    async with simulator(SimulatorConfig(), free_socket()) as sim, trading_client(sim) as trader:
        async with serving_at(bus, sim.environment()) as account, following(bus) as heard:
            account.listen(1)
            await is_now(bus, "live")
            yield sim, trader, heard


def market(symbol: str, qty: float, **more: Any) -> MarketOrderRequest:
    """An order that fills at once."""
    side, until = OrderSide.BUY, TimeInForce.GTC if "/" in symbol else TimeInForce.DAY
    return MarketOrderRequest(symbol=symbol, qty=qty, side=side, time_in_force=until, **more)


async def held(bus: Bus, symbol: str) -> Decimal:
    """How much of a symbol the image has."""
    found = [each["qty"] for each in (await image_of(bus)).positions if each["symbol"] == symbol]
    return Decimal(str(found[0])) if found else Decimal()


@pytest.mark.parametrize(("symbol", "qty"), [("AAPL", "2"), ("BTC/USD", "0.125")])
async def test_a_fill_moves_the_position(bus: Bus, symbol: str, qty: str) -> None:
    """Its events first, each once; then the quantity that they told, spelled as on the feed."""
    async with desk(bus) as (_, trader, heard):
        before = await held(bus, symbol)
        order = await trader("submit_order", market(symbol, float(qty)))

        async def moved() -> bool:
            return await held(bus, symbol) == before + Decimal(qty)

        await eventually(moved)
        await eventually(lambda: "fill" in heard.orders)
        events = [change.order for change in heard.changes if change.order is not None]
        orders: list[Any] = [event["order"] for event in events]
        assert {each["id"] for each in orders} == {str(order.id)}
        assert {each["symbol"] for each in orders} == {symbol}
        assert events[-1]["event"] == "fill"
        assert Decimal(str(events[-1]["position_qty"])) == before + Decimal(qty)
        image = await image_of(bus)
        assert (image.orders[0]["id"], image.orders[0]["status"]) == (str(order.id), "filled")
        assert image.simulated


async def test_a_bracket_is_one_order_with_legs(bus: Bus) -> None:
    """Also when events tell of its legs one by one."""
    async with desk(bus) as (_, trader, heard):
        legs = {
            "take_profit": TakeProfitRequest(limit_price=100_000),
            "stop_loss": StopLossRequest(stop_price=1),
        }
        order = await trader("submit_order", market("MSFT", 1, order_class=OrderClass.BRACKET, **legs))

        async def filled() -> bool:
            known = {each["id"]: each["status"] for each in (await image_of(bus)).orders}
            return known.get(str(order.id)) == "filled"

        await eventually(filled)
        await eventually(lambda: heard.orders.count("new") >= 2, "the take-profit leg works")
        image = await image_of(bus)
        legs_now: Any = image.orders[0]["legs"]
        assert {each["id"] for each in legs_now} == {str(leg.id) for leg in order.legs}
        ids = {each["id"] for each in image.orders}
        assert not ids & {str(leg.id) for leg in order.legs}, "no leg is an order of its own"


async def test_what_happened_while_the_stream_was_away_is_there_when_it_is_back(bus: Bus) -> None:
    """Orders and positions, without a restart."""
    async with desk(bus) as (sim, trader, _):
        sim.faults[TRADING_PATH].upgrade = 503
        sim.drop_sessions(TRADING_PATH)
        await is_now(bus, "reconnecting", "stream_lost")
        before = await held(bus, "SPY")
        order = await trader("submit_order", market("SPY", 3))
        sim.clear_faults(TRADING_PATH)
        image = await is_now(bus, "live")
        known = {each["id"]: each["status"] for each in image.orders}
        assert known.get(str(order.id)) == "filled"
        assert await held(bus, "SPY") == before + 3


async def test_bad_frames_cost_nothing(bus: Bus) -> None:
    """One of each kind; the order event after them comes."""
    async with desk(bus) as (sim, trader, heard):
        for kind in Bad:
            assert sim.send(kind, TRADING_PATH) == 1
        limit = LimitOrderRequest(
            symbol="AAPL", qty=1, side=OrderSide.BUY, time_in_force=TimeInForce.DAY, limit_price=1
        )
        order = await trader("submit_order", limit)
        await trader("cancel_order_by_id", str(order.id))
        await eventually(lambda: heard.orders[-1:] == ["canceled"])
        await is_now(bus, "live")
