"""Stops: orders that wait until a print reaches their price, and those whose price trails behind the market.

Prints alone count, as they come. The stop of a trailing order moves only towards the market: it keeps its
distance from the best price that printed since the order came to the market (`hwm`). The order says so; there
is no event for it.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from tapecast.simulator.paper.order import Kind, Order, Side

_CENT: Final = Decimal("0.01")
STOPS: Final = frozenset({Kind.STOP, Kind.STOP_LIMIT, Kind.TRAILING_STOP})


def waits(order: Order) -> bool:
    """Whether its stop has not been reached yet."""
    return order.kind in STOPS and not order.triggered


def trailed(order: Order, price: Decimal) -> tuple[Decimal, Decimal] | None:
    """The new best price and the new stop of a trailing order, if a print moves them."""
    if order.kind is not Kind.TRAILING_STOP:
        return None
    best = max if order.side is Side.SELL else min
    hwm = price if order.hwm is None else best(order.hwm, price)
    stop = hwm + order.side.sign * _distance(order, hwm)
    return None if (hwm, stop) == (order.hwm, order.stop) else (hwm, stop)


def is_reached(order: Order, price: Decimal) -> bool:
    """Whether a print is at the stop, or beyond."""
    if order.stop is None:
        return False
    return price <= order.stop if order.side is Side.SELL else price >= order.stop


def _distance(order: Order, hwm: Decimal) -> Decimal:
    if order.trail_price is not None:
        return order.trail_price
    return (hwm * (order.trail_percent or Decimal()) / 100).quantize(_CENT)
