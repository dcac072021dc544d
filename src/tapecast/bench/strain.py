"""Whether this process was the bottleneck: a tool that is late itself must not call the server late.

Two signs: its share of a core, and how late its own loop wakes. The second also shows a machine that is busy
with something else, such as the server itself.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

import msgspec

from tapecast.bench.sample import Sample

STEP_S: Final = 0.05
FULL: Final = 0.85
"""Of one core. Python uses one, and queues grow well before the last percent."""
LATE_S: Final = 0.025
"""Ninety-nine of a hundred wakes are closer than this on a machine that has time."""


class Load(msgspec.Struct, frozen=True):
    """Of this process. `core` is the share of one core that it used."""

    core: float
    late_p99_ms: float
    late_max_ms: float

    @property
    def is_full(self) -> bool:
        """Whether this process had no time left: it was the bottleneck."""
        return self.core >= FULL

    @property
    def is_late(self) -> bool:
        """Whether it had to wait for a core so long that it shows in the latencies."""
        return self.late_p99_ms >= 1000 * LATE_S


class Strain:
    """Measured from `begin` on, by looking again and again."""

    def __init__(
        self,
        now: Callable[[], float] = time.monotonic,
        cpu: Callable[[], float] = time.process_time,
    ) -> None:
        self._now = now
        self._cpu = cpu
        self._late = Sample()
        self._begun = (now(), cpu())

    def begin(self) -> None:
        """Forget what was before."""
        self._late = Sample()
        self._begun = (self._now(), self._cpu())

    async def watch(self) -> None:
        """Until cancelled."""
        while True:
            due = self._now() + STEP_S
            await asyncio.sleep(STEP_S)
            self._late.add(max(0.0, self._now() - due))

    def load(self) -> Load:
        """Since the begin."""
        now, cpu = self._begun
        passed = self._now() - now
        core = (self._cpu() - cpu) / passed if passed > 0 else 0.0
        late = self._late.spread()
        if late is None:
            return Load(round(core, 3), 0.0, 0.0)
        return Load(round(core, 3), late.p99_ms, late.max_ms)
