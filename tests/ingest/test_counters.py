"""The rate is that of the last seconds, from the first message to the last."""

from __future__ import annotations

import pytest

from tapecast.ingest.counters import SAY_AGAIN_S, WINDOW_S, Counters
from tapecast.market import Quote, Trade


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
    counters.received["trade"] = 1
    clock.now += 0.001
    assert counters.messages_per_second() == 1.0
    counters.received["trade"] = 20
    clock.now += 1.999
    assert counters.messages_per_second() == 10.0


def test_the_rate_is_that_of_the_last_whole_window() -> None:
    """It stands until the next one is over."""
    clock = Clock()
    counters = Counters(clock)
    counters.received["trade"] = 500
    clock.now += WINDOW_S
    assert counters.messages_per_second() == 500 / WINDOW_S
    counters.received["quote"] += 10
    clock.now += WINDOW_S / 2
    assert counters.messages_per_second() == 500 / WINDOW_S
    clock.now += WINDOW_S / 2
    assert counters.messages_per_second() == 10 / WINDOW_S


def test_a_feed_gone_quiet_shows_zero() -> None:
    """A rate since the start would hide it."""
    clock = Clock()
    counters = Counters(clock)
    counters.received["trade"] = 1_000_000
    clock.now += WINDOW_S
    counters.messages_per_second()
    clock.now += WINDOW_S
    assert counters.messages_per_second() == 0.0


def test_rejected_messages_are_counted_by_kind() -> None:
    """A kind that never came is zero, and not kept."""
    counters = Counters()
    counters.reject("crypto", "price")
    counters.reject("us_equity", "price")
    assert counters.rejected["shape"] == 0
    assert dict(counters.rejected) == {"price": 2}


def test_rejected_messages_are_logged_once_in_a_while(caplog: pytest.LogCaptureFixture) -> None:
    """The first of each kind and market, then one line a minute, however many come."""
    clock = Clock()
    counters = Counters(clock)
    for _ in range(1000):
        counters.reject("crypto", "price")
    counters.reject("crypto", "frame")
    clock.now += SAY_AGAIN_S
    counters.reject("crypto", "price")
    assert [record.getMessage() for record in caplog.records] == [
        "message_rejected: crypto: price, 1 so far",
        "message_rejected: crypto: frame, 1 so far",
        "message_rejected: crypto: price, 1001 so far",
    ]


def test_messages_are_counted_by_type() -> None:
    """A REST snapshot is none of the stream's, and is not in the rate."""
    counters = Counters()
    trade = Trade("AAPL", 1.0, 1.0, 1, 1)
    quote = Quote("AAPL", 1.0, 1.0, 1.0, 1.0, 1, 1)
    counters.receive([trade, quote, quote])
    counters.receive([])
    counters.received["cancel"] += 1
    counters.received["snapshot"] += 5
    assert counters.received == {"trade": 1, "quote": 2, "correction": 0, "cancel": 1, "snapshot": 5}
    assert counters.messages == 4
