"""The account's positions on their way from ingest to the apis."""

from __future__ import annotations

from tapecast.bus import codec
from tapecast.bus.connection import Bus
from tapecast.bus.keys import POSITIONS_TTL_S
from tapecast.bus.lease import Lease
from tapecast.errors import LeaseLost


async def write_positions(bus: Bus, lease: Lease, positions: codec.PositionList) -> None:
    """Keep and publish the list. Raises LeaseLost, BusUnavailable."""
    if not lease.valid:
        raise LeaseLost(f"the lease of {lease.name} has run out")
    key = bus.keys.positions()
    data = codec.encode(positions)
    async with bus.asking() as redis, redis.pipeline(transaction=False) as pipe:
        pipe.set(key, data, ex=POSITIONS_TTL_S)
        pipe.publish(bus.keys.channel(key), data)
        await pipe.execute()
