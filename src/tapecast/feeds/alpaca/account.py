"""The account at Alpaca: what REST says of it, and its order events. Implements ingest's AccountSource."""

from __future__ import annotations

from typing import Never, Self

from tapecast.errors import SettingsError
from tapecast.feeds.alpaca.account_pairs import Fields, Pairs
from tapecast.feeds.alpaca.account_rest import AccountRest, Listing
from tapecast.feeds.alpaca.limits import Limits
from tapecast.feeds.alpaca.rest_client import TRADING_URL, RestClient, decode_exact
from tapecast.feeds.alpaca.trading import LIMITS, TradingFeed, TradingListener, trading_endpoint
from tapecast.settings import Settings


class AlpacaAccount:
    """One account. Close it with `aclose`, or use it in `async with`."""

    def __init__(self, settings: Settings, limits: Limits = LIMITS) -> None:
        self.simulated = settings.feed == "simulated"
        if self.simulated and settings.alpaca_trading_url is None:
            # A real account under the name of a simulated one would be believed by nobody.
            raise SettingsError("FEED=simulated needs ALPACA_TRADING_URL of a simulator")
        base = (settings.alpaca_trading_url or TRADING_URL).rstrip("/")
        pairs = Pairs()
        self._client = RestClient.from_settings(settings, decode_exact)
        self._rest = AccountRest(self._client, base, pairs)
        self._feed = TradingFeed(trading_endpoint(settings), pairs, limits)

    @property
    def calls(self) -> int:
        """REST calls since the start."""
        return self._client.calls

    @property
    def limited(self) -> int:
        """How many of them the venue refused for their number."""
        return self._client.limited

    @property
    def is_scarce(self) -> bool:
        """Whether few calls are left until the next minute, for this and all other programs."""
        return self._client.limit.is_scarce

    @property
    def scarce_s(self) -> float:
        """How long they will be few; 0 if they are not."""
        return self._client.limit.scarce_s

    @property
    def reconnects(self) -> int:
        """How often the trading stream was lost since the start."""
        return self._feed.reconnects

    async def positions(self) -> Listing:
        """The open positions. Raises FeedError."""
        return await self._rest.positions()

    async def figures(self) -> Fields:
        """Equity, cash, buying power and the like. Raises FeedError."""
        return await self._rest.figures()

    async def orders(self) -> Listing:
        """The recent orders, newest first. Raises FeedError."""
        return await self._rest.orders()

    async def run(self, listener: TradingListener) -> Never:
        """Hold the trading stream. Cancelling closes the socket. Raises FeedFatal where keys are refused."""
        await self._feed.run(listener)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()
