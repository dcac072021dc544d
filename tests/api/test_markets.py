"""What a replica knows of each market's path."""

from __future__ import annotations

from typing import Any

import pytest

from tapecast.api.markets import Markets
from tapecast.bus.codec import Beat, FeedStatus
from tapecast.market import FeedState, Market
from tests.support import HandClock


def beat(state: FeedState = FeedState.LIVE, epoch: int = 1, at: int = 1, **more: Any) -> Beat:
    """A beat of the stocks' owner."""
    return Beat(Market.US_EQUITY, epoch, 1, state, at, feed="iex", **more)


def shown(markets: Markets) -> list[tuple[str, str]]:
    """State and reason of each feed."""
    markets.sweep()
    return [(status.state, status.reason) for status in markets.statuses()]


@pytest.fixture
def time() -> HandClock:
    """A clock turned by hand."""
    return HandClock()


@pytest.fixture
def markets(time: HandClock) -> Markets:
    """The markets, over a link that is up."""
    markets = Markets(time.clock)
    markets.link = True
    return markets


def test_a_redis_that_refuses_us_is_to_blame_and_not_a_silent_worker(
    markets: Markets, time: HandClock
) -> None:
    """While a beat is fresh nothing is wrong; when none comes any more, this is why."""
    markets.watch(Market.CRYPTO)
    markets.on_beat(beat())
    markets.refusal = "cache_full"
    assert shown(markets) == [("reconnecting", "cache_full"), ("live", "")]
    time.advance(4.0)
    assert shown(markets) == [("reconnecting", "cache_full")] * 2
    assert markets.trouble(Market.US_EQUITY) == "cache_full"
    markets.refusal = ""
    assert shown(markets) == [("connecting", "no_ingest"), ("reconnecting", "ingest_lost")]


def test_a_market_that_nobody_serves_is_connecting(markets: Markets) -> None:
    """A client that asked hears that there is no ingest."""
    assert shown(markets) == []
    markets.watch(Market.US_EQUITY)
    assert shown(markets) == [("connecting", "no_ingest")]
    assert markets.trouble(Market.US_EQUITY) == "no_ingest"


def test_before_the_first_answer_of_redis_nothing_is_blamed(markets: Markets) -> None:
    """A replica that has just started does not yet know that there is no ingest."""
    markets.link = None
    markets.watch(Market.US_EQUITY)
    assert shown(markets) == [("connecting", "")]
    assert markets.trouble(Market.US_EQUITY) == ""


def test_a_fresh_beat_is_believed(markets: Markets) -> None:
    """State, reason, time and name are the owner's."""
    markets.on_beat(beat(FeedState.FAILED, reason="auth_failed", since="then", simulated=True))
    markets.sweep()
    expected = FeedStatus("iex", Market.US_EQUITY, FeedState.FAILED, "auth_failed", "then", simulated=True)
    assert markets.statuses() == [expected]
    assert markets.trouble(Market.US_EQUITY) == "feed_failed"


def test_three_seconds_of_silence_are_a_lost_ingest(markets: Markets, time: HandClock) -> None:
    """Up to three seconds the last beat stands."""
    markets.on_beat(beat())
    time.advance(3)
    assert shown(markets) == [("live", "")]
    time.advance(0.1)
    assert shown(markets) == [("reconnecting", "ingest_lost")]
    assert markets.trouble(Market.US_EQUITY) == "ingest_lost"
    markets.on_beat(beat(at=2))
    assert shown(markets) == [("live", "")]


def test_a_lost_link_hides_all_else(markets: Markets) -> None:
    """Without Redis nothing is known of any feed."""
    markets.on_beat(beat())
    markets.watch(Market.CRYPTO)
    markets.link = False
    assert shown(markets) == [("reconnecting", "cache_unavailable")] * 2
    assert markets.trouble(Market.US_EQUITY) == "cache_unavailable"


def test_only_changes_are_reported(markets: Markets, time: HandClock) -> None:
    """A feed event is news."""
    markets.on_beat(beat())
    assert [status.state for status in markets.sweep()] == [FeedState.LIVE]
    time.advance(1)
    markets.on_beat(beat(at=2))
    assert markets.sweep() == []
    markets.on_beat(beat(FeedState.CLOSED, at=3))
    assert [status.state for status in markets.sweep()] == [FeedState.CLOSED]


def test_since_is_when_the_state_changed(markets: Markets, time: HandClock) -> None:
    """Sweeps do not move it."""
    markets.watch(Market.CRYPTO)
    since = markets.statuses()[0].since
    time.advance(5)
    markets.sweep()
    assert markets.statuses()[0].since == since == "2023-11-14T22:13:20.000Z"


@pytest.mark.parametrize("again", [beat(epoch=2), beat(epoch=1, at=9)])
def test_an_old_beat_is_not_heard(markets: Markets, time: HandClock, again: Beat) -> None:
    """Neither an owner that lost its lease nor a value read twice keeps a market alive."""
    assert markets.on_beat(beat(epoch=2))
    time.advance(4)
    assert not markets.on_beat(again)
    assert not markets.is_fresh(Market.US_EQUITY)


@pytest.mark.parametrize(
    ("state", "trouble", "closed"),
    [
        (FeedState.LIVE, "", False),
        (FeedState.CLOSED, "", True),
        (FeedState.IDLE, "", False),
        (FeedState.RECONNECTING, "feed_reconnecting", False),
    ],
)
def test_trouble_names_the_feeds_state(
    markets: Markets, state: FeedState, trouble: str, closed: bool
) -> None:
    """A symbol's reason says whether the whole feed is down."""
    markets.on_beat(beat(state))
    assert (markets.trouble(Market.US_EQUITY), markets.is_closed(Market.US_EQUITY)) == (trouble, closed)


@pytest.mark.parametrize(
    ("given", "connected"),
    [
        (beat(), True),
        (beat(FeedState.CLOSED), True),
        (beat(FeedState.RECONNECTING), False),
        (beat(simulated=True), False),
    ],
)
def test_only_a_real_healthy_venue_is_connected(markets: Markets, given: Beat, connected: bool) -> None:
    """A simulated feed never counts as Alpaca."""
    markets.on_beat(given)
    assert markets.is_connected() is connected


def test_a_silent_venue_is_not_connected(markets: Markets, time: HandClock) -> None:
    """What was connected four seconds ago is not known to be now."""
    markets.on_beat(beat())
    time.advance(4)
    assert not markets.is_connected()
