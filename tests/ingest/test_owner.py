"""One market's owner with a scripted feed and a real Valkey."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from tapecast.bus import codec
from tapecast.bus.connection import Bus
from tapecast.errors import FeedFatal, StartError
from tapecast.ingest.counters import Counters
from tapecast.ingest.desired import DesiredSet
from tapecast.ingest.owner import Owner
from tapecast.market import Cancel, Correction, FeedState, Quote, Tick, Trade
from tests.ingest.fakes import FakeFeed
from tests.support import eventually

Make = Callable[..., Owner]


@pytest.fixture
def make(bus: Bus) -> Make:
    """Makes an owner of us_equity that always wants AAPL."""

    def made(feed: FakeFeed, holder: str = "a", limit: int = 30) -> Owner:
        return Owner(bus, feed, holder, DesiredSet(limit, ["AAPL"]), Counters(), 5, lambda: None)

    return made


@asynccontextmanager
async def running(owner: Owner) -> AsyncIterator[asyncio.Task[None]]:
    """The owner, running for the length of the block."""
    task: asyncio.Task[None] = asyncio.create_task(owner.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _price(bus: Bus, symbol: str = "AAPL") -> float | None:
    data = await bus.redis.get(f"price:{symbol}")
    return codec.decode_tick(data).price if data else None  # type: ignore[arg-type]


async def test_a_trade_becomes_a_price_under_its_lease(bus: Bus, make: Make) -> None:
    """Lease, feed, conflator and publisher hang together."""
    feed = FakeFeed()
    owner = make(feed)
    async with running(owner):
        await feed.go_live("AAPL")
        assert feed.wanted[0] == ("AAPL",)
        feed.trade("AAPL", 101.5)

        async def priced() -> bool:
            return await _price(bus) == 101.5

        await eventually(priced)
        assert await bus.redis.get("lease:us_equity") == b"a"
        assert owner.confirmed == {"AAPL"}
        assert owner.newest_ts_recv > 0
        assert owner.is_owner()
    assert not owner.is_owner()
    assert not await bus.redis.exists("lease:us_equity")


async def test_the_socket_is_closed_before_the_lease_is_released(bus: Bus, make: Make) -> None:
    """A standby never finds the venue's slot taken."""
    order: list[str] = []

    class Closing(FakeFeed):
        async def run(self, listener: object) -> None:  # type: ignore[override]
            try:
                self.running.set()
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0)
                order.append("closed" if await bus.redis.exists("lease:us_equity") else "too late")

    feed = Closing()
    async with running(make(feed)):
        await asyncio.wait_for(feed.running.wait(), 30)
    assert order == ["closed"]
    assert not await bus.redis.exists("lease:us_equity")


async def test_a_standby_waits_and_takes_over(bus: Bus, make: Make) -> None:
    """The second owner's feed runs only when the first has gone."""
    first, second = FakeFeed(), FakeFeed()
    standby = make(second, "b")
    async with running(make(first, "a")):
        await asyncio.wait_for(first.running.wait(), 30)
        async with running(standby):
            assert standby.pulse.state == FeedState.STANDBY
            assert second.ran == 0
            # As after a pause of the first that was longer than its lease.
            await bus.redis.set("lease:us_equity", "b", px=6000)
            await asyncio.wait_for(second.running.wait(), 30)
            await eventually(lambda: not first.running.is_set(), "the first learnt that it lost its lease")


async def test_a_fatal_venue_is_shown_and_keeps_the_lease(bus: Bus, make: Make) -> None:
    """The process stays up, the feed is not run again."""
    feed = FakeFeed()
    feed.fatal = FeedFatal("auth_failed", "auth failed", 402)
    owner = make(feed)
    async with running(owner) as task:
        await eventually(lambda: owner.pulse.state == FeedState.FAILED)
        assert owner.pulse.status().reason == "auth_failed"
        owner.replan()
        await eventually(lambda: len(feed.wanted) >= 2)
        assert not task.done()
        assert feed.ran == 1
        assert await bus.redis.get("lease:us_equity") == b"a"


async def test_a_fatal_venue_is_not_dialled_again_when_the_lease_comes_back(bus: Bus, make: Make) -> None:
    """To have lost it for a while gives nobody better keys."""
    feed = FakeFeed()
    feed.fatal = FeedFatal("auth_failed", "auth failed", 402)
    owner = make(feed)
    async with running(owner):
        await eventually(lambda: owner.pulse.state == FeedState.FAILED)
        epoch = owner.lease.epoch
        await bus.redis.set("lease:us_equity", "another")
        await eventually(lambda: owner.pulse.state == FeedState.STANDBY, "it has lost the lease")
        await bus.redis.delete("lease:us_equity")
        await eventually(lambda: owner.lease.epoch > epoch, "owner again")
        await eventually(lambda: owner.pulse.state == FeedState.FAILED)
        assert feed.ran == 1


async def test_what_was_refused_is_forgotten_with_the_lease(bus: Bus, make: Make) -> None:
    """The next owner may well be served what this one was not."""
    feed = FakeFeed()
    owner = make(feed)
    async with running(owner):
        listener = await feed.go_live("AAPL")
        listener.on_refused({"ZZZZ": "symbol_invalid"})
        await bus.redis.set("lease:us_equity", "another")
        await eventually(lambda: owner.pulse.state == FeedState.STANDBY)
        assert owner.refused == {}


