"""What a machine that stands still costs is told apart from what is late."""

from __future__ import annotations

import time

from tests.stalls import LOOK_S, Stalls
from tests.support import HandClock, eventually


def test_time_in_which_nobody_ran_is_not_counted() -> None:
    """As far as it is after the moment that is asked for; a look that is a little late is none."""
    hand = HandClock()
    watch, began = Stalls(hand.clock.now), hand.seconds
    for late_s in (0.0, 0.1, 2.0, 0.0):
        hand.advance(LOOK_S + late_s)
        watch.look()
    took = 4 * LOOK_S + 2.1
    lost = LOOK_S + 2.0
    assert abs(watch.lost_s(began) - lost) < 1e-6
    assert abs(watch.ran_s(began) - (took - lost)) < 1e-6
    # Half a second before it went on.
    assert abs(watch.lost_s(hand.seconds - LOOK_S - 0.5) - 0.5) < 1e-6
    assert watch.lost_s(hand.seconds) == 0.0


async def test_the_clock_is_looked_at_again_and_again() -> None:
    """From the start to the stop."""
    watch, began = Stalls(), time.monotonic()
    watch.start()
    first = watch._last
    await eventually(lambda: watch._last > first, "a look")
    watch.stop()
    assert watch.ran_s(began) >= 0
