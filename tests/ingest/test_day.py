"""A day's figures are the venue's and ours together, and end with the day."""

from __future__ import annotations

from tapecast.ingest.day import ASK_AGAIN_NS, DAY_NS, Day
from tapecast.market import DayBar, Snapshot, Trade, parse_rfc3339

FRIDAY = parse_rfc3339("2026-01-09T05:00:00Z")  # midnight in New York
MONDAY = FRIDAY + 3 * DAY_NS
NOON = DAY_NS // 2


def trade(price: float, at: int, size: float = 1.0) -> Trade:
    """A print."""
    return Trade("AAPL", price, size, at, 1)


def bar(start: int = FRIDAY, close: float = 100.0, low: float = 90.0, high: float = 110.0) -> DayBar:
    """A day's figures."""
    return DayBar(start, 95.0, high, low, close, 1000.0)


def answer(last: Trade | None, today: DayBar | None, before: DayBar | None = None) -> Snapshot:
    """The venue's REST answer."""
    return Snapshot("AAPL", last, None, today, before)


def seeded() -> tuple[Day, Trade]:
    """Friday at noon, with Thursday's close, and the trade that is held."""
    day, last = Day(), trade(100.0, FRIDAY + NOON)
    day.on_snapshot(answer(last, bar(), bar(FRIDAY - DAY_NS, close=98.0)), last)
    return day, last


def figures(day: Day) -> tuple[float, float, float, float]:
    """Open, high, low and volume."""
    assert day.bar is not None
    return (day.bar.open, day.bar.high, day.bar.low, day.bar.volume)


def test_nothing_is_known_before_the_venue_answers() -> None:
    """Trades alone make no day, and nobody asks: the seed is on its way."""
    day, last = Day(), trade(1.0, FRIDAY)
    day.on_trade(last)
    assert (day.bar, day.previous_close, day.wants_snapshot(last)) == (None, None, False)


def test_trades_are_folded_in_once() -> None:
    """Those that the venue's figures hold already are not counted again."""
    day, last = seeded()
    day.on_trade(last)
    assert figures(day) == (95.0, 110.0, 90.0, 1000.0)
    day.on_trade(trade(111.0, FRIDAY + NOON + 1, size=2.0))
    day.on_trade(trade(89.0, FRIDAY + NOON + 2, size=0.5))
    assert figures(day) == (95.0, 111.0, 89.0, 1002.5)


def test_a_late_print_counts_into_its_own_day() -> None:
    """Its volume was traded; that of another day was not traded today."""
    day, last = seeded()
    day.on_snapshot(answer(None, bar()), last)
    day.on_trade(trade(120.0, FRIDAY + 5, size=10.0))
    day.on_trade(trade(1.0, FRIDAY - 1))
    assert figures(day) == (95.0, 120.0, 90.0, 1010.0)


def test_a_trade_that_overtook_the_answer_is_within_its_day() -> None:
    """The price is never above the high that is shown beside it."""
    day = Day()
    day.on_snapshot(answer(trade(100.0, FRIDAY + NOON), bar()), trade(120.0, FRIDAY + NOON + 1))
    assert figures(day) == (95.0, 120.0, 90.0, 1001.0)


def test_an_older_answer_of_the_same_day_takes_nothing_back() -> None:
    """After a reconnect both are true: our newest trades, and the venue's that we missed."""
    day, _ = seeded()
    newest = trade(120.0, FRIDAY + NOON + 9, size=50.0)
    day.on_trade(newest)
    day.on_snapshot(answer(trade(101.0, FRIDAY + NOON + 5), bar(low=80.0)), newest)
    assert figures(day) == (95.0, 120.0, 80.0, 1050.0)
    assert day.previous_close == 98.0


def test_on_a_closed_day_the_last_session_stands() -> None:
    """On a Sunday: Friday's figures against Thursday's close."""
    day, last = seeded()
    assert (day.previous_close, day.wants_snapshot(last)) == (98.0, False)


