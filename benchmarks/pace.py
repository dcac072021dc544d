"""Spreading publications evenly in time: bursts would flatter who coalesces."""

from __future__ import annotations

import time
from collections.abc import Iterator

STEP_S = 0.002
"""Shorter sleeps cost the load's core more than they make the spread more even."""


def due(rate: float) -> Iterator[range]:
    """The numbers of the publications that are due, for ever; sleeps in between, so for one thread."""
    began, done = time.monotonic(), 0
    while True:
        wanted = int((time.monotonic() - began) * rate)
        if wanted > done:
            yield range(done, wanted)
            done = wanted
        else:
            time.sleep(STEP_S)
