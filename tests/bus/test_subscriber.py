"""The api's one Redis reader, against a real Valkey."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tapecast.bus import codec
from tapecast.bus.account import after, write_account
from tapecast.bus.codec import AccountChange, AccountImage
from tapecast.bus.connection import Bus
from tapecast.bus.fence import Fence
from tapecast.bus.lease import Lease
from tapecast.bus.publisher import Publisher, Write
from tapecast.bus.subscriber import Subscriber
from tapecast.market import FeedState, Market
from tests.support import eventually

TTL_S = 60
"""Of what must not be gone before it is read, however long this machine stands still in between."""
BEAT = codec.Beat(Market.CRYPTO, epoch=1, seq=1, state=FeedState.LIVE, server_time=1)


class Hub:
    """Records all that the subscriber says, in order."""

    def __init__(self) -> None:
        self.heard: list[tuple[object, ...]] = []

    def on_tick(self, symbol: str, data: bytes) -> None:
        self.heard.append(("tick", symbol, data))

    def on_cached(self, symbol: str, price: bytes | None, last: bytes | None, fresh_for_s: float) -> None:
        assert fresh_for_s <= TTL_S
        self.heard.append(("cached", symbol, price, last))

    def on_beat(self, beat: codec.Beat) -> None:
        self.heard.append(("beat", beat.market))

    def on_ingest(self, status: codec.IngestStatus) -> None:
        self.heard.append(("ingest", status.id))

    def on_replica(self, status: codec.ReplicaStatus) -> None:
        self.heard.append(("replica", status.id))

    def on_account(self, image: AccountImage, change: AccountChange | None, age_s: float) -> None:
        assert 0 <= age_s < 10
        self.heard.append(("account", image.seq, change is None))

    def on_link(self, up: bool) -> None:
        self.heard.append(("link", up))

    async def told(self, *what: object) -> None:
        """Wait until this was said."""
        await eventually(lambda: what in self.heard, lambda: f"{what} in {self.heard}")

    def count(self, *what: object) -> int:
        return self.heard.count(what)


@pytest.fixture
def hub() -> Hub:
    """A fresh recorder."""
    return Hub()


@asynccontextmanager
async def running(bus: Bus, hub: Hub) -> AsyncIterator[Subscriber]:
    """A subscriber that runs for the length of the block."""
    subscriber = Subscriber(bus, hub)
    task = asyncio.create_task(subscriber.run())
    try:
        yield subscriber
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _publish(bus: Bus, symbol: str, data: bytes) -> None:
    await bus.redis.publish(f"price:{symbol}", data)


async def test_the_join_answers_with_what_the_cache_holds(bus: Bus, hub: Hub) -> None:
    """`price:` and `last:`, or nothing."""
    await bus.redis.set("price:AAPL", "p", ex=TTL_S)
    await bus.redis.set("last:AAPL", "l")
    async with running(bus, hub) as subscriber:
        subscriber.add(["AAPL", "BTC/USD"])
        await hub.told("cached", "AAPL", b"p", b"l")
        await hub.told("cached", "BTC/USD", None, None)


async def test_a_tick_published_after_the_answer_is_never_missed(bus: Bus, hub: Hub) -> None:
    """The subscription stands before the cache is read, so there is no gap between the two."""
    async with running(bus, hub) as subscriber:
        for number in range(20):
            symbol = f"S{number}"
            subscriber.add([symbol])
            await hub.told("cached", symbol, None, None)
            await _publish(bus, symbol, b"t")
            await hub.told("tick", symbol, b"t")


async def test_a_symbol_dropped_and_added_again_is_answered_again(bus: Bus, hub: Hub) -> None:
    """The hub forgot its value when the last listener left, even if that was only for a moment."""
    async with running(bus, hub) as subscriber:
        subscriber.add(["AAPL"])
        await hub.told("cached", "AAPL", None, None)
        await bus.redis.set("price:AAPL", "p", ex=TTL_S)
        subscriber.remove(["AAPL"])
        subscriber.add(["AAPL"])
        await hub.told("cached", "AAPL", b"p", None)


async def test_a_removed_symbol_is_unsubscribed(bus: Bus, hub: Hub) -> None:
    """Redis is not asked to send what nobody listens to."""

    async def subscribed() -> int:
        return dict(await bus.redis.pubsub_numsub("price:AAPL")).get(b"price:AAPL", 0)

    async with running(bus, hub) as subscriber:
        subscriber.add(["AAPL"])
        await eventually(subscribed)
        subscriber.remove(["AAPL"])

        async def left() -> bool:
            return not await subscribed()

        await eventually(left)


async def test_everything_else_is_heard_too(bus: Bus, hub: Hub) -> None:
    """Beats and statuses, as published."""
    async with running(bus, hub):
        await hub.told("link", True)
        await bus.redis.publish("beat:crypto", codec.encode(BEAT))
        await bus.redis.publish("status:api", codec.encode(codec.ReplicaStatus("api-1", "0", 1, 0)))
        await hub.told("beat", Market.CRYPTO)
        await hub.told("replica", "api-1")


async def test_a_message_that_makes_no_sense_ends_nothing(bus: Bus, hub: Hub) -> None:
    """Garbage on our channels is left out, and the next message is heard."""
    async with running(bus, hub):
        await hub.told("link", True)
        await bus.redis.publish("beat:crypto", b"\xff{")
        await bus.redis.publish("beat:crypto", codec.encode(BEAT))
        await hub.told("beat", Market.CRYPTO)


async def test_after_a_cut_every_symbol_is_joined_again_before_any_beat_is_heard(bus: Bus, hub: Hub) -> None:
    """A beat vouches for the tick that is held, so the held one must be the newest first."""
    await bus.redis.set("beat:crypto", codec.encode(BEAT), ex=TTL_S)
    async with running(bus, hub) as subscriber:
        subscriber.add(["AAPL", "MSFT"])
        await hub.told("link", True)
        await hub.told("cached", "MSFT", None, None)
        hub.heard.clear()
        await bus.redis.set("price:AAPL", "new", ex=TTL_S)
        await bus.redis.execute_command("CLIENT", "KILL", "TYPE", "pubsub")  # type: ignore[no-untyped-call]
        await hub.told("link", True)
        told = [entry[0] for entry in hub.heard]
        assert told[0] == "link"
        assert ("cached", "AAPL", b"new", None) in hub.heard
        assert told.index("cached") < told.index("beat")
        await _publish(bus, "MSFT", b"t")
        await hub.told("tick", "MSFT", b"t")


async def test_an_old_beat_in_the_cache_is_not_taken_for_a_pulse(bus: Bus, hub: Hub) -> None:
    """A beat lives for five seconds: one from a killed owner must not make its prices live again."""
    await bus.redis.set("beat:crypto", codec.encode(BEAT), px=3000)
    await bus.redis.set(
        "beat:us_equity", codec.encode(codec.Beat(Market.US_EQUITY, 1, 1, FeedState.LIVE, 1)), ex=TTL_S
    )
    async with running(bus, hub):
        await hub.told("link", True)
        assert [entry[1] for entry in hub.heard if entry[0] == "beat"] == [Market.US_EQUITY]


async def test_the_time_left_of_a_price_comes_with_it(bus: Bus) -> None:
    """A price is fresh for what is left of its time, not for all of it."""
    left: dict[str, float] = {}

    class Timed(Hub):
        def on_cached(self, symbol: str, price: bytes | None, last: bytes | None, fresh_for_s: float) -> None:
            left[symbol] = fresh_for_s

    await bus.redis.set("price:AAPL", "p", ex=TTL_S // 2)
    async with running(bus, Timed()) as subscriber:
        subscriber.add(["AAPL", "MSFT"])
        await eventually(lambda: len(left) == 2)
    assert 0 < left["AAPL"] <= TTL_S // 2
    assert left["MSFT"] == 0.0


async def test_the_publishers_ticks_arrive_as_they_were_written(bus: Bus, hub: Hub) -> None:
    """Publisher and subscriber agree on every name."""
    lease = Lease(bus, "crypto", "holder")
    await lease.acquire()
    async with running(bus, hub) as subscriber:
        subscriber.add(["BTC/USD"])
        await hub.told("cached", "BTC/USD", None, None)
        await Publisher(bus, lease, 60).publish([Write("BTC/USD", b"{}", last=True, publish=True)], 5.0)
        await hub.told("tick", "BTC/USD", b"{}")


async def test_the_account_is_read_and_then_followed(bus: Bus, hub: Hub) -> None:
    """A change that was missed makes it read again; so does every new link."""
    lease = Lease(bus, "account", "holder")
    await lease.acquire()
    fence, image = Fence(bus, lease), AccountImage(1, 1, simulated=True)
    await write_account(bus, fence, image, [AccountChange(1, 1)])
    async with running(bus, hub):
        await hub.told("account", 1, True)
        for seq in (2, 4):
            change = AccountChange(1, seq)
            image = after(image, change)
            await write_account(bus, fence, image, [change])
        await hub.told("account", 2, False)
        await hub.told("account", 4, True)
        hub.heard.clear()
        await bus.redis.execute_command("CLIENT", "KILL", "TYPE", "pubsub")  # type: ignore[no-untyped-call]
        await hub.told("account", 4, True)
        await write_account(bus, fence, image, [AccountChange(1, 5)])
        await hub.told("account", 5, False)
