"""What an owner goes on from: the bars that its own feed has told, and of these what makes sense."""

from __future__ import annotations

import msgspec
import pytest

from tapecast.bars import Bar, Interval
from tapecast.bus.bars import BarIndex, Told, write_bars
from tapecast.bus.connection import Bus
from tapecast.bus.fence import Fence
from tapecast.bus.lease import Lease
from tapecast.ingest.bars.cache import Cached, read_cached
from tests.ingest.bars.raw import START
from tests.ingest.fakes import FakeFeed

S = 10**9
BAR = Bar("2026-11-20T15:00:00Z", 1.0, 1.0, 1.0, 1.0, 1.0, 1, closed=True, epoch=1, seq=1)


async def kept(bus: Bus, index: BarIndex, *bars: Bar) -> None:
    """What another owner has left: one bucket, and the last of its bars as the newest word."""
    lease = Lease(bus, "us_equity", "another")
    assert await lease.acquire()
    news = Told("AAPL", Interval.SECOND, bars[-1:], bars[-1], {START // S: list(bars)}, index)
    await write_bars(bus, Fence(bus, lease), [news], simulated=True)


async def cached(bus: Bus, name: str = "iex") -> Cached:
    """What is taken of it."""
    feed = FakeFeed()
    feed.name = name
    return await read_cached(bus, feed, "AAPL", Interval.SECOND)


async def test_nothing_is_nothing(bus: Bus) -> None:
    """And no other feed's."""
    assert await cached(bus) == Cached([], [])


@pytest.mark.parametrize("name", ["", "simulated", "sip"])
async def test_bars_of_another_feed_are_none(bus: Bus, name: str) -> None:
    """A demo's would be taken for real, and an exchange's for all."""
    await kept(bus, BarIndex([START // S], history=True, feed=name), BAR)
    assert await cached(bus) == Cached([], [], foreign=True)


async def test_a_tape_that_is_played_again_begins_again(bus: Bus) -> None:
    """Its trades would count twice."""
    await kept(bus, BarIndex([START // S], feed="replay"), BAR)
    assert await cached(bus, "replay") == Cached([], [], foreign=True)


async def test_the_newest_word_counts(bus: Bus) -> None:
    """The bucket may hold an older one."""
    newer = msgspec.structs.replace(BAR, close=2.0, seq=2)
    await kept(bus, BarIndex([START // S], feed="iex"), newer, BAR)
    assert await cached(bus) == Cached([newer], [START])


async def test_nonsense_stops_no_owner(bus: Bus) -> None:
    """Somebody else's bar costs itself."""
    starts = ("yesterday", "2026-11-20T15:00:01.5Z", "9999-12-31T23:59:59+00:00x")
    bad = [msgspec.structs.replace(BAR, start=start) for start in starts]
    await kept(bus, BarIndex([START // S], feed="iex"), BAR, *bad)
    assert (await cached(bus)).bars == [BAR]


async def test_a_history_that_has_lost_its_begin_is_none(bus: Bus) -> None:
    """Its buckets live for days, and the listing with the newest of them."""
    for buckets, history in (([START // S - 3600, START // S], False), ([START // S], True)):
        await kept(bus, BarIndex(buckets, history=True, feed="iex"), BAR)
        assert (await cached(bus)).history is history
        await bus.redis.flushall()
