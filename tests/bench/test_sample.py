"""Percentiles are values that were there; memory has a bound."""

from __future__ import annotations

import pytest

from tapecast.bench.sample import Sample, Spread, percentile


@pytest.mark.parametrize(
    ("count", "p50", "p99"), [(1, 1, 1), (2, 1, 2), (4, 2, 4), (100, 50, 99), (101, 51, 100), (200, 100, 198)]
)
def test_a_percentile_is_the_least_that_so_many_do_not_exceed(count: int, p50: int, p99: int) -> None:
    """Of 1, 2, 3, …: the nearest rank."""
    ordered = [float(n) for n in range(1, count + 1)]
    assert (percentile(ordered, 0.5), percentile(ordered, 0.99)) == (p50, p99)


def test_a_spread_is_of_all_whatever_their_order() -> None:
    """In milliseconds."""
    sample = Sample()
    for number in reversed(range(1, 1001)):
        sample.add(number / 1000)
    assert sample.spread() == Spread(1000, 500.0, 900.0, 990.0, 1000.0)


def test_a_spread_can_be_corrected() -> None:
    """Each value alike."""
    sample = Sample()
    sample.add(1.0)
    assert sample.spread(lambda seconds: seconds - 0.25) == Spread(1, 750.0, 750.0, 750.0, 750.0)


def test_nothing_has_no_spread() -> None:
    """Rather than zeros."""
    assert Sample().spread() is None


def test_a_long_run_is_thinned_out() -> None:
    """Evenly over its time; how many there were and the extremes stay exact."""
    sample = Sample(most=100)
    sample.add(-7.0)
    for number in range(10_000):
        sample.add(number / 10_000)
    sample.add(99.0)
    kept = list(sample)
    assert 50 <= len(kept) <= 101
    spread = sample.spread()
    assert spread is not None
    assert (spread.count, spread.max_ms, sample.least) == (10_002, 99_000.0, -7.0)
    assert spread.p50_ms == pytest.approx(500, abs=25)
