"""What a stream tells, field by field and under the wire's names (docs/http.md is the contract).

A field that is unknown is None or empty, never zero. Money of the account is Decimal, digit by digit as it
was sent; prices of ticks and bars are the venue's own doubles. Fields that are not named here are left out.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

import msgspec

from tapecast.bars import Bar, Interval
from tapecast.client.errors import StreamError
from tapecast.market import FeedState, SymbolState, Tick


class ConnectionState(StrEnum):
    """How this program stands with the server. Whether a price is live, its symbol's state says."""

    CONNECTING = "connecting"  # on the way for the first time
    OPEN = "open"  # the server has said `hello`
    RECONNECTING = "reconnecting"  # lost, and coming back by itself
    CLOSED = "closed"


class Connection(msgspec.Struct, frozen=True, omit_defaults=True):
    """The one event that is this client's own. `retry_in_s`: when it is tried again, from its own moment."""

    state: ConnectionState
    reason: str = ""
    message: str = ""
    retry_in_s: float | None = None


class SymbolStatus(msgspec.Struct, frozen=True, omit_defaults=True):
    """What may be believed of one symbol. `connection_lost` is this client's own reason."""

    symbol: str
    state: SymbolState
    reason: str = ""


class Feed(msgspec.Struct, frozen=True, omit_defaults=True):
    """The state of one feed; `market` is `account` for that of positions and orders, which has `as_of`."""

    feed: str
    market: str
    state: FeedState
    reason: str = ""
    since: str = ""
    as_of: str = ""
    simulated: bool = False


class Position(msgspec.Struct, frozen=True, omit_defaults=True):
    """One position at its newest price, which is `price_age_ms` old and may be believed as `state` says."""

    symbol: str
    state: SymbolState = SymbolState.PENDING
    reason: str = ""
    asset_class: str = ""
    exchange: str = ""
    asset_id: str = ""
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
    side: str | None = None
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
    submitted_at: str | None = None
    filled_at: str | None = None
    canceled_at: str | None = None
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


class Lease(msgspec.Struct, frozen=True):
    """Who holds a market's one connection."""

    holder: str
    epoch: int


class ServerStatus(msgspec.Struct, frozen=True, omit_defaults=True):
    """The status JSON of the whole deployment."""

    alpaca_connected: bool
    active_symbols: list[str]
    stream_count: int
    replicas: int
    feeds: list[Feed]
    version: str
    lease: dict[str, Lease] = {}
    refused: dict[str, str] = {}
    refused_count: int = 0
    messages_per_second: float = 0.0
    newest_tick_age_s: float | None = None
    reconnects: int = 0
    resubscribed: int = 0
    rejected: dict[str, int] = {}
    clock_offset_s: dict[str, int] = {}
    account: Feed | None = None


class Bars(msgspec.Struct, frozen=True):
    """The bars of one symbol, oldest first. They replace all that was held of it."""

    symbol: str
    interval: Interval
    history: str
    bars: list[Bar]


class BarUpdate(Bar, frozen=True, kw_only=True, omit_defaults=True):
    """A bar that forms, is over, or has changed. It replaces the one of the same start."""

    symbol: str
    interval: Interval


class Hello(msgspec.Struct, frozen=True, omit_defaults=True):
    """First on every connect. `interval`: the least milliseconds between two frames, as granted."""

    server_time: int
    version: str
    interval: int = 0
    feeds: list[Feed] = []


class Heartbeat(msgspec.Struct, frozen=True):
    """Every KEEPALIVE_S of the server. Microseconds since the epoch."""

    server_time: int


class Bye(msgspec.Struct, frozen=True):
    """The last words of a stream that the server ends."""

    code: str
    message: str = ""


Event = (
    Tick | SymbolStatus | Feed | Positions | Position | Portfolio | Orders | OrderUpdate | ServerStatus
    | Bars | BarUpdate | Hello | Heartbeat | Bye | Connection
)  # fmt: skip
"""All that a stream tells."""

NAMES: dict[str, type[Event]] = {
    "message": Tick, "symbol": SymbolStatus, "feed": Feed, "positions": Positions, "position": Position,
    "portfolio": Portfolio, "orders": Orders, "order": OrderUpdate, "status": ServerStatus, "bars": Bars,
    "bar": BarUpdate, "hello": Hello, "heartbeat": Heartbeat, "bye": Bye,
}  # fmt: skip
"""By the name on the wire, where a tick has none: it is the default event."""


def connection_of(error: StreamError, retry_in_s: float) -> Connection:
    """The connection was lost, or is not there yet, for this reason."""
    return Connection(ConnectionState.RECONNECTING, error.code, str(error), retry_in_s)
