"""The lengths of bars, and how a bar looks on the wire."""

from __future__ import annotations

import msgspec
import pytest

from tapecast.bars import Bar, BarCounts, Interval
from tapecast.market import parse_rfc3339, rfc3339

AT = parse_rfc3339("2026-11-20T15:04:07.25Z")


@pytest.mark.parametrize(
    ("interval", "start"),
    [
        (Interval.SECOND, "2026-11-20T15:04:07Z"),
        (Interval.FIVE_SECONDS, "2026-11-20T15:04:05Z"),
        (Interval.MINUTE, "2026-11-20T15:04:00Z"),
        (Interval.FIVE_MINUTES, "2026-11-20T15:00:00Z"),
        (Interval.HOUR, "2026-11-20T15:00:00Z"),
    ],
)
def test_an_instant_belongs_to_one_bar(interval: Interval, start: str) -> None:
    """Which begins at a whole multiple of its length."""
    assert rfc3339(interval.start(AT)) == start
    assert interval.start(interval.start(AT)) == interval.start(AT)
    assert interval.start(AT) <= AT < interval.start(AT) + interval.ns


def test_longer_bars_are_made_of_seconds_or_minutes() -> None:
    """Below a minute no venue has bars."""
    assert [interval.part for interval in Interval if interval.is_fine] == [Interval.SECOND] * 2
    assert [interval.part for interval in Interval if not interval.is_fine] == [Interval.MINUTE] * 3


def test_what_is_unknown_is_left_out() -> None:
    """A bar has no nulls, and no flag that is not set."""
    bar = Bar("2026-11-20T15:04:00Z", 1.0, 2.0, 0.5, 1.5, 0.0, 3, closed=True, epoch=7, seq=8)
    assert msgspec.json.decode(msgspec.json.encode(bar)) == {
        "start": "2026-11-20T15:04:00Z",
        "open": 1.0,
        "high": 2.0,
        "low": 0.5,
        "close": 1.5,
        "volume": 0.0,
        "trades": 3,
        "closed": True,
        "epoch": 7,
        "seq": 8,
    }


def test_counts_add_up() -> None:
    """Each for itself."""
    assert BarCounts(1, 2, 3, 4, 5) + BarCounts(told=10) == BarCounts(1, 12, 3, 4, 5)
