"""Alpaca's REST answers: seeds, the market clock, and the account's positions.

Through httpx, not alpaca-py: its REST client blocks, has no timeout, and its closed enums refuse a whole list
for one new value. Every error comes out as a FeedError; FeedFatal means that the same call will fail again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from typing import Final, Self

import httpx
import msgspec

from tapecast.bars import Interval, VenueBar
from tapecast.errors import FeedError, FeedFatal, FeedTransient
from tapecast.feeds.alpaca import bars, snapshots
from tapecast.feeds.alpaca.endpoint import keys, options_feed
from tapecast.feeds.alpaca.hours import MarketClock
from tapecast.feeds.alpaca.pace import Pace
from tapecast.feeds.base import BarHistory
from tapecast.market import Market, Snapshot, market_of, parse_rfc3339, rfc3339
from tapecast.settings import Settings

DATA_URL: Final = "https://data.alpaca.markets"
TRADING_URL: Final = "https://paper-api.alpaca.markets"
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
DELAYED_NS: Final = 15 * 60 * 1_000_000_000
ANSWER_S: Final = 10.0
_STEP_S: Final = 5.0
# httpx logs every request at INFO; the seeds alone would fill the log.
logging.getLogger("httpx").setLevel(logging.WARNING)


class AlpacaRest:
    """One account's REST client. Close it with `aclose`, or use it in `async with`."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        data: str,
        trading: str,
        feeds: Mapping[Market, str],
        pace: Pace,
        *,
        simulated: bool,
    ) -> None:
        self.simulated = simulated
        self._client = client
        self._data = data
        self._trading = trading
        # The `feed` parameter of each market; crypto has none.
        self._feeds = feeds
        self._pace = pace
        # How positions spell each pair, and how everything else does; asked for once.
        self._pairs: dict[str, str] = {}

    @classmethod
    def from_settings(cls, settings: Settings, pace: Pace | None = None) -> Self:
        """A client for the account of the settings; those that share a `pace` share its budget."""
        key, secret = keys(settings)
        headers = {
            "APCA-API-KEY-ID": key.get_secret_value(),
            "APCA-API-SECRET-KEY": secret.get_secret_value(),
        }
        return cls(
            httpx.AsyncClient(headers=headers, timeout=_STEP_S),
            (settings.alpaca_data_url or DATA_URL).rstrip("/"),
            (settings.alpaca_trading_url or TRADING_URL).rstrip("/"),
            {
                # The test stream has no REST side.
                Market.US_EQUITY: "iex" if settings.alpaca_feed == "test" else settings.alpaca_feed,
                Market.US_OPTION: options_feed(settings),
            },
            pace or seed_pace(),
            simulated=settings.feed == "simulated",
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
        if market in self._feeds and market is not Market.US_OPTION:
            params["feed"] = self._feeds[market]
        found: dict[str, list[VenueBar]] = {}
        # Before the first page: what happens while they come may be in some and not in others.
        until_ns = time.time_ns() - (DELAYED_NS if params.get("feed") == "delayed_sip" else 0)
        for _ in range(PAGES_MOST):
            await self._pace.wait()
            path = bars.PATHS[market]
            answer = await self._get(self._data + path, params)
            try:
                page, token = bars.page(answer)
            except ValueError:
                raise _not_understood(path) from None
            for symbol, each in page.items():
                found.setdefault(symbol, []).extend(each)
            if not token:
                break
            params["page_token"] = token
        return BarHistory(until_ns, found)

    async def clock(self) -> MarketClock:
        """Whether the exchanges are in session, and until when."""
        answer = await self._object("/v2/clock")
        is_open = answer.get("is_open")
        change = answer.get("next_close" if is_open else "next_open")
        if not isinstance(is_open, bool) or not isinstance(change, str):
            raise _not_understood("/v2/clock")
        try:
            return MarketClock(is_open, parse_rfc3339(change))
        except ValueError:
            raise _not_understood("/v2/clock") from None

    async def positions(self) -> list[dict[str, object]]:
        """The open positions: the venue's names and decimal strings, crypto spelled as on the stream."""
        positions = await self._list("/v2/positions")
        crypto = [each for each in positions if each.get("asset_class") == "crypto"]
        if any(each.get("symbol") not in self._pairs for each in crypto):
            self._pairs = await self.assets_crypto()
        for each in crypto:
            each["symbol"] = self._pairs.get(str(each.get("symbol")), each.get("symbol"))
        return positions

    async def account(self) -> str:
        """The account's number."""
        answer = await self._object("/v2/account")
        return str(answer.get("account_number") or answer.get("id") or "")

    async def assets_crypto(self) -> dict[str, str]:
        """How positions spell each pair, and how everything else does: BTCUSD to BTC/USD."""
        assets = await self._list("/v2/assets", {"asset_class": "crypto"})
        symbols = [asset.get("symbol") for asset in assets]
        return {s.replace("/", ""): s for s in symbols if isinstance(s, str) and "/" in s}

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
        answer = await self._get(self._data + _SNAPSHOTS[market], params)
        return snapshots.read(answer, ts_asked, time.time_ns() // 1000)

    async def _object(self, path: str) -> dict[str, object]:
        answer = await self._get(self._trading + path)
        if not isinstance(answer, dict):
            raise _not_understood(path)
        return answer

    async def _list(self, path: str, params: dict[str, str] | None = None) -> list[dict[str, object]]:
        answer = await self._get(self._trading + path, params)
        if not isinstance(answer, list):
            raise _not_understood(path)
        return [item for item in answer if isinstance(item, dict)]

    async def _get(self, url: str, params: dict[str, str] | None = None) -> object:
        try:
            # httpx limits each step; a server that drips bytes is limited here.
            async with asyncio.timeout(ANSWER_S):
                response = await self._client.get(url, params=params)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise FeedTransient("rest_unreachable", f"{url}: {type(error).__name__}") from None
        if response.status_code != 200:
            raise _refused(url, response.status_code)
        try:
            return msgspec.json.decode(response.content)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise _not_understood(url) from None


def seed_pace() -> Pace:
    """One call a second, three at once: what the seeds of one account may use."""
    return Pace(per_second=1.0, burst=3)


def _refused(url: str, status: int) -> FeedError:
    message = f"{url} answered HTTP {status}"
    if status in (401, 403):
        return FeedFatal("auth_failed", message, status)
    if status == 429:
        return FeedTransient("rate_limited", message, status, retry_after=15.0)
    if 400 <= status < 500:
        return FeedFatal("request_refused", message, status)
    return FeedTransient("rest_unavailable", message, status)


def _not_understood(url: str) -> FeedTransient:
    return FeedTransient("rest_not_understood", f"the answer of {url} was not understood")
