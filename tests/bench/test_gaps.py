"""Silence is a gap where others have heard what one has not."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from tapecast.bench.gaps import LIMIT_S, Gaps

STEP_S = 0.25


def heard(last: float, *, is_open: bool = True) -> Any:
    """A stream that heard a price then."""
    return SimpleNamespace(last=last, is_open=is_open, missed=0.0)


def watched(gaps: Gaps, streams: list[Any], seconds: float, hears: Callable[[float, Any], bool]) -> None:
    """Look at the streams so often; `hears` says who has a price at that moment."""
    for step in range(1, int(seconds / STEP_S) + 1):
        now = 100 + step * STEP_S
        for stream in streams:
            if hears(now, stream):
                stream.last = now
        gaps.look(now, max(stream.last for stream in streams), streams)


def test_silence_of_all_is_none() -> None:
    """The market is quiet, or closed."""
    gaps = Gaps(None)
    watched(gaps, [heard(100.0), heard(99.9)], 20, lambda now, stream: False)
    assert (gaps.count, gaps.longest_s) == (0, 0.0)


def test_a_stream_that_is_cut_off_is_found() -> None:
    """Counted once for as long as it lasts, from when others heard what it did not."""
    gaps, good, bad = Gaps(None), heard(100.0), heard(100.0)
    watched(gaps, [good, bad], 5, lambda now, stream: stream is good)
    assert gaps.count == 1
    assert gaps.longest_s == pytest.approx(5 - LIMIT_S, abs=STEP_S)


def test_a_second_gap_is_counted_again() -> None:
    """It had come back between them."""
    gaps, good, bad = Gaps(None), heard(100.0), heard(100.0)
    watched(gaps, [good, bad], 12, lambda now, stream: stream is good or 105 <= now <= 107)
    assert gaps.count == 2


def test_one_that_is_read_a_little_later_misses_nothing() -> None:
    """However long the silence before it: that the last one is old makes the next one no later."""
    gaps, one, other = Gaps(None), heard(90.0), heard(90.0)
    streams = [one, other]
    watched(gaps, streams, 5, lambda now, stream: False)
    gaps.look(105.1, 105.1, streams)
    one.last = 105.1
    gaps.look(105.2, 105.1, streams)
    other.last = 105.2
    for step in range(1, 20):
        gaps.look(105.2 + step * STEP_S, 105.2, streams)
    assert gaps.count == 0


def test_a_single_price_that_never_comes_is_missed() -> None:
    """Though the next one is far away."""
    gaps, one, other = Gaps(None), heard(90.0), heard(90.0)
    watched(gaps, [one, other], 5, lambda now, stream: stream is one and now == 101)
    assert gaps.count == 1
    assert gaps.longest_s == pytest.approx(4.0)


def test_that_we_stood_still_ourselves_is_no_gap() -> None:
    """All streams are late then, and all of them have been read before the next look."""
    gaps, streams = Gaps(None), [heard(100.0), heard(100.0)]
    watched(gaps, streams, 2, lambda now, stream: True)
    for stream in streams:
        stream.last = 110.0
    gaps.look(110.0, 110.0, streams)
    gaps.look(110.1, 110.1, streams)
    assert gaps.count == 0


@pytest.mark.parametrize("stream", [heard(100.0, is_open=False), heard(0.0)])
def test_who_is_not_there_or_has_no_price_yet_has_no_gap(stream: Any) -> None:
    """That is counted elsewhere."""
    gaps, good = Gaps(None), heard(100.0)
    watched(gaps, [good, stream], 5, lambda now, each: each is good)
    assert gaps.count == 0


def test_an_interval_is_no_gap() -> None:
    """The streams of one interval are not all served at the same time."""
    gaps, streams = Gaps(2000), [heard(100.0), heard(100.0)]
    watched(gaps, streams, 20, lambda now, stream: now % 2 == (0.0 if stream is streams[0] else 1.0))
    assert gaps.count == 0
    gaps, streams = Gaps(2000), [heard(100.0), heard(100.0)]
    watched(gaps, streams, 20, lambda now, stream: stream is streams[0])
    assert gaps.count == 1
