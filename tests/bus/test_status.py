"""What processes say of themselves, through a real Valkey."""

from __future__ import annotations

import asyncio

import pytest

from tapecast.bus import codec
from tapecast.bus import status as module
from tapecast.bus.connection import Bus
from tapecast.bus.keys import STATUS_TTL_S
from tapecast.bus.status import StatusWriter, read_statuses
from tests.support import eventually


async def test_a_change_is_written_soon_and_published(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    """A touch does not wait for the next regular write."""
    monkeypatch.setattr(module, "STATUS_REFRESH_S", 3600)
    count = 0

    def make() -> codec.ReplicaStatus:
        return codec.ReplicaStatus("api-1", "0", 1, count)

    async def written() -> int:
        data = await bus.redis.get("status:api:api-1")
        return codec.decode_replica_status(data).stream_count if data else -1  # type: ignore[arg-type]

    async def has(expected: int) -> bool:
        return await written() == expected

    writer = StatusWriter(bus, "api", "api-1", make)
    async with bus.redis.pubsub() as pubsub:
        await pubsub.subscribe("status:api")
        task = asyncio.create_task(writer.run())
        await eventually(lambda: has(0))
        count = 7
        writer.touch()
        await eventually(lambda: has(7))
        counts = []
        async with asyncio.timeout(30):
            async for message in pubsub.listen():
                if message["type"] == "message":
                    counts.append(codec.decode_replica_status(message["data"]).stream_count)
                if counts[-1:] == [7]:
                    break
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert 0 < await bus.redis.ttl("status:api:api-1") <= STATUS_TTL_S
        await writer.remove()
        async with asyncio.timeout(30):
            async for message in pubsub.listen():
                if message["type"] == "message" and codec.decode_replica_status(message["data"]).gone:
                    break
    assert await read_statuses(bus, "api") == []


async def test_a_killed_process_is_pruned(bus: Bus) -> None:
    """One whose status has expired is neither shown nor kept in the index."""
    await bus.redis.zadd("status:api", {"dead": 1, "alive": 1})
    await bus.redis.set("status:api:alive", b"x")
    assert await read_statuses(bus, "api") == [b"x"]
    assert await bus.redis.zrange("status:api", 0, -1) == [b"alive"]
