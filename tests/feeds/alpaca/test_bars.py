"""Alpaca's bars, by stream and by REST: what makes sense is taken, the rest is named or left out."""

from __future__ import annotations

from typing import Any

import pytest

from tapecast.bars import Interval, VenueBar
from tapecast.feeds.alpaca.bars import bar, page, read
from tapecast.feeds.alpaca.wire import Reject
from tapecast.market import parse_rfc3339

START = parse_rfc3339("2026-11-20T15:04:00Z")
NOW = START // 1000 + 60_000_000
MESSAGE: dict[str, Any] = {
    "T": "b", "S": "AAPL", "o": 10, "h": 12.5, "l": 9, "c": 11, "v": 300, "n": 7, "vw": 10.75, "t": START,
}  # fmt: skip
REST = {name: value for name, value in MESSAGE.items() if name not in "TS"} | {"t": "2026-11-20T15:04:00Z"}
BAR = VenueBar("AAPL", START, 10.0, 12.5, 9.0, 11.0, 300.0, 7, 10.75)


def test_a_bar_of_the_stream() -> None:
    """Also one without what not every market has."""
    assert bar(MESSAGE, NOW) == BAR
    bare = {name: value for name, value in MESSAGE.items() if name not in ("n", "vw")}
    assert bar(bare, NOW) == VenueBar("AAPL", START, 10.0, 12.5, 9.0, 11.0, 300.0, 0, 0.0)


def test_a_crypto_bar_without_a_trade_is_one() -> None:
    """Its prices are from the middle of the book."""
    quiet = bar(MESSAGE | {"v": 0, "n": 0}, NOW)
    assert isinstance(quiet, VenueBar)
    assert (quiet.volume, quiet.trades) == (0.0, 0)


@pytest.mark.parametrize(
    ("change", "reject"),
    [
        ({"S": 7}, Reject.SYMBOL),
        ({"S": ""}, Reject.SYMBOL),
        ({"o": 0}, Reject.PRICE),
        ({"c": "11"}, Reject.PRICE),
        ({"h": 10.5}, Reject.PRICE),
        ({"l": float("nan")}, Reject.PRICE),
        ({"v": -1}, Reject.SIZE),
        ({"n": None}, Reject.SIZE),
        ({"n": 1e300}, Reject.SIZE),
        ({"v": 1e300}, Reject.SIZE),
        ({"h": 1e300}, Reject.SIZE),
        ({"vw": 1e300}, Reject.SIZE),
        ({"t": START + 1}, Reject.TIME),
        ({"t": "2026-11-20T15:04:00Z"}, Reject.TIME),
        ({"t": START + 3600 * 10**9}, Reject.TIME),
        ({"t": 0}, Reject.TIME),
    ],
)
def test_nonsense_is_named(change: dict[str, object], reject: Reject) -> None:
    """By kind, as with trades."""
    assert bar(MESSAGE | change, NOW) is reject


def test_a_page_of_rest() -> None:
    """By symbol, as it came."""
    answer = {"bars": {"AAPL": [REST, None], "MSFT": [], "X": None}, "next_page_token": "abc"}
    assert page(answer) == ({"AAPL": [REST, None], "MSFT": []}, "abc")
    assert page({"bars": None, "next_page_token": None}) == ({}, "")
    assert page({"bars": {}}) == ({}, "")


def test_bars_of_rest() -> None:
    """One that makes no sense costs itself, and so does one that begins in the middle of another."""
    bad = [None, {}, REST | {"t": "yesterday"}, REST | {"t": None}, REST | {"h": 1}]
    assert read("AAPL", [REST, *bad], Interval.MINUTE) == [BAR]
    assert read("AAPL", [REST], Interval.FIVE_MINUTES) == []


@pytest.mark.parametrize("answer", [None, [], "", {"bars": []}, {"bars": 7}])
def test_what_is_no_page(answer: object) -> None:
    """It is not taken for a market without bars."""
    with pytest.raises(ValueError, match="no page"):
        page(answer)
