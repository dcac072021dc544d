"""When the totals are told."""

from __future__ import annotations

import json
from typing import Any

from tapecast.api.account.holding import Holding, sight
from tapecast.api.account.totals import Totals
from tapecast.api.account.upkeep import AccountFeed
from tapecast.bus.codec import AccountImage
from tapecast.market import FeedState
from tests.api.account.support import AS_OF, LONG, image, numbers
from tests.api.peer import parsed
from tests.support import HandClock

LIVE = AccountFeed("alpaca", "account", FeedState.LIVE)
HELD = [Holding(numbers(LONG), sight("AAPL", None), AS_OF)]


class Desk:
    """The totals, on a hand clock."""

    def __init__(self) -> None:
        self.time = HandClock()
        self.totals = Totals(self.time.clock)

    def told(self, known: AccountImage, status: AccountFeed = LIVE) -> dict[str, Any] | None:
        """What is told now, if it is time and there is something to tell."""
        if not self.totals.is_due:
            return None
        frame = self.totals.news(known, status, HELD)
        return parsed(frame)[0][1] if frame else None


def test_they_are_told_ten_times_a_second_at_the_most() -> None:
    """The last change waits for its turn, and is told then."""
    desk = Desk()
    desk.totals.move()
    assert desk.told(image(LONG))
    desk.totals.move()
    assert desk.told(image(LONG, portfolio={"cash": "1"})) is None
    desk.time.advance(0.1)
    told = desk.told(image(LONG, portfolio={"cash": "2"}))
    assert told is not None
    assert told["cash"] == 2


def test_what_was_told_is_no_news() -> None:
    """Nor is that everything has grown older."""
    desk = Desk()
    desk.totals.move()
    assert desk.told(image(LONG))
    desk.time.advance(1)
    assert desk.told(image(LONG)) is None, "nothing has moved"
    desk.totals.move()
    assert desk.told(image(LONG)) is None
    desk.totals.move()
    assert desk.told(
        image(LONG), AccountFeed("alpaca", "account", FeedState.RECONNECTING, "rest_unreachable")
    )


def test_they_say_whose_they_are_and_how_old() -> None:
    """And whether all that is invented."""
    desk = Desk()
    desk.time.advance(2.5)
    ((name, data),) = parsed(desk.totals.frame(image(LONG, simulated=True), LIVE, HELD))
    assert name == "portfolio"
    assert (data["account"], data["as_of"], data["state"], data["simulated"]) == (
        "PA123",
        AS_OF,
        "live",
        True,
    )
    assert data["price_age_ms"] == 2500
    assert data["stale"] == [{"symbol": "AAPL", "state": "pending"}]
    assert "reason" not in data
    assert "null" not in json.dumps(data)
