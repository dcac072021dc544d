"""Orders that stand together, and what happens to the others when something happens to one.

| class   | orders                        | before the entry is filled | after that                         |
| ------- | ----------------------------- | -------------------------- | ---------------------------------- |
| bracket | entry; legs: profit and loss  | both legs are `held`       | profit is `new`, loss stays `held` |
| oto     | entry; one leg                | the leg is `held`          | the leg is `new`                   |
| oco     | the profit; its leg: the loss | there is none              | profit is `new`, loss is `held`    |

Profit and loss are rivals: both are to sell the same shares. The loss is `held` until its stop is reached;
then the profit is cancelled and the loss comes to the market. When one is filled or cancelled, the other is
cancelled; when the profit is filled in part, the loss is for what is left.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tapecast.simulator.paper.journal import Journal
from tapecast.simulator.paper.order import LIVE, Kind, Order, OrderClass, Status
from tapecast.simulator.paper.request import NewOrder


def legs_of(entry: Order, asked: NewOrder, name: Callable[[], str]) -> list[Order]:
    """The legs that an order was asked for with."""
    legs: list[Order] = []
    side = entry.side if entry.order_class is OrderClass.OCO else entry.side.other
    if asked.take_profit is not None and entry.order_class is not OrderClass.OCO:
        legs.append(replace(entry, kind=Kind.LIMIT, limit=asked.take_profit.limit_price, stop=None))
    if (loss := asked.stop_loss) is not None:
        kind = Kind.STOP if loss.limit_price is None else Kind.STOP_LIMIT
        legs.append(replace(entry, kind=kind, limit=loss.limit_price, stop=loss.stop_price))
    for leg in legs:
        leg.side, leg.parent, leg.legs, leg.status = side, entry, [], Status.HELD
        leg.id, leg.client_order_id = name(), name()
        leg.intent = f"{side}_to_close"
    return legs


def rival(order: Order) -> Order | None:
    """The other order for the same shares."""
    if order.order_class is OrderClass.OCO:
        return order.parent or next(iter(order.legs), None)
    if order.order_class is OrderClass.BRACKET and order.parent is not None:
        return next((leg for leg in order.parent.legs if leg is not order), None)
    return None


def is_armed(order: Order) -> bool:
    """Whether it is held until its stop is reached."""
    other = rival(order)
    return order.status is Status.HELD and other is not None and other.status in LIVE


class Groups:
    """Lets the others follow. What was triggered stands by itself."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def follow(self, order: Order, now_ns: int) -> None:
        """Something happened to an order: it was filled, in part or whole, or it is over."""
        if order.status is Status.PARTIALLY_FILLED:
            self._share(order, now_ns)
        elif order.status is Status.FILLED and order.order_class is not OrderClass.OCO and order.legs:
            self._release(order, now_ns)
        elif not order.is_open and order.status is not Status.REPLACED:
            self._end(order, now_ns)

    def trigger(self, order: Order, now_ns: int) -> None:
        """The stop of an order is reached; a held one takes its rival's place."""
        self._journal.triggered(order, now_ns)
        if order.status is not Status.HELD:
            return
        other = rival(order)
        if other is not None and other.is_open:
            self._journal.ended(other, Status.CANCELED, now_ns)
        self._journal.opened(order, now_ns)

    def _release(self, entry: Order, now_ns: int) -> None:
        for leg in entry.legs:
            other = rival(leg)
            if other is None or leg.kind is Kind.LIMIT:
                self._journal.opened(leg, now_ns)

    def _share(self, order: Order, now_ns: int) -> None:
        other = rival(order)
        if other is not None and other.status is Status.HELD and order.qty is not None:
            self._journal.resized(other, order.qty - order.filled, now_ns)

    def _end(self, order: Order, now_ns: int) -> None:
        for other in (rival(order), *order.legs):
            if other is not None and other.is_open and not other.triggered:
                self._journal.ended(other, Status.CANCELED, now_ns)
