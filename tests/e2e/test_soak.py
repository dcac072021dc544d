"""Clients that come and go while the venue has its faults: memory and descriptors stay flat, nothing is left.

Five minutes in `make drills`. The middle third is compared with the last one,
median to median: the first is when a process learns its symbols and its code paths.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from statistics import median
from typing import Final
from urllib.parse import urlsplit

import pytest

from tapecast.bus.connection import Bus
from tapecast.bus.keys import INTEREST_TTL_S
from tapecast.simulator.config import SimulatorConfig
from tapecast.simulator.server import Simulator, simulator
from tests.e2e.kernel import descriptors, memory_kib, needs_proc
from tests.e2e.processes import Child, serving, status, tapecast
from tests.e2e.wire import get
from tests.support import eventually, free_socket

pytestmark = [pytest.mark.e2e, needs_proc]

CLIENTS: Final = 200
SYMBOLS: Final = ("AAPL", "MSFT", "NVDA", "TSLA", "AMZN", "META", "BTC/USD", "ETH/USD")
STAY_S: Final = (0.2, 8.0)
FAULT_EVERY_S: Final = 4.0
SLACK_KIB: Final = 2048
"""What an allocator may keep, however short the run: a leak of a KiB per client shows above it in minutes."""
LEFT_OVER: Final = ("price:", "interest", "status:")


class Visitor(asyncio.Protocol):
    """One page."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.heard = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(get(self._path))

    def data_received(self, data: bytes) -> None:
        self.heard += len(data)


@dataclass
class Gauge:
    """One process, watched."""

    name: str
    child: Child
    kib: list[int] = field(default_factory=list)
    files: list[int] = field(default_factory=list)

    def look(self) -> None:
        """Note what it has now."""
        self.kib.append(memory_kib(self.child.pid))
        self.files.append(descriptors(self.child.pid))

    def thirds(self, values: list[int]) -> tuple[float, float]:
        """The medians of the second and of the last third."""
        size = len(values) // 3
        return median(values[size : 2 * size]), median(values[2 * size :])

    def __str__(self) -> str:
        (kib, last_kib), (files, last_files) = self.thirds(self.kib), self.thirds(self.files)
        return f"{self.name}: {kib:.0f} -> {last_kib:.0f} KiB, {files:.0f} -> {last_files:.0f} descriptors"


async def _visit(base: str, dice: random.Random) -> None:
    """Come, stay, go, come again: by an abort or by a goodbye."""
    loop, parts = asyncio.get_running_loop(), urlsplit(base)
    while True:
        path = f"/stream/prices?symbols={','.join(dice.sample(SYMBOLS, dice.randint(1, 4)))}"
        with suppress(OSError):
            made = await loop.create_connection(partial(Visitor, path), str(parts.hostname), parts.port or 0)
            try:
                await asyncio.sleep(dice.uniform(*STAY_S))
            finally:
                (made[0].abort if dice.random() < 0.5 else made[0].close)()


async def _trouble(venue: Simulator, dice: random.Random) -> None:
    """The venue has one of its faults, and gets over it."""
    while True:
        await asyncio.sleep(FAULT_EVERY_S)
        for endpoint in venue.at(None):
            endpoint.faults.hangs_up = dice.random() < 0.3
            endpoint.faults.muted = {dice.choice(SYMBOLS)} if dice.random() < 0.3 else set()
        for endpoint in venue.endpoints():
            if dice.random() < 0.5:
                endpoint.drop()
        await asyncio.sleep(1.0)
        venue.clear_faults()


async def _soak(url: str, bus: Bus, seconds: float, within: float, say: Callable[[str], None]) -> None:
    dice = random.Random(5)
    async with AsyncExitStack() as stack:
        venue = await stack.enter_async_context(simulator(SimulatorConfig(), free_socket()))
        env = venue.environment() | {"REDIS_URL": url}
        ingest = await stack.enter_async_context(tapecast("ingest", env=env))
        api = await stack.enter_async_context(serving("api", env=env))
        gauges = [Gauge("ingest", ingest), Gauge("api", api)]
        tasks = [asyncio.create_task(_visit(api.base, dice)) for _ in range(CLIENTS)]
        tasks.append(asyncio.create_task(_trouble(venue, dice)))
        try:
            ends = time.monotonic() + seconds
            while time.monotonic() < ends:
                await asyncio.sleep(min(1.0, seconds / 60))
                for gauge in gauges:
                    gauge.look()
                assert all(not task.done() for task in tasks), [task for task in tasks if task.done()]
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        say("\n" + "; ".join(map(str, gauges)))
        _check_flat(gauges, within)
        await eventually(lambda: _is_empty(api), "no stream is counted any more")
        venue.clear_faults()
        assert await api.end() == 0
        assert await ingest.end() == 0
        await eventually(lambda: _is_clean(bus), "no key is left over", INTEREST_TTL_S + 15)
        assert "Traceback" not in api.output + ingest.output


def _check_flat(gauges: list[Gauge], within: float) -> None:
    for gauge in gauges:
        kib, last_kib = gauge.thirds(gauge.kib)
        assert last_kib <= kib * (1 + within) + SLACK_KIB, str(gauge)
        files, last_files = gauge.thirds(gauge.files)
        # Of the api most are its clients', who come at random.
        assert abs(last_files - files) <= CLIENTS * 0.1, str(gauge)


async def _is_empty(api: Child) -> bool:
    said = await status(api.base)
    return bool(said["stream_count"] == 0)


async def _is_clean(bus: Bus) -> bool:
    return not [key async for key in bus.redis.scan_iter() if key.decode().startswith(LEFT_OVER)]


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_memory_is_flat_for_minutes(valkey_url: str, bus: Bus, say: Callable[[str], None]) -> None:
    """Long enough for a leak of any kind that clients or reconnects could cause."""
    await _soak(valkey_url, bus, 300, 0.03, say)
