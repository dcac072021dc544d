"""Medians, ranges and ratios of the runs of one measurement."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Summary:
    """Several runs of one measurement."""

    median: float
    low: float
    high: float

    @property
    def range(self) -> tuple[float, float]:
        """From the lowest run to the highest."""
        return (self.low, self.high)


def summary(values: Sequence[float]) -> Summary | None:
    """Of the runs that gave a value; None if none did."""
    return Summary(statistics.median(values), min(values), max(values)) if values else None


def ratio(value: float | None, base: float | None) -> float | None:
    """How many times `base`; None where either is missing or there is nothing to divide by."""
    return value / base if value is not None and base else None
