"""The pump."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from tapecast.market import parse_rfc3339
from tapecast.simulator.codec import JSON
from tapecast.simulator.config import SimulatorConfig
from tapecast.simulator.endpoint import Endpoint
from tapecast.simulator.market import SimulatedMarket
from tapecast.simulator.outbox import Outbox
from tapecast.simulator.paper.account import PaperAccount
from tapecast.simulator.paper.order import Force, Kind, Side
from tapecast.simulator.paper.request import NewOrder
from tapecast.simulator.session import Session
from tapecast.simulator.tape import pump

NOW = parse_rfc3339("2026-11-20T15:00:00Z")


def holder(endpoint: Endpoint, *symbols: str) -> Session:
    """A session that holds the endpoint's slot and is subscribed to trades."""
    session = Session(endpoint.market, SimulatorConfig(), Outbox(JSON), endpoint.claim, endpoint.faults)
    session.receive('{"action":"auth","key":"simulated","secret":"simulated"}')
    session.receive(json.dumps({"action": "subscribe", "trades": symbols}))
    session.outbox._waiting.clear()
    return session


def received(session: Session) -> list[str]:
    """The symbols of the data that waits for a session."""
    return [json.loads(message)["S"] for message, _ in session.outbox._waiting]


def test_each_endpoint_gets_what_its_holder_wants() -> None:
    """One market, several endpoints."""
    stocks, sip, crypto = Endpoint("/v2/iex"), Endpoint("/v2/sip"), Endpoint("/v1beta3/crypto/us")
    sessions = [holder(stocks, "AAPL"), holder(sip, "AAPL", "MSFT"), holder(crypto, "BTC/USD")]
    pump(SimulatedMarket(), [stocks, sip, crypto], NOW)
    assert [received(session) for session in sessions] == [["AAPL"], ["AAPL", "MSFT"], ["BTC/USD"]]


def test_both_endpoints_of_a_market_see_the_same_trade() -> None:
    """Encoded once: the very same bytes."""
    stocks, sip = Endpoint("/v2/iex"), Endpoint("/v2/sip")
    first, second = holder(stocks, "AAPL"), holder(sip, "AAPL")
    pump(SimulatedMarket(), [stocks, sip], NOW)
    assert first.outbox._waiting[0][0] is second.outbox._waiting[0][0]


def test_the_account_sees_what_its_orders_wait_for() -> None:
    """Its symbols move though nobody is subscribed to them, and only as long as there is an order."""
    market = SimulatedMarket()
    told: list[dict[str, Any]] = []
    account = PaperAccount(market, told.append)
    asked = NewOrder(symbol="GME", side=Side.BUY, type=Kind.MARKET, time_in_force=Force.DAY, qty=Decimal(1))
    account.broker.submit(asked, NOW)
    pump(market, [], NOW + 1, account)
    assert [each["event"] for each in told] == ["new", "fill"]
    assert not account.symbols
    before = market.ledgers["GME"].trade
    pump(market, [], NOW + 900_000_000, account)
    assert market.ledgers["GME"].trade is before


def test_without_a_holder_nothing_moves() -> None:
    """What nobody watches costs nothing."""
    market = SimulatedMarket()
    pump(market, [Endpoint("/v2/iex")], NOW)
    assert not market._walks
