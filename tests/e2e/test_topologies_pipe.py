"""Every part a process, over a Redis behind sentinels and over a cluster, while a page looks at each event.

What it took is printed, passed or not. That the same bus finds its way by itself: `test_topologies.py`.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import pytest
from redis.asyncio import Redis
from redis.crc import key_slot

from tapecast.bus.keys import Keys
from tapecast.bus.places import place_of
from tapecast.simulator.server import SimulatorConfig
from tapecast.simulator.venue import environment
from tests.e2e import topologies
from tests.e2e.page import Page, opened
from tests.e2e.processes import Child, serving, status, tapecast
from tests.support import eventually

pytestmark = pytest.mark.e2e

SYMBOLS = ("AAPL", "MSFT", "BTC/USD")
PATIENCE_S = 60.0
AWAY = "reconnecting cache_unavailable"

Say = Callable[[str], None]


@dataclass
class Parts:
    """The processes and the page."""

    base: str
    page: Page
    children: list[Child] = field(default_factory=list)

    @property
    def output(self) -> str:
        """What all of them said."""
        return "".join(child.output for child in self.children)

    async def well(self, since_ns: int = 0) -> None:
        """Wait until everything is live, with trades of after that moment."""
        await eventually(lambda: self.page.is_well(since_ns), "live", PATIENCE_S)


@asynccontextmanager
async def parts(redis_url: str) -> AsyncIterator[Parts]:
    """A venue, an owner, a standby and an api as processes, all of it live on a page."""
    async with AsyncExitStack() as stack:
        venue = await stack.enter_async_context(serving("simulate", "--rate", "4"))
        port = int(venue.base.rpartition(":")[2])
        env = environment("127.0.0.1", port, SimulatorConfig()) | {"REDIS_URL": redis_url}
        owner = await stack.enter_async_context(tapecast("ingest", env=env))
        await owner.said("lease_acquired: us_equity")
        standby = await stack.enter_async_context(tapecast("ingest", env=env))
        api = await stack.enter_async_context(serving("api", env=env))
        page = await stack.enter_async_context(opened(api.base, SYMBOLS))
        running = Parts(api.base, page, [venue, owner, standby, api])
        await running.well()
        yield running
        assert "Traceback" not in running.output


async def strike(running: Parts, what: str, blow: Callable[[], Awaitable[object]], say: Say) -> None:
    """Do it, wait until all is live again, and demand that nothing wrong was shown meanwhile."""
    page = running.page
    page.begin()
    began = time.monotonic()
    await blow()
    try:
        await running.well(time.time_ns())
    finally:
        page.checker.look()
        say(
            f"\n{what}: live again after {time.monotonic() - began:.1f} s, "
            f"no price for {page.silence_s:.1f} s, feed {page.steps}, {SYMBOLS[0]} {page.states}, "
            f"streams ended {page.ends}, violations {len(page.checker.violations)}"
        )
    assert page.checker.violations == []
    # A page need not even notice that Redis is another.
    assert page.ends == 0
    assert "connection_limit" not in running.output, "two workers at the venue"


async def test_prices_go_on_after_the_death_of_a_primary(say: Say) -> None:
    """Its replica is promoted, and has what the owner needs to go on."""
    async with topologies.watched() as (url, primary, _), parts(url) as running:

        async def dies() -> None:
            primary.kill()

        await strike(running, "primary killed behind a sentinel", dies, say)
        assert running.page.steps[0] == AWAY


@pytest.mark.long
async def test_a_slow_failover_is_said(say: Say) -> None:
    """Past a lease's end and a price's: the owner lets go, pages and status say why, and all comes back."""
    async with topologies.watched(down_after_s=9) as (url, primary, _), parts(url) as running:

        async def dies() -> None:
            primary.kill()
            await eventually(lambda: running.page.states == ["stale"], "said to be stale")
            shown = await status(running.base)
            assert {(feed["state"], feed["reason"]) for feed in shown["feeds"]} == {tuple(AWAY.split())}

        await strike(running, "primary killed behind a slow sentinel", dies, say)
        assert running.page.states == ["stale", "live"]
        assert running.output.count("lease_lost: us_equity") == 1


@pytest.mark.long
async def test_prices_go_on_after_a_planned_failover(say: Say) -> None:
    """Nobody dies: the old primary lives on as a replica, and takes no writes."""
    async with topologies.watched() as (url, _, replica), parts(url) as running:

        async def fails_over() -> None:
            async with Redis(port=place_of(url).hosts[-1][1]) as sentinel:
                await sentinel.execute_command("SENTINEL", "FAILOVER", topologies.SERVICE)  # type: ignore[no-untyped-call]
            await eventually(lambda: _is_primary(replica), "promoted")

        await strike(running, "planned failover by a sentinel", fails_over, say)


async def test_prices_go_on_while_their_slot_moves(say: Say) -> None:
    """To the other node of a cluster, with all keys, while they are read and written."""
    async with topologies.cluster() as (url, first, second), parts(url) as running:
        slot = key_slot(Keys(place_of(url).prefix("")).price("AAPL").encode())

        async def moves() -> None:
            await topologies.move(slot, first, second)

        await strike(running, "slot moved in a cluster", moves, say)
        assert await second.ask("CLUSTER", "COUNTKEYSINSLOT", slot) > 0


@pytest.mark.long
async def test_prices_go_on_after_the_death_of_their_node(say: Say) -> None:
    """The holder of our slot in a cluster; its replica is promoted by the other nodes."""
    async with topologies.replicated() as (url, holder, replica), parts(url) as running:

        async def dies() -> None:
            holder.kill()

        await strike(running, "node killed in a cluster", dies, say)
        assert await _is_primary(replica)


async def _is_primary(node: topologies.Server) -> bool:
    role: bytes = (await node.ask("ROLE"))[0]
    return role == b"master"
