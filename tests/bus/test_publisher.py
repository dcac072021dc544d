"""The fenced script against a real Valkey."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tapecast.bus import codec
from tapecast.bus.connection import Bus, open_bus
from tapecast.bus.lease import Lease
from tapecast.bus.publisher import BATCH, Publisher, Write
from tapecast.errors import BusUnavailable, LeaseLost
from tapecast.market import FeedState, Market
from tests.support import free_port


@pytest.fixture
async def lease(bus: Bus) -> Lease:
    """A held lease of us_equity."""
    lease = Lease(bus, "us_equity", "holder")
    assert await lease.acquire()
    return lease


@pytest.fixture
async def publisher(bus: Bus, lease: Lease) -> Publisher:
    """A publisher under that lease."""
    return Publisher(bus, lease, price_ttl_s=5, last_ttl_s=60)


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
    await publisher.publish([Write("BTC/USD", b'{"x":1}', last=True, publish=True)])
    async with asyncio.timeout(30):
        assert await heard.get() == (b"price:BTC/USD", b'{"x":1}')
    assert await bus.redis.get("price:BTC/USD") == b'{"x":1}'
    assert await bus.redis.get("last:BTC/USD") == b'{"x":1}'
    assert 0 < await bus.redis.ttl("price:BTC/USD") <= 5
    assert 5 < await bus.redis.ttl("last:BTC/USD") <= 60


async def test_refresh_is_neither_published_nor_kept_as_last(
    bus: Bus, publisher: Publisher, heard: asyncio.Queue[tuple[bytes, bytes]]
) -> None:
    """A re-written price says nothing new."""
    await publisher.publish([Write("AAPL", b"1", last=False, publish=False)])
    await publisher.publish([Write("MSFT", b"2", last=False, publish=True)])
    async with asyncio.timeout(30):
        assert await heard.get() == (b"price:MSFT", b"2")
    assert await bus.redis.exists("price:AAPL")
    assert not await bus.redis.exists("last:AAPL")


async def test_more_symbols_than_one_call_takes(bus: Bus, publisher: Publisher) -> None:
    """Every symbol of a large flush is written."""
    names = [f"S{number}" for number in range(2 * BATCH + 1)]
    await publisher.publish([Write(name, name.encode(), last=False, publish=True) for name in names])
    assert await bus.redis.mget([f"price:{name}" for name in names]) == [name.encode() for name in names]


async def test_nothing_to_write_is_no_call(publisher: Publisher, bus: Bus) -> None:
    """An empty flush leaves no trace."""
    await publisher.publish([])
    assert not await bus.redis.keys("price:*")


@pytest.mark.parametrize("holder", [None, "another"])
async def test_without_the_lease_nothing_is_written(
    bus: Bus, publisher: Publisher, holder: str | None
) -> None:
    """An owner that was paused past its lease is refused by Redis, whatever its own clock says."""
    await bus.redis.delete("lease:us_equity")
    if holder is not None:
        await bus.redis.set("lease:us_equity", holder)
    with pytest.raises(LeaseLost):
        await publisher.publish([Write("AAPL", b"old", last=True, publish=True)])
    assert not await bus.redis.keys("*AAPL")


async def test_an_expired_lease_is_not_even_tried(bus: Bus, lease: Lease, publisher: Publisher) -> None:
    """By our own clock the lease is over: no call is made."""
    await lease.release()
    await bus.redis.set("lease:us_equity", "holder")
    with pytest.raises(LeaseLost, match="run out"):
        await publisher.publish([Write("AAPL", b"old", last=True, publish=True)])
    assert not await bus.redis.keys("*AAPL")


async def test_a_restarted_redis_gets_the_script_again(bus: Bus, publisher: Publisher) -> None:
    """A Redis that has forgotten its scripts costs nothing."""
    await publisher.publish([Write("AAPL", b"1", last=False, publish=True)])
    await bus.redis.script_flush()
    await publisher.publish([Write("AAPL", b"2", last=False, publish=True)])
    assert await bus.redis.get("price:AAPL") == b"2"


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
        await Publisher(bus, lease, 5, 60).publish([Write("AAPL", b"1", last=False, publish=True)])
        async with asyncio.timeout(30):
            async for message in pubsub.listen():
                if message["type"] == "message":
                    assert message["data"] == b"1"
                    break
        assert await bus.redis.get("stage:price:AAPL") == b"1"


async def test_no_redis_is_unavailable() -> None:
    """A Redis that is away is an error that time may mend."""
    async with open_bus(f"redis://127.0.0.1:{free_port()}") as nowhere:
        lease = Lease(nowhere, "us_equity", "holder")
        lease._valid_until = float("inf")
        with pytest.raises(BusUnavailable):
            await Publisher(nowhere, lease, 5, 60).publish([Write("AAPL", b"1", last=False, publish=True)])
