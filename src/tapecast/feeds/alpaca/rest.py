"""Alpaca's REST answers about markets: seeds, and the market clock.

Every error comes out as a FeedError; FeedFatal means that the same call will fail again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Final, Self

from tapecast.bars import Interval, VenueBar
from tapecast.errors import FeedFatal, FeedTransient
from tapecast.feeds.alpaca import bars, snapshots
from tapecast.feeds.alpaca.endpoint import options_feed
from tapecast.feeds.alpaca.hours import MarketClock
from tapecast.feeds.alpaca.pace import Pace
from tapecast.feeds.alpaca.rest_client import TRADING_URL, RestClient, not_understood
from tapecast.feeds.base import BarHistory
from tapecast.market import Market, Snapshot, market_of, parse_rfc3339, rfc3339
from tapecast.settings import Settings

DATA_URL: Final = "https://data.alpaca.markets"
_SNAPSHOTS: Final = {
    Market.US_EQUITY: "/v2/stocks/snapshots",
    Market.CRYPTO: "/v1beta3/crypto/us/snapshots",
    Market.US_OPTION: "/v1beta1/options/snapshots",
}
SYMBOLS_PER_CALL: Final = 100
"""Keeps the URL short enough for every proxy on the way."""
MAX_REFUSALS: Final = 16
"""Enough to find two bad symbols in a hundred; a batch refused for another reason ends here."""
PAGES_MOST: Final = 20
"""Of bars, in answer to one question."""
DELAYED_NS: Final = 16 * 60 * 1_000_000_000
"""A quarter of an hour by the venue's clock. A second less would be refused (403) without a larger plan."""


class AlpacaRest:
    """One account's REST client. Close it with `aclose`, or use it in `async with`."""

    def __init__(
        self,
        client: RestClient,
        data: str,
        trading: str,
        feeds: Mapping[Market, str],
        pace: Pace,
    ) -> None:
        self._client = client
        self._data = data
        self._trading = trading
        # The `feed` parameter of each market; crypto has none.
        self._feeds = feeds
        self._pace = pace

    @classmethod
    def from_settings(cls, settings: Settings, pace: Pace | None = None) -> Self:
        """A client for the account of the settings; those that share a `pace` share its budget."""
        return cls(
            RestClient.from_settings(settings),
            (settings.alpaca_data_url or DATA_URL).rstrip("/"),
            (settings.alpaca_trading_url or TRADING_URL).rstrip("/"),
            {
                # The test stream has no REST side.
                Market.US_EQUITY: "iex" if settings.alpaca_feed == "test" else settings.alpaca_feed,
                Market.US_OPTION: options_feed(settings),
            },
            pace or seed_pace(),
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def snapshots(self, symbols: Sequence[str]) -> list[Snapshot]:
        """What the venue knows of each symbol; symbols that it does not know are left out."""
        found: list[Snapshot] = []
        for market in _SNAPSHOTS:
            mine = [symbol for symbol in symbols if market_of(symbol) is market]
            for start in range(0, len(mine), SYMBOLS_PER_CALL):
                found += await self._snapshots(market, mine[start : start + SYMBOLS_PER_CALL])
        return found

    async def bars(self, symbols: Sequence[str], interval: Interval, since_ns: int) -> BarHistory:
        """The venue's bars of these symbols, all of one market, from then on."""
        market = market_of(symbols[0]) or Market.US_EQUITY
        params = {"symbols": ",".join(symbols), "timeframe": bars.TIMEFRAMES[interval]}
        params |= {"start": rfc3339(since_ns), "limit": str(bars.PAGE)}
        # Before the first page: what happens while they come may be in some and not in others.
        until_ns = time.time_ns()
        if market in self._feeds and market is not Market.US_OPTION:
            feed = self._feeds[market]
            params["feed"] = bars.FEEDS.get(feed, feed)
            if feed in bars.FEEDS:
                until_ns -= DELAYED_NS
                params["end"] = rfc3339(until_ns)
        if since_ns >= until_ns:
            return BarHistory(until_ns, {})
        found: dict[str, list[VenueBar]] = {}
        for _ in range(PAGES_MOST):
            page, token = await self._page(bars.PATHS[market], params)
            for symbol, each in page.items():
                found.setdefault(symbol, []).extend(bars.read(symbol, each, interval))
                # Some ten milliseconds for a symbol of days: the stream's reader must not wait for all.
                await asyncio.sleep(0)
            if not token:
                break
            params["page_token"] = token
        return BarHistory(until_ns, found)

    async def _page(self, path: str, params: dict[str, str]) -> tuple[dict[str, list[object]], str]:
        if wait_s := self._client.limit.scarce_s:
            # Those that are left are for whoever trades.
            raise FeedTransient("rate_limited", "few REST calls are left to the account", retry_after=wait_s)
        await self._pace.wait()
        answer = await self._client.get(self._data + path, params)
        try:
            return bars.page(answer)
        except ValueError:
            raise not_understood(path) from None

    async def clock(self) -> MarketClock:
        """Whether the exchanges are in session, and until when."""
        url = self._trading + "/v2/clock"
        answer = await self._client.get(url)
        if not isinstance(answer, dict):
            raise not_understood(url)
        is_open = answer.get("is_open")
        change = answer.get("next_close" if is_open else "next_open")
        if not isinstance(is_open, bool) or not isinstance(change, str):
            raise not_understood(url)
        try:
            return MarketClock(is_open, parse_rfc3339(change))
        except ValueError:
            raise not_understood(url) from None

    async def _snapshots(self, market: Market, symbols: list[str]) -> list[Snapshot]:
        found: list[Snapshot] = []
        pieces, refusals = [symbols], 0
        while pieces and refusals <= MAX_REFUSALS:
            piece = pieces.pop()
            try:
                found += await self._snapshots_of(market, piece)
            except FeedFatal as error:
                if error.code not in (400, 422):
                    raise
                # One bad symbol refuses the batch: halve it until that one stands alone, and leave it out.
                refusals += 1
                half = len(piece) // 2
                pieces += [piece[half:], piece[:half]] if half else []
        return found

    async def _snapshots_of(self, market: Market, symbols: list[str]) -> list[Snapshot]:
        params = {"symbols": ",".join(symbols)}
        if market in self._feeds:
            params["feed"] = self._feeds[market]
        await self._pace.wait()
        ts_asked = time.time_ns() // 1000
        answer = await self._client.get(self._data + _SNAPSHOTS[market], params)
        return snapshots.read(answer, ts_asked, time.time_ns() // 1000)


def seed_pace() -> Pace:
    """One call a second, three at once: what the seeds of one account may use."""
    return Pace(per_second=1.0, burst=3)
