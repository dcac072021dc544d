"""The account's positions, through a real Valkey."""

from __future__ import annotations

import pytest

from tapecast.bus import codec
from tapecast.bus.connection import Bus
from tapecast.bus.fence import Fence
from tapecast.bus.keys import POSITIONS_TTL_S
from tapecast.bus.lease import Lease
from tapecast.bus.positions import read_position_symbols, write_positions
from tapecast.errors import LeaseLost

POSITIONS = codec.PositionList("PA1", "2026-01-02T00:00:00Z", simulated=True, positions=[{"symbol": "AAPL"}])


async def test_they_are_kept_for_a_minute(bus: Bus) -> None:
    """An api that starts later finds them."""
    lease = Lease(bus, "account", "a")
    await lease.acquire()
    await write_positions(bus, Fence(bus, lease), POSITIONS)
    assert codec.decode_positions(await bus.redis.get("positions")) == POSITIONS  # type: ignore[arg-type]
    assert 0 < await bus.redis.ttl("positions") <= POSITIONS_TTL_S


async def test_without_the_lease_they_are_not_written(bus: Bus) -> None:
    """Two processes never write the account."""
    with pytest.raises(LeaseLost):
        await write_positions(bus, Fence(bus, Lease(bus, "account", "a")), POSITIONS)
    assert not await bus.redis.exists("positions")


async def test_their_symbols_are_known_to_every_ingest(bus: Bus) -> None:
    """Whoever owns a market puts them first; a value that makes no sense names none."""
    assert await read_position_symbols(bus) == frozenset()
    lease = Lease(bus, "account", "a")
    await lease.acquire()
    await write_positions(bus, Fence(bus, lease), POSITIONS)
    assert await read_position_symbols(bus) == {"AAPL"}
    await bus.redis.set("positions", "{]")
    assert await read_position_symbols(bus) == frozenset()
