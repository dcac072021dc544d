"""SIGTERM while clients are stalled: a clean end for everybody who listens, and an exit within the grace."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import pytest

from tapecast.api.server import GRACE_S
from tapecast.bus.connection import Bus
from tests.api.support import beating
from tests.e2e.kernel import held, needs_proc, unanswered
from tests.e2e.processes import serving
from tests.e2e.ticker import Ticker
from tests.e2e.wire import GZIP, NARROW, Wire, get, healthy, wire
from tests.support import eventually

pytestmark = [pytest.mark.e2e, needs_proc]

HEALTHY, STALLED = 180, 20
BUSY_S = 4.0
"""For the rest of a process's end on a busy machine: less than a second grace."""


@asynccontextmanager
async def _stalled(base: str, ticker: Ticker) -> AsyncIterator[list[Wire]]:
    """Clients that stopped reading, and for each of which something waits."""
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(wire(base, ticker.path, window=NARROW)) for _ in range(STALLED)
        ]
        await asyncio.gather(*(client.until(partial(ticker.reached, client)) for client in clients))

        async def all_wait() -> bool:
            await ticker.publish(50)
            return all((kernel := held(base, client)) and kernel.queued for client in clients)

        await eventually(all_wait, "data is queued for all of them")
        # As much again, so that more waits than the kernel takes.
        await ticker.publish(500)
        yield clients


async def test_sigterm_ends_within_the_grace_though_readers_are_stalled(valkey_url: str, bus: Bus) -> None:
    """Every healthy client gets `bye`, its own `retry:` and a proper end; the stalled ones stop nothing."""
    quiet, busy = Ticker(bus, ["AAPL", "MSFT"]), Ticker(bus, ["NVDA"])
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(beating(bus))
        api = await stack.enter_async_context(serving("api", env={"REDIS_URL": valkey_url}))
        for ticker in (quiet, busy):
            await ticker.publish()
        readers = [
            await stack.enter_async_context(
                healthy(api.base, (busy if n < 5 else quiet).path, *[GZIP][: n % 2])
            )
            for n in range(HEALTHY)
        ]
        await stack.enter_async_context(_stalled(api.base, busy))
        for reader in readers[:5]:
            await busy.reaches(reader)
        # Neither silence nor half a request is worth waiting for.
        await stack.enter_async_context(wire(api.base))
        await (await stack.enter_async_context(wire(api.base))).send(get(quiet.path)[:-2])
        # No stream: uvicorn waits for this one, and not longer than the audience for its own.
        await stack.enter_async_context(
            unanswered(api.base, await stack.enter_async_context(wire(api.base, window=NARROW)))
        )

        began = time.monotonic()
        assert await api.end() == 0
        assert time.monotonic() - began < GRACE_S + BUSY_S
        await eventually(lambda: all(reader.is_whole for reader in readers), "proper ends")
        for reader in readers:
            assert [name for name, _ in reader.events[-2:]] == ["retry", "bye"]
            assert reader.events[-1][1]["code"] == "draining"
            assert reader.disorder == []
        # Many who are cut off at once must not come back at once.
        assert len({reader.events[-2][1] for reader in readers}) > HEALTHY // 4
        assert "Traceback" not in api.output
