"""What a replica knows of each market's path."""

from __future__ import annotations

from typing import Any

import pytest

from tapecast.api.pulse import Pulse
from tapecast.bus.codec import Beat, FeedStatus
from tapecast.market import FeedState, Market
from tests.api.support import HandClock


def beat(state: FeedState = FeedState.LIVE, epoch: int = 1, at: int = 1, **more: Any) -> Beat:
    """A beat of the stocks' owner."""
    return Beat(Market.US_EQUITY, epoch, 1, state, at, feed="iex", **more)


def shown(pulse: Pulse) -> list[tuple[str, str]]:
    """State and reason of each feed."""
    pulse.sweep()
    return [(status.state, status.reason) for status in pulse.statuses()]


@pytest.fixture
def time() -> HandClock:
    """A clock turned by hand."""
    return HandClock()


@pytest.fixture
def pulse(time: HandClock) -> Pulse:
    """A pulse whose link is up."""
    pulse = Pulse(time.clock)
    pulse.link = True
    return pulse


def test_a_market_that_nobody_serves_is_connecting(pulse: Pulse) -> None:
    """A client that asked hears that there is no ingest."""
    assert shown(pulse) == []
    pulse.watch(Market.US_EQUITY)
    assert shown(pulse) == [("connecting", "no_ingest")]
    assert pulse.trouble(Market.US_EQUITY) == "no_ingest"


def test_before_the_first_answer_of_redis_nothing_is_blamed(pulse: Pulse) -> None:
    """A replica that has just started does not yet know that there is no ingest."""
    pulse.link = None
    pulse.watch(Market.US_EQUITY)
    assert shown(pulse) == [("connecting", "")]
    assert pulse.trouble(Market.US_EQUITY) == ""


def test_a_fresh_beat_is_believed(pulse: Pulse) -> None:
    """State, reason, time and name are the owner's."""
    pulse.on_beat(beat(FeedState.FAILED, reason="auth_failed", since="then", simulated=True))
    pulse.sweep()
    expected = FeedStatus("iex", Market.US_EQUITY, FeedState.FAILED, "auth_failed", "then", simulated=True)
    assert pulse.statuses() == [expected]
    assert pulse.trouble(Market.US_EQUITY) == "feed_failed"


def test_three_seconds_of_silence_are_a_lost_ingest(pulse: Pulse, time: HandClock) -> None:
    """Up to three seconds the last beat stands."""
    pulse.on_beat(beat())
    time.advance(3)
    assert shown(pulse) == [("live", "")]
    time.advance(0.1)
    assert shown(pulse) == [("reconnecting", "ingest_lost")]
    assert pulse.trouble(Market.US_EQUITY) == "ingest_lost"
    pulse.on_beat(beat(at=2))
    assert shown(pulse) == [("live", "")]


def test_a_lost_link_hides_all_else(pulse: Pulse) -> None:
    """Without Redis nothing is known of any feed."""
    pulse.on_beat(beat())
    pulse.watch(Market.CRYPTO)
    pulse.link = False
    assert shown(pulse) == [("reconnecting", "cache_unavailable")] * 2
    assert pulse.trouble(Market.US_EQUITY) == "cache_unavailable"


def test_only_changes_are_reported(pulse: Pulse, time: HandClock) -> None:
    """A feed event is news."""
    pulse.on_beat(beat())
    assert [status.state for status in pulse.sweep()] == [FeedState.LIVE]
    time.advance(1)
    pulse.on_beat(beat(at=2))
    assert pulse.sweep() == []
    pulse.on_beat(beat(FeedState.CLOSED, at=3))
    assert [status.state for status in pulse.sweep()] == [FeedState.CLOSED]


def test_since_is_when_the_state_changed(pulse: Pulse, time: HandClock) -> None:
    """Sweeps do not move it."""
    pulse.watch(Market.CRYPTO)
    since = pulse.statuses()[0].since
    time.advance(5)
    pulse.sweep()
    assert pulse.statuses()[0].since == since == "2023-11-14T22:13:20.000Z"


@pytest.mark.parametrize("again", [beat(epoch=2), beat(epoch=1, at=9)])
def test_an_old_beat_is_not_heard(pulse: Pulse, time: HandClock, again: Beat) -> None:
    """Neither an owner that lost its lease nor a value read twice keeps a market alive."""
    assert pulse.on_beat(beat(epoch=2))
    time.advance(4)
    assert not pulse.on_beat(again)
    assert not pulse.is_fresh(Market.US_EQUITY)


@pytest.mark.parametrize(
    ("state", "trouble", "closed"),
    [
        (FeedState.LIVE, "", False),
        (FeedState.CLOSED, "", True),
        (FeedState.IDLE, "", False),
        (FeedState.RECONNECTING, "feed_reconnecting", False),
    ],
)
def test_trouble_names_the_feeds_state(pulse: Pulse, state: FeedState, trouble: str, closed: bool) -> None:
    """A symbol's reason says whether the whole feed is down."""
    pulse.on_beat(beat(state))
    assert (pulse.trouble(Market.US_EQUITY), pulse.is_closed(Market.US_EQUITY)) == (trouble, closed)


@pytest.mark.parametrize(
    ("given", "connected"),
    [
        (beat(), True),
        (beat(FeedState.CLOSED), True),
        (beat(FeedState.RECONNECTING), False),
        (beat(simulated=True), False),
    ],
)
def test_only_a_real_healthy_venue_is_connected(pulse: Pulse, given: Beat, connected: bool) -> None:
    """A simulated feed never counts as Alpaca."""
    pulse.on_beat(given)
    assert pulse.is_connected() is connected


def test_a_silent_venue_is_not_connected(pulse: Pulse, time: HandClock) -> None:
    """What was connected four seconds ago is not known to be now."""
    pulse.on_beat(beat())
    time.advance(4)
    assert not pulse.is_connected()
