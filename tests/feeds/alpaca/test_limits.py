"""How long to wait after which failure."""

from __future__ import annotations

from dataclasses import replace

from tapecast.errors import FeedTransient
from tapecast.feeds.alpaca.limits import Delays, Limits

LIMITS = Limits()
CLOSED = FeedTransient("connection_closed", "")
TAKEN = FeedTransient("connection_limit", "", 406, retry_after=15)
THROTTLED = FeedTransient("too_many_dials", "", 429, retry_after=15)


class Clock:
    """A clock that stands."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_ordinary_failures_back_off_to_a_cap() -> None:
    """Delays grow from the first to the cap and stay there, jittered."""
    delays = Delays(LIMITS)
    drawn = [delays.after(CLOSED) for _ in range(30)]
    assert 0.25 <= drawn[0] <= 0.5
    assert all(3 <= delay <= 6 for delay in drawn[15:])


def test_being_served_forgives() -> None:
    """After a reset the next failure is a first one."""
    delays = Delays(LIMITS)
    for _ in range(20):
        delays.after(CLOSED)
    delays.reset()
    assert delays.after(CLOSED) <= 0.5


def test_throttled_dials_wait_long() -> None:
    """HTTP 429 waits 15 to 30 s from the first time on, even just after a takeover."""
    assert all(15 <= Delays(LIMITS).after(THROTTLED) <= 30 for _ in range(20))


def test_a_taken_slot_is_retried_fast_after_a_takeover_and_slowly_later() -> None:
    """The predecessor's session ends within seconds; any other holder keeps the slot."""
    clock = Clock()
    delays = Delays(LIMITS, clock)
    assert delays.after(TAKEN) == 0.5
    clock.now += 9.9
    assert delays.after(TAKEN) == 0.5
    clock.now += 0.2
    assert 15 <= delays.after(TAKEN) <= 30


def test_a_silent_venue_is_given_up_within_ten_seconds() -> None:
    """The promise of the defaults: silence, the next look at it, and the close of a socket that is frozen."""
    assert LIMITS.silent_s + LIMITS.ping_s + LIMITS.close_s <= 10


def test_limits_can_be_shortened() -> None:
    """Tests inject their own."""
    assert Delays(replace(LIMITS, slow_s=(0.0, 0.0), takeover_s=0.0)).after(TAKEN) == 0.0
