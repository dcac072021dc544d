"""Silence is a gap where others hear something."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tapecast.bench.gaps import Gaps


def heard(last: float, **changes: Any) -> Any:
    """A stream that heard a price then."""
    return SimpleNamespace(**{"last": last, "is_open": True, "is_behind": False} | changes)


def test_silence_of_all_is_none() -> None:
    """The market is quiet, or closed."""
    gaps = Gaps(None)
    gaps.look(10.0, [heard(10.0), heard(9.5)])
    assert (gaps.count, gaps.longest_s) == (0, 0.0)


def test_a_gap_is_counted_once_for_as_long_as_it_lasts() -> None:
    """And a second one again."""
    gaps, late = Gaps(None), heard(10.0)
    for newest in (11.5, 12.0, 14.0):
        gaps.look(newest, [heard(newest), late])
    assert (gaps.count, gaps.longest_s) == (1, 4.0)
    late.last = 14.0
    gaps.look(14.2, [late])
    gaps.look(15.5, [late])
    assert (gaps.count, gaps.longest_s) == (2, 4.0)


@pytest.mark.parametrize("stream", [heard(1.0, is_open=False), heard(0.0)])
def test_who_is_not_there_or_has_no_price_yet_has_no_gap(stream: Any) -> None:
    """That is counted elsewhere."""
    gaps = Gaps(None)
    gaps.look(10.0, [stream])
    assert gaps.count == 0


def test_an_interval_is_no_gap() -> None:
    """The streams of one interval are not all served at the same time."""
    gaps = Gaps(2000)
    gaps.look(10.0, [heard(5.5)])
    assert gaps.count == 0
    gaps.look(10.0, [heard(4.5)])
    assert gaps.count == 1
