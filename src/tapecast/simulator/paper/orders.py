"""Every order of the account that is remembered: by its ids, open ones by symbol, all by time."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from tapecast.simulator.paper.order import Order
from tapecast.simulator.paper.refusal import forbidden, malformed, not_found

KEPT: Final = 5_000
"""Orders that are remembered; the oldest that are over make room."""
MOST_OPEN: Final = 500


class Orders:
    """The orders of one account."""

    def __init__(self) -> None:
        self._by_id: dict[str, Order] = {}
        self._by_client_id: dict[str, Order] = {}
        self._open: dict[str, list[Order]] = {}

    def __iter__(self) -> Iterator[Order]:
        """All, oldest first."""
        return iter(self._by_id.values())

    @property
    def open_symbols(self) -> Collection[str]:
        """The symbols of open orders."""
        return self._open.keys()

    def open(self, symbol: str | None = None) -> list[Order]:
        """Those that are not over, of one symbol or of all, oldest first within a symbol."""
        if symbol is not None:
            return list(self._open.get(symbol, ()))
        return [order for orders in self._open.values() for order in orders]

    def add(self, *orders: Order) -> None:
        """Remember an order, or an order and its legs. Raises Refusal."""
        if sum(map(len, self._open.values())) + len(orders) > MOST_OPEN:
            raise forbidden(f"too many open orders: at most {MOST_OPEN}")
        if any(order.client_order_id in self._by_client_id for order in orders):
            raise malformed("client_order_id must be unique")
        for order in orders:
            self._by_id[order.id] = self._by_client_id[order.client_order_id] = order
            self._open.setdefault(order.symbol, []).append(order)
        self._forget()

    def settle(self, order: Order) -> None:
        """An order is over."""
        standing = self._open[order.symbol]
        standing.remove(order)
        if not standing:
            del self._open[order.symbol]

    def find(self, order_id: str) -> Order:
        """An order by its id. Raises Refusal."""
        order = self._by_id.get(order_id.lower())
        if order is None:
            raise not_found(f"order not found for {order_id}")
        return order

    def find_client(self, client_order_id: str) -> Order:
        """An order by the id that its client gave it. Raises Refusal."""
        order = self._by_client_id.get(client_order_id)
        if order is None:
            raise not_found(f"order not found for {client_order_id}")
        return order

    def _forget(self) -> None:
        surplus = len(self._by_id) - KEPT
        if surplus <= 0:
            return
        for order in [each for each in self if not each.is_open][:surplus]:
            del self._by_id[order.id], self._by_client_id[order.client_order_id]
