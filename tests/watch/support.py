"""Streams that have heard what a test says, and what a terminal of a certain width would show of them."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable

from rich.console import Console, RenderableType

from tapecast.client import (
    Connection,
    ConnectionState,
    Event,
    Feed,
    FeedState,
    Hello,
    SymbolState,
    SymbolStatus,
    Tick,
)
from tapecast.client.stream import Stream
from tapecast.client.wants import Live
from tests.support import START_WALL, HandClock

NOW_US = int(START_WALL * 1e6)
HELLO = Hello(NOW_US, "1")
STOCKS = Feed("iex", "us_equity", FeedState.LIVE)
LIVE = SymbolStatus("AAPL", SymbolState.LIVE)
STALE = SymbolStatus("AAPL", SymbolState.STALE, "ingest_lost")


def tick(symbol: str = "AAPL", price: float = 271.5, seq: int = 1, **more: float) -> Tick:
    """A tick of two seconds ago."""
    values = {"change": 1.25, "change_percent": 0.4625, "bid": price - 0.01, "ask": price + 0.01} | more
    return Tick(symbol, price, seq=seq, ts_recv=NOW_US - 2_000_000, **values)  # type: ignore[arg-type]


def heard(
    *events: Event, symbols: Iterable[str] = ("AAPL",), positions: bool = False, hand: HandClock | None = None
) -> Stream:
    """A stream that is open nowhere and has heard these."""
    wants = Live(tuple(symbols), positions or not symbols)
    stream = Stream("http://x", wants, clock=(hand or HandClock()).clock)
    for event in events:
        stream.event(event)
    if not any(isinstance(event, Hello) for event in events):
        stream.connection = Connection(ConnectionState.OPEN)
    return stream


def shown(picture: RenderableType, width: int = 80) -> list[str]:
    """The lines, without colours and without the spaces at their ends."""
    out = io.StringIO()
    Console(file=out, width=width, force_terminal=True, color_system="truecolor").print(picture)
    return [line.rstrip() for line in re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue()).splitlines()]
