"""The REST half: latest trades and quotes, snapshots, clock. What is about the account is in `paper/rest.py`.

Answers have the shapes that the venue's documents and alpaca-py agree on. The data host refuses wrong keys
with 403, the trading host with 401; crypto data needs no keys.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any, Final, cast

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tapecast.market import Market, market_of
from tapecast.simulator import hours, wire
from tapecast.simulator.config import SimulatorConfig
from tapecast.simulator.exchange import Exchange
from tapecast.simulator.ledger import Image

Part = Callable[[Image], dict[str, Any] | None]
"""What is told of an image; None where it has no such part."""

_OPTIONS_PER_CALL: Final = 100

UNAUTHORIZED: Final = (401, "unauthorized.")
_FORBIDDEN: Final = (403, "forbidden.")


def json(content: object, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(msgspec.json.encode(content), status, media_type="application/json")


async def on_error(_: Request, error: Exception) -> Response:
    """The answer to every HTTPException, ours or of the router: the venue's one field."""
    refused = cast("HTTPException", error)
    return json({"message": refused.detail}, refused.status_code)


def check_keys(request: Request, config: SimulatorConfig, refusal: tuple[int, str]) -> None:
    """Let a request with the right keys pass. Raises HTTPException."""
    given = (request.headers.get(f"apca-api-{name}") for name in ("key-id", "secret-key"))
    if not config.accepts(*given):
        raise HTTPException(*refusal)


class Rest:
    """Every REST path, over one market."""

    def __init__(self, market: Exchange, config: SimulatorConfig) -> None:
        self._market = market
        self._config = config

    def routes(self) -> list[Route]:
        """What to serve where."""
        stocks, crypto, options = "/v2/stocks", "/v1beta3/crypto/{loc}", "/v1beta1/options"
        return [
            Route(f"{stocks}/trades/latest", self._stocks("trades", _trade)),
            Route(f"{stocks}/quotes/latest", self._stocks("quotes", _quote)),
            Route(f"{stocks}/snapshots", self._stocks(None, wire.snapshot)),
            Route(f"{crypto}/latest/trades", self._crypto("trades", _trade)),
            Route(f"{crypto}/latest/quotes", self._crypto("quotes", _quote)),
            Route(f"{crypto}/snapshots", self._crypto("snapshots", wire.snapshot)),
            Route(f"{options}/trades/latest", self._options("trades", _trade)),
            Route(f"{options}/quotes/latest", self._options("quotes", _quote)),
            Route(f"{options}/snapshots", self._options("snapshots", wire.snapshot)),
            Route("/v2/clock", self._clock),
        ]

    def _stocks(self, key: str | None, part: Part) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            self._check_keys(request, _FORBIDDEN)
            found = self._images(_symbols(request, Market.US_EQUITY), part)
            # Snapshots of stocks, alone among these answers, are not wrapped in a key.
            return json({key: found} if key else found)

        return answer

    def _crypto(self, key: str, part: Part) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            if "apca-api-key-id" in request.headers:
                self._check_keys(request, _FORBIDDEN)
            return json({key: self._images(_symbols(request, Market.CRYPTO), part)})

        return answer

    def _options(self, key: str, part: Part) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            self._check_keys(request, _FORBIDDEN)
            symbols = _symbols(request, Market.US_OPTION)
            if len(symbols) > _OPTIONS_PER_CALL:
                raise HTTPException(400, f"too many symbols: at most {_OPTIONS_PER_CALL}")
            found = {key: self._images(symbols, part)}
            return json(found | {"next_page_token": None} if key == "snapshots" else found)

        return answer

    def _images(self, symbols: Iterable[str], part: Part) -> dict[str, Any]:
        now = time.time_ns()
        images = {symbol: self._market.image(symbol, now) for symbol in symbols}
        found = {symbol: part(image) for symbol, image in images.items() if image is not None}
        return {symbol: each for symbol, each in found.items() if each is not None}

    async def _clock(self, request: Request) -> Response:
        self._check_keys(request, UNAUTHORIZED)
        now = time.time_ns()
        is_open = self._market.in_session(now)
        next_open, next_close = hours.next_session(now, self._market.holidays, is_open=is_open)
        return json(
            {
                "timestamp": hours.in_new_york(now),
                "is_open": is_open,
                "next_open": hours.in_new_york(next_open),
                "next_close": hours.in_new_york(next_close),
            }
        )

    def _check_keys(self, request: Request, refusal: tuple[int, str]) -> None:
        check_keys(request, self._config, refusal)


def _trade(image: Image) -> dict[str, Any]:
    return wire.trade(image.trade)


def _quote(image: Image) -> dict[str, Any] | None:
    return wire.quote(image.quote) if image.quote is not None else None


def _symbols(request: Request, market: Market) -> list[str]:
    symbols = [each for each in request.query_params.get("symbols", "").split(",") if each]
    if not symbols:
        raise HTTPException(400, "symbols is required")
    for symbol in symbols:
        if market_of(symbol) is not market:
            raise HTTPException(400, f"invalid symbol: {symbol}")
    return symbols
