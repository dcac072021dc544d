"""Redis killed and restarted under open streams."""

from __future__ import annotations

import pytest

from tapecast.simulator.server import SimulatorConfig, simulator
from tests.e2e.cache import cache
from tests.e2e.processes import serving, streaming, tapecast
from tests.support import eventually, free_socket

pytestmark = pytest.mark.e2e


async def test_streams_go_on_over_a_redis_that_was_restarted_empty() -> None:
    """Clients see the cache go and come back as states, on the same connection, and ticks in order."""
    async with simulator(SimulatorConfig(), free_socket()) as venue, cache() as redis:
        env = venue.environment() | {"REDIS_URL": redis.url}
        async with (
            tapecast("ingest", env=env) as ingest,
            serving("api", env=env) as api,
            streaming(f"{api.base}/stream/prices", symbols="AAPL,BTC/USD") as stream,
        ):
            await eventually(lambda: stream.state("AAPL") == stream.state("BTC/USD") == "live")
            await redis.kill()
            await eventually(lambda: stream.named("feed")[-1].get("reason") == "cache_unavailable")
            await eventually(lambda: stream.state("AAPL") == stream.state("BTC/USD") == "stale")
            await redis.start()
            await eventually(lambda: stream.state("AAPL") == stream.state("BTC/USD") == "live")
            before = len(stream.ticks("AAPL"))
            await eventually(lambda: len(stream.ticks("AAPL")) > before + 3)
            order = [(tick["epoch"], tick["seq"]) for tick in stream.ticks("AAPL")]
            assert order == sorted(set(order))
            assert not stream.ended
            assert "Traceback" not in api.output + ingest.output
