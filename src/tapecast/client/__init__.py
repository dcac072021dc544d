"""Live prices in a Python program, from a tapecast server.

    async for tick in prices("http://127.0.0.1:8000", ["AAPL", "BTC/USD"]):
        print(tick.symbol, tick.price)

The way of an event through these files:

    transport.py    bytes to named events, and why a stream ended (failures.py says it in words)
    link.py         opens, watches, comes back; tickets, backoff, watchdog
    store.py        what replaces what; snapshots
    mailbox.py      what waits for a program that is busy
    stream.py       what a program uses

It shares the pure leaves with the server and nothing else: no Redis, no Alpaca, no web framework.
"""

from tapecast.bars import Bar, Interval
from tapecast.client.account import Order, Orders, OrderUpdate, Portfolio, Position, Positions
from tapecast.client.api import bars, connect, prices
from tapecast.client.errors import (
    Forbidden,
    Lost,
    Malformed,
    NotTapecast,
    Refused,
    Silent,
    StreamError,
    StreamFatal,
    StreamTransient,
    TicketFailed,
    TlsFailed,
    Unauthorized,
    Unavailable,
    Unreachable,
    UrlInvalid,
)
from tapecast.client.events import Bars, BarUpdate, Bye, Event, Heartbeat, Hello, Lease, ServerStatus
from tapecast.client.states import Connection, ConnectionState, Feed, SymbolStatus
from tapecast.client.stream import Stream
from tapecast.market import FeedState, SymbolState, Tick

__all__ = [
    "Bar",
    "BarUpdate",
    "Bars",
    "Bye",
    "Connection",
    "ConnectionState",
    "Event",
    "Feed",
    "FeedState",
    "Forbidden",
    "Heartbeat",
    "Hello",
    "Interval",
    "Lease",
    "Lost",
    "Malformed",
    "NotTapecast",
    "Order",
    "OrderUpdate",
    "Orders",
    "Portfolio",
    "Position",
    "Positions",
    "Refused",
    "ServerStatus",
    "Silent",
    "Stream",
    "StreamError",
    "StreamFatal",
    "StreamTransient",
    "SymbolState",
    "SymbolStatus",
    "Tick",
    "TicketFailed",
    "TlsFailed",
    "Unauthorized",
    "Unavailable",
    "Unreachable",
    "UrlInvalid",
    "bars",
    "connect",
    "prices",
]
