"""Stops: what reaches them, and how they trail."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.simulator.paper.pit import Pit


def test_a_stop_waits_for_a_print(pit: Pit) -> None:
    """Quotes do not reach it; then it takes what is quoted."""
    order = pit.place(side="sell", type="stop", stop_price="269")
    pit.quote("AAPL", "268.5", "268.6")
    assert pit.events(order) == ["new"]
    pit.trade("AAPL", "268.9")
    assert pit.fills(order) == [("268.9", "10", "30")]


def test_a_stop_that_has_been_reached_already_is_one_no_more() -> None:
    """It fills when it comes to the market."""
    pit = Pit()
    pit.trade("AAPL", "268")
    pit.quote("AAPL", "267.99", "268.01")
    assert pit.fills(pit.place(side="sell", type="stop", stop_price="269")) == [("267.99", "10", "30")]


def test_a_late_print_reaches_no_stop(pit: Pit) -> None:
    """It is from before the order."""
    order = pit.place(side="sell", type="stop", stop_price="269")
    pit.trade("AAPL", "268", ns=pit.now - 60_000_000_000)
    pit.pass_time()
    assert pit.events(order) == ["new"]


def test_a_stop_limit_becomes_a_limit(pit: Pit) -> None:
    """Beyond its limit it waits, though its stop was reached."""
    order = pit.place(type="stop_limit", stop_price="272", limit_price="272.5")
    pit.trade("AAPL", "272.6")
    pit.pass_time(1)
    assert (order.triggered, pit.events(order)) == (True, ["new"])
    pit.quote("AAPL", "272.3", "272.4")
    assert pit.fills(order) == [("272.4", "10", "50")]


@pytest.mark.parametrize(
    ("side", "words", "path", "hwm", "stop"),
    [
        ("sell", {"trail_price": "2"}, ("272", "271.5", "273"), "273", "271"),
        ("buy", {"trail_price": "2"}, ("270", "271.5", "269.5"), "269.5", "271.5"),
        ("sell", {"trail_percent": "1"}, ("275",), "275", "272.25"),
        ("buy", {"trail_percent": "0.5"}, ("260",), "260", "261.3"),
    ],
)
def test_a_trailing_stop_keeps_its_distance_from_the_best_price(
    pit: Pit, side: str, words: dict[str, str], path: tuple[str, ...], hwm: str, stop: str
) -> None:
    """It never moves back, and no event tells of it."""
    order = pit.place(side=side, type="trailing_stop", **words)
    for price in path:
        pit.trade("AAPL", price)
    assert (order.hwm, order.stop) == (Decimal(hwm), Decimal(stop))
    assert pit.events(order) == ["new"]
    assert order.updated_ns == pit.now


def test_a_trailing_stop_is_reached_from_the_best_price(pit: Pit) -> None:
    """Not from where it began."""
    order = pit.place(side="sell", type="trailing_stop", trail_price="2")
    assert (order.hwm, order.stop) == (Decimal(271), Decimal(269))
    pit.trade("AAPL", "275")
    pit.trade("AAPL", "273")
    assert pit.fills(order) == [("273", "10", "30")]
