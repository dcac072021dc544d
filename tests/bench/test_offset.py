"""The server's clock is known to within the way there and back, and better with each answer."""

from __future__ import annotations

import pytest

from tapecast.bench.offset import ClockFinding, Offset


def test_equal_clocks_are_not_corrected() -> None:
    """However long the way: no offset at all is the likeliest that fits."""
    offset = Offset()
    offset.answered(100.05, asked_s=100.0, heard_s=100.4)
    assert offset.seconds == 0
    assert offset.finding() == ClockFinding(True, 0.0, 350.0)


@pytest.mark.parametrize("ahead", [30.0, -30.0])
def test_a_clock_that_is_off_is_corrected_by_the_middle(ahead: float) -> None:
    """Half of the way there and back is the uncertainty."""
    offset = Offset()
    offset.answered(100.05 + ahead, asked_s=100.0, heard_s=100.2)
    assert offset.seconds == pytest.approx(ahead - 0.05)
    assert offset.finding().uncertainty_ms == pytest.approx(100)


def test_the_least_delayed_answer_counts() -> None:
    """Slow ones before and after it change nothing."""
    offset = Offset()
    for asked, heard in ((100.0, 101.0), (200.0, 200.002), (300.0, 301.0)):
        offset.answered(30 + (asked + heard) / 2, asked, heard)
    assert offset.seconds == pytest.approx(30, abs=0.001)
    assert offset.finding().uncertainty_ms == pytest.approx(1.0)


def test_a_heartbeat_narrows_it_from_one_side() -> None:
    """Its time was not later than its arrival."""
    offset = Offset()
    offset.answered(130.5, asked_s=100.0, heard_s=101.0)
    offset.told(229.99, heard_s=200.0)
    assert list(offset.range) == pytest.approx([29.99, 30.5])
    assert offset.seconds == pytest.approx(30.245)


def test_replicas_whose_clocks_differ_leave_the_clearest_answer() -> None:
    """Nothing fits both."""
    offset = Offset()
    offset.answered(105.0, asked_s=100.0, heard_s=100.1)
    offset.answered(209.0, asked_s=200.0, heard_s=200.01)
    assert offset.seconds == pytest.approx(8.995)


def test_a_clock_that_was_not_heard_is_not_known() -> None:
    """Nor is one whose heartbeats alone were."""
    offset = Offset()
    assert not offset.finding().known
    offset.told(130.0, heard_s=100.0)
    assert not offset.finding().known
    assert offset.seconds == 0
