"""Medians, ranges and ratios."""

from __future__ import annotations

import pytest

from benchmarks.stats import ratio, summary


def test_the_median_stands_with_its_range() -> None:
    """One run that was disturbed moves the range and not the figure."""
    found = summary([3.0, 100.0, 1.0])
    assert found is not None
    assert (found.median, found.range) == (3.0, (1.0, 100.0))


def test_no_run_has_no_summary() -> None:
    """What was never measured is not zero."""
    assert summary([]) is None


@pytest.mark.parametrize(("value", "base"), [(None, 2.0), (2.0, None), (2.0, 0.0)])
def test_there_is_no_ratio_to_nothing(value: float | None, base: float | None) -> None:
    """A missing side, or a zero, gives no ratio."""
    assert ratio(value, base) is None


def test_a_ratio_says_how_many_times() -> None:
    """The value over the base."""
    assert ratio(6.0, 2.0) == 3.0
