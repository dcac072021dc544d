"""Everything that a client can be told of, made to happen: each scene returns when its last word has come.

The venue stands still, so that nothing happens by itself. What the scenes do is what a bad day does: a
crossed book, corrections, a refused symbol, orders of every kind, a trading stream and a market that go away.
"""

from __future__ import annotations

import json
import time
from typing import Any

import httpx
from alpaca.trading.enums import OrderClass, OrderSide, TimeInForce
from alpaca.trading.requests import (
    LimitOrderRequest,
    MarketOrderRequest,
    OrderRequest,
    ReplaceOrderRequest,
    StopLossRequest,
    TakeProfitRequest,
    TrailingStopOrderRequest,
)

from tapecast.simulator.bad import Bad
from tapecast.simulator.paths import STOCK_PATH, TRADING_PATH
from tapecast.simulator.server import Simulator
from tests.e2e.processes import Stream
from tests.simulator.paper.desk import Trader
from tests.support import eventually

REFUSED = "AMD"
SECOND = 1_000_000_000
ODD = {"ODD?": {"asset_class": "moon", "qty": "1", "market_value": None, "current_price": None}}


def refuses(venue: Simulator) -> None:
    """One symbol is refused, from the first subscription on."""
    venue.faults[STOCK_PATH].refused[REFUSED] = 400


def has(stream: Stream, name: str, **fields: Any) -> bool:
    """Whether an event with these fields has come."""
    events = [json.loads(event.data) for event in stream.events if event.event == name]
    return any(fields.items() <= data.items() for data in events)


async def begins(stream: Stream) -> None:
    """Prices and the account."""
    await eventually(lambda: stream.state("AAPL") == stream.state("BTC/USD") == "live", "live")
    await eventually(lambda: has(stream, "feed", market="account", state="live"), "the account")
    await eventually(lambda: stream.named("positions") and stream.named("portfolio"), "what is held")
    await eventually(lambda: has(stream, "symbol", symbol=REFUSED, state="refused"), "a refused one")


async def tape(venue: Simulator, stream: Stream) -> None:
    """A crossed book, a correction, a cancel, and a message without sense."""
    venue.quote("AAPL", 101.0, 100.0)
    await eventually(lambda: has(stream, "message", symbol="AAPL", crossed=True), "crossed")
    venue.quote("AAPL", 100.0, 100.02)
    number = venue.trade("AAPL", 100.0)
    await eventually(lambda: stream.ticks("AAPL")[-1]["price"] == 100.0)
    venue.correct("AAPL", number, 99.5)
    await eventually(lambda: has(stream, "message", symbol="AAPL", price=99.5, corrected=True), "corrected")
    venue.cancel("AAPL", number + 1)
    await eventually(lambda: stream.ticks("AAPL")[-1]["price"] != 99.5, "cancelled")
    venue.send(Bad.NAN, STOCK_PATH)
    await eventually(lambda: any(status["rejected"] for status in stream.named("status")), "rejected")


async def candles(venue: Simulator, bars: Stream) -> None:
    """A second that forms and closes, a late trade, and one that never was."""
    venue.trade("AAPL", 100.0)
    await eventually(lambda: [bar for bar in bars.named("bar") if "closed" not in bar], "forming")
    await eventually(lambda: has(bars, "bar", interval="1s", closed=True), "closed")
    # Of a second that has no other trade, however slowly this goes, and that is still open to late ones.
    number = venue.trade("AAPL", 100.0, ns=time.time_ns() - 120 * SECOND)
    await eventually(lambda: has(bars, "bar", interval="1s", corrected=True), "a late one")
    venue.cancel("AAPL", number)
    await eventually(lambda: has(bars, "bar", interval="1s", removed=True), "removed")


