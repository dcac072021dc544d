"""All figures of a run as one value: what `--json` prints, and what the report and the verdict are made from.

Names carry their unit. Where nothing was measured a field is null, never zero.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from tapecast.bench.crowd import Seat
from tapecast.bench.offset import ClockFinding
from tapecast.bench.sample import Sample, Spread
from tapecast.bench.strain import Load
from tapecast.bus.histogram import TIMES_S, Histogram

BOUNDS_S: Final = (0.0001, 0.00025, 0.0005, *TIMES_S, 30.0, 60.0)
"""Those of `/metrics`, and finer below: on one machine half a millisecond is a usual age."""


class Bucket(msgspec.Struct, frozen=True):
    """So many were at most as old, and older than the bucket before; `up_to_ms` is null for the rest."""

    up_to_ms: float | None
    count: int


class Streams(msgspec.Struct, frozen=True):
    """What became of those that were wanted."""

    wanted: int
    opened: int
    open_at_end: int
    refused: dict[str, int]
    lost: dict[str, int]
    # By the words of those two: what was said the first time.
    reasons: dict[str, str]
    reconnected: int
    # Opened, and never had a price.
    without_price: int
    gaps: int
    longest_gap_s: float
    disorder: int
    unreadable: int


class Received(msgspec.Struct, frozen=True):
    """Within the measured seconds, over all streams. Bytes are those of events, without HTTP and TLS."""

    prices: int
    other_events: int
    bytes: int
    prices_per_s: float
    bytes_per_s: float


class Result(msgspec.Struct, frozen=True):
    """One run."""

    target: str
    server: str
    symbols: dict[str, dict[str, int]]
    streams: Streams
    measured_s: float
    # Ended by a person before its time.
    cut_short: bool
    received: Received
    connect: Spread | None
    first_price: Spread | None
    latency: Spread | None
    latency_of_one_in: int
    # Ages below zero: of a clock of ingest's that is ahead.
    latency_min_ms: float | None
    histogram: list[Bucket]
    interval_ms: int
    clock: ClockFinding
    load: Load


def histogram(ages: Iterable[float], offset_s: float) -> list[Bucket]:
    """Ages by size, each corrected, from the first bucket that has any to the last."""
    counted = Histogram(BOUNDS_S)
    for age in ages:
        counted.observe(max(0.0, age + offset_s))
    bounds = [round(1000 * bound, 3) for bound in BOUNDS_S]
    buckets = list(map(Bucket, [*bounds, None], counted.counts))
    filled = [at for at, bucket in enumerate(buckets) if bucket.count]
    return buckets[filled[0] : filled[-1] + 1] if filled else []


def latency(ages: Sample, offset_s: float) -> Spread | None:
    """Of corrected ages. What seems to come from the future is as new as can be."""
    return ages.spread(lambda age: max(0.0, age + offset_s))


def states(symbols: Sequence[str], seats: Iterable[Seat]) -> dict[str, dict[str, int]]:
    """For each symbol, by its last state: so many streams."""
    found: dict[str, Counter[str]] = {symbol: Counter() for symbol in symbols}
    for seat in seats:
        if seat.was_open:
            for symbol in symbols:
                found[symbol][seat.states.get(symbol, "unknown")] += 1
    return {symbol: dict(counts.most_common()) for symbol, counts in found.items()}
