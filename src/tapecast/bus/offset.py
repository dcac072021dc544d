"""How far our wall clock is from Redis's, which all processes of a deployment share.

No deadline of ours hangs on the wall clock, yet much that people see does: ages of prices, and whether a
trade is dated in a future that has not come, which is refused. Nobody should have to search for that.
"""

from __future__ import annotations

import logging
from typing import Final

from redis.asyncio import Redis

from tapecast.clock import Clock

LIMIT_S: Final = 2.0
"""Less than this is the wait for the answer, or a clock that is still being slewed."""

logger = logging.getLogger(__name__)


class ClockOffset:
    """Our clock less Redis's, measured again and again, and said when it is off."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        # Whole seconds, positive if our clock is ahead; 0 within the limit.
        self.seconds = 0

    async def measure(self, redis: Redis) -> None:
        """Ask Redis for its time."""
        before = self._clock.micros()
        seconds, micros = await redis.time()
        if self._clock.micros() - before > LIMIT_S / 2 * 1_000_000:
            # A slow answer, or a process that stood still: neither says what the time was.
            return
        offset_s = ((before + self._clock.micros()) / 2 - (seconds * 1_000_000 + micros)) / 1_000_000
        was_off, self.seconds = self.seconds != 0, round(offset_s) if abs(offset_s) > LIMIT_S else 0
        if self.seconds and not was_off:
            logger.warning("clock_off: our clock is %+d s from Redis's; check NTP on both", self.seconds)
        elif was_off and not self.seconds:
            logger.info("clock_right_again")
