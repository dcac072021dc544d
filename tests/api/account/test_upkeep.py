"""Whether the account is kept up to date."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tapecast.api.account.upkeep import Upkeep
from tapecast.api.markets import Markets
from tapecast.bus.codec import Beat
from tapecast.bus.keys import ACCOUNT_SILENT_S, ACCOUNT_TOUCH_S
from tapecast.market import FeedState, Market
from tests.api.account.support import AS_OF, image
from tests.support import HandClock

SINCE = "2023-11-14T20:00:00Z"


class Desk:
    """An upkeep on a hand clock, with a reader from the start."""

    def __init__(self, *, is_read: bool = True) -> None:
        self.time = HandClock()
        self.markets = Markets(self.time.clock)
        self.upkeep = Upkeep(self.time.clock, self.markets)
        if is_read:
            self.upkeep.ask(is_read=True)

    def hear(self, age_s: float = 0.0, **more: Any) -> None:
        """A change came."""
        self.upkeep.hear(image(**{"since": SINCE} | more), age_s)

    @property
    def said(self) -> tuple[str, str]:
        """The state and the reason."""
        status = self.upkeep.status()
        return status.state, status.reason


@pytest.fixture
def desk() -> Desk:
    """One that has heard nothing."""
    return Desk()


def test_it_says_what_ingest_says(desk: Desk) -> None:
    """With its reason, since when, and of when the figures are."""
    desk.hear(state=FeedState.RECONNECTING, reason="rest_unreachable", simulated=True)
    assert msgspec.to_builtins(desk.upkeep.status()) == {
        "feed": "simulated", "market": "account", "state": "reconnecting", "reason": "rest_unreachable",
        "since": SINCE, "as_of": AS_OF, "simulated": True,
    }  # fmt: skip


def test_an_invented_account_says_so_before_it_was_read(desk: Desk) -> None:
    """By the prices beside it; what is read of the account itself counts more."""
    assert (desk.upkeep.status().feed, desk.upkeep.status().simulated) == ("alpaca", False)
    desk.markets.on_beat(Beat(Market.CRYPTO, 1, 0, FeedState.LIVE, 0, simulated=True))
    assert (desk.upkeep.status().feed, desk.upkeep.status().simulated) == ("simulated", True)
    desk.hear()
    assert (desk.upkeep.status().feed, desk.upkeep.status().simulated) == ("alpaca", False)


def test_silence_shows(desk: Desk) -> None:
    """A dead ingest says nothing of it. One that is back does."""
    desk.hear()
    desk.time.advance(ACCOUNT_SILENT_S)
    assert desk.said == ("live", "")
    desk.time.advance(0.1)
    assert desk.said == ("reconnecting", "ingest_silent")
    since = desk.upkeep.status().since
    desk.time.advance(60)
    assert desk.upkeep.status().since == since == "2023-11-14T22:13:32.100Z"
    desk.hear()
    assert desk.said == ("live", "")
    assert desk.upkeep.status().since == SINCE


def test_without_an_ingest_it_is_silent_soon(desk: Desk) -> None:
    """Counted from when somebody asked."""
    assert desk.said == ("connecting", "")
    desk.time.advance(ACCOUNT_SILENT_S + 0.1)
    assert desk.said == ("reconnecting", "ingest_silent")


def test_who_comes_while_nobody_listened_sees_it_being_read() -> None:
    """Ingest reads nothing for nobody: what was live then is not known to be now."""
    desk = Desk(is_read=False)
    desk.hear()
    desk.time.advance(3600)
    desk.upkeep.ask(is_read=True)
    assert desk.said == ("connecting", "")
    desk.hear()
    assert desk.said == ("live", "")


def test_who_comes_while_others_listen_elsewhere_sees_it_live() -> None:
    """For them a change is published every few seconds."""
    desk = Desk(is_read=False)
    desk.hear()
    desk.time.advance(ACCOUNT_TOUCH_S)
    desk.upkeep.ask(is_read=True)
    assert desk.said == ("live", "")
    desk.time.advance(1.1)
    assert desk.said == ("connecting", ""), "there were none after all"


@pytest.mark.parametrize(("age_s", "state"), [(2.0, "live"), (3600.0, "connecting")])
def test_what_was_read_is_as_old_as_it_is(desk: Desk, age_s: float, state: str) -> None:
    """An image in the cache may be of yesterday."""
    desk.hear(age_s)
    assert desk.said == (state, "")


@pytest.mark.parametrize("state", [FeedState.IDLE, FeedState.STANDBY])
def test_an_ingest_that_is_about_to_is_connecting(desk: Desk, state: FeedState) -> None:
    """That nobody listened is over."""
    desk.hear(state=state)
    assert desk.said == ("connecting", "")


def test_a_lost_redis_shows_at_once(desk: Desk) -> None:
    """When it is back, ingest has its time to be heard."""
    desk.hear()
    desk.markets.link = False
    assert desk.said == ("reconnecting", "cache_unavailable")
    desk.time.advance(60)
    assert desk.said == ("reconnecting", "cache_unavailable")
    desk.markets.link = True
    assert desk.said == ("connecting", "")
    desk.time.advance(ACCOUNT_SILENT_S + 0.1)
    assert desk.said == ("reconnecting", "ingest_silent")


def test_a_redis_that_refuses_writes_is_to_blame_for_the_silence(desk: Desk) -> None:
    """Ingest cannot be heard through it."""
    desk.hear()
    desk.markets.refusal = "cache_full"
    assert desk.said == ("live", "")
    desk.time.advance(ACCOUNT_SILENT_S + 0.1)
    assert desk.said == ("reconnecting", "cache_full")


def test_what_nobody_here_listens_to_is_known_only_if_it_is_heard() -> None:
    """An api without such readers claims nothing of an account that nobody reads."""
    desk = Desk(is_read=False)
    assert (desk.upkeep.known(), desk.upkeep.age_s()) == (None, None)
    desk.hear()
    desk.time.advance(2)
    known = desk.upkeep.known()
    assert known is not None
    assert (known.state, desk.upkeep.age_s()) == (FeedState.LIVE, 2.0)
    desk.time.advance(60)
    assert desk.upkeep.known() is None
    desk.upkeep.ask(is_read=True)
    assert desk.upkeep.known() is not None
