"""The three ways in: a stream of all that one may want, and loops over prices or bars alone."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from typing import Final

import httpx

from tapecast.bars import Interval
from tapecast.client.events import Bars, BarUpdate
from tapecast.client.states import SymbolStatus
from tapecast.client.stream import Stream
from tapecast.client.tickets import TicketSource
from tapecast.client.wants import Live, LiveBars, symbols_of
from tapecast.market import Tick

HERE: Final = "http://127.0.0.1:8000"
PATIENCE_S: Final = 10.0


def connect(
    url: str = HERE,
    symbols: Iterable[str] = (),
    *,
    positions: bool = False,
    status: bool = False,
    interval: int | None = None,
    ticket: TicketSource | None = None,
    token: str | None = None,
    patience_s: float | None = PATIENCE_S,
    http: httpx.AsyncClient | None = None,
) -> Stream:
    """A stream of prices, the account (`positions`) and the server's `status`, for `async with`.

    `interval`: the least milliseconds between two frames of prices. `ticket`: one, or a function that gets
    one, which is called again whenever it has expired. `token`: an API_TOKEN, for programs on servers.
    `patience_s`: how long a server that is not there yet is waited for at the start; None: without end.
    `http`: an httpx client of your own, for its TLS, proxies or headers; it is not closed.

    Raises UrlInvalid, Unauthorized for a token that cannot be sent, and ValueError if nothing is asked for.
    """
    wants = Live(symbols_of(symbols), positions, status, interval)
    return Stream(url, wants, ticket=ticket, token=token, patience_s=patience_s, http=http)


async def prices(
    url: str = HERE,
    symbols: Iterable[str] = (),
    *,
    stale: bool = False,
    interval: int | None = None,
    ticket: TicketSource | None = None,
    token: str | None = None,
    patience_s: float | None = PATIENCE_S,
    http: httpx.AsyncClient | None = None,
) -> AsyncGenerator[Tick, None]:
    """The newest tick of each symbol, then each change, for as long as the loop runs. Raises StreamError.

    Only prices that may be believed: those of symbols that are live, or whose market is closed. With `stale`
    also the last known ones. While nothing can be believed nothing comes; `connect` tells why.
    """
    wants = Live(symbols_of(symbols), interval=interval)
    given: dict[str, Tick] = {}
    async with Stream(url, wants, ticket=ticket, token=token, patience_s=patience_s, http=http) as stream:
        async for event in stream:
            if not isinstance(event, Tick | SymbolStatus):
                continue
            # A symbol may turn live after its tick, and the tick is not sent again.
            tick = stream.ticks.get(event.symbol)
            if tick is None or given.get(tick.symbol) is tick:
                continue
            if stale or stream.is_current(tick.symbol):
                given[tick.symbol] = tick
                yield tick


async def bars(
    url: str = HERE,
    symbols: Iterable[str] = (),
    interval: str = Interval.MINUTE,
    *,
    limit: int | None = None,
    ticket: TicketSource | None = None,
    token: str | None = None,
    patience_s: float | None = PATIENCE_S,
    http: httpx.AsyncClient | None = None,
) -> AsyncGenerator[Bars | BarUpdate, None]:
    """`Bars` of each symbol, then each change of a bar, for as long as the loop runs. Raises StreamError.

    `interval` is the length of a bar: 1s, 5s, 1m, 5m or 1h; anything else raises ValueError.
    """
    wants = LiveBars(symbols_of(symbols), Interval(interval), limit)
    async with Stream(url, wants, ticket=ticket, token=token, patience_s=patience_s, http=http) as stream:
        async for event in stream:
            if isinstance(event, Bars | BarUpdate):
                yield event
