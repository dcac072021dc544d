"""Own latency, of news alone."""

from __future__ import annotations

import pytest

from tapecast.client import Tick
from tapecast.watch.meter import SAMPLES, WINDOW_S, Meter
from tests.support import HandClock
from tests.watch.support import HELLO, NOW_US, heard


def test_the_median_of_the_last_seconds() -> None:
    """From the server's receipt to here, by its clock."""
    hand = HandClock()
    stream, meter = heard(HELLO, hand=hand), Meter(hand.clock)
    assert meter.delay_s is None
    hand.advance(1)
    for delay_ms in (3, 100, 5):
        meter.hear(Tick("AAPL", 1.0, ts_recv=NOW_US + 1_000_000 - delay_ms * 1000), stream)
    assert meter.delay_s == pytest.approx(0.005, abs=1e-4)
    assert meter.per_second == 3 / WINDOW_S
    hand.advance(WINDOW_S + 1)
    assert meter.delay_s is None
    assert meter.per_second == 0


def test_an_image_of_before_tells_no_delay() -> None:
    """It may be of last week; a clock that is a little off makes no negative delay."""
    hand = HandClock()
    stream, meter = heard(HELLO, hand=hand), Meter(hand.clock)
    meter.hear(Tick("AAPL", 1.0, ts_recv=NOW_US - 1), stream)
    assert meter.delay_s is None
    meter.hear(Tick("AAPL", 1.0, ts_recv=NOW_US + 500), stream)
    assert meter.delay_s == 0


def test_it_is_bounded() -> None:
    """And still counts right when more come than it keeps."""
    hand = HandClock()
    stream, meter = heard(HELLO, hand=hand), Meter(hand.clock)
    for _ in range(2 * SAMPLES):
        hand.advance(0.0001)
        meter.hear(Tick("AAPL", 1.0, ts_recv=NOW_US + 1), stream)
    assert meter.per_second == pytest.approx(10_000, rel=0.01)
