"""What each process says of itself, for `/stream/status` and `tapecast check`.

A Render worker takes no inbound traffic, so ingest cannot be asked: it writes, and the apis add up.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final, Never

import msgspec

from tapecast.bus import codec
from tapecast.bus.cache import read_members
from tapecast.bus.connection import Bus
from tapecast.bus.keys import STATUS_REFRESH_S, STATUS_TTL_S
from tapecast.bus.offset import ClockOffset
from tapecast.clock import Clock
from tapecast.errors import BusRefused, BusUnavailable

logger = logging.getLogger(__name__)

SETTLE_S: Final = 0.1
"""Changes that come together, such as a thousand reconnecting clients, make one write."""

Make = Callable[[], codec.IngestStatus | codec.ReplicaStatus]


class StatusWriter:
    """Keeps one process's status in Redis, and publishes it on each write."""

    def __init__(
        self,
        bus: Bus,
        role: str,
        process: str,
        make: Make,
        on_refused: Callable[[str], None] = lambda _: None,
        clock: Clock | None = None,
    ) -> None:
        self._bus = bus
        self._role = role
        self._process = process
        self._make = make
        # Told after each write why Redis refused it, or that it did not.
        self._on_refused = on_refused
        self._refused = ""
        self._offset = ClockOffset(clock or Clock())
        self._touched = asyncio.Event()

    def touch(self) -> None:
        """Something changed: write soon."""
        self._touched.set()

    async def run(self) -> Never:
        """Write on each touch and at least every STATUS_REFRESH_S."""
        while True:
            self._touched.clear()
            try:
                await self._write()
                self._hear("")
            except BusRefused as error:
                self._hear(error.reason, str(error))
            except BusUnavailable as error:
                logger.debug("status_not_written: %s", error)
            await asyncio.sleep(SETTLE_S)
            try:
                async with asyncio.timeout(STATUS_REFRESH_S):
                    await self._touched.wait()
            except TimeoutError:
                pass

    def _hear(self, reason: str, message: str = "") -> None:
        if reason and reason != self._refused:
            logger.warning("redis_refuses: %s", message)
        elif reason != self._refused:
            logger.info("redis_takes_writes_again")
        self._refused = reason
        self._on_refused(reason)

    async def _write(self) -> None:
        keys = self._bus.keys
        index = keys.status_index(self._role)
        async with self._bus.asking() as redis, redis.pipeline(transaction=False) as pipe:
            await self._offset.measure(redis)
            status = msgspec.structs.replace(self._make(), clock_offset_s=self._offset.seconds)
            data = codec.encode(status)
            pipe.set(keys.status(self._role, self._process), data, ex=STATUS_TTL_S)
            pipe.zadd(index, {self._process: status.server_time})
            pipe.publish(keys.channel(index), data)
            await pipe.execute()

    async def remove(self) -> None:
        """A process that ends on purpose is not counted for another fifteen seconds."""
        keys = self._bus.keys
        index = keys.status_index(self._role)
        last_words = codec.encode(msgspec.structs.replace(self._make(), gone=True))
        try:
            async with self._bus.asking() as redis, redis.pipeline(transaction=False) as pipe:
                pipe.delete(keys.status(self._role, self._process))
                pipe.zrem(index, self._process)
                pipe.publish(keys.channel(index), last_words)
                await pipe.execute()
        except BusUnavailable as error:
            logger.debug("status_not_removed: %s", error)


async def read_statuses(bus: Bus, role: str) -> list[bytes]:
    """The statuses of all processes of `role` that are alive. Raises BusUnavailable."""
    keys = bus.keys
    return await read_members(bus, keys.status_index(role), lambda process: keys.status(role, process))
