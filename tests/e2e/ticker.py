"""Ticks on the bus without an ingest: as many and as fast as a test likes, each with its time."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from tapecast.bus.connection import Bus
from tests.api.support import beating, tick
from tests.e2e.wire import Heard
from tests.support import eventually


class Ticker:
    """Publishes ticks as ingest does. Their `ts_recv` is when they were published."""

    def __init__(self, bus: Bus, symbols: Sequence[str]) -> None:
        self.bus = bus
        self.symbols = symbols
        self.path = f"/stream/prices?symbols={','.join(symbols)}"
        self.seq = 0

    async def publish(self, rounds: int = 1) -> None:
        """The next update of each symbol, so many times."""
        channel, price = self.bus.keys.channel, self.bus.keys.price
        async with self.bus.redis.pipeline(transaction=False) as pipe:
            for _ in range(rounds):
                self.seq += 1
                for symbol in self.symbols:
                    pipe.publish(channel(price(symbol)), self._tick(symbol))
            for symbol in self.symbols:
                pipe.set(price(symbol), self._tick(symbol), ex=5)
            await pipe.execute()

    def _tick(self, symbol: str) -> bytes:
        last = 100 + self.seq / 100
        return tick(
            symbol, self.seq, last, size=100.0, bid=last - 0.01, ask=last + 0.01, bid_size=200.0,
            ask_size=300.0, ts_recv=time.time_ns() // 1000,
        )  # fmt: skip

    def reached(self, reader: Heard) -> bool:
        """Whether this client has the newest tick of every symbol."""
        return all(reader.newest.get(symbol, (0, 0))[1] == self.seq for symbol in self.symbols)

    async def reaches(self, reader: Heard) -> None:
        """Wait until a client that reads in the background has the newest of everything."""
        await eventually(lambda: self.reached(reader), lambda: f"seq {self.seq} in {reader.newest}")


@asynccontextmanager
async def ticking(bus: Bus, symbols: Sequence[str]) -> AsyncIterator[Ticker]:
    """Live symbols, each with a price."""
    ticker = Ticker(bus, symbols)
    async with beating(bus):
        await ticker.publish()
        yield ticker
