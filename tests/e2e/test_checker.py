"""The drill's judge finds what it is there to find."""

from __future__ import annotations

import json

import pytest
from httpx_sse import ServerSentEvent

from tapecast.market import rfc3339
from tests.e2e.checker import GRACE_S, Checker

BOUND_S = 8.0


class Court:
    """A checker on a clock that the test moves, and a page's events."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0
        self.lost_s = 0.0
        self.checker = Checker(BOUND_S, lambda: self.now, lambda _: self.lost_s)
        self._seq = 0

    def state(self, state: str) -> None:
        """The symbol's state."""
        self.checker.hear(ServerSentEvent("symbol", json.dumps({"symbol": "AAPL", "state": state})))

    def tick(self, ago_s: float = 0.0, seq: int | None = None, **more: object) -> None:
        """A tick whose trade was so long ago."""
        self._seq = self._seq + 1 if seq is None else seq
        at = rfc3339(round((self.now - ago_s) * 1000) * 1_000_000)
        body = {"symbol": "AAPL", "epoch": 1, "seq": self._seq, "timestamp": at, **more}
        self.checker.hear(ServerSentEvent("message", json.dumps(body)))

    def pass_time(self, seconds: float) -> None:
        """Time, in steps as events come."""
        for _ in range(round(seconds * 10)):
            self.now += 0.1
            self.checker.look()

    @property
    def violations(self) -> list[str]:
        """What was found."""
        return self.checker.violations


@pytest.fixture
def court() -> Court:
    """A live symbol that has just traded."""
    court = Court()
    court.state("live")
    court.tick()
    return court


def test_a_live_symbol_within_the_bound_is_in_order(court: Court) -> None:
    """And a stale one may be of any age."""
    court.pass_time(BOUND_S)
    court.state("stale")
    court.pass_time(100)
    assert court.violations == []
    assert court.checker.oldest_s == pytest.approx(BOUND_S, abs=0.2)


def test_a_machine_that_stood_still_makes_nothing_wrong(court: Court) -> None:
    """For as long as it did, and no longer."""
    court.lost_s = 3.0
    court.pass_time(BOUND_S + GRACE_S + 2.5)
    assert court.violations == []
    court.pass_time(1)
    assert len(court.violations) == 1


def test_a_price_that_is_repeated_grows_old(court: Court) -> None:
    """Quotes, and the same trade under a new order, make it no younger."""
    for second in range(int(BOUND_S + GRACE_S) + 1):
        court.tick(ago_s=second, bid=second)
        court.pass_time(1)
    assert len(court.violations) == 1
    assert "live with a trade of" in court.violations[0]


def test_its_state_s_own_word_makes_it_no_younger(court: Court) -> None:
    """Stale and live again with the old price: a moment is given for the new one."""
    court.state("stale")
    court.pass_time(60)
    court.state("live")
    court.pass_time(GRACE_S / 2)
    assert court.violations == []
    court.pass_time(GRACE_S)
    assert len(court.violations) == 1


def test_live_without_any_price_is_wrong() -> None:
    """For longer than it takes to send it."""
    court = Court()
    court.state("live")
    court.pass_time(2 * GRACE_S)
    assert len(court.violations) == 1


def test_older_after_newer_is_wrong_unless_it_says_so(court: Court) -> None:
    """By its order always, by its trade unless that was corrected."""
    court.tick(ago_s=1, corrected=True)
    assert (court.violations, court.checker.corrected) == ([], 1)
    court.tick(ago_s=2)
    court.tick(seq=1)
    assert len(court.violations) == 2
