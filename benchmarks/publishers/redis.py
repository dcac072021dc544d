"""Ticks into Redis as ingest writes them: under a lease, through the fence, with a beat each second.

    python -m benchmarks.publishers.redis REDIS_URL RATE SYMBOL,SYMBOL,...

RATE is updates per second and symbol.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence
from typing import Final

from benchmarks.pace import STEP_S
from benchmarks.ticks import tick
from tapecast.bus import codec
from tapecast.bus.connection import open_bus
from tapecast.bus.keys import BEAT_EVERY_S, REFRESH_EVERY_S
from tapecast.bus.lease import Lease
from tapecast.bus.publisher import Publisher, Write
from tapecast.market import FeedState, Market

TTL_S: Final = 5.0
LAST_TTL_S: Final = 60


async def publish(publisher: Publisher, symbols: Sequence[str], rate: float, epoch: int) -> None:
    """Every symbol in turn, spread evenly; what was not due for two seconds is written again, unpublished."""
    began, done = time.monotonic(), 0
    newest: dict[str, tuple[float, bytes]] = {}
    while True:
        now = time.monotonic()
        wanted = int((now - began) * rate * len(symbols))
        writes = []
        for number in range(done, wanted):
            symbol = symbols[number % len(symbols)]
            data = tick(symbol, number, epoch, time.time_ns() // 1000)
            writes.append(Write(symbol, data, last=number < len(symbols), publish=True))
            newest[symbol] = (now, data)
        for symbol, (written, data) in newest.items():
            if now - written > REFRESH_EVERY_S:
                writes.append(Write(symbol, data, last=False, publish=False))
                newest[symbol] = (now, data)
        done = wanted
        if writes:
            await publisher.publish(writes, TTL_S)
        await asyncio.sleep(STEP_S)


async def beat(publisher: Publisher, epoch: int) -> None:
    """The pulse."""
    while True:
        now_us = time.time_ns() // 1000
        await publisher.beat(codec.Beat(Market.US_EQUITY, epoch, 1, FeedState.LIVE, now_us, feed="iex"))
        await asyncio.sleep(BEAT_EVERY_S)


async def first_image(publisher: Publisher, symbols: Sequence[str], epoch: int) -> None:
    """A price for every symbol, so that nobody starts without one."""
    now_us = time.time_ns() // 1000
    writes = [Write(symbol, tick(symbol, 0, epoch, now_us), last=True, publish=True) for symbol in symbols]
    await publisher.publish(writes, TTL_S)


async def main(url: str, rate: float, symbols: Sequence[str]) -> None:
    """Publish until ended."""
    async with open_bus(url) as bus:
        lease = Lease(bus, Market.US_EQUITY, "benchmark")
        await lease.wait()
        publisher = Publisher(bus, lease, LAST_TTL_S)
        await first_image(publisher, symbols, lease.epoch)
        print("ready", flush=True)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(lease.keep())
            tasks.create_task(beat(publisher, lease.epoch))
            tasks.create_task(publish(publisher, symbols, rate, lease.epoch))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2]), sys.argv[3].split(",")))
