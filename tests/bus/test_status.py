"""What processes say of themselves, through a real Valkey."""

from __future__ import annotations

import asyncio
import time
from functools import partial

import pytest

from tapecast.bus import codec
from tapecast.bus import status as module
from tapecast.bus.connection import Bus, open_bus
from tapecast.bus.embedded import embedded_valkey
from tapecast.bus.keys import STATUS_TTL_S
from tapecast.bus.status import StatusWriter, read_statuses
from tapecast.clock import Clock
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


async def test_a_clock_that_is_off_is_in_the_status(bus: Bus) -> None:
    """An hour ahead of Redis, whatever the process itself believes."""
    make = partial(codec.ReplicaStatus, "api-1", "0", 1, 0)
    writer = StatusWriter(bus, "api", "api-1", make, clock=Clock(wall=lambda: time.time() + 3600))

    async def is_told() -> bool:
        # After a slow answer it is not known yet.
        await writer._write()
        (data,) = await read_statuses(bus, "api")
        return codec.decode_replica_status(data).clock_offset_s == pytest.approx(3600, abs=1)

    await eventually(is_told)


@pytest.mark.parametrize(
    ("setting", "value", "reason"),
    [("maxmemory", "1", "cache_full"), ("replicaof", "127.0.0.1 1", "cache_readonly")],
)
async def test_a_redis_that_refuses_says_why(setting: str, value: str, reason: str) -> None:
    """And that it takes writes again: whoever asks why nothing comes must not be sent to the wrong place."""
    heard: list[str] = []
    async with embedded_valkey() as valkey, open_bus(valkey.url) as bus:
        make = partial(codec.ReplicaStatus, "api-1", "0", 1, 0)
        writer = StatusWriter(bus, "api", "api-1", make, heard.append)
        task = asyncio.create_task(writer.run())
        await eventually(lambda: heard == [""])
        await _set(bus, setting, value)
        writer.touch()
        await eventually(lambda: heard[-1] == reason)
        await _set(bus, setting, "no one" if setting == "replicaof" else "0")
        writer.touch()
        await eventually(lambda: heard[-1] == "")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _set(bus: Bus, setting: str, value: str) -> None:
    if setting == "replicaof":
        await bus.redis.execute_command("REPLICAOF", *value.split())  # type: ignore[no-untyped-call]
    else:
        await bus.redis.config_set(setting, value)


async def test_a_killed_process_is_pruned(bus: Bus) -> None:
    """One whose status has expired is neither shown nor kept in the index."""
    await bus.redis.zadd("status:api", {"dead": 1, "alive": 1})
    await bus.redis.set("status:api:alive", b"x")
    assert await read_statuses(bus, "api") == [b"x"]
    assert await bus.redis.zrange("status:api", 0, -1) == [b"alive"]
