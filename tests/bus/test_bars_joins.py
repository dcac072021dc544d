"""Bars on the api's one link to a real Valkey: joined without a hole, read anew when that is said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tapecast.bars import Bar, Interval
from tapecast.bus.bars import BarIndex, Stored, Told, decode_bar, decode_bar_message, write_bars
from tapecast.bus.bars_joins import BarsOf
from tapecast.bus.connection import Bus
from tapecast.bus.fence import Fence
from tapecast.bus.lease import Lease
from tapecast.bus.subscriber import Subscriber
from tests.bus.test_subscriber import Hub
from tests.support import eventually

AAPL: BarsOf = ("AAPL", Interval.SECOND)
MSFT: BarsOf = ("MSFT", Interval.MINUTE)


class Ears:
    """Records all that is said of bars: the seqs of what was told and of what was stored."""

    def __init__(self) -> None:
        self.told: list[tuple[BarsOf, list[int]]] = []
        self.stored: list[tuple[BarsOf, list[int]]] = []

    def on_bars(self, of: BarsOf, data: bytes) -> None:
        bars = decode_bar_message(data).bars
        self.told.append((of, [decode_bar(bytes(bar)).seq for bar in bars]))

    def on_bars_stored(self, of: BarsOf, stored: Stored) -> None:
        self.stored.append((of, [decode_bar(bytes(bar)).seq for bar in stored.bars]))


@pytest.fixture
async def fence(bus: Bus) -> Fence:
    """Writes under a lease that is held."""
    lease = Lease(bus, "us_equity", "holder")
    assert await lease.acquire()
    return Fence(bus, lease)


@asynccontextmanager
async def listening(bus: Bus) -> AsyncIterator[tuple[Subscriber, Ears]]:
    """A subscriber whose bars are heard."""
    subscriber, ears = Subscriber(bus, Hub()), Ears()
    subscriber.bars.listen(ears)
    task = asyncio.create_task(subscriber.run())
    try:
        yield subscriber, ears
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def tell(bus: Bus, fence: Fence, of: BarsOf, seq: int) -> None:
    """A bar is told."""
    bar = Bar("2026-01-01T00:00:00Z", 1.0, 1.0, 1.0, 1.0, 1.0, 1, epoch=7, seq=seq)
    await write_bars(bus, fence, [Told(*of, [bar], bar, {}, BarIndex())], simulated=False)


async def test_what_was_told_before_is_read_and_what_comes_after_is_heard(bus: Bus, fence: Fence) -> None:
    """One answer to each join."""
    await tell(bus, fence, AAPL, 1)
    async with listening(bus) as (subscriber, ears):
        subscriber.bars.add([AAPL, MSFT])
        await eventually(lambda: len(ears.stored) == 2)
        assert sorted(ears.stored) == [(AAPL, [1]), (MSFT, [])]
        await tell(bus, fence, MSFT, 2)
        await tell(bus, fence, AAPL, 3)
        await eventually(lambda: ears.told == [(MSFT, [2]), (AAPL, [3])])


async def test_who_leaves_hears_nothing_more(bus: Bus, fence: Fence) -> None:
    """And who comes back is answered anew."""
    async with listening(bus) as (subscriber, ears):
        subscriber.bars.add([AAPL, MSFT])
        await eventually(lambda: len(ears.stored) == 2)
        subscriber.bars.remove([AAPL])
        await eventually(lambda: _listeners(bus, AAPL, 0))
        await tell(bus, fence, AAPL, 1)
        await tell(bus, fence, MSFT, 2)
        await eventually(lambda: ears.told == [(MSFT, [2])])
        subscriber.bars.add([AAPL])
        await eventually(lambda: ears.stored[2:] == [(AAPL, [1])])


async def test_what_is_wanted_can_be_read_once_more(bus: Bus, fence: Fence) -> None:
    """What nobody wants any more is not."""
    async with listening(bus) as (subscriber, ears):
        subscriber.bars.add([AAPL])
        await eventually(lambda: ears.stored == [(AAPL, [])])
        await tell(bus, fence, AAPL, 1)
        subscriber.bars.again(MSFT)
        subscriber.bars.again(AAPL)
        await eventually(lambda: ears.stored == [(AAPL, []), (AAPL, [1])])


async def test_a_lost_link_is_joined_again(bus: Bus, fence: Fence) -> None:
    """What was told meanwhile is read."""
    async with listening(bus) as (subscriber, ears):
        subscriber.bars.add([AAPL])
        await eventually(lambda: ears.stored == [(AAPL, [])])
        await bus.redis.client_kill_filter(_type="pubsub")
        await tell(bus, fence, AAPL, 5)
        await eventually(lambda: (AAPL, [5]) in ears.stored)
        await eventually(lambda: _listeners(bus, AAPL, 1))


async def _listeners(bus: Bus, of: BarsOf, count: int) -> bool:
    symbol, interval = of
    ((_, heard),) = await bus.redis.pubsub_numsub(bus.keys.channel(bus.keys.bars(interval, symbol)))
    return int(heard) == count
