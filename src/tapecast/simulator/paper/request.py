"""What a client asks for: the JSON of a new order, and of a change to one."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, TypeVar

import msgspec

from tapecast.simulator.paper.order import Force, Kind, OrderClass, Side
from tapecast.simulator.paper.refusal import malformed


class TakeProfit(msgspec.Struct, frozen=True):
    """The leg that ends a trade well."""

    limit_price: Decimal


class StopLoss(msgspec.Struct, frozen=True):
    """The leg that ends it badly."""

    stop_price: Decimal
    limit_price: Decimal | None = None


class NewOrder(msgspec.Struct, frozen=True, kw_only=True):
    """The body of `POST /v2/orders`. Numbers may be text."""

    symbol: str
    side: Side
    type: Kind
    time_in_force: Force
    qty: Decimal | None = None
    notional: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_price: Decimal | None = None
    trail_percent: Decimal | None = None
    extended_hours: bool | None = None
    client_order_id: str | None = None
    # Older clients send an empty one for a simple order.
    order_class: str | None = None
    take_profit: TakeProfit | None = None
    stop_loss: StopLoss | None = None

    @property
    def group(self) -> OrderClass:
        """Its class as one that there is. Raises Refusal."""
        try:
            return OrderClass(self.order_class or OrderClass.SIMPLE)
        except ValueError:
            raise malformed(f"invalid order_class: must be one of {', '.join(OrderClass)}") from None


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """The body of `PATCH /v2/orders/{id}`."""

    qty: Decimal | None = None
    time_in_force: Force | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail: Decimal | None = None
    client_order_id: str | None = None


T = TypeVar("T")

_new_order: Final = msgspec.json.Decoder(NewOrder)
_change: Final = msgspec.json.Decoder(Change)


def new_order(body: bytes) -> NewOrder:
    """A body as an order. Raises Refusal."""
    return _decoded(_new_order, body)


def change(body: bytes) -> Change:
    """A body as a change. Raises Refusal."""
    return _decoded(_change, body)


def _decoded(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise malformed(f"request body format is invalid: {error}") from None
