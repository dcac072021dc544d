"""A conflator and its flusher, with clock and publisher in the hands of the test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from inspect import isawaitable
from typing import cast

from tapecast.bus import codec
from tapecast.bus.publisher import Publisher, Retired, Write
from tapecast.clock import Clock
from tapecast.ingest.conflator import Conflator
from tapecast.ingest.flusher import Flusher
from tapecast.market import Cancel, Quote, Tick, Trade
from tests.support import eventually

NOON_NS = 1_768_000_000_000_000_000


class Time:
    """Both clocks, moved by the test."""

    def __init__(self) -> None:
        self.wall = 1_700_000_000.0
        self.mono = 1000.0
        self.clock = Clock(now=lambda: self.mono, wall=lambda: self.wall)


class Recorder:
    """Stands for the publisher: records each call, may fail, may be slow."""

    def __init__(self) -> None:
        self.calls: list[list[Write]] = []
        self.good_for: list[float] = []
        self.retired: list[Retired] = []
        # Which calls came, one after the other.
        self.order: list[str] = []
        # What the next calls do, in order; None: succeed.
        self.errors: list[Exception | None] = []
        # Awaited inside each call, before it is recorded.
        self.meanwhile: Callable[[], Awaitable[object]] | None = None

    async def publish(self, writes: Sequence[Write], good_for_s: float) -> None:
        """Record a call, or fail."""
        await self._call("publish")
        self.calls.append(list(writes))
        self.good_for.append(good_for_s)

    async def retire(self, retired: Sequence[Retired]) -> None:
        """Record a deletion, or fail."""
        await self._call("retire")
        self.retired += retired

    async def _call(self, name: str) -> None:
        if self.meanwhile is not None:
            await self.meanwhile()
        if self.errors and (error := self.errors.pop(0)) is not None:
            raise error
        self.order.append(name)

    def next_call(self, action: Callable[[], object]) -> None:
        """Do something, and wait for it if it can be waited for, while the next call is on its way."""

        async def meanwhile() -> None:
            self.meanwhile = None
            result = action()
            if isawaitable(result):
                await result

        self.meanwhile = meanwhile

    def writes(self, *, publish: bool = True) -> list[Write]:
        """All that was published, or all that was refreshed."""
        return [write for call in self.calls for write in call if write.publish is publish]

    def ticks(self) -> list[Tick]:
        """All that was published, decoded."""
        return [codec.decode_tick(write.data) for write in self.writes()]


class Bench:
    """Both, with everything around them in the hands of the test."""

    def __init__(self, *symbols: str) -> None:
        self.time = Time()
        self.out = Recorder()
        self.good_for_s = 5.0
        self.conflator = Conflator(7, self.time.clock)
        publisher = cast("Publisher", self.out)
        # What the flusher has said of Redis's refusals, one after each flush.
        self.refusals: list[str] = []
        self.flusher = Flusher(
            "iex", self.conflator, publisher, lambda: self.good_for_s, self.time.clock, self.refusals.append
        )
        self.keep(*symbols)
        self._ns = NOON_NS

    def keep(self, *symbols: str) -> None:
        """These are wanted, and the venue has confirmed them."""
        self.conflator.keep(symbols)
        self.conflator.on_subscribed(frozenset(symbols))

    def new_session(self, *symbols: str) -> None:
        """The venue was lost, and is back with these."""
        self.conflator.on_session()
        self.conflator.on_subscribed(frozenset(symbols))

    def trade(self, symbol: str, price: float) -> None:
        """A print, later than the one before."""
        self._ns += 1
        self.conflator.on_trade(Trade(symbol, price, 1.0, self._ns, self.time.clock.micros(), self._ns))

    def cancel(self, symbol: str) -> None:
        """The print before, which was of this symbol, never was."""
        self.conflator.on_cancel(Cancel(symbol, self._ns, "", self.time.clock.micros()))

    def quote(self, symbol: str, bid: float) -> None:
        """A quote, later than the one before."""
        self._ns += 1
        self.conflator.on_quote(Quote(symbol, bid, bid + 1, 1.0, 1.0, self._ns, 1))

    @asynccontextmanager
    async def flushing(self) -> AsyncIterator[None]:
        """The flusher runs."""
        task = asyncio.create_task(self.flusher.flush_forever())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def published(self, count: int) -> list[Tick]:
        """The published ticks, once there are that many."""
        await eventually(lambda: len(self.out.writes()) >= count, f"{count} ticks published")
        return self.out.ticks()

    async def publish(self, symbol: str, price: float) -> None:
        """Let one trade be published, and stop the flusher."""
        async with self.flushing():
            self.trade(symbol, price)
            await self.published(len(self.out.writes()) + 1)
