"""What a feed's state is, and the beat that carries it."""

from __future__ import annotations

import asyncio
import math

import pytest

from tapecast.bus import codec
from tapecast.bus.connection import Bus
from tapecast.bus.lease import Lease
from tapecast.bus.publisher import Publisher
from tapecast.ingest.conflator import Conflator
from tapecast.ingest.pulse import HEARD_S, Pulse
from tapecast.market import FeedState
from tests.ingest.fakes import FakeFeed
from tests.support import HandClock, eventually


@pytest.fixture
async def feed() -> FakeFeed:
    """A feed that was heard from just now."""
    feed = FakeFeed()
    feed.last_heard = HandClock().seconds
    return feed


async def test_a_live_feed_that_goes_silent_is_not_healthy(feed: FakeFeed) -> None:
    """Its socket may still be open; what it said last is not vouched for."""
    time = HandClock()
    pulse = Pulse(feed, lambda: None, time.clock)
    pulse.turn(FeedState.LIVE)
    time.advance(HEARD_S)
    assert pulse.status().state == FeedState.LIVE
    time.advance(0.1)
    assert math.isinf(pulse.heard_ago_s)
    assert (pulse.status().state, pulse.status().reason) == (FeedState.RECONNECTING, "silent")
    feed.last_heard = time.seconds
    assert pulse.status().state == FeedState.LIVE


@pytest.mark.parametrize("state", [FeedState.IDLE, FeedState.CONNECTING, FeedState.FAILED, FeedState.STANDBY])
async def test_only_live_and_closed_are_healthy(feed: FakeFeed, state: FeedState) -> None:
    """Every other state vouches for nothing, and silence does not change what it is called."""
    pulse = Pulse(feed, lambda: None, HandClock().clock)
    pulse.turn(FeedState.CLOSED)
    assert pulse.state == FeedState.CLOSED
    pulse.turn(state)
    feed.last_heard = 0.0
    assert math.isinf(pulse.heard_ago_s)
    assert pulse.state == state


async def test_a_feed_whose_prices_redis_refuses_is_not_live(feed: FakeFeed) -> None:
    """Its pages would wait without a reason. The venue's own path is as well as it was: it is tried again."""
    told: list[str] = []
    pulse = Pulse(feed, lambda: told.append("changed"), HandClock().clock)
    pulse.on_refused("cache_forbidden")
    assert pulse.status().state is FeedState.STANDBY
    pulse.turn(FeedState.LIVE)
    assert (pulse.status().state, pulse.status().reason) == (FeedState.RECONNECTING, "cache_forbidden")
    assert pulse.heard_ago_s == 0
    told.clear()
    for reason in ("cache_forbidden", "", ""):
        pulse.on_refused(reason)
    assert (pulse.status().state, told) == (FeedState.LIVE, ["changed"])


async def test_the_beat_says_how_long_ago_the_venue_was_heard(feed: FakeFeed) -> None:
    """A price is vouched for from then on, not from when the beat went out."""
    hands = HandClock()
    pulse = Pulse(feed, lambda: None, hands.clock)
    conflator = Conflator(1)
    feed.last_heard = hands.clock.now()
    hands.advance(1.25)
    assert pulse.heard_ago_s == math.inf
    pulse.turn(FeedState.LIVE)
    assert pulse.heard_ago_s == pytest.approx(1.25)
    assert pulse._beat(conflator).heard_ms_ago == 1250
    pulse.turn(FeedState.RECONNECTING)
    assert pulse._beat(conflator).heard_ms_ago == 0


async def test_a_change_is_told_once(feed: FakeFeed) -> None:
    """The same state again is no change and keeps its time."""
    told: list[None] = []
    pulse = Pulse(feed, lambda: told.append(None))
    pulse.turn(FeedState.RECONNECTING, "closed_by_venue")
    since = pulse.status().since
    pulse.turn(FeedState.RECONNECTING, "closed_by_venue")
    assert len(told) == 1
    assert pulse.status().since == since


async def test_the_beat_goes_out_at_once_on_a_change(bus: Bus, feed: FakeFeed) -> None:
    """Clients need not wait for the next second to hear that the feed is down."""
    lease = Lease(bus, "us_equity", "holder")
    await lease.acquire()
    publisher = Publisher(bus, lease, 60)
    conflator = Conflator(lease.epoch)
    pulse = Pulse(feed, lambda: None, HandClock().clock)
    task = asyncio.create_task(pulse.beat_forever(publisher, conflator))

    async def beat() -> codec.Beat | None:
        data = await bus.redis.get("beat:us_equity")
        return codec.decode_beat(data) if data else None  # type: ignore[arg-type]

    async def says(state: FeedState) -> bool:
        found = await beat()
        return found is not None and found.state == state

    await eventually(lambda: says(FeedState.STANDBY))
    pulse.turn(FeedState.LIVE)
    await eventually(lambda: says(FeedState.LIVE))
    found = await beat()
    assert found is not None
    assert (found.epoch, found.seq) == (lease.epoch, conflator.session_seq)
    assert found.simulated
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
