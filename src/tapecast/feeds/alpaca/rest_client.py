"""One HTTP client of Alpaca's REST side: every call has a limit, every failure is a FeedError.

Through httpx, not alpaca-py: its REST client blocks, has no timeout, and its closed enums refuse a whole list
for one new value. FeedFatal means that the same call will fail again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final, Self

import httpx
import msgspec

from tapecast.errors import FeedError, FeedFatal, FeedTransient
from tapecast.feeds.alpaca.endpoint import keys
from tapecast.feeds.alpaca.rest_limit import RateLimit
from tapecast.settings import Settings

TRADING_URL: Final = "https://paper-api.alpaca.markets"
ANSWER_S: Final = 10.0
_STEP_S: Final = 5.0
ANSWER_BYTES: Final = 8_000_000
"""Some thousand positions, or a page of bars, are two; whatever sends more would fill our memory."""
# httpx logs every request at INFO; the seeds alone would fill the log.
logging.getLogger("httpx").setLevel(logging.WARNING)

decode: Final[Callable[[bytes], Any]] = msgspec.json.Decoder().decode
decode_exact: Final[Callable[[bytes], Any]] = msgspec.json.Decoder(float_hook=str).decode
"""A number with a fraction becomes its own digits: money never passes through a binary float."""
HEADROOM: Final = 50
"""Levels that are left for what is put round an answer, and for a caller that is deeper in the stack."""
MAX_BYTES: Final = 65_536
"""Of one order, position or event, of which the venue's own have some thousands: all clients are sent it."""
BAD_JSON: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class RestClient:
    """Gets JSON with the account's keys."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        limit: RateLimit | None = None,
        decode: Callable[[bytes], Any] = decode,
    ) -> None:
        self.limit = limit or RateLimit()
        # Sent since the start, and refused for their number.
        self.calls = 0
        self.limited = 0
        self._client = client
        self._decode = decode

    @classmethod
    def from_settings(cls, settings: Settings, decode: Callable[[bytes], Any] = decode) -> Self:
        """A client with the keys of the settings."""
        key, secret = keys(settings)
        headers = {
            "APCA-API-KEY-ID": key.get_secret_value(),
            "APCA-API-SECRET-KEY": secret.get_secret_value(),
        }
        return cls(httpx.AsyncClient(headers=headers, timeout=_STEP_S), decode=decode)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def get(self, url: str, params: dict[str, str] | None = None) -> object:
        """The answer. Raises FeedFatal or FeedTransient."""
        self.calls += 1
        try:
            # httpx limits each step; a server that drips bytes is limited here.
            async with asyncio.timeout(ANSWER_S):
                async with self._client.stream("GET", url, params=params) as response:
                    body = await _body(response)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise FeedTransient("rest_unreachable", f"{url}: {type(error).__name__}") from None
        self.limit.observe(response.headers)
        if response.status_code != 200:
            raise self._refused(url, response.status_code, body)
        if body is None:
            raise not_understood(url)
        try:
            return self._decode(body)
        except BAD_JSON:
            raise not_understood(url) from None

    def _refused(self, url: str, status: int, body: bytes | None) -> FeedError:
        message = f"{url} answered HTTP {status}"
        if status in (401, 403):
            if not _is_from_venue(body):
                return FeedTransient("rest_unavailable", f"{message}, and not in the venue's words", status)
            return FeedFatal("auth_failed", message, status)
        if status == 429:
            self.limited += 1
            return FeedTransient("rate_limited", message, status, retry_after=self.limit.until_reset())
        if 400 <= status < 500:
            return FeedFatal("request_refused", message, status)
        return FeedTransient("rest_unavailable", message, status)


async def _body(response: httpx.Response) -> bytes | None:
    """All of it, or None if it is larger than any answer of the venue's."""
    body = bytearray()
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > ANSWER_BYTES:
            return None
    return bytes(body)


def _is_from_venue(body: bytes | None) -> bool:
    """Whether the venue itself has refused, not a proxy on the way, which may think better of it."""
    try:
        told = decode(body or b"")
    except BAD_JSON:
        return False
    return isinstance(told, dict) and ("message" in told or "code" in told)


def not_understood(url: str) -> FeedTransient:
    """An answer that is no answer to what was asked."""
    return FeedTransient("rest_not_understood", f"the answer of {url} was not understood")


def is_sound(value: object) -> bool:
    """Whether it can be passed on: neither too large, nor nested as deep as could just be read."""
    for _ in range(HEADROOM):
        value = [value]
    try:
        return len(msgspec.json.encode(value)) <= MAX_BYTES
    except RecursionError:
        return False
