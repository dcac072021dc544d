"""Brings orders to the market and fills them there, at the market's own quotes and prints.

An order takes the far side of the quote, as much of it as there is, each time that something happens in its
symbol, and otherwise every STEP_NS: a large one is filled in parts.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from tapecast.market import Market
from tapecast.simulator.exchange import Exchange
from tapecast.simulator.ledger import Event, Image, Print
from tapecast.simulator.paper import groups, money, stops
from tapecast.simulator.paper.funds import Funds
from tapecast.simulator.paper.groups import Groups
from tapecast.simulator.paper.journal import Journal
from tapecast.simulator.paper.order import LIVE, WAITING, Force, Order, Side, Status
from tapecast.simulator.paper.orders import Orders
from tapecast.simulator.paper.refusal import Refusal
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
    if stops.waits(order) or not _is_within(order, price):
        return None
    left = order.left(price)
    qty = left if size is None else min(left, size)
    return None if not qty or (qty < left and order.force is Force.FOK) else (qty, price)


def _is_within(order: Order, price: Decimal) -> bool:
    if order.limit is None:
        return True
    return price <= order.limit if order.side is Side.BUY else price >= order.limit


class Matcher:
    """The market's side of every open order."""

    def __init__(
        self, market: Exchange, orders: Orders, journal: Journal, together: Groups, funds: Funds
    ) -> None:
        self._market = market
        self._orders = orders
        self._journal = journal
        self._groups = together
        self._funds = funds

    def see(self, event: Event, now_ns: int) -> None:
        """Something happened at the market."""
        for order in self._orders.open(event.instrument.symbol):
            image = self._image(order, now_ns)
            if image is not None and _is_at_market(order):
                if isinstance(event, Print):
                    self._hold_against(order, event, now_ns)
                self._work(order, image, now_ns)

    def step(self, now_ns: int) -> None:
        """Time has passed."""
        for order in self._orders.open():
            # What happens to one order may have ended another.
            if order.is_open and order.due_ns <= now_ns:
                self._advance(order, now_ns)

    def _advance(self, order: Order, now_ns: int) -> None:
        if order.expires_ns is not None and order.expires_ns <= now_ns:
            self._journal.ended(order, Status.EXPIRED, now_ns)
            return
        image = self._image(order, now_ns)
        if image is not None and order.status in WAITING:
            self._open(order, image, now_ns)
        if image is not None and _is_at_market(order):
            self._hold_against(order, image.trade, now_ns)
            self._work(order, image, now_ns)

    def _image(self, order: Order, now_ns: int) -> Image | None:
        """The market of an order, if it trades at this moment."""
        if not trades(self._market, order.instrument, now_ns):
            return None
        return self._market.image(order.symbol, now_ns)

    def _open(self, order: Order, image: Image, now_ns: int) -> None:
        """It comes to the market; one that waited for it may find that the account has changed.

        So may one for an amount of money, which the price of this moment makes a quantity.
        """
        if order.status is Status.ACCEPTED or order.notional is not None:
            try:
                self._funds.check(order, now_ns)
            except Refusal:
                self._journal.ended(order, Status.REJECTED, now_ns)
                return
        moved = stops.trailed(order, money.decimal(image.trade.price))
        if moved is not None:
            self._journal.trailed(order, *moved, now_ns)
        self._journal.opened(order, now_ns)

    def _hold_against(self, order: Order, trade: Print, now_ns: int) -> None:
        """Let a print move an order's stop, or reach it. A late print has nothing to say."""
        if trade.ns < order.seen_ns or not stops.waits(order):
            return
        order.seen_ns = trade.ns
        price = money.decimal(trade.price)
        if stops.is_reached(order, price):
            self._groups.trigger(order, now_ns)
        elif (moved := stops.trailed(order, price)) is not None:
            self._journal.trailed(order, *moved, now_ns)

    def _work(self, order: Order, image: Image, now_ns: int) -> None:
        if order.status not in LIVE:
            return
        order.due_ns = now_ns + STEP_NS
        found = match(order, Touch.of(image))
        if found is not None:
            self._journal.filled(order, *found, now_ns)
        if order.is_open and order.force in (Force.IOC, Force.FOK) and not stops.waits(order):
            self._journal.ended(order, Status.CANCELED, now_ns)


def _is_at_market(order: Order) -> bool:
    return order.status in LIVE or groups.is_armed(order)
