"""Our clock against Redis's, by a real Valkey."""

from __future__ import annotations

import time

import pytest

from tapecast.bus.connection import Bus
from tapecast.bus.offset import ClockOffset
from tapecast.clock import Clock
from tests.support import eventually


async def test_a_clock_that_is_far_off_is_said_once_and_that_it_is_right_again(
    bus: Bus, caplog: pytest.LogCaptureFixture
) -> None:
    """It is measured every two seconds, and a log that repeats itself is not read."""
    ahead_s = 0.0
    caplog.set_level("INFO", "tapecast")
    offset = ClockOffset(Clock(wall=lambda: time.time() + ahead_s))

    async def is_measured() -> bool:
        # A slow answer tells nothing, and then the next one is asked for.
        await offset.measure(bus.redis)
        return offset.seconds == pytest.approx(ahead_s, abs=1)

    await eventually(is_measured)
    for ahead_s in (3600.0, 3601.0, -90.0):
        await eventually(is_measured, f"{ahead_s:+.0f} s")
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "+3600 s" in caplog.text
    ahead_s = 0.0
    await eventually(is_measured)
    assert offset.seconds == 0
    assert "clock_right_again" in caplog.text
