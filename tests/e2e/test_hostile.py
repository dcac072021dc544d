"""Each hostile client by itself: it leaves nothing behind, and the client next to it never notices."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tapecast.bus.connection import open_bus
from tests.api.support import beating
from tests.e2e.hostile import CLIENTS, Scene
from tests.e2e.kernel import descriptors, needs_proc
from tests.e2e.processes import serving
from tests.e2e.ticker import Ticker
from tests.e2e.wire import NARROW, healthy, wire
from tests.support import eventually

pytestmark = [pytest.mark.e2e, needs_proc, pytest.mark.asyncio(loop_scope="module")]

SYMBOLS = ("AAPL", "MSFT", "NVDA", "TSLA")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(valkey_server: str) -> AsyncIterator[Scene]:
    """A process with live prices."""
    async with open_bus(valkey_server) as bus:
        await bus.redis.flushall()
        # A client that left must be noticed by itself, and not by a heartbeat that could not be written.
        env = {"REDIS_URL": valkey_server, "KEEPALIVE_S": "300"}
        async with serving("api", env=env) as api, beating(bus):
            yield Scene(api, Ticker(bus, SYMBOLS))
            assert await api.end() == 0


@pytest.mark.parametrize("name", CLIENTS)
async def test_it_leaves_nothing_behind_and_disturbs_nobody(name: str, scene: Scene) -> None:
    """The stream count and the sockets are what they were, and the client beside it has all, in order."""
    base, ticker = scene.base, scene.ticker
    await ticker.publish()
    async with healthy(base, ticker.path) as witness:

        async def only_the_witness() -> bool:
            return await scene.streams() == 1

        await eventually(only_the_witness)
        before, complaints = descriptors(scene.api.pid), scene.api.output.count("Traceback")
        async with wire(base, window=NARROW) as peer:
            await CLIENTS[name](scene, peer)
            await ticker.publish()
            await ticker.reaches(witness)
        await ticker.publish()
        await ticker.reaches(witness)
        await eventually(only_the_witness)
        await eventually(lambda: descriptors(scene.api.pid) <= before, "its socket is closed")
        assert witness.disorder == []
        # A client must not be able to fill the log.
        assert scene.api.output.count("Traceback") == complaints
