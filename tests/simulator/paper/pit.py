"""A paper account at a market that moves only by hand, in time that passes only by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from tapecast.market import parse_rfc3339
from tapecast.simulator.ledger import Book, Print
from tapecast.simulator.market import SimulatedMarket
from tapecast.simulator.paper import request
from tapecast.simulator.paper.account import PaperAccount
from tapecast.simulator.paper.order import Order
from tapecast.simulator.symbols import Instrument

# A Friday, one hour after the open.
START_NS = parse_rfc3339("2026-11-20T15:30:00Z")
OPTION = "AAPL270319C00270000"


class Pit:
    """The account, its market, and everything that the trading stream was told."""

    def __init__(
        self, *, is_open: bool = True, holidays: frozenset[date] = frozenset(), flat: bool = False
    ) -> None:
        self.now = START_NS
        self.market = SimulatedMarket(still=True, is_open=is_open, holidays=holidays)
        self.told: list[dict[str, Any]] = []
        self.account = PaperAccount(self.market, self.told.append, flat_events=flat)

    def quote(self, symbol: str, bid: str, ask: str, size: float = 100) -> None:
        """Let a quote stand, a millisecond later."""
        self.now += 1_000_000
        event = Book(self._listed(symbol), self.now, float(bid), float(ask), size, size)
        self.account.see(self.market.inject(event), self.now)

    def trade(self, symbol: str, price: str, ns: int | None = None) -> None:
        """Let a trade print, a millisecond later; or late."""
        self.now += 1_000_000
        event = Print(self._listed(symbol), ns or self.now, 0, float(price), 100, True)
        self.account.see(self.market.inject(event), self.now)

    def pass_time(self, seconds: float = 0.1) -> None:
        """Let time pass, and the account step."""
        self.now += int(seconds * 1_000_000_000)
        self.account.step(self.now)

    def submit(self, symbol: str = "AAPL", side: str = "buy", qty: object = "10", **words: Any) -> Order:
        """Place an order, by default a market order for the day. Raises Refusal."""
        usual = {"type": "market", "time_in_force": "day", "qty": qty}
        body = {"symbol": symbol, "side": side} | usual | words
        return self.account.broker.submit(request.new_order(msgspec.json.encode(body)), self.now)

    def place(self, symbol: str = "AAPL", side: str = "buy", qty: object = "10", **words: Any) -> Order:
        """Place an order and let it come to the market."""
        order = self.submit(symbol, side, qty, **words)
        self.account.step(self.now)
        return order

    def replace(self, order: Order, **words: Any) -> Order:
        """Replace an order. Raises Refusal."""
        return self.account.broker.replace(order, request.change(msgspec.json.encode(words)), self.now)

    def cancel(self, order: Order) -> None:
        """Cancel an order. Raises Refusal."""
        self.account.broker.cancel(order, self.now)

    def held(self, symbol: str) -> Decimal:
        """How much of it the account has."""
        return self.account.portfolio.quantity(symbol)

    def events(self, order: Order) -> list[str]:
        """What was told of an order, in order."""
        return [each["event"] for each in self.told if each["order"]["id"] == order.id]

    def fills(self, order: Order) -> list[tuple[str, str, str]]:
        """Price, quantity and the position that it left, of each fill of an order."""
        mine = [each for each in self.told if each["order"]["id"] == order.id and "price" in each]
        return [(each["price"], each["qty"], each["position_qty"]) for each in mine]

    def _listed(self, symbol: str) -> Instrument:
        listed = self.market.instrument(symbol)
        assert listed is not None
        return listed
