"""What may be believed: of this program's connection, of a feed, of a symbol."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from tapecast.client.errors import StreamError
from tapecast.market import FeedState, SymbolState


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


def connection_of(error: StreamError, retry_in_s: float) -> Connection:
    """The connection was lost, or is not there yet, for this reason."""
    return Connection(ConnectionState.RECONNECTING, error.code, str(error), retry_in_s)
