"""The whole pipe in the test's own process, with nothing of it replaced.

The local Alpaca, the ingest worker with the real alpaca-py, a real Valkey, and the api behind a real socket.
In one process, so that a test can turn the venue's faults on and off, count its dials, and shorten the waits
of the feed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tapecast.api.server import serve
from tapecast.bus.connection import Bus, open_bus
from tapecast.feeds.alpaca import AlpacaAccount, alpaca_feeds
from tapecast.feeds.alpaca.limits import Limits
from tapecast.ingest.worker import Worker
from tapecast.settings import Settings, load
from tapecast.simulator.config import SimulatorConfig
from tapecast.simulator.server import Simulator, simulator
from tests.e2e.processes import Stream, status, streaming
from tests.support import eventually, free_socket

BRIEF = Limits(
    welcome_s=2.5,
    auth_s=2.5,
    reply_s=2.5,
    # Long enough for a test to look at what is said meanwhile, even on a busy machine.
    backoff_first_s=2.0,
    backoff_cap_s=2.0,
    slow_s=(1.0, 1.5),
    takeover_s=0.0,
    compare_every_s=3600.0,
    compare_quiet_s=3600.0,
)
"""The feed's waits, short. What the venue promises in seconds is tested with `Limits()`."""


@dataclass
class Pipe:
    """A running pipe."""

    venue: Simulator
    worker: Worker
    base: str

    @asynccontextmanager
    async def prices(self, *symbols: str) -> AsyncIterator[Stream]:
        """An open stream of these prices."""
        async with streaming(f"{self.base}/stream/prices", symbols=",".join(symbols)) as stream:
            yield stream

    async def streams(self, *symbols: str) -> None:
        """Wait until the status names just these: it comes with ingest's next word."""

        async def told() -> bool:
            return bool((await self.status())["active_symbols"] == [*symbols])

        await eventually(told, f"{symbols} are streamed")

    async def status(self) -> dict[str, Any]:
        """The answer of `/stream/status`."""
        return await status(self.base)


@asynccontextmanager
async def pipe(
    valkey_url: str,
    config: SimulatorConfig | None = None,
    *,
    limits: Limits = BRIEF,
    prepare: Callable[[Simulator], object] | None = None,
    **overrides: str,
) -> AsyncIterator[Pipe]:
    """A pipe of its own, ready to be asked. `prepare` meets the venue before anybody dials it."""
    async with AsyncExitStack() as stack:
        venue = await stack.enter_async_context(simulator(config or SimulatorConfig(), free_socket()))
        if prepare is not None:
            prepare(venue)
        settings = load(venue.environment() | {"REDIS_URL": valkey_url} | overrides)
        bus = await stack.enter_async_context(open_bus(valkey_url, settings.redis_prefix))
        base = await stack.enter_async_context(_api(settings, bus))
        worker = await stack.enter_async_context(_ingest(settings, bus, limits))
        await eventually(lambda: all(owner.lease.valid for owner in worker.owners.values()), "an owner")
        yield Pipe(venue, worker, base)


@asynccontextmanager
async def _api(settings: Settings, bus: Bus) -> AsyncIterator[str]:
    sock, stop, ready = free_socket(), asyncio.Event(), asyncio.Event()
    host, port = sock.getsockname()[:2]
    task = asyncio.create_task(serve(settings, bus, sock, stop, ready=ready))
    try:
        async with asyncio.timeout(30):
            await ready.wait()
        yield f"http://{host}:{port}"
    finally:
        stop.set()
        await task


@asynccontextmanager
async def _ingest(settings: Settings, bus: Bus, limits: Limits) -> AsyncIterator[Worker]:
    async with AlpacaAccount(settings) as account:
        worker = Worker(settings, bus, alpaca_feeds(settings, limits), account)
        task = asyncio.create_task(worker.run())
        try:
            yield worker
            # It never ends by itself: if it did, this says why.
            assert not task.done(), task
        finally:
            task.cancel()
            await asyncio.wait([task])
