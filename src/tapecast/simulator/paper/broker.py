"""What a client can do: place, replace and cancel orders, and close positions. No I/O; time is passed in."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import Final

from tapecast.market import Market
from tapecast.simulator import hours
from tapecast.simulator.exchange import Exchange
from tapecast.simulator.paper import groups, rules
from tapecast.simulator.paper.funds import Funds, insufficient
from tapecast.simulator.paper.ids import Ids
from tapecast.simulator.paper.journal import Journal
from tapecast.simulator.paper.matcher import trades
from tapecast.simulator.paper.order import Force, Kind, Order, OrderClass, Side, Status
from tapecast.simulator.paper.orders import Orders
from tapecast.simulator.paper.portfolio import Portfolio
from tapecast.simulator.paper.refusal import not_found, unprocessable
from tapecast.simulator.paper.request import Change, NewOrder
from tapecast.simulator.symbols import Instrument

_CANCELED_AFTER_NS: Final = 90 * hours.DAY


class Broker:
    """Takes what is asked for, or says why not."""

    def __init__(
        self,
        market: Exchange,
        portfolio: Portfolio,
        orders: Orders,
        journal: Journal,
        funds: Funds,
        ids: Ids,
    ) -> None:
        self._market = market
        self._portfolio = portfolio
        self._orders = orders
        self._journal = journal
        self._funds = funds
        self._ids = ids

    def instrument(self, symbol: str) -> Instrument:
        """What can be traded under a name, a pair also without its slash. Raises Refusal."""
        listed = self._market.instrument(symbol)
        if listed is None:
            pairs = self._market.listing(Market.CRYPTO)
            listed = next((each for each in pairs if each.symbol.replace("/", "") == symbol), None)
        if listed is None:
            raise unprocessable(f'asset "{symbol}" not found')
        return listed

    def submit(self, asked: NewOrder, now_ns: int) -> Order:
        """Place an order, with its legs. Raises Refusal."""
        listed = self.instrument(asked.symbol)
        rules.check(asked, listed)
        order = self._order(asked, listed, now_ns)
        order.legs = groups.legs_of(order, asked, self._ids.uuid)
        self._funds.check(order, now_ns)
        self._orders.add(order, *order.legs)
        self._send(order, now_ns)
        return order

    def replace(self, order: Order, asked: Change, now_ns: int) -> Order:
        """Let another order stand for one, with some of it changed. Raises Refusal."""
        self._check_open(order)
        new = self._changed(order, asked, now_ns)
        if order.status is not Status.HELD:
            new.replaces = order.id
            self._funds.check(new, now_ns)
        self._orders.add(new)
        self._journal.replaced(order, new, now_ns)
        if new.status is not Status.HELD:
            self._send(new, now_ns)
        return new

    def cancel(self, order: Order, now_ns: int) -> None:
        """Take an order back. Raises Refusal."""
        self._check_open(order)
        self._journal.ended(order, Status.CANCELED, now_ns)

    def close(self, symbol: str, qty: Decimal | None, now_ns: int) -> Order:
        """Leave a position, or a part of it, at the market. Raises Refusal."""
        held = self._portfolio.quantity(symbol)
        if not held:
            raise not_found("position does not exist")
        crypto = self.instrument(symbol).market is Market.CRYPTO
        asked = NewOrder(
            symbol=symbol,
            side=Side.SELL if held > 0 else Side.BUY,
            type=Kind.MARKET,
            time_in_force=Force.GTC if crypto else Force.DAY,
            qty=abs(held) if qty is None else qty,
        )
        free = abs(self._funds.available(symbol))
        if asked.qty is not None and asked.qty > free:
            raise insufficient(symbol, asked.qty, abs(held), free)
        return self.submit(asked, now_ns)

    def _order(self, asked: NewOrder, listed: Instrument, now_ns: int) -> Order:
        closes = self._portfolio.quantity(listed.symbol) * asked.side.sign < 0
        takes = asked.take_profit if asked.group is OrderClass.OCO else None
        return Order(
            listed,
            asked.side,
            asked.type,
            asked.time_in_force,
            asked.qty,
            asked.notional,
            takes.limit_price if takes is not None else asked.limit_price,
            asked.stop_price,
            asked.trail_price,
            asked.trail_percent,
            bool(asked.extended_hours),
            asked.group,
            f"{asked.side}_to_{'close' if closes else 'open'}",
            id=self._ids.uuid(),
            client_order_id=asked.client_order_id or self._ids.uuid(),
            created_ns=now_ns,
            updated_ns=now_ns,
            expires_ns=self._expiry(asked.time_in_force, now_ns),
        )

    def _changed(self, order: Order, asked: Change, now_ns: int) -> Order:
        """What is to stand for an order. Raises Refusal."""
        rules.check_change(asked, order)
        trail = asked.trail
        # What has been filled stays with the old one.
        qty = asked.qty if asked.qty is not None else order.qty
        return dataclasses.replace(
            order,
            id=self._ids.uuid(),
            client_order_id=asked.client_order_id or self._ids.uuid(),
            qty=qty - order.filled if qty is not None else None,
            force=asked.time_in_force or order.force,
            limit=asked.limit_price or order.limit,
            stop=asked.stop_price or order.stop,
            trail_price=trail or order.trail_price if order.trail_price is not None else None,
            trail_percent=trail or order.trail_percent if order.trail_percent is not None else None,
            status=order.status if order.status is Status.HELD else Status.PENDING_NEW,
            filled=Decimal(),
            spent=Decimal(),
            created_ns=now_ns,
            updated_ns=now_ns,
            expires_ns=self._expiry(asked.time_in_force or order.force, now_ns),
            due_ns=0,
            legs=[],
        )

    def _send(self, order: Order, now_ns: int) -> None:
        """Wait for a market that is closed; the matcher takes everything else."""
        if not trades(self._market, order.instrument, now_ns):
            self._journal.accepted(order, now_ns)

    def _expiry(self, force: Force, now_ns: int) -> int | None:
        if force is Force.GTC:
            return now_ns + _CANCELED_AFTER_NS
        is_open = self._market.in_session(now_ns)
        return hours.next_session(now_ns, self._market.holidays, is_open=is_open)[1]

    def _check_open(self, order: Order) -> None:
        if not order.is_open:
            raise unprocessable(f'order is already in "{order.status}" state')
