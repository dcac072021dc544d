"""The verdict: what was lost, how fast the rest was, what to doubt."""

from __future__ import annotations

from typing import Any

import pytest

from tapecast.bench.offset import ClockFinding
from tapecast.bench.sample import Spread
from tapecast.bench.strain import Load
from tapecast.bench.verdict import judge
from tests.bench.support import result


def test_a_good_run_is_one_line() -> None:
    """And well."""
    verdict = judge(result())
    assert verdict.is_well
    assert verdict.lines == ("fast: 99 of 100 prices came within 12.0 ms of their receipt by ingest",)


@pytest.mark.parametrize(
    ("streams", "words"),
    [
        (
            {"opened": 7, "refused": {"too_many_streams": 3}},
            "3 of 10 streams were refused: 3 too_many_streams",
        ),
        ({"lost": {"draining": 4}, "reconnected": 4}, "4 streams were lost, 4 came back: 4 draining ("),
        (
            {"gaps": 1, "longest_gap_s": 2.5},
            "once a stream missed what others heard, for 2.5 s",
        ),
        ({"gaps": 2}, "2 times a stream"),
        ({"disorder": 1}, "1 prices were older"),
        ({"unreadable": 1}, "1 events could not be read"),
        ({"without_price": 2}, "2 streams had no price while others had"),
        ({"without_price": 10}, "no price came at all"),
    ],
)
def test_what_was_lost_comes_first_and_is_not_well(streams: dict[str, Any], words: str) -> None:
    """Each with its number and its reason."""
    verdict = judge(result(streams=streams))
    assert not verdict.is_well
    assert verdict.lines[0].startswith(words)


def test_a_refusal_is_told_in_the_servers_words() -> None:
    """One code has several reasons, and only the server knows which."""
    streams = {
        "refused": {"too_many_streams": 3},
        "reasons": {"too_many_streams": "it is full", "reset": "cut"},
    }
    assert judge(result(streams=streams)).lines[1] == "it is full"


@pytest.mark.parametrize(
    ("p99", "interval", "word"),
    [
        (250.0, 0, "fast"),
        (250.1, 0, "fair"),
        (1000.1, 0, "slow"),
        (1200.0, 1000, "fast"),
        (2001.0, 1000, "slow"),
    ],
)
def test_speed_is_said_in_a_word(p99: float, interval: int, word: str) -> None:
    """An interval that was asked for is nobody's fault."""
    verdict = judge(result(latency=Spread(9, 1.0, 2.0, p99, p99), interval_ms=interval))
    assert verdict.is_well
    assert verdict.lines[0].startswith(f"{word}: ")
    assert ("the interval" in verdict.lines[0]) is bool(interval)


def test_a_closed_market_is_well() -> None:
    """Each stream had its image, and nothing new came: there is no latency to tell."""
    verdict = judge(result(latency=None, latency_min_ms=None))
    assert verdict.is_well
    assert verdict.lines == (
        "no price was new while it was measured, so there is no latency: is the market closed?",
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"load": Load(0.97, 80, 90)}, "this process was the bottleneck, at 97% of a core"),
        (
            {"load": Load(0.06, 80, 90)},
            "this machine had no time for this process, which was up to 90 ms late",
        ),
        ({"clock": ClockFinding(False, 0, 0)}, "the server's clock was not heard"),
        ({"clock": ClockFinding(True, 0, 90)}, "latencies are known to within 90.0 ms"),
        ({"latency_min_ms": -40.0}, "ingest's clock is ahead of the api's by 40 ms or more"),
        ({"cut_short": True, "measured_s": 3.0}, "ended early, after 3.0 s"),
    ],
)
def test_doubts_come_last_and_are_no_fault(changes: dict[str, Any], words: str) -> None:
    """Figures that are not the server's are not held against it."""
    verdict = judge(result(**changes))
    assert verdict.is_well
    assert len(verdict.lines) == 2
    assert verdict.lines[1].startswith(words)
