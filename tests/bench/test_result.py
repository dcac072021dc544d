"""Ages are corrected, counted by size, and states by stream."""

from __future__ import annotations

import pytest

from tapecast.bench.crowd import Seat
from tapecast.bench.result import BOUNDS_S, Bucket, histogram, latency, states
from tapecast.bench.sample import Sample


def test_a_histogram_begins_and_ends_with_what_is_there() -> None:
    """A bound belongs to the bucket below it; empty ones between stay."""
    assert histogram([0.0009, 0.001, 0.0011, 0.02], 0.0) == [
        Bucket(1.0, 2), Bucket(2.5, 1), Bucket(5.0, 0), Bucket(10.0, 0), Bucket(25.0, 1)
    ]  # fmt: skip


def test_ages_are_corrected_by_the_servers_clock() -> None:
    """By our clock it is thirty seconds behind; nothing is younger than new."""
    ages = Sample()
    for age in (30.002, 30.004, 29.999):
        ages.add(age)
    assert histogram(ages, -30.0) == [Bucket(0.1, 1), Bucket(0.25, 0), Bucket(0.5, 0), Bucket(1.0, 0),
                                      Bucket(2.5, 1), Bucket(5.0, 1)]  # fmt: skip
    spread = latency(ages, -30.0)
    assert spread is not None
    assert [spread.p50_ms, spread.max_ms] == pytest.approx([2, 4])


def test_what_is_above_all_bounds_is_counted_too() -> None:
    """Without an upper bound."""
    assert histogram([BOUNDS_S[-1] + 1], 0.0) == [Bucket(None, 1)]
    assert histogram([], 0.0) == []


def test_states_are_counted_by_stream() -> None:
    """The last of each; a stream that never began has none."""
    seats = [Seat(), Seat(), Seat(), Seat()]
    for seat, state in zip(seats, ("live", "live", "stale (no_update)"), strict=False):
        seat.was_open = True
        seat.states = {"AAPL": state}
    assert states(["AAPL", "MSFT"], seats) == {
        "AAPL": {"live": 2, "stale (no_update)": 1},
        "MSFT": {"unknown": 3},
    }
