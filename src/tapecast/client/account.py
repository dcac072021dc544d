"""The account on the wire: positions, totals and orders, under the field names of Alpaca's REST API.

Money is Decimal, digit by digit as it was sent. What is unknown is None or empty, never zero.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from tapecast.client.states import SymbolStatus
from tapecast.market import FeedState, SymbolState


class Position(msgspec.Struct, frozen=True, omit_defaults=True):
    """One position at its newest price, which is `price_age_ms` old and may be believed as `state` says."""

    symbol: str
    state: SymbolState = SymbolState.PENDING
    reason: str = ""
    asset_class: str = ""
    exchange: str = ""
    asset_id: str = ""
    asset_marginable: bool | None = None
    side: str = ""
    qty: Decimal | None = None
    qty_available: Decimal | None = None
    avg_entry_price: Decimal | None = None
    cost_basis: Decimal | None = None
    market_value: Decimal | None = None
    current_price: Decimal | None = None
    lastday_price: Decimal | None = None
    change_today: Decimal | None = None
    unrealized_pl: Decimal | None = None
    unrealized_plpc: Decimal | None = None
    unrealized_intraday_pl: Decimal | None = None
    unrealized_intraday_plpc: Decimal | None = None
    price_age_ms: int | None = None
    as_of: str = ""
    simulated: bool = False


class Positions(msgspec.Struct, frozen=True, omit_defaults=True):
    """All positions: what is not in the list is not held any more."""

    positions: list[Position]
    account: str = ""
    as_of: str = ""
    simulated: bool = False


class Portfolio(msgspec.Struct, frozen=True, omit_defaults=True):
    """The totals. They are no better than the positions in `stale`."""

    account: str = ""
    as_of: str = ""
    state: FeedState = FeedState.CONNECTING
    reason: str = ""
    simulated: bool = False
    currency: str = ""
    status: str = ""
    equity: Decimal | None = None
    last_equity: Decimal | None = None
    cash: Decimal | None = None
    buying_power: Decimal | None = None
    effective_buying_power: Decimal | None = None
    regt_buying_power: Decimal | None = None
    daytrading_buying_power: Decimal | None = None
    non_marginable_buying_power: Decimal | None = None
    options_buying_power: Decimal | None = None
    initial_margin: Decimal | None = None
    maintenance_margin: Decimal | None = None
    last_maintenance_margin: Decimal | None = None
    accrued_fees: Decimal | None = None
    long_market_value: Decimal | None = None
    short_market_value: Decimal | None = None
    position_market_value: Decimal | None = None
    day_pl: Decimal | None = None
    day_plpc: Decimal | None = None
    unrealized_pl: Decimal | None = None
    unrealized_plpc: Decimal | None = None
    unrealized_intraday_pl: Decimal | None = None
    count: int = 0
    by_asset_class: dict[str, dict[str, Decimal]] = {}
    stale: list[SymbolStatus] = []
    unpriced: list[str] = []
    price_age_ms: int | None = None


class Order(msgspec.Struct, frozen=True, omit_defaults=True):
    """One order, under the field names of Alpaca's REST API."""

    id: str
    client_order_id: str = ""
    symbol: str | None = None
    asset_class: str | None = None
    asset_id: str | None = None
    side: str | None = None
    position_intent: str | None = None
    type: str | None = None
    order_class: str | None = None
    status: str | None = None
    time_in_force: str | None = None
    extended_hours: bool | None = None
    qty: Decimal | None = None
    notional: Decimal | None = None
    filled_qty: Decimal | None = None
    filled_avg_price: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_price: Decimal | None = None
    trail_percent: Decimal | None = None
    hwm: Decimal | None = None
    created_at: str | None = None
    updated_at: str | None = None
    submitted_at: str | None = None
    filled_at: str | None = None
    canceled_at: str | None = None
    expires_at: str | None = None
    expired_at: str | None = None
    failed_at: str | None = None
    replaced_at: str | None = None
    replaced_by: str | None = None
    replaces: str | None = None
    legs: list[Order] | None = None


class Orders(msgspec.Struct, frozen=True, omit_defaults=True):
    """The recent orders, newest first. They replace all that was held."""

    orders: list[Order]
    simulated: bool = False


class OrderUpdate(msgspec.Struct, frozen=True, omit_defaults=True):
    """What happened to one order: `new`, `fill`, `partial_fill`, `canceled`, …"""

    event: str
    order: Order
    execution_id: str | None = None
    timestamp: str | None = None
    price: Decimal | None = None
    qty: Decimal | None = None
    position_qty: Decimal | None = None
    simulated: bool = False
