"""Where on a tape it is."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from tapecast.feeds.timeline import Timeline
from tapecast.market import Market
from tapecast.recording import Recording
from tests.support import HandClock
from tests.tapes import SECOND, START

RECORDING = Recording(Path("tape"), {"AAPL": Market.US_EQUITY}, START, START + 100 * SECOND)


def test_before_the_start_nothing_is_due() -> None:
    """However long one waits."""
    assert Timeline(RECORDING, 1000).due_in(START) == math.inf


@pytest.mark.parametrize(("speed", "due"), [(1, 60), (50, 1.2), (0.5, 120), (1e6, 6e-5)])
def test_a_minute_of_tape_takes_as_long_as_its_speed_says(speed: float, due: float) -> None:
    """Counted from the start, which is the first trade."""
    hand = HandClock()
    timeline = Timeline(RECORDING, speed, hand.clock.now)
    timeline.start()
    assert timeline.due_in(START) == pytest.approx(0)
    assert timeline.due_in(START + 60 * SECOND) == pytest.approx(due)
    hand.advance(due)
    assert timeline.due_in(START + 60 * SECOND) == pytest.approx(0, abs=1e-9)


def test_it_starts_once() -> None:
    """A second listener does not wind the tape back."""
    hand = HandClock()
    timeline = Timeline(RECORDING, 1, hand.clock.now)
    timeline.start()
    hand.advance(10)
    timeline.start()
    assert timeline.due_in(START + 60 * SECOND) == pytest.approx(50)
