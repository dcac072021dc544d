"""What a stream tells, field by field and under the wire's names (docs/http.md is the contract).

A field that is unknown is None or empty, never zero. Money of the account is Decimal, digit by digit as it
was sent; prices of ticks and bars are the venue's own doubles. Fields that are not named here are left out.
"""

from __future__ import annotations

import msgspec

from tapecast.bars import Bar, Interval
from tapecast.client.account import Orders, OrderUpdate, Portfolio, Position, Positions
from tapecast.client.states import Connection, Feed, SymbolStatus
from tapecast.market import Tick


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
    # They may end before now, or lack time in which nobody followed them.
    partial: bool = False


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
