"""`POST /tickets`: where your server gets tickets for its pages."""

from __future__ import annotations

import asyncio
import secrets
from typing import Final

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from tapecast.api.auth import Guard
from tapecast.api.symbols import printable, upper
from tapecast.api.tickets import Wish
from tapecast.errors import ClientError
from tapecast.market import market_of

MOST_SYMBOLS: Final = 200
"""Of one ticket: it travels in a URL."""
BODY_BYTES: Final = 16 * 1024
BODY_S: Final = 10.0
"""For a body to come in: else a request would be waited for as long as its client likes."""

_decode = msgspec.json.Decoder(Wish).decode


class Desk:
    """The endpoint."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    async def tickets(self, request: Request) -> Response:
        """A ticket for all that the token may read, or for what the body asks for of that."""
        # The credential first: nobody else is told what a body should look like, or has one read.
        self._guard.require_token(request)
        wish = _checked(await _body(request))
        ticket, expires_in = self._guard.ticket(request, wish, secrets.token_urlsafe(9))
        return JSONResponse(
            {"ticket": ticket, "expires_in": expires_in}, headers={"Cache-Control": "no-store"}
        )


async def _body(request: Request) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_S):
            async for part in request.stream():
                body += part
                if len(body) > BODY_BYTES:
                    raise ClientError(413, "body_too_large", f"a body is at most {BODY_BYTES} bytes here")
    except TimeoutError:
        raise ClientError(400, "body_invalid", f"the body did not come within {BODY_S:g} s") from None
    except ClientDisconnect:
        raise ClientError(400, "body_invalid", "the body did not come to its end") from None
    return bytes(body)


def _checked(body: bytes) -> Wish:
    try:
        wish = _decode(body) if body.strip() else Wish()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ClientError(400, "body_invalid", f"not {{streams, symbols, ttl_s}} as JSON: {error}") from None
    if wish.streams is not None and not wish.streams:
        raise ClientError(400, "body_invalid", "streams: name at least one, or leave it out for all")
    if wish.ttl_s is not None and (wish.ttl_s < 1 or wish.ttl_s % 1):
        raise ClientError(400, "body_invalid", "ttl_s: a whole number of seconds, at least 1")
    return wish if wish.symbols is None else msgspec.structs.replace(wish, symbols=_symbols(wish.symbols))


def _symbols(asked: list[str]) -> list[str]:
    symbols = sorted({upper(symbol.strip()) for symbol in asked})
    if not symbols:
        raise ClientError(400, "symbols_missing", "symbols: name at least one, or leave it out for all")
    if len(symbols) > MOST_SYMBOLS:
        raise ClientError(
            400, "too_many_symbols", f"a ticket is for {MOST_SYMBOLS} symbols at the most, or for all"
        )
    for symbol in symbols:
        if market_of(symbol) is None:
            raise ClientError(400, "symbol_invalid", f"{printable(symbol)!r} is not a symbol")
    return symbols
