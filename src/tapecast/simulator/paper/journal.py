"""What happens to an order: the only place that changes one, and each change is told to the trading stream.

| event          | the order is then  | because                                             |
| -------------- | ------------------ | --------------------------------------------------- |
| `accepted`     | `accepted`         | its market is closed                                |
| `new`          | `new`              | it has come to the market                           |
| `held`         | `held`             | a leg that waits, where its order does not show it  |
| `partial_fill` | `partially_filled` |                                                     |
| `fill`         | `filled`           |                                                     |
| `canceled`     | `canceled`         | its client wished it, or it was for at once or never |
| `expired`      | `expired`          | its day is over                                     |
| `replaced`     | `replaced`         | another stands for it                               |
| `rejected`     | `rejected`         | it came to the market, and cannot be                |
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from tapecast.market import rfc3339
from tapecast.simulator.paper import money, wire
from tapecast.simulator.paper.ids import Ids
from tapecast.simulator.paper.order import Order, Status
from tapecast.simulator.paper.orders import Orders
from tapecast.simulator.paper.portfolio import Portfolio

Tell = Callable[[dict[str, Any]], None]
"""Takes one event, as the trading stream's `data`."""
Follow = Callable[[Order, int], None]

_STAMPS: Final = {
    Status.CANCELED: "canceled_ns",
    Status.EXPIRED: "expired_ns",
    Status.REPLACED: "replaced_ns",
    Status.REJECTED: "failed_ns",
}


class Journal:
    """Changes orders, and the portfolio with them; `follow` is then called for who stands with an order."""

    def __init__(
        self, portfolio: Portfolio, orders: Orders, ids: Ids, tell: Tell, *, flat: bool = False
    ) -> None:
        self._portfolio = portfolio
        self._orders = orders
        self._ids = ids
        self._tell = tell
        # Whether no order's events show its legs.
        self._flat = flat
        self.follow: Follow = _alone

    def accepted(self, order: Order, now_ns: int) -> None:
        """It waits until its market opens."""
        order.status = Status.ACCEPTED
        self._write("accepted", order, now_ns)

    def opened(self, order: Order, now_ns: int) -> None:
        """It has come to the market."""
        order.status = Status.NEW
        self._write("new", order, now_ns)
        for leg in order.legs:
            # Where they are not shown with it, nothing else would tell that they are there.
            if leg.status is Status.HELD and self._flat:
                self._write("held", leg, now_ns)

    def filled(self, order: Order, qty: Decimal, price: Decimal, now_ns: int) -> None:
        """So much of it was bought or sold."""
        order.bought = order.total(price)
        order.filled += qty
        order.spent += qty * price
        done = order.filled == order.bought
        order.status = Status.FILLED if done else Status.PARTIALLY_FILLED
        left = self._portfolio.trade(order.instrument, qty * order.side.sign, price, now_ns)
        if done:
            order.filled_ns = now_ns
            self._orders.settle(order)
        figures = {"price": money.text(price), "qty": money.text(qty), "position_qty": money.text(left)}
        self._write("fill" if done else "partial_fill", order, now_ns, **figures)
        self.follow(order, now_ns)

    def ended(self, order: Order, status: Status, now_ns: int) -> None:
        """It is over without being filled."""
        order.status = status
        setattr(order, _STAMPS[status], now_ns)
        self._orders.settle(order)
        self._write(str(status), order, now_ns)
        self.follow(order, now_ns)

    def replaced(self, order: Order, by: Order, now_ns: int) -> None:
        """Another stands for it, and with its legs, or as a leg."""
        order.replaced_by, by.replaces = by.id, order.id
        for leg in order.legs:
            leg.parent = by
        by.legs, order.legs = order.legs, []
        if order.parent is not None:
            order.parent.legs[order.parent.legs.index(order)] = by
        self.ended(order, Status.REPLACED, now_ns)

    def trailed(self, order: Order, hwm: Decimal, stop: Decimal, now_ns: int) -> None:
        """Its stop has followed the market. The venue has no event for that."""
        order.hwm, order.stop, order.updated_ns = hwm, stop, now_ns

    def triggered(self, order: Order, now_ns: int) -> None:
        """Its stop was reached. The venue has no event for that either: the fill comes next."""
        order.triggered, order.updated_ns = True, now_ns

    def resized(self, order: Order, qty: Decimal, now_ns: int) -> None:
        """It is for less than before. The venue has no event for that."""
        order.qty, order.bought, order.updated_ns = qty, None, now_ns

    def _write(self, event: str, order: Order, now_ns: int, **more: str) -> None:
        order.updated_ns = now_ns
        at = rfc3339(now_ns)
        told = {
            "event": event,
            "event_id": self._ids.ulid(now_ns),
            "execution_id": self._ids.uuid(),
            "at": at,
            "timestamp": at,
            "order": wire.order(order, nested=not self._flat),
        }
        self._tell(told | more)


def _alone(_: Order, __: int) -> None:
    """Nobody follows."""
