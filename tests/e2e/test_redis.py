"""Redis killed and restarted under open streams."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tapecast.bus import embedded
from tapecast.bus.connection import open_bus, ping
from tapecast.errors import BusUnavailable
from tapecast.simulator.server import SimulatorConfig, simulator
from tests.e2e.processes import serving, streaming, tapecast
from tests.support import eventually, free_port, free_socket

pytestmark = pytest.mark.e2e


@asynccontextmanager
async def valkey(port: int) -> AsyncIterator[None]:
    """An empty Valkey on a given port."""
    with tempfile.TemporaryDirectory() as folder:
        process = embedded._spawn(embedded._binary(), Path(folder), port)
        try:

            async def answers() -> bool:
                async with open_bus(f"redis://127.0.0.1:{port}") as bus:
                    try:
                        await ping(bus)
                    except BusUnavailable:
                        return False
                    return True

            await eventually(answers, "Valkey answers")
            yield
        finally:
            await asyncio.to_thread(embedded._stop, process)


async def test_streams_go_on_over_a_redis_that_was_restarted_empty() -> None:
    """Clients see the cache go and come back as states, on the same connection, and ticks in order."""
    port = free_port()
    async with simulator(SimulatorConfig(), free_socket()) as venue:
        env = venue.environment() | {"REDIS_URL": f"redis://127.0.0.1:{port}"}
        first = valkey(port)
        await first.__aenter__()
        async with (
            tapecast("ingest", env=env) as ingest,
            serving("api", env=env) as api,
            streaming(f"{api.base}/stream/prices", symbols="AAPL,BTC/USD") as stream,
        ):
            await eventually(lambda: stream.state("AAPL") == stream.state("BTC/USD") == "live")
            await first.__aexit__(None, None, None)
            await eventually(lambda: stream.named("feed")[-1].get("reason") == "cache_unavailable")
            await eventually(lambda: stream.state("AAPL") == stream.state("BTC/USD") == "stale")
            async with valkey(port):
                await eventually(lambda: stream.state("AAPL") == stream.state("BTC/USD") == "live")
                before = len(stream.ticks("AAPL"))
                await eventually(lambda: len(stream.ticks("AAPL")) > before + 3)
                order = [(tick["epoch"], tick["seq"]) for tick in stream.ticks("AAPL")]
                assert order == sorted(set(order))
                assert not stream.ended
                assert "Traceback" not in api.output + ingest.output
