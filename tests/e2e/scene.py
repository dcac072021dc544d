"""Where the drills of outages take place: every part a process, and a network between any two that can fail.

    venue ──(venue_link)── ingest ──(ingest_link)── Redis ──(api_link)── api ── page

The venue runs in the test's process, Redis is the scene's own. The market prints fast, so that a price of
after the fault comes as soon as it can.
"""

from __future__ import annotations

import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tapecast.simulator.server import Simulator, SimulatorConfig, simulator
from tests.e2e import orders
from tests.e2e.cache import Cache, cache
from tests.e2e.crowd import Crowd
from tests.e2e.page import Page, opened
from tests.e2e.processes import Child, tapecast
from tests.e2e.proxy import Proxy, proxied
from tests.support import eventually, free_port, free_socket

SYMBOLS: Final = ("AAPL", "MSFT", "BTC/USD")
RATE: Final = 4.0
PATIENCE_S: Final = 60.0


@dataclass
class Scene:
    """All of it. What is started ends with the stack."""

    venue: Simulator
    redis: Cache
    venue_link: Proxy
    ingest_link: Proxy
    api_link: Proxy
    folder: Path
    stack: AsyncExitStack
    port: int = field(default_factory=free_port)
    # The processes by name; an ended one stays until another takes its name.
    children: dict[str, Child] = field(default_factory=dict)
    # Every process that there was.
    said: list[Child] = field(default_factory=list)
    crowd: Crowd | None = None

    @property
    def base(self) -> str:
        """The api, whether it runs or not."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def fights(self) -> int:
        """How often a worker was turned away by the venue, since its connection was taken."""
        return sum(endpoint.turned_away for endpoint in self.venue.endpoints())

    @property
    def output(self) -> str:
        """What all processes said."""
        return "".join(child.output for child in self.said)

    async def start(self, name: str) -> None:
        """Start `ingest`, `standby` or `api`."""
        api = ("api", "--host", "127.0.0.1", "--port", str(self.port))
        link = self.api_link if name == "api" else self.ingest_link
        real, between = self.venue.base.rpartition(":")[2], str(self.venue_link.port)
        env = {
            key: value.replace(f":{real}", f":{between}") for key, value in self.venue.environment().items()
        }
        env |= {"REDIS_URL": f"redis://127.0.0.1:{link.port}"} | orders.obeying(self.folder)
        command = api if name == "api" else ("ingest",)
        child = await self.stack.enter_async_context(tapecast(*command, env=env))
        self.children[name] = child
        self.said.append(child)

    async def kill(self, name: str) -> None:
        """SIGKILL."""
        await self.children[name].end(signal.SIGKILL)

    def promote(self) -> None:
        """The standby is the owner now."""
        self.children["ingest"] = self.children.pop("standby")

    def order(self, name: str, order: str) -> None:
        """See `orders.py`."""
        child = self.children[name]
        orders.write(self.folder, child.pid, order)
        child.send(signal.SIGUSR1)


@asynccontextmanager
async def scene() -> AsyncIterator[tuple[Scene, Page]]:
    """Running, and live on the page."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        venue = await stack.enter_async_context(simulator(SimulatorConfig(rate=RATE), free_socket()))
        redis = await stack.enter_async_context(cache())
        venue_port = int(venue.base.rpartition(":")[2])
        venue_link = await stack.enter_async_context(proxied(venue_port))
        ingest_link = await stack.enter_async_context(proxied(redis.port))
        api_link = await stack.enter_async_context(proxied(redis.port))
        running = Scene(venue, redis, venue_link, ingest_link, api_link, folder, stack)
        await running.start("api")
        await running.start("ingest")
        page = await stack.enter_async_context(opened(running.base, SYMBOLS))
        await eventually(
            lambda: page.is_well(0), lambda: f"live at first: {page.steps} {running.output}", PATIENCE_S
        )
        yield running, page
