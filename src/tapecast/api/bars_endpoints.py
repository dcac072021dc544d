"""`GET /stream/bars` and `GET /bars`: what is asked for, checked, and the answer.

Bars are open to whoever may read prices, and of the same symbols.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from typing import Final

import msgspec
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from tapecast.api import frames
from tapecast.api.bars import BarBook
from tapecast.api.bars_shelf import Shelf
from tapecast.api.grant import Grant
from tapecast.api.prices import Bell
from tapecast.api.room import admit, without
from tapecast.api.streams import Stream, Streams
from tapecast.api.symbols import Ask, BarsAsk, parse_interval, parse_symbols
from tapecast.bars import Interval
from tapecast.bus.bars import BARS_KEPT
from tapecast.bus.codec import SymbolStatus
from tapecast.errors import ClientError

LIMIT: Final = 300
"""Bars of before, if nothing is said: a chart's width."""
SYMBOLS_MOST: Final = 50
BARS_MOST: Final = 15_000
"""Bars of before in one answer, of all symbols together: some megabytes."""
WAIT_S: Final = 2.0
"""For the venue's history, where nobody has asked for these bars before."""
_LENGTHS: Final = ", ".join(Interval)
_NUMBER: Final = re.compile(r"[0-9]{1,9}")


def parse_bars(query: QueryParams, symbols: tuple[str, ...]) -> BarsAsk:
    """Which bars of these symbols are asked for. Raises ClientError."""
    if len(symbols) > SYMBOLS_MOST:
        raise ClientError(
            400, "too_many_symbols", f"{len(symbols)} symbols asked for, bars are of {SYMBOLS_MOST} at most"
        )
    text = query.get("interval", Interval.MINUTE).strip().lower()
    if text not in set(Interval):
        raise ClientError(400, "interval_invalid", f"interval is the length of a bar: one of {_LENGTHS}")
    limit = query.get("limit", str(LIMIT)).strip()
    if not _NUMBER.fullmatch(limit) or not int(limit):
        raise ClientError(400, "limit_invalid", f"limit is a number of bars, 1 to {BARS_KEPT}")
    most = min(BARS_KEPT, BARS_MOST // max(1, len(symbols)))
    return BarsAsk(symbols, Interval(text), min(int(limit), most))


class Bars(Streams):
    """The two endpoints."""

    async def stream(self, request: Request) -> Stream:
        """`GET /stream/bars?symbols=AAPL,BTC/USD[&interval=1m][&limit=300][&interval_ms=250]`."""
        ask, refused, grant = self._ask(request)
        pace = parse_interval(request.query_params, self._settings.stream_interval_ms, "interval_ms")
        return self._stream(request, Ask(refused=refused, interval_ms=pace, bars=ask), grant)

    async def bars(self, request: Request) -> Response:
        """`GET /bars?symbols=AAPL,BTC/USD[&interval=1m][&limit=300]`."""
        ask, refused, grant = self._ask(request)
        hub = self._hub
        hub.audience.require_open()
        hub.audience.limits.require_pace()
        if hub.markets.link is False:
            raise ClientError(503, "cache_unavailable", "Redis does not answer", retry_after=2)
        new = hub.topics.new(ask.symbols)
        with hub.listen(Bell(), ask.symbols):
            hub.topics.charge(new, grant.bringer)
            hub.topics.hold(ask.symbols)
            shelves = hub.bars.hold(ask)
            await _settle(hub.bars, shelves)
            missing = [{"symbol": each.symbol, "reason": each.reason} for each in refused]
            missing += [
                {"symbol": shelf.symbol, "reason": self._reason(shelf)}
                for shelf in shelves
                if not shelf.bars(1)
            ]
            known = [msgspec.Raw(shelf.body(ask.limit)) for shelf in shelves if shelf.bars(1)]
        body = frames.encode({"bars": known, "missing": missing})
        return Response(body, media_type="application/json", headers={"Cache-Control": "no-store"})

    def _reason(self, shelf: Shelf) -> str:
        topic = self._hub.topic(shelf.symbol)
        shown = topic.shown if topic is not None else None
        if shown is not None and shown.reason:
            return shown.reason
        return "no_bars" if shelf.has_history else "pending"

    def _ask(self, request: Request) -> tuple[BarsAsk, tuple[SymbolStatus, ...], Grant]:
        grant = self._require(request, ["prices"])
        asked = parse_symbols(request.query_params, self._settings, grant=grant)
        symbols, refused = admit(asked, self._hub.topics, grant.bringer)
        ask = parse_bars(request.query_params, tuple(sorted(symbols)))
        symbols, refused = without((ask.symbols, refused), self._hub.bars.beyond(ask.symbols, ask.interval))
        return replace(ask, symbols=symbols), refused, grant


async def _settle(book: BarBook, shelves: list[Shelf]) -> None:
    """Give bars that nobody asked for before a moment to come."""
    bell = asyncio.Event()
    book.bells.add(bell)
    try:
        async with asyncio.timeout(WAIT_S):
            while not all(shelf.is_settled for shelf in shelves):
                await bell.wait()
                bell.clear()
    except TimeoutError:
        # What is known by now is the answer; where the venue has no history nobody need wait again.
        for shelf in shelves:
            shelf.was_awaited = True
    finally:
        book.bells.discard(bell)
