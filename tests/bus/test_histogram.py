"""Counts by size, as Prometheus adds them up."""

from __future__ import annotations

import msgspec

from tapecast.bus.histogram import TIMES_S, Histogram


def test_each_value_is_counted_once_under_its_bound() -> None:
    """A bound belongs to what is below it; what is above all of them is counted too."""
    histogram = Histogram((0.1, 1.0))
    for value in (0.0, 0.1, 0.5, 7.0):
        histogram.observe(value)
    histogram.observe(0.2, 10)
    assert histogram.counts == [2, 11, 1]
    assert histogram.buckets() == [("0.1", 2), ("1.0", 13), ("+Inf", 14)]
    assert round(histogram.total, 6) == 9.6


def test_it_crosses_redis() -> None:
    """What comes out is what went in, and goes on counting."""
    histogram = Histogram()
    histogram.observe(0.003)
    copy = msgspec.json.decode(msgspec.json.encode(histogram), type=Histogram)
    assert copy == histogram
    copy.observe(0.003)
    assert copy.buckets()[-1] == ("+Inf", 2)
    assert histogram.buckets()[-1] == ("+Inf", 1)


def test_of_another_version_it_is_still_readable() -> None:
    """With other bounds, or with counts that do not fit them."""
    foreign = msgspec.json.decode(b'{"bounds": [1, 2], "counts": [1, 2, 3, 4], "more": 1}', type=Histogram)
    assert foreign.buckets() == [("1.0", 1), ("2.0", 3), ("+Inf", 6)]
    assert len(msgspec.json.decode(b"{}", type=Histogram).counts) == len(TIMES_S) + 1