def test_a_trade_of_a_later_day_drops_the_figures_and_asks() -> None:
    """Yesterday's range is not today's, nor is its change."""
    day, _ = seeded()
    today = trade(105.0, FRIDAY + DAY_NS)
    day.on_trade(today)
    assert (day.bar, day.previous_close, day.wants_snapshot(today)) == (None, None, True)


def test_the_last_moment_of_a_day_belongs_to_it() -> None:
    """Trades after hours are still today's."""
    day, _ = seeded()
    day.on_trade(trade(105.0, FRIDAY + DAY_NS - 1))
    assert figures(day)[3] == 1001.0


def test_before_the_open_yesterdays_close_is_the_previous_one() -> None:
    """The venue's daily bar is still Friday's on Monday morning, and so is no part of today."""
    day, early = Day(), trade(105.0, MONDAY + 4)
    day.on_snapshot(answer(early, bar(close=101.0), bar(FRIDAY - DAY_NS, close=98.0)), early)
    assert (day.bar, day.previous_close) == (None, 101.0)


def test_an_answer_that_lags_behind_our_trade_does_not_bring_yesterday_back() -> None:
    """Its trade is yesterday's, ours is not: its bar's close is the previous one."""
    day, _ = seeded()
    today = trade(105.0, MONDAY)
    day.on_trade(today)
    day.on_snapshot(answer(trade(100.0, FRIDAY + NOON), bar(close=101.0), bar(close=98.0)), today)
    assert (day.bar, day.previous_close) == (None, 101.0)


def test_todays_figures_are_asked_for_until_they_are_there() -> None:
    """A minute of trading apart, and no more once they are known."""
    day, early = Day(), trade(105.0, MONDAY + 4)
    day.on_snapshot(answer(early, bar()), early)
    assert not day.wants_snapshot(trade(105.0, MONDAY + 4 + ASK_AGAIN_NS - 1))
    later = trade(105.0, MONDAY + 4 + ASK_AGAIN_NS)
    assert day.wants_snapshot(later)
    day.on_snapshot(answer(later, bar(MONDAY), bar()), later)
    assert day.bar == bar(MONDAY)
    assert not day.wants_snapshot(trade(1.0, MONDAY + NOON))


def test_a_previous_close_ends_with_its_day_too() -> None:
    """Where the venue never gave a bar of the day between."""
    day, early = Day(), trade(105.0, MONDAY + 4)
    day.on_snapshot(answer(early, bar()), early)
    day.on_trade(trade(106.0, MONDAY + DAY_NS))
    assert day.previous_close is None


def test_an_answer_of_an_earlier_day_is_ignored() -> None:
    """Figures never go back."""
    day, last = seeded()
    day.on_snapshot(answer(last, bar(FRIDAY - DAY_NS, close=98.0)), last)
    assert day.bar == bar()


def test_an_answer_without_figures_changes_none() -> None:
    """It is no news of the day."""
    day, last = seeded()
    day.on_snapshot(answer(last, None), last)
    assert day.bar == bar()


def test_a_trade_that_only_the_answer_brings_ends_the_day_as_well() -> None:
    """A symbol that was quiet all morning."""
    day, _ = seeded()
    today = trade(105.0, MONDAY)
    day.on_snapshot(answer(today, None), today)
    assert (day.bar, day.previous_close) == (None, None)


def test_only_an_answer_that_was_asked_for_after_a_doubt_ends_it() -> None:
    """One that was on its way may still have counted the print; one without figures says nothing."""
    day, last = seeded()
    day.on_trade(trade(500.0, FRIDAY + NOON + 1))
    day.doubt(50)
    for asked, told in ((0, bar(high=500.0)), (49, bar(high=500.0)), (60, None), (60, bar(FRIDAY - DAY_NS))):
        day.on_snapshot(Snapshot("AAPL", last, None, told, None, asked), last)
        assert day.wants_snapshot(last)
        assert figures(day)[1] == 500.0
    day.on_snapshot(Snapshot("AAPL", last, None, bar(high=111.0), None, 51), last)
    assert not day.wants_snapshot(last)
    assert figures(day)[1] == 111.0
