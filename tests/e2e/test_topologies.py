"""One small suite over each shape of Redis: the lease, a fenced publish, a link, and the way back."""

from __future__ import annotations

import asyncio

from redis.crc import key_slot

from tapecast.bus.connection import Bus, open_bus, require
from tapecast.bus.fence import Fence, Write
from tapecast.bus.lease import Lease
from tapecast.bus.link import Link, run_link
from tapecast.errors import BusUnavailable, LeaseLost
from tests.e2e import topologies
from tests.support import eventually


async def _works(bus: Bus) -> None:
    """Take the lease, publish under it, hear it and read it, however long the way back takes."""

    async def tried() -> bool:
        try:
            await asyncio.wait_for(_pass(bus), 5)
        except (BusUnavailable, LeaseLost, TimeoutError):
            return False
        return True

    await eventually(tried, "the bus carries a tick", 25)


async def _pass(bus: Bus) -> None:
    heard: asyncio.Queue[tuple[bytes, bytes]] = asyncio.Queue()
    key = bus.keys.price("AAPL")
    channel = bus.keys.channel(key)

    async def body(link: Link) -> None:
        await link.subscribe([channel])
        lease = Lease(bus, "us_equity", "me")
        if not await lease.acquire():
            raise LeaseLost("held")
        await Fence(bus, lease).write([Write(key, b"1", bus.keys.last("AAPL"), channel)], 5, 60)
        assert await heard.get() == (channel.encode(), b"1")
        async with bus.asking() as redis:
            assert await redis.mget(key, bus.keys.last("AAPL")) == [b"1", b"1"]
        await lease.release()

    await run_link(bus, lambda name, data: heard.put_nowait((name, data)), body)


async def test_sentinels_lead_to_the_primary_and_after_its_death_to_the_next() -> None:
    """A killed primary costs seconds; the same bus then works with the promoted replica."""
    async with topologies.watched() as (url, primary, replica), open_bus(url) as bus:
        await require(bus)
        await _works(bus)
        primary.kill()
        await _works(bus)
        assert await replica.ask("GET", bus.keys.last("AAPL")) == b"1"


async def test_a_cluster_is_followed_when_the_slot_moves() -> None:
    """The lease, the script and pub/sub work in one slot, and go where it goes."""
    async with topologies.cluster() as (url, first, second), open_bus(url) as bus:
        await require(bus)
        await _works(bus)
        await topologies.move(key_slot(bus.keys.price("AAPL").encode()), first, second)
        await _works(bus)
        assert await second.ask("GET", bus.keys.last("AAPL")) == b"1"
