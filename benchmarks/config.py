"""What one run of the benchmarks may do: how often, and how long."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

BUILD = Path(__file__).parent / "build"
"""The C tools, made on the fly."""
FULL_S, QUICK_S = 3300.0, 240.0
"""The whole run ends by then."""
SPARE_S = 15.0
"""For what is under way when the time is up: a trial is bounded by less."""


@dataclass(frozen=True)
class Config:
    """The options of the command, and the clock of the run."""

    quick: bool
    runs: int
    warm_s: float
    measure_s: float
    patience_s: float
    """How long clients may take to connect."""
    deadline: float
    """By `time.monotonic`: what has not begun by then is left out, with a row that says so."""

    @classmethod
    def made(cls, *, quick: bool, runs: int) -> Config:
        """From the command's options; the clock runs from now."""
        limit = time.monotonic() - SPARE_S
        if quick:
            return cls(quick, 1, warm_s=0.7, measure_s=1.2, patience_s=5.0, deadline=limit + QUICK_S)
        return cls(quick, runs, warm_s=1.5, measure_s=3.0, patience_s=15.0, deadline=limit + FULL_S)

    @property
    def is_late(self) -> bool:
        """Whether the time of the run is used up."""
        return time.monotonic() > self.deadline

    def step(self, full: float, quick: float) -> float:
        """How far apart the tried loads are."""
        return quick if self.quick else full
