"""The ages of what is sent: a sample, weighted by who gets it."""

from __future__ import annotations

from tapecast.api.ages import Ages
from tapecast.api.topic import Topic, Versions
from tapecast.market import Market

NOW = 1_700_000_000.0


def topic(age_s: float | None) -> Topic:
    """A symbol whose newest tick was received so long ago; None: it was found in the cache."""
    made = Topic("AAPL", Market.US_EQUITY, 5.0, Versions())
    made.ts_recv = 0 if age_s is None else int((NOW - age_s) * 1_000_000)
    return made


def test_an_age_counts_for_each_client_that_gets_it() -> None:
    """One tick of a write, in turn, and none that came from the cache."""
    ages = Ages(lambda: NOW)
    for _ in range(6):
        ages.see([topic(0.2), topic(None), topic(3.0)], 7)
    ages.see([], 7)
    histogram = ages.histogram
    assert dict(histogram.buckets())["0.1"] == 0
    assert dict(histogram.buckets())["0.25"] == 14
    assert dict(histogram.buckets())["+Inf"] == 28
    assert round(histogram.total, 3) == 44.8


def test_nothing_is_younger_than_new() -> None:
    """The clock of ingest's host may be ahead of ours."""
    ages = Ages(lambda: NOW)
    ages.see([topic(-5.0)], 1)
    assert ages.histogram.buckets()[0][1] == 1
    assert ages.histogram.total == 0
