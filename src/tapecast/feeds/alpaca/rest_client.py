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
                response = await self._client.get(url, params=params)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise FeedTransient("rest_unreachable", f"{url}: {type(error).__name__}") from None
        self.limit.observe(response.headers)
        if response.status_code != 200:
            raise self._refused(url, response.status_code)
        try:
            return self._decode(response.content)
        except BAD_JSON:
            raise not_understood(url) from None

    def _refused(self, url: str, status: int) -> FeedError:
        message = f"{url} answered HTTP {status}"
        if status in (401, 403):
            return FeedFatal("auth_failed", message, status)
        if status == 429:
            self.limited += 1
            return FeedTransient("rate_limited", message, status, retry_after=self.limit.until_reset())
        if 400 <= status < 500:
            return FeedFatal("request_refused", message, status)
        return FeedTransient("rest_unavailable", message, status)


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
