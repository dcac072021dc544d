"""The rate is that of the last seconds, from the first message to the last."""

from __future__ import annotations

from tapecast.ingest.counters import WINDOW_S, Counters


class Clock:
    """A monotonic clock that the test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """The time."""
        return self.now


def test_no_message_is_no_rate() -> None:
    """Also at the very first moment."""
    clock = Clock()
    counters = Counters(clock)
    assert counters.messages_per_second() == 0.0
    clock.now += 1000
    assert counters.messages_per_second() == 0.0


def test_the_first_window_shows_a_rate_before_it_is_over() -> None:
    """A status read two seconds after the start is not zero, and one message is not a thousand a second."""
    clock = Clock()
    counters = Counters(clock)
    counters.messages = 1
    clock.now += 0.001
    assert counters.messages_per_second() == 1.0
    counters.messages = 20
    clock.now += 1.999
    assert counters.messages_per_second() == 10.0


def test_the_rate_is_that_of_the_last_whole_window() -> None:
    """It stands until the next one is over."""
    clock = Clock()
    counters = Counters(clock)
    counters.messages = 500
    clock.now += WINDOW_S
    assert counters.messages_per_second() == 500 / WINDOW_S
    counters.messages += 10
    clock.now += WINDOW_S / 2
    assert counters.messages_per_second() == 500 / WINDOW_S
    clock.now += WINDOW_S / 2
    assert counters.messages_per_second() == 10 / WINDOW_S


def test_a_feed_gone_quiet_shows_zero() -> None:
    """A rate since the start would hide it."""
    clock = Clock()
    counters = Counters(clock)
    counters.messages = 1_000_000
    clock.now += WINDOW_S
    counters.messages_per_second()
    clock.now += WINDOW_S
    assert counters.messages_per_second() == 0.0


def test_rejected_messages_are_counted_by_kind() -> None:
    """A kind that never came is zero, and not kept."""
    counters = Counters()
    counters.rejected["price"] += 2
    assert counters.rejected["shape"] == 0
    assert dict(counters.rejected) == {"price": 2}
