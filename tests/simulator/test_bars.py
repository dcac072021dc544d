"""Bars."""

from __future__ import annotations

import pytest

from tapecast.market import Market, parse_rfc3339
from tapecast.simulator.bars import Bar, Bars
from tapecast.simulator.hours import MINUTE, SECOND

START = parse_rfc3339("2026-11-20T00:00:00Z")


def bars() -> Bars:
    """A crypto day that begins at 100, after one that closed at 99."""
    return Bars(Market.CRYPTO, Bar.at(START, 99.0), Bar.at(START, 100.0))


def test_a_bar_follows_its_trades() -> None:
    """Open stays, high and low widen, close follows, volume adds up."""
    bar = Bar.at(START, 100.0)
    for price, size in ((101.0, 2.0), (98.0, 1.0), (99.5, 1.0)):
        bar.add(START, price, size)
    assert (bar.open, bar.high, bar.low, bar.close) == (100.0, 101.0, 98.0, 99.5)
    assert (bar.volume, bar.count) == (4.0, 3)
    assert bar.average == pytest.approx((202 + 98 + 99.5) / 4)


def test_a_late_trade_is_not_the_close() -> None:
    """It widens the bar and counts."""
    bar = Bar.at(START, 100.0)
    for second, price in ((5, 101.0), (3, 98.0)):
        bar.add(START + second * SECOND, price, 1.0)
    assert (bar.low, bar.close, bar.count) == (98.0, 101.0, 2)


def test_the_average_of_a_bar_without_trades_is_its_close() -> None:
    """Nothing is divided by zero."""
    assert Bar.at(START, 100.0).average == 100.0


def test_a_new_minute_has_a_new_bar() -> None:
    """It starts on the minute, with its first trade as its open."""
    each = bars()
    each.add(START + SECOND, 101.0, 1.0)
    each.add(START + MINUTE + SECOND, 102.0, 1.0)
    assert (each.minute.start_ns, each.minute.open, each.minute.count) == (START + MINUTE, 102.0, 1)
    assert (each.day.high, each.day.count) == (102.0, 2)


def test_a_new_day_keeps_the_old_one() -> None:
    """With the first trade after midnight, yesterday becomes the day before."""
    each = bars()
    each.add(START + SECOND, 101.0, 1.0)
    yesterday = each.day
    each.add(START + 24 * 3600 * SECOND, 103.0, 1.0)
    assert each.previous is yesterday
    assert yesterday.close == 101.0
    assert (each.day.start_ns, each.day.open) == (START + 24 * 3600 * SECOND, 103.0)


def test_a_trade_of_an_interval_that_is_over_changes_nothing() -> None:
    """Yesterday's is in no bar of today; one of the minute before is in the day's alone."""
    each = bars()
    each.add(START + MINUTE + SECOND, 101.0, 1.0)
    each.add(START + SECOND, 90.0, 1.0)
    each.add(START - SECOND, 1.0, 1.0)
    assert (each.day.low, each.day.close, each.day.count) == (90.0, 101.0, 2)
    assert (each.minute.low, each.minute.count) == (101.0, 1)


def test_a_copy_goes_on_alone() -> None:
    """What one takes in is not in the other."""
    each = bars()
    each.add(START + SECOND, 101.0, 1.0)
    twin = each.copy()
    assert (twin.day, twin.minute, twin.previous) == (each.day, each.minute, each.previous)
    twin.add(START + 2 * SECOND, 105.0, 1.0)
    assert (each.day.high, each.minute.high) == (101.0, 101.0)
    assert (twin.day.high, twin.minute.high) == (105.0, 105.0)


def test_bars_of_a_recording_have_no_past() -> None:
    """They begin with its first trade, in the minute and the day of that."""
    each = Bars.at(Market.US_EQUITY, START + MINUTE + SECOND, 50.0)
    each.add(START + MINUTE + SECOND, 50.0, 2.0)
    assert each.previous is None
    assert (each.minute.start_ns, each.minute.volume) == (START + MINUTE, 2.0)
    assert (each.day.open, each.day.count) == (50.0, 1)
    # Midnight in New York, of the evening before.
    assert each.day.start_ns == START - 19 * 3600 * SECOND
