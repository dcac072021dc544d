"""A feed that does what the test says."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Sequence
from typing import Never

from tapecast.bars import Interval
from tapecast.errors import FeedError, FeedFatal
from tapecast.feeds.base import NO_HISTORY, BarHistory, FeedListener
from tapecast.market import FeedState, Market, Trade


class FakeFeed:
    """Implements Feed; the test speaks through `listener` once `running` is set."""

    def __init__(self, market: Market = Market.US_EQUITY, *, simulated: bool = True) -> None:
        self.market = market
        self.name = "simulated" if simulated else "iex"
        self.simulated = simulated
        self.reconnects = 0
        self.resubscribed = 0
        # None: just now, as of a venue that answers every ping.
        self._last_heard: float | None = 0.0
        self.wanted: list[tuple[str, ...]] = []
        self.reseeded: list[str] = []
        self.barred: frozenset[str] = frozenset()
        # What it was asked of bars, and what it answers; None: it has none.
        self.asked: list[tuple[tuple[str, ...], Interval, int]] = []
        self.history: BarHistory | None = None
        self.failure: FeedError | None = None
        self.listener: FeedListener | None = None
        self.running = asyncio.Event()
        self.ran = 0
        self.fatal: FeedFatal | None = None

    @property
    def last_heard(self) -> float:
        return time.monotonic() if self._last_heard is None else self._last_heard

    @last_heard.setter
    def last_heard(self, at: float | None) -> None:
        self._last_heard = at

    def want(self, symbols: Sequence[str]) -> None:
        self.wanted.append(tuple(symbols))

    def reseed(self, symbols: Sequence[str]) -> None:
        self.reseeded += symbols

    def want_bars(self, symbols: Collection[str]) -> None:
        self.barred = frozenset(symbols)

    async def bars(self, symbols: Sequence[str], interval: Interval, since_ns: int) -> BarHistory:
        self.asked.append((tuple(symbols), interval, since_ns))
        if self.failure is not None:
            raise self.failure
        if self.history is None:
            raise FeedFatal(NO_HISTORY, "none was given")
        return self.history

    async def run(self, listener: FeedListener) -> Never:
        self.ran += 1
        self.listener = listener
        if self.fatal is not None:
            raise self.fatal
        self.running.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.running.clear()
        raise AssertionError

    async def go_live(self, *symbols: str) -> FeedListener:
        """As a feed does when its session is up and has confirmed these symbols."""
        async with asyncio.timeout(30):
            await self.running.wait()
        assert self.listener is not None
        self.listener.on_session()
        self.last_heard = None
        self.listener.on_state(FeedState.LIVE)
        self.listener.on_subscribed(frozenset(symbols))
        return self.listener

    def trade(self, symbol: str, price: float) -> None:
        """A print, now."""
        assert self.listener is not None
        now = time.time()
        self.last_heard = None
        self.listener.on_trade(Trade(symbol, price, 1.0, int(now * 1e9), int(now * 1e6)))
