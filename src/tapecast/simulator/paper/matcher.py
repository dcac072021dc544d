"""Brings orders to the market and fills them there, at the market's own quotes and prints.

An order takes the far side of the quote, as much of it as there is, each time that something happens in its
symbol, and otherwise every STEP_NS: a large one is filled in parts.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from tapecast.market import Market
from tapecast.simulator.exchange import Exchange
from tapecast.simulator.ledger import Event
from tapecast.simulator.paper.journal import Journal
from tapecast.simulator.paper.order import LIVE, WAITING, Force, Kind, Order, Side, Status
from tapecast.simulator.paper.orders import Orders
from tapecast.simulator.paper.touch import Touch
from tapecast.simulator.symbols import Instrument

STEP_NS: Final = 100_000_000
"""How long an order waits at a market in which nothing happens."""


def trades(market: Exchange, listed: Instrument, now_ns: int) -> bool:
    """Whether an instrument trades at this moment."""
    return listed.market is Market.CRYPTO or market.in_session(now_ns)


def match(order: Order, touch: Touch) -> tuple[Decimal, Decimal] | None:
    """How much of an order is filled, and at what price."""
    price, size = touch.price(order.side), touch.size(order.side)
    if not _takes(order, price):
        return None
    left = order.left(price)
    qty = left if size is None else min(left, size)
    if qty < left and order.force is Force.FOK:
        return None
    return qty, price


def _takes(order: Order, price: Decimal) -> bool:
    if order.kind not in (Kind.MARKET, Kind.LIMIT) and not order.triggered:
        return False
    if order.limit is None:
        return True
    return price <= order.limit if order.side is Side.BUY else price >= order.limit


class Matcher:
    """The market's side of every open order."""

    def __init__(self, market: Exchange, orders: Orders, journal: Journal) -> None:
        self._market = market
        self._orders = orders
        self._journal = journal

    def see(self, event: Event, now_ns: int) -> None:
        """Something happened at the market."""
        for order in self._orders.open(event.instrument.symbol):
            if order.status in LIVE:
                self._work(order, now_ns)

    def step(self, now_ns: int) -> None:
        """Time has passed."""
        for order in self._orders.open():
            # What happens to one order may have ended another.
            if order.is_open:
                self._advance(order, now_ns)

    def _advance(self, order: Order, now_ns: int) -> None:
        if order.expires_ns is not None and order.expires_ns <= now_ns:
            self._journal.ended(order, Status.EXPIRED, now_ns)
        elif order.status in WAITING and trades(self._market, order.instrument, now_ns):
            self._journal.opened(order, now_ns)
        if order.status in LIVE and order.due_ns <= now_ns:
            self._work(order, now_ns)

    def _work(self, order: Order, now_ns: int) -> None:
        if not trades(self._market, order.instrument, now_ns):
            return
        order.due_ns = now_ns + STEP_NS
        image = self._market.image(order.symbol, now_ns)
        found = match(order, Touch.of(image)) if image is not None else None
        if found is not None:
            self._journal.filled(order, *found, now_ns)
        if order.is_open and order.force in (Force.IOC, Force.FOK):
            self._journal.ended(order, Status.CANCELED, now_ns)
