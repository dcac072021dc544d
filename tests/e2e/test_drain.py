"""SIGTERM while clients are stalled: a clean end for everybody who listens, and an exit within the grace."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from urllib.parse import urlsplit

import httpx
import pytest

from tapecast.api.server import GRACE_S
from tapecast.bus.connection import Bus
from tests.api.support import beating
from tests.e2e.kernel import held, needs_proc, unanswered
from tests.e2e.processes import serving
from tests.e2e.ticker import Ticker
from tests.e2e.wire import GZIP, NARROW, Wire, get, healthy, wire
from tests.stalls import stalls
from tests.support import PATIENCE_S, eventually

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

        async def all_are_blocked() -> bool:
            # Until more waits than the kernel takes: it would deliver the last words of the others by itself.
            await ticker.publish(50)
            async with httpx.AsyncClient(timeout=PATIENCE_S) as other:
                told = (await other.get(base + "/metrics")).text
            return f"tapecast_streams_blocked {STALLED}.0" in told

        await eventually(all_are_blocked, "the api holds something for all of them")
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
        assert stalls.ran_s(began) < GRACE_S + BUSY_S
        await eventually(lambda: all(reader.is_whole for reader in readers), "proper ends")
        for reader in readers:
            assert [name for name, _ in reader.events[-2:]] == ["retry", "bye"]
            assert reader.events[-1][1]["code"] == "draining"
            assert reader.disorder == []
        # Many who are cut off at once must not come back at once.
        assert len({reader.events[-2][1] for reader in readers}) > HEALTHY // 4
        assert "Traceback" not in api.output


class Listener(asyncio.Protocol):
    """A healthy client of many, with no task of its own: only the last words of its stream are kept."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self.transport: asyncio.Transport | None = None
        self.tail = b""
        self.heard = 0
        self.ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self.heard += len(data)
        self.tail = (self.tail + data)[-1024:]

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended = True

    @property
    def retry(self) -> bytes:
        """The delay it was told with its `bye`; empty unless both came, and a proper end of the body."""
        said = re.search(
            rb"retry: ?(\d+)\s+event: bye\ndata: ?[^\n]*draining[^\n]*\n\n\r\n0\r\n\r\n$", self.tail
        )
        return said.group(1) if said else b""


@asynccontextmanager
async def _listeners(base: str, path: str, count: int) -> AsyncIterator[list[Listener]]:
    """So many clients, each with its first tick."""
    loop, parts = asyncio.get_running_loop(), urlsplit(base)
    clients = [Listener(get(path)) for _ in range(count)]
    try:
        for start in range(0, count, 100):
            some = clients[start : start + 100]
            dials = [
                loop.create_connection(partial(_same, each), str(parts.hostname), parts.port or 0)
                for each in some
            ]
            await asyncio.gather(*dials)
            await eventually(lambda some=some: all(b'"price":' in c.tail for c in some), "first ticks")  # type: ignore[misc]
        yield clients
    finally:
        for client in clients:
            if client.transport is not None:
                client.transport.abort()


def _same(client: Listener) -> Listener:
    return client


async def _drain_of(streams: int, valkey_url: str, bus: Bus, say: Callable[[str], None]) -> None:
    quiet, busy = Ticker(bus, ["AAPL", "MSFT"]), Ticker(bus, ["NVDA"])
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(beating(bus))
        env = {"REDIS_URL": valkey_url, "MAX_STREAMS_PER_CLIENT": str(2 * streams)}
        api = await stack.enter_async_context(serving("api", env=env))
        for ticker in (quiet, busy):
            await ticker.publish()
        clients = await stack.enter_async_context(_listeners(api.base, quiet.path, streams - STALLED))
        await stack.enter_async_context(_stalled(api.base, busy))

        began = time.monotonic()
        assert await api.end() == 0
        took = stalls.ran_s(began)
        await eventually(lambda: all(client.ended for client in clients), "all have ended")
        told = [client.retry for client in clients if client.retry]
        say(f"\n{streams} streams, {STALLED} stalled: exit after {took:.2f} s, bye to {len(told)}, "
            f"{len(set(told))} different delays")  # fmt: skip
        assert took < GRACE_S + BUSY_S
        assert len(told) == len(clients), next(c.tail for c in clients if not c.retry)
        assert len(set(told)) > len(clients) // 4
        assert "Traceback" not in api.output


@pytest.mark.long
async def test_a_drain_of_two_thousand(valkey_url: str, bus: Bus, say: Callable[[str], None]) -> None:
    """Every healthy client gets its `bye` and its own delay, and the process is gone within its deadline."""
    await _drain_of(2000, valkey_url, bus, say)
