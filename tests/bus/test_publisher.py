"""What an owner publishes, read back from a real Valkey."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tapecast.bus import codec
from tapecast.bus.connection import Bus, open_bus
from tapecast.bus.fence import BATCH
from tapecast.bus.lease import Lease
from tapecast.bus.publisher import Publisher, Retired, Write
from tapecast.market import FeedState, Market


@pytest.fixture
async def lease(bus: Bus) -> Lease:
    """A held lease of us_equity."""
    lease = Lease(bus, "us_equity", "holder")
    assert await lease.acquire()
    return lease


@pytest.fixture
async def publisher(bus: Bus, lease: Lease) -> Publisher:
    """A publisher under that lease."""
    return Publisher(bus, lease, last_ttl_s=60)


@pytest.fixture
async def heard(bus: Bus) -> AsyncIterator[asyncio.Queue[tuple[bytes, bytes]]]:
    """Everything published on any channel."""
    queue: asyncio.Queue[tuple[bytes, bytes]] = asyncio.Queue()
    async with bus.redis.pubsub() as pubsub:
        await pubsub.psubscribe("*")

        async def read() -> None:
            async for message in pubsub.listen():
                if message["type"] == "pmessage":
                    queue.put_nowait((message["channel"], message["data"]))

        task = asyncio.create_task(read())
        yield queue
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_sets_and_publishes_the_same_bytes(
    bus: Bus, publisher: Publisher, heard: asyncio.Queue[tuple[bytes, bytes]]
) -> None:
    """The key and the channel of a symbol carry one and the same value, for at most the time to live."""
    await publisher.publish([Write("BTC/USD", b'{"x":1}', last=True, publish=True)], 5.0)
    async with asyncio.timeout(30):
        assert await heard.get() == (b"price:BTC/USD", b'{"x":1}')
    assert await bus.redis.get("price:BTC/USD") == b'{"x":1}'
    assert await bus.redis.get("last:BTC/USD") == b'{"x":1}'
    assert 0 < await bus.redis.ttl("price:BTC/USD") <= 5
    assert 5 < await bus.redis.ttl("last:BTC/USD") <= 60


async def test_a_price_lives_for_as_long_as_it_is_good(bus: Bus, publisher: Publisher) -> None:
    """To the millisecond, and never for ever."""
    await publisher.publish([Write("AAPL", b"1", last=False, publish=False)], 2.5)
    assert 0 < await bus.redis.pttl("price:AAPL") <= 2500
    await publisher.publish([Write("MSFT", b"1", last=False, publish=False)], 0.0001)
    assert await bus.redis.pttl("price:MSFT") <= 1


async def test_a_retired_price_is_gone_and_its_last_stays(bus: Bus, publisher: Publisher) -> None:
    """Nobody follows the symbol any more; what it cost last is still true."""
    await publisher.publish([Write("AAPL", b"1", last=True, publish=False)], 5.0)
    await publisher.retire([Retired("AAPL"), Retired("NEVER")])
    assert not await bus.redis.exists("price:AAPL")
    assert await bus.redis.get("last:AAPL") == b"1"


async def test_a_void_price_is_taken_back_everywhere(
    bus: Bus, publisher: Publisher, heard: asyncio.Queue[tuple[bytes, bytes]]
) -> None:
    """Neither key stays, however many there are at once, and who listens is told of each."""
    symbols = [f"S{number}" for number in range(BATCH + 1)]
    await publisher.publish([Write(symbol, b"1", last=True, publish=False) for symbol in symbols], 5.0)
    await publisher.retire([Retired(symbol, b"void") for symbol in symbols])
    async with asyncio.timeout(30):
        told = [await heard.get() for _ in symbols]
    assert told == [(b"price:" + symbol.encode(), b"void") for symbol in symbols]
    assert await bus.redis.keys("*:S*") == []


async def test_refresh_is_neither_published_nor_kept_as_last(
    bus: Bus, publisher: Publisher, heard: asyncio.Queue[tuple[bytes, bytes]]
) -> None:
    """A re-written price says nothing new."""
    await publisher.publish([Write("AAPL", b"1", last=False, publish=False)], 5.0)
    await publisher.publish([Write("MSFT", b"2", last=False, publish=True)], 5.0)
    async with asyncio.timeout(30):
        assert await heard.get() == (b"price:MSFT", b"2")
    assert await bus.redis.exists("price:AAPL")
    assert not await bus.redis.exists("last:AAPL")


async def test_the_beat_is_kept_for_five_seconds_and_published(
    bus: Bus, publisher: Publisher, heard: asyncio.Queue[tuple[bytes, bytes]]
) -> None:
    """The pulse of the owner."""
    beat = codec.Beat(Market.US_EQUITY, epoch=2, seq=3, state=FeedState.LIVE, server_time=4)
    await publisher.beat(beat)
    async with asyncio.timeout(30):
        channel, data = await heard.get()
    assert channel == b"beat:us_equity"
    assert codec.decode_beat(data) == beat
    assert 0 < await bus.redis.ttl("beat:us_equity") <= 5


async def test_prefix_and_database_are_in_the_channel(valkey_url: str) -> None:
    """Channels ignore databases, so the number is written into their name."""
    url = valkey_url.removesuffix("/0") + "/3"
    async with open_bus(url, "stage:") as bus, bus.redis.pubsub() as pubsub:
        await pubsub.subscribe("stage:db3:price:AAPL")
        lease = Lease(bus, "us_equity", "holder")
        await lease.acquire()
        await Publisher(bus, lease, 60).publish([Write("AAPL", b"1", last=False, publish=True)], 5.0)
        async with asyncio.timeout(30):
            async for message in pubsub.listen():
                if message["type"] == "message":
                    assert message["data"] == b"1"
                    break
        assert await bus.redis.get("stage:price:AAPL") == b"1"
