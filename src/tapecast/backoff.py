"""How long to wait before trying again."""

from __future__ import annotations

import random
from collections.abc import Iterator

GROWTH = 1.618
"""Gentler than doubling, as python-websockets chose: the second retry matters more than the tenth."""


def backoff(first: float, cap: float, rng: random.Random | None = None) -> Iterator[float]:
    """Endless delays in seconds that grow from `first` to `cap`, each with jitter.

    Each delay is drawn between half of its nominal value and the whole ("equal jitter"), so that many
    processes that failed together do not come back together, and none comes back at once.
    """
    draw = rng or random.Random()
    nominal = min(first, cap)
    while True:
        yield nominal * draw.uniform(0.5, 1.0)
        nominal = min(cap, nominal * GROWTH)


def jittered(low: float, high: float, rng: random.Random | None = None) -> float:
    """One delay somewhere between `low` and `high` seconds."""
    return (rng or random.Random()).uniform(low, high)
