"""Two ingest workers, three apis and one Redis, as processes that are started again when they are killed.

Clients read from any api and come back by themselves, each event looked at by a `Checker`. The venue runs in
the test's own process, which knows whether two workers ever fought for its one connection.
"""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import httpx

from tapecast.simulator.paths import STOCK_PATH
from tapecast.simulator.server import Simulator, SimulatorConfig, simulator
from tests.e2e.cache import Cache, cache
from tests.e2e.checker import Checker
from tests.e2e.processes import Child, streaming, tapecast
from tests.support import eventually, free_port, free_socket

RESTART_S = (0.2, 2.0)
"""How long a platform takes to start a process again."""
COME_BACK_S = (0.1, 0.5)
"""How long a page waits: what `retry:` says, shortened, so that more is seen."""


class Member:
    """One process that is kept running."""

    def __init__(self, arguments: tuple[str, ...], env: dict[str, str], dice: random.Random) -> None:
        self._arguments = arguments
        self._env = env
        self._dice = dice
        self.child: Child | None = None
        self.starts = 0
        self._said = ""

    async def keep(self) -> None:
        """Start it again whenever it has ended."""
        while True:
            async with tapecast(*self._arguments, env=self._env) as child:
                self.child = child
                self.starts += 1
                try:
                    # A drill of ten minutes is longer than `Child.ended` waits.
                    await eventually(child._ended, "its end", 3600)
                finally:
                    self.child = None
                    self._said += child.output
            await asyncio.sleep(self._dice.uniform(*RESTART_S))

    @property
    def said(self) -> str:
        """What it printed in all its lives."""
        return self._said + (self.child.output if self.child is not None else "")

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, if it runs."""
        if self.child is not None:
            self.child.send(number)


class Fleet:
    """All of it."""

    def __init__(self, venue: Simulator, redis: Cache, dice: random.Random) -> None:
        env = venue.environment() | {"REDIS_URL": redis.url}
        self.venue = venue
        self.redis = redis
        self.dice = dice
        ports = [free_port() for _ in range(3)]
        self.ingests = [Member(("ingest",), env, dice) for _ in range(2)]
        self.apis = [Member(("api", "--host", "127.0.0.1", "--port", str(port)), env, dice) for port in ports]
        self.bases = [f"http://127.0.0.1:{port}" for port in ports]

    @property
    def members(self) -> list[Member]:
        """Every process but Redis."""
        return [*self.ingests, *self.apis]

    @property
    def fights(self) -> int:
        """How often a worker came to the venue while another held its connection."""
        return sum(endpoint.turned_away for endpoint in self.venue.endpoints())

    def owner(self) -> Member:
        """The worker that holds the venue's stock connection, by its own words; any if none does."""
        held = self.venue.subscribed(STOCK_PATH)
        said = [
            each for each in self.ingests if each.child and "lease_acquired: us_equity" in each.child.output
        ]
        return said[-1] if held and said else self.dice.choice(self.ingests)

    async def follow(self, checker: Checker, symbols: Iterable[str]) -> None:
        """One page: from any api, again and again."""
        asked = ",".join(symbols)
        while True:
            with suppress(httpx.HTTPError, OSError):
                await self._listen(self.dice.choice(self.bases), checker, asked)
            await asyncio.sleep(self.dice.uniform(*COME_BACK_S))

    async def _listen(self, base: str, checker: Checker, asked: str) -> None:
        async with streaming(f"{base}/stream/prices", symbols=asked) as stream:
            checker.begin()
            for event in stream.events:
                checker.hear(event)
            stream.hear = checker.hear
            await eventually(lambda: stream.ended, "its end", 3600)
        checker.state.clear()


@asynccontextmanager
async def fleet(dice: random.Random) -> AsyncIterator[Fleet]:
    """Running, for the length of the block."""
    async with AsyncExitStack() as stack:
        venue = await stack.enter_async_context(simulator(SimulatorConfig(), free_socket()))
        redis = await stack.enter_async_context(cache())
        running = Fleet(venue, redis, dice)
        keeping = [asyncio.create_task(member.keep()) for member in running.members]
        try:
            yield running
        finally:
            for task in keeping:
                task.cancel()
            await asyncio.wait(keeping)