async def orders(venue: Simulator, trader: Trader, stream: Stream) -> None:
    """Filled, in parts too, replaced, cancelled, expired, in a group, trailing, by amount, rejected."""
    # After the first of them there is a position of which nothing is known.
    venue.rest_faults.positions = ODD
    day = {"side": OrderSide.BUY, "time_in_force": TimeInForce.DAY}
    for symbol in ("NVDA", "MSFT"):
        # A hundred on each side: more than that fills in parts.
        venue.quote(symbol, 100.0, 100.02)

    async def gives(request: OrderRequest, event: str) -> str:
        order = await trader("submit_order", request)
        await eventually(lambda: event in told(stream, order.id), f"{event} of {request}")
        return str(order.id)

    await gives(MarketOrderRequest(symbol="NVDA", qty=250, **day), "fill")
    assert has(stream, "order", event="partial_fill")
    await gives(MarketOrderRequest(symbol="NVDA", notional=500, **day), "fill")
    resting = await gives(LimitOrderRequest(symbol="MSFT", qty=1, limit_price=1.0, **day), "new")
    other = await trader("replace_order_by_id", resting, ReplaceOrderRequest(limit_price=2.0))
    await eventually(lambda: "replaced" in told(stream, resting) and "new" in told(stream, other.id))
    await trader("cancel_order_by_id", str(other.id))
    await eventually(lambda: "canceled" in told(stream, other.id), "cancelled")
    late = await gives(LimitOrderRequest(symbol="MSFT", qty=1, limit_price=3.0, **day), "new")
    venue.account.orders.find(late).expires_ns = 1
    await eventually(lambda: "expired" in told(stream, late), "expired")
    group = {
        "order_class": OrderClass.BRACKET,
        "take_profit": TakeProfitRequest(limit_price=100_000),
        "stop_loss": StopLossRequest(stop_price=1),
    }
    await gives(MarketOrderRequest(symbol="MSFT", qty=1, **day, **group), "fill")
    sell = day | {"side": OrderSide.SELL}
    await gives(TrailingStopOrderRequest(symbol="NVDA", qty=1, trail_price=5, **sell), "new")
    await gives(TrailingStopOrderRequest(symbol="NVDA", qty=1, trail_percent=5, **sell), "new")
    # The simulator never refuses what it has taken, and leaves some fields empty.
    odd = {"id": "odd", "status": "rejected", "failed_at": "2026-11-20T20:27:15Z"}
    venue.tell({"event": "rejected", "order": odd | {"subtag": "a", "source": "b"}})
    await eventually(lambda: has(stream, "order", event="rejected"), "rejected")


def told(stream: Stream, order_id: object) -> list[str]:
    """The events of one order so far."""
    return [data["event"] for data in stream.named("order") if data["order"]["id"] == str(order_id)]


async def outage(venue: Simulator, trader: Trader, stream: Stream) -> None:
    """The market goes away; so does the trading stream, and comes back."""
    for path in (STOCK_PATH, TRADING_PATH):
        venue.faults[path].upgrade = 503
        venue.drop_sessions(path)
    await eventually(lambda: has(stream, "feed", market="account", reason="stream_lost"), "it is away")
    count = len(stream.named("orders"))
    missed = {"symbol": "BTC/USD", "qty": 0.1, "side": OrderSide.BUY, "time_in_force": TimeInForce.GTC}
    await trader("submit_order", MarketOrderRequest(**missed))
    venue.clear_faults(TRADING_PATH)
    await eventually(lambda: len(stream.named("orders")) > count, "orders anew")
    await eventually(lambda: has(stream, "portfolio", unpriced=["ODD?"]), "a position without a value")
    await eventually(lambda: has(stream, "feed", market="us_equity", state="reconnecting"), "away")
    await eventually(lambda: stream.state("AAPL") == "stale", "stale")


async def history(fine: Stream, *longer: Stream) -> None:
    """What the venue knows of before has come, which it is asked for slowly. Of seconds it knows nothing."""
    for bars in longer:
        await eventually(lambda bars=bars: has(bars, "bars", history="venue"), "the venue's bars")  # type: ignore[misc]
    assert {data["history"] for data in fine.named("bars")} == {"own"}


async def lines(base: str, path: str, last: str) -> list[str]:
    """The lines of a stream as they come, up to one that begins so."""
    found: list[str] = []
    async with (
        httpx.AsyncClient(base_url=base, timeout=30) as client,
        client.stream("GET", path, headers={"Accept": "text/event-stream"}) as answer,
    ):
        async for line in answer.aiter_lines():
            found.append(line)
            if line.startswith(last):
                break
    return found
