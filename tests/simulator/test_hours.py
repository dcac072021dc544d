"""Days and sessions."""

from __future__ import annotations

from datetime import date

import pytest

from tapecast.market import Market, parse_rfc3339, rfc3339
from tapecast.simulator import hours

FRIDAY = parse_rfc3339("2026-11-20T18:00:00Z")
THANKSGIVING = frozenset({date(2026, 11, 26)})
SUNDAY = parse_rfc3339("2026-11-22T12:00:00Z")


@pytest.mark.parametrize(
    ("market", "at", "start", "end"),
    [
        (Market.US_EQUITY, "2026-11-20T18:00:00Z", "2026-11-20T05:00:00Z", "2026-11-21T05:00:00Z"),
        (Market.US_EQUITY, "2026-07-01T03:59:59Z", "2026-06-30T04:00:00Z", "2026-07-01T04:00:00Z"),
        # The day on which clocks go forward has 23 hours.
        (Market.US_EQUITY, "2026-03-08T12:00:00Z", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z"),
        (Market.CRYPTO, "2026-11-20T18:00:00Z", "2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z"),
    ],
)
def test_a_day_begins_at_the_markets_midnight(market: Market, at: str, start: str, end: str) -> None:
    """New York's for stocks, in summer and winter; UTC's for crypto."""
    now = parse_rfc3339(at)
    assert rfc3339(hours.day_start(market, now)) == start
    assert rfc3339(hours.next_day_start(market, now)) == end


def test_the_trading_day_before_monday_is_friday() -> None:
    """Stocks skip the weekend, crypto does not."""
    monday = parse_rfc3339("2026-11-23T18:00:00Z")
    assert rfc3339(hours.previous_day_start(Market.US_EQUITY, monday)) == "2026-11-20T05:00:00Z"
    assert rfc3339(hours.previous_day_start(Market.CRYPTO, monday)) == "2026-11-22T00:00:00Z"


@pytest.mark.parametrize(
    ("at", "close"),
    [
        ("2026-11-20T21:00:00Z", "2026-11-20T21:00:00Z"),
        ("2026-11-20T20:59:59Z", "2026-11-19T21:00:00Z"),
        ("2026-11-22T12:00:00Z", "2026-11-20T21:00:00Z"),
    ],
)
def test_the_last_close_is_four_in_new_york(at: str, close: str) -> None:
    """On the newest weekday at which it has been four already."""
    assert rfc3339(hours.last_close(parse_rfc3339(at))) == close


def test_an_open_market_closes_before_it_opens() -> None:
    """Whatever the hour, since a simulated market may be open on a Sunday."""
    assert [rfc3339(ns) for ns in hours.next_session(SUNDAY, is_open=True)] == [
        "2026-11-24T14:30:00Z",
        "2026-11-23T21:00:00Z",
    ]


def test_a_closed_market_opens_before_it_closes() -> None:
    """On the next weekday."""
    assert [rfc3339(ns) for ns in hours.next_session(SUNDAY, is_open=False)] == [
        "2026-11-23T14:30:00Z",
        "2026-11-23T21:00:00Z",
    ]


def test_the_clock_is_spelled_with_new_yorks_offset() -> None:
    """As the venue does."""
    assert hours.in_new_york(FRIDAY) == "2026-11-20T13:00:00-05:00"


def test_holidays_have_no_session() -> None:
    """Before, on and after one: the trading day before, the last close, the next open and close."""
    wednesday, thursday, friday = (parse_rfc3339(f"2026-11-{day}T22:00:00Z") for day in (25, 26, 27))
    before = hours.previous_day_start(Market.US_EQUITY, friday, THANKSGIVING)
    assert rfc3339(before) == "2026-11-25T05:00:00Z"
    assert rfc3339(hours.last_close(thursday, THANKSGIVING)) == "2026-11-25T21:00:00Z"
    for now in (wednesday, thursday):
        assert [rfc3339(ns) for ns in hours.next_session(now, THANKSGIVING, is_open=False)] == [
            "2026-11-27T14:30:00Z",
            "2026-11-27T21:00:00Z",
        ]
    assert hours.is_holiday(thursday, THANKSGIVING)
    assert not hours.is_holiday(friday, THANKSGIVING)


def test_a_long_weekend_is_skipped_whole() -> None:
    """A holiday on a Monday, after Saturday and Sunday."""
    friday = parse_rfc3339("2026-11-20T22:00:00Z")
    opening, _ = hours.next_session(friday, {date(2026, 11, 23)}, is_open=False)
    assert rfc3339(opening) == "2026-11-24T14:30:00Z"


def test_crypto_has_no_holidays() -> None:
    """Its day before is the day before."""
    friday = parse_rfc3339("2026-11-27T22:00:00Z")
    assert rfc3339(hours.previous_day_start(Market.CRYPTO, friday, THANKSGIVING)) == "2026-11-26T00:00:00Z"
