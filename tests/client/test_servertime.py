"""The server's clock is known as well as the quickest of the last words tells it."""

from __future__ import annotations

from tapecast.client.servertime import SAMPLES, ServerTime
from tests.support import HandClock


def test_the_least_delayed_word_counts() -> None:
    """The server is 5 s ahead; words take 100 ms, 10 ms and 300 ms."""
    hand = HandClock()
    time = ServerTime(hand.clock)
    assert time.offset_s == 0
    for delay in (0.1, 0.01, 0.3):
        time.hear(int((hand.clock.wall() + 5 - delay) * 1e6))
    assert round(time.offset_s, 3) == 4.99
    assert round(time.now() - hand.clock.wall(), 3) == 4.99


def test_old_words_are_forgotten() -> None:
    """After enough new ones, and at once on a new stream: a clock may have been set."""
    hand = HandClock()
    time = ServerTime(hand.clock)
    time.hear(int((hand.clock.wall() + 100) * 1e6))
    for _ in range(SAMPLES):
        time.hear(int(hand.clock.wall() * 1e6))
    assert abs(time.offset_s) < 0.001
    time.hear(int((hand.clock.wall() + 100) * 1e6))
    time.reset()
    assert time.offset_s == 0
