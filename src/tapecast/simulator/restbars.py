"""The venue's bars by REST, in pages: minutes that are over, and longer bars that are made of them.

A page has `limit` bars of all symbols together, symbol by symbol, and the name of the next one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tapecast.market import Market, parse_rfc3339
from tapecast.simulator import wire
from tapecast.simulator.config import SimulatorConfig
from tapecast.simulator.exchange import Exchange
from tapecast.simulator.hours import DAY, MINUTE
from tapecast.simulator.rest import Rest, _symbols, json

TIMEFRAMES: Final = {"1Min": MINUTE, "5Min": 5 * MINUTE, "15Min": 15 * MINUTE, "1Hour": 60 * MINUTE}
PAGE: Final = 1000
PAGE_MOST: Final = 10_000
_FORBIDDEN: Final = (403, "forbidden.")


class RestBars(Rest):
    """The three paths, over one market."""

    def __init__(self, market: Exchange, config: SimulatorConfig) -> None:
        super().__init__(market, config)
        self._market = market

    def routes(self) -> list[Route]:
        """What to serve where."""
        return [
            Route("/v2/stocks/bars", self._bars(Market.US_EQUITY)),
            Route("/v1beta3/crypto/{loc}/bars", self._bars(Market.CRYPTO)),
            Route("/v1beta1/options/bars", self._bars(Market.US_OPTION)),
        ]

    def _bars(self, market: Market) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            if market is not Market.CRYPTO or "apca-api-key-id" in request.headers:
                self._check_keys(request, _FORBIDDEN)
            query, now = request.query_params, time.time_ns()
            length_ns = TIMEFRAMES.get(query.get("timeframe", ""))
            if length_ns is None:
                raise HTTPException(400, "invalid timeframe")
            from_ns = _ns(query.get("start"), now - DAY)
            bars = [
                (symbol, wire.bar(bar))
                for symbol in sorted(set(_symbols(request, market)))
                for bar in self._market.bars(symbol, from_ns, length_ns, now)
            ]
            return json(_page(bars, _count(query.get("page_token"), 0), _count(query.get("limit"), PAGE)))

        return answer


def _page(bars: list[tuple[str, dict[str, Any]]], first: int, limit: int) -> dict[str, Any]:
    limit = min(max(1, limit), PAGE_MOST)
    found: dict[str, list[dict[str, Any]]] = {}
    for symbol, bar in bars[first : first + limit]:
        found.setdefault(symbol, []).append(bar)
    after = first + limit
    return {"bars": found, "next_page_token": str(after) if after < len(bars) else None}


def _ns(text: str | None, default_ns: int) -> int:
    try:
        return default_ns if text is None else parse_rfc3339(text)
    except ValueError:
        raise HTTPException(400, f"invalid start: {text}") from None


def _count(text: str | None, default: int) -> int:
    if text is None:
        return default
    if not text.isdecimal():
        raise HTTPException(400, f"not a number: {text}")
    return int(text)
