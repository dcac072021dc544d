"""REST snapshots, good and bad."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tapecast.feeds.alpaca.snapshots import read
from tapecast.market import DayBar, Quote, Snapshot, Trade, parse_rfc3339

NOW_US = 1_760_000_000_000_000
ASKED_US = NOW_US - 5
DAY = {"t": "2025-10-08T04:00:00Z", "o": 1, "h": 4, "l": 0.5, "c": 2, "v": 0, "n": 3, "vw": 2}
PARTS: dict[str, Any] = {
    "latestTrade": {"t": "2025-10-08T15:00:00.123456789Z", "x": "V", "p": 2.5, "s": 10, "c": ["@"], "z": "C"},
    "latestQuote": {"t": "2025-10-08T15:00:01Z", "ap": 2.6, "as": 1, "bp": 2.4, "bs": 2},
    "minuteBar": DAY,
    "dailyBar": DAY,
    "prevDailyBar": DAY | {"t": "2025-10-07T04:00:00Z", "c": 2.2},
}
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
parts = st.fixed_dictionaries(
    {name: st.dictionaries(st.sampled_from("tpsohlcv"), json_values) | json_values for name in PARTS}
)


def test_a_whole_snapshot() -> None:
    """Every part is read, to the nanosecond."""
    (snapshot,) = read({"AAPL": PARTS}, ASKED_US, NOW_US)
    event = parse_rfc3339("2025-10-08T15:00:00.123456789Z")
    assert snapshot == Snapshot(
        "AAPL",
        Trade("AAPL", 2.5, 10.0, event, NOW_US, 0, "V"),
        Quote("AAPL", 2.4, 2.6, 2.0, 1.0, parse_rfc3339("2025-10-08T15:00:01Z"), NOW_US),
        DayBar(parse_rfc3339("2025-10-08T04:00:00Z"), 1.0, 4.0, 0.5, 2.0, 0.0),
        DayBar(parse_rfc3339("2025-10-07T04:00:00Z"), 1.0, 4.0, 0.5, 2.2, 0.0),
        ASKED_US,
    )


def test_crypto_comes_wrapped() -> None:
    """Crypto's map stands under `snapshots`."""
    assert [each.symbol for each in read({"snapshots": {"BTC/USD": PARTS}}, ASKED_US, NOW_US)] == ["BTC/USD"]


@pytest.mark.parametrize("part", [None, {}, "text", {"t": "yesterday"}, {"t": "9999-99-99T00:00:00Z"}])
def test_parts_without_sense_are_unknown(part: object) -> None:
    """A bad part costs itself alone."""
    (snapshot,) = read({"AAPL": dict.fromkeys(PARTS, part)}, ASKED_US, NOW_US)
    assert snapshot == Snapshot("AAPL", None, None, None, None, ASKED_US)


@pytest.mark.parametrize("name", list("ohlc"))
def test_a_day_without_a_price_is_unknown(name: str) -> None:
    """A bar with a zero in it is no bar."""
    (snapshot,) = read({"AAPL": PARTS | {"dailyBar": DAY | {name: 0}}}, ASKED_US, NOW_US)
    assert snapshot.day is None


@pytest.mark.parametrize("answer", [None, [], "text", {"AAPL": None}, {"message": "no"}])
def test_an_answer_without_sense_is_empty(answer: object) -> None:
    """A symbol that the venue does not know is left out."""
    assert read(answer, ASKED_US, NOW_US) == []


@given(parts)
@settings(deadline=None)
def test_any_parts_are_survived(answer: dict[str, Any]) -> None:
    """No JSON raises."""
    assert len(read({"AAPL": answer}, ASKED_US, NOW_US)) == 1
