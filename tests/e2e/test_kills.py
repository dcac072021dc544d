"""Workers, apis and Redis killed at random, with a look at every event that pages get.

Some in `make test`, the same each time, and ten minutes of others in `make drills`. What happened is printed,
passed or not, and the seed with it: `DRILL_SEED=... make e2e ARGS="-k kills"` strikes the same blows.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from statistics import median

import pytest

from tests.e2e.checker import Checker
from tests.e2e.fleet import Fleet, fleet
from tests.support import eventually

pytestmark = pytest.mark.e2e

SYMBOLS = ("AAPL", "MSFT", "NVDA", "BTC/USD")
PAGES = 3
BOUND_S = 8.0
"""As in `test_drill.py`."""
PATIENCE_S = 90.0

Blow = Callable[[Fleet], Awaitable[None]]


async def kill_owner(group: Fleet) -> None:
    """The worker that holds the lease, without a word."""
    group.owner().send(signal.SIGKILL)


async def end_owner(group: Fleet) -> None:
    """The same in order."""
    group.owner().send(signal.SIGTERM)


async def kill_ingests(group: Fleet) -> None:
    """Both workers."""
    for member in group.ingests:
        member.send(signal.SIGKILL)


async def kill_api(group: Fleet) -> None:
    """One api."""
    group.dice.choice(group.apis).send(signal.SIGKILL)


async def end_api(group: Fleet) -> None:
    """The same in order."""
    group.dice.choice(group.apis).send(signal.SIGTERM)


async def kill_redis(group: Fleet) -> None:
    """And start it again, empty."""
    await group.redis.kill()
    await asyncio.sleep(group.dice.choice([0.0, 0.5, 3.0, 8.0]))
    await group.redis.start()


BLOWS: dict[str, Blow] = {
    "owner killed": kill_owner,
    "owner ended": end_owner,
    "both workers killed": kill_ingests,
    "api killed": kill_api,
    "api ended": end_api,
    "Redis killed": kill_redis,
}


class Kills:
    """The blows and what came of them."""

    def __init__(self, group: Fleet, pages: list[Checker]) -> None:
        self._group = group
        self._pages = pages
        self.recovered_s: dict[str, list[float]] = defaultdict(list)

    async def round(self) -> None:
        """One blow or two, and back to health."""
        names = sorted(self._group.dice.sample(sorted(BLOWS), self._group.dice.choice([1, 1, 2])))
        began = time.monotonic()
        for name in names:
            await BLOWS[name](self._group)
        # What is still on its way is not what comes afterwards.
        await asyncio.sleep(0.5)
        seen = [dict(page.ticks) for page in self._pages]
        await eventually(lambda: self.are_well(seen), f"live again after {names}", PATIENCE_S)
        self.recovered_s[" + ".join(names)].append(time.monotonic() - began)

    def are_well(self, seen: list[dict[str, int]]) -> bool:
        """Whether each page has live prices that are newer than those."""
        return all(
            page.state.get(symbol) == "live" and page.ticks[symbol] > before.get(symbol, 0)
            for page, before in zip(self._pages, seen, strict=True)
            for symbol in SYMBOLS
        )

    def report(self, seed: int) -> str:
        """Everything that was counted."""
        rows = [
            f"\n  {name}: {len(times)}x, live in {median(times):.1f} s (median), {max(times):.1f} s (worst)"
            for name, times in sorted(self.recovered_s.items())
        ]
        return (
            f"\nkills, seed {seed}: {sum(map(len, self.recovered_s.values()))} rounds, "
            f"{sum(page.events for page in self._pages)} events at {len(self._pages)} pages, "
            f"{sum(member.starts for member in self._group.members)} processes started"
            + "".join(rows)
            + f"\n  {sum(page.stale for page in self._pages)} times stale, oldest trade of a live symbol "
            f"{max(page.oldest_s for page in self._pages):.1f} s, two at the venue {self._group.fights}, "
            f"violations {sum(len(page.violations) for page in self._pages)}"
        )


async def kills(lasts_s: float, seed: int, say: Callable[[str], None]) -> None:
    """Strike for so long, and demand that every event was right and every round ended well."""
    seed = int(os.environ.get("DRILL_SEED", "0")) or seed
    pages = [Checker(BOUND_S) for _ in range(PAGES)]
    async with fleet(random.Random(seed)) as group:
        reading = [asyncio.create_task(group.follow(page, SYMBOLS)) for page in pages]
        going = Kills(group, pages)
        try:
            await eventually(lambda: going.are_well([{}] * PAGES), "live at first", PATIENCE_S)
            until = time.monotonic() + lasts_s
            while time.monotonic() < until:
                await going.round()
        finally:
            say(going.report(seed))
            for task in reading:
                task.cancel()
            await asyncio.wait(reading)
        assert "Traceback" not in "".join(member.said for member in group.members)
        assert group.fights == 0
    assert [page.violations for page in pages] == [[]] * PAGES


@pytest.mark.timeout(300)
async def test_some_random_kills(say: Callable[[str], None]) -> None:
    """Nothing older after newer, nothing live past the bound, one connection, always recovered."""
    await kills(15.0, 1, say)


@pytest.mark.long
@pytest.mark.timeout(1500)
async def test_ten_minutes_of_random_kills(say: Callable[[str], None]) -> None:
    """The same, for long."""
    await kills(600.0, random.randrange(1, 10**6), say)
