"""The report fits a terminal of eighty columns; the JSON has every figure."""

from __future__ import annotations

import json

import pytest

from tapecast.bench.offset import ClockFinding
from tapecast.bench.report import as_text, to_json
from tapecast.bench.result import Bucket
from tapecast.bench.verdict import judge
from tests.bench.support import result

WELL = """
streams      10 of 10 opened, 10 open at the end
symbols      AAPL live
received     1,000 prices in 20.0 s: 50/s, 15.0 kB/s; 10 other events
clock        the server's and this one agree as far as can be seen (to 0.3 ms)
this process 10% of a core; 99 of 100 wakes within 1.0 ms

                    p50        p90        p99        max
connect         0.40 ms    0.50 ms     1.5 ms     2.0 ms
first price      4.0 ms     5.0 ms     6.0 ms     7.0 ms
latency          2.0 ms     4.0 ms    12.0 ms    80.0 ms

latency, from ingest's receipt to here, of all prices (1,000):
       <= 1 ms   0.10%  #
     <= 2.5 ms  79.90%  ########################################
       <= 5 ms   0.00%
      <= 10 ms  20.00%  ##########

verdict      fast: 99 of 100 prices came within 12.0 ms of their receipt by
             ingest
"""


def test_a_report_is_read_at_a_glance() -> None:
    """Every bar that stands for something is seen."""
    shown = result(histogram=[Bucket(1.0, 1), Bucket(2.5, 799), Bucket(5.0, 0), Bucket(10.0, 200)])
    assert as_text(shown, judge(shown)) + "\n" == WELL


def test_a_bad_run_is_told_within_eighty_columns() -> None:
    """Refused, lost, off, and nothing measured."""
    shown = result(
        streams={"opened": 7, "refused": {"too_many_streams": 3}, "lost": {"reset": 2}, "reconnected": 1},
        symbols={"AAPL": {"live": 6, "stale (no_update)": 1}, "ZZ!": {"refused (symbol_invalid)": 7}},
        clock=ClockFinding(True, -1500.0, 20.0),
        latency=None,
        first_price=None,
    )
    text = as_text(shown, judge(shown))
    assert max(map(len, text.splitlines())) <= 80
    text = text.replace("\n             ", " ")
    assert "7 of 10 opened, 10 open at the end, 3 refused, 2 lost, 1 back" in text
    assert "AAPL live on 6 / stale (no_update) on 1, ZZ! refused (symbol_invalid)" in text
    assert "the server's is 1,500.0 ms behind, give or take 20.0 ms" in text
    assert text.count("nothing measured") == 2


def test_many_symbols_are_added_up() -> None:
    """By their usual state."""
    symbols = {f"A{number}": {"live": 9, "stale (no_update)": 1} for number in range(40)}
    shown = result(symbols=symbols | {"B": {"refused (no_feed)": 10}})
    assert "symbols      40 live, 1 refused (no_feed)" in as_text(shown, judge(shown))


@pytest.mark.parametrize("latency", [None, result().latency])
def test_the_json_has_figures_and_verdict(latency: object) -> None:
    """What was not measured is null."""
    shown = result(latency=latency)
    found = json.loads(to_json(shown, judge(shown)))
    assert found["ok"] is True
    assert len(found["verdict"]) == 1
    assert (found["latency"] is None) is (latency is None)
    assert found["streams"]["wanted"] == 10
    assert found["connect"]["p99_ms"] == 1.5