async def test_a_price_in_hand_when_the_venue_goes_silent_is_not_written(bus: Bus, make: Make) -> None:
    """It is old by the time anybody would read it."""
    feed = FakeFeed()
    async with running(make(feed)):
        await feed.go_live("AAPL")
        feed.trade("AAPL", 1.0)
        feed.last_heard = time.monotonic() - 60
        await eventually(lambda: bus.redis.exists("beat:us_equity"))
        for _ in range(200):
            await asyncio.sleep(0)
        assert await _price(bus) is None
        feed.last_heard = None

        async def priced() -> bool:
            return await _price(bus) == 1.0

        await eventually(priced)


async def test_a_symbol_that_the_venue_dropped_is_not_kept_fresh(bus: Bus, make: Make) -> None:
    """Its key is left to expire."""
    feed = FakeFeed()
    owner = make(feed)
    async with running(owner):
        listener = await feed.go_live("AAPL")
        feed.trade("AAPL", 1.0)
        await eventually(lambda: bus.redis.exists("price:AAPL"))
        listener.on_subscribed(frozenset())
        await bus.redis.delete("price:AAPL")
        assert owner._flusher is not None
        await owner._flusher.refresh()
        assert not await bus.redis.exists("price:AAPL")


async def test_a_symbol_over_the_cap_is_refused_with_the_reason(bus: Bus, make: Make) -> None:
    """The plan's cap is said, not silently cut."""
    feed = FakeFeed()
    desired = DesiredSet(1, ["AAPL"])
    owner = Owner(bus, feed, "a", desired, Counters(), 5, lambda: None)
    async with running(owner):
        await asyncio.wait_for(feed.running.wait(), 30)
        desired.update({"MSFT": 1}, 1.0)
        owner.replan()
        await eventually(lambda: owner.refused == {"MSFT": "symbol_limit"})
        assert feed.wanted[-1] == ("AAPL",)


@pytest.mark.parametrize("simulated", [False, True])
async def test_a_new_owner_starts_from_the_last_ticks(bus: Bus, simulated: bool) -> None:
    """A real price is not gone back behind by an older print; a tape that is played again begins anew."""
    feed = FakeFeed(simulated=simulated)
    last = Tick("AAPL", 100.0, timestamp="2100-01-01T00:00:00Z", feed=feed.name, epoch=1, seq=1)
    await bus.redis.set("last:AAPL", codec.encode(last))
    async with running(Owner(bus, feed, "a", DesiredSet(30, ["AAPL", "MSFT"]), Counters(), 5, lambda: None)):
        await feed.go_live("AAPL", "MSFT")
        feed.trade("AAPL", 50.0)
        feed.trade("MSFT", 60.0)

        async def written() -> bool:
            return await _price(bus, "MSFT") == 60.0

        await eventually(written)
        assert await _price(bus) == (50.0 if simulated else None)


async def test_another_feeds_last_ticks_are_not_believed(bus: Bus, make: Make) -> None:
    """A simulated price is never the start of a real one, nor the other way round."""
    last = Tick(
        symbol="AAPL", price=100.0, size=1.0, timestamp="2100-01-01T00:00:00Z", feed="sip", epoch=1, seq=1
    )
    await bus.redis.set("last:AAPL", codec.encode(last))
    feed = FakeFeed()
    async with running(make(feed)):
        await feed.go_live("AAPL")
        feed.trade("AAPL", 50.0)

        async def priced() -> bool:
            return await _price(bus) == 50.0

        await eventually(priced)


async def test_simulated_prices_do_not_start_over_real_ones(bus: Bus, make: Make) -> None:
    """The refusal ends the process, with what to do about it."""
    await bus.redis.set("origin:us_equity", "real")
    async with running(make(FakeFeed())) as task:
        async with asyncio.timeout(30):
            with pytest.raises(StartError, match="REDIS_PREFIX"):
                await task
    assert not await bus.redis.exists("lease:us_equity")


async def test_messages_and_rejects_are_counted(bus: Bus, make: Make) -> None:
    """What the venue says is counted, and what made no sense by kind."""
    feed, counters = FakeFeed(), Counters()
    owner = Owner(bus, feed, "a", DesiredSet(30, ["AAPL"]), counters, 5, lambda: None)
    async with running(owner):
        listener = await feed.go_live("AAPL")
        feed.trade("AAPL", 1.0)
        listener.on_rejected("bad_price")
        assert (counters.messages, counters.rejected["bad_price"]) == (1, 1)
        listener.on_data([Trade("AAPL", 2.0, 1.0, 1, 1), Quote("AAPL", 1.0, 2.0, 1.0, 1.0, 1, 1)])
        listener.on_quote(Quote("AAPL", 1.0, 2.0, 1.0, 1.0, 1, 1))
        listener.on_correction(Correction("AAPL", 1, "V", 2, 1.0, 1.0, 7, 1))
        listener.on_cancel(Cancel("AAPL", 1, "V", 1))
        received = {"trade": 2, "quote": 2, "correction": 1, "cancel": 1}
        assert {name: counters.received[name] for name in received} == received
        await eventually(lambda: counters.flushes.buckets()[-1][1] > 0, "a flush that was timed")
        listener.on_refused({"ZZZZ": "symbol_invalid"})
        assert owner.refused == {"ZZZZ": "symbol_invalid"}
