"""When days and sessions begin and end, in nanoseconds since the epoch.

Weekdays, half past nine to four in New York; holidays are those that one is told, and there are no half days.
Options keep the hours of stocks. Crypto days are UTC.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from tapecast.market import Market

SECOND: Final = 1_000_000_000
MINUTE: Final = 60 * SECOND
DAY: Final = 24 * 3600 * SECOND
NEW_YORK: Final = ZoneInfo("America/New_York")
OPEN: Final = time(9, 30)
CLOSE: Final = time(16)
_SATURDAY: Final = 5

Holidays = Collection[date]
"""Days in New York without a session, weekends aside."""


def day_start(market: Market, ns: int) -> int:
    """The first instant of the day that `ns` is in: midnight in New York, or in UTC for crypto."""
    zone = _zone(market)
    return _ns(_date(ns, zone), time(), zone)


def next_day_start(market: Market, ns: int) -> int:
    """The first instant of the day after the one that `ns` is in."""
    zone = _zone(market)
    return _ns(_date(ns, zone) + timedelta(days=1), time(), zone)


def previous_day_start(market: Market, ns: int, holidays: Holidays = ()) -> int:
    """The first instant of the trading day before the one that `ns` is in."""
    zone = _zone(market)
    day = _date(ns, zone) - timedelta(days=1)
    while market is not Market.CRYPTO and not _has_session(day, holidays):
        day -= timedelta(days=1)
    return _ns(day, time(), zone)


def is_holiday(ns: int, holidays: Holidays) -> bool:
    """Whether the day that it is in New York is a holiday."""
    return bool(holidays) and _date(ns, NEW_YORK) in holidays


def last_close(ns: int, holidays: Holidays = ()) -> int:
    """The newest close of a stock session at or before `ns`."""
    day = _date(ns, NEW_YORK)
    while not _has_session(day, holidays) or _ns(day, CLOSE, NEW_YORK) > ns:
        day -= timedelta(days=1)
    return _ns(day, CLOSE, NEW_YORK)


def next_session(ns: int, holidays: Holidays = (), *, is_open: bool) -> tuple[int, int]:
    """The next open and the next close: of an open market the close comes first."""
    if is_open:
        close = _next(CLOSE, ns, holidays)
        return _next(OPEN, close, holidays), close
    opening = _next(OPEN, ns, holidays)
    return opening, _next(CLOSE, opening, holidays)


def _next(at: time, ns: int, holidays: Holidays) -> int:
    """The first instant after `ns` at which it is `at` in New York on a day with a session."""
    day = _date(ns, NEW_YORK)
    while not _has_session(day, holidays) or _ns(day, at, NEW_YORK) <= ns:
        day += timedelta(days=1)
    return _ns(day, at, NEW_YORK)


def _has_session(day: date, holidays: Holidays) -> bool:
    return day.weekday() < _SATURDAY and day not in holidays


def in_new_york(ns: int) -> str:
    """An instant as the venue's clock spells it: RFC 3339 with New York's offset."""
    return datetime.fromtimestamp(ns / SECOND, NEW_YORK).isoformat(timespec="seconds")


def _zone(market: Market) -> tzinfo:
    return UTC if market is Market.CRYPTO else NEW_YORK


def _date(ns: int, zone: tzinfo) -> date:
    return datetime.fromtimestamp(ns // SECOND, zone).date()


def _ns(day: date, at: time, zone: tzinfo) -> int:
    return int(datetime.combine(day, at, zone).timestamp()) * SECOND
