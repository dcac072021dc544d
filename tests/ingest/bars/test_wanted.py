"""Which bars are wanted: so many symbols at most, each for a while after its last client."""

from __future__ import annotations

from tapecast.bars import Interval
from tapecast.ingest.bars.wanted import GRACE_S, Wanted


def test_wanted_is_bounded() -> None:
    """The first that came; others when there is room again."""
    wanted = Wanted(most=2)
    wanted.update({symbol: [Interval.SECOND] for symbol in "ABC"}, 0.0)
    assert set(wanted.now(0.0)) == {"A", "B"}
    wanted.update({symbol: [Interval.FIVE_MINUTES] for symbol in "BC"}, 1.0)
    wanted.now(1.0 + GRACE_S)
    wanted.update({symbol: [Interval.FIVE_MINUTES] for symbol in "BC"}, 2.0 + GRACE_S)
    assert wanted.now(2.0 + GRACE_S) == {
        "B": {Interval.SECOND, Interval.MINUTE, Interval.FIVE_MINUTES},
        "C": {Interval.MINUTE, Interval.FIVE_MINUTES},
    }
