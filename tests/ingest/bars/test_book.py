"""One symbol's bars of every length are those of its raw trades, late, corrected and cancelled ones too."""

from __future__ import annotations

import random

import msgspec
import pytest

from tapecast.bars import MINUTE_NS, Bar, Interval, VenueBar
from tapecast.ingest.bars.book import Book
from tapecast.ingest.bars.recent import REMEMBERED
from tapecast.ingest.bars.series import Series
from tapecast.market import ADDS_VOLUME, Cancel, Correction, Trade, parse_rfc3339
from tests.ingest.bars.raw import START, bars_of, figures, told, trade

END = START + 3600 * 10**9


def book_of(*intervals: Interval) -> Book:
    """A book that has heard everything."""
    book = Book("AAPL")
    for interval in intervals or Interval:
        book.series[interval] = Series(interval)
    book.gaps.confirm(START)
    return book


def shown(book: Book, interval: Interval) -> dict[str, Bar]:
    """The bars that are told, by start."""
    return {bar.start: bar for bar in book.series[interval] if not bar.removed}


def venue_bar(
    start_s: int, opening: float, high: float, low: float, close: float, volume: float = 10.0, trades: int = 2
) -> VenueBar:
    """The venue's minute."""
    return VenueBar("AAPL", START + start_s * 10**9, opening, high, low, close, volume, trades)


class Tape:
    """Trades as they come, and what is left of them."""

    def __init__(self, chance: random.Random, book: Book) -> None:
        self.chance = chance
        self.book = book
        # A corrected one keeps its place.
        self.trades: list[Trade] = []
        # What a client holds that has heard all.
        self.held: dict[Interval, dict[str, Bar]] = {interval: {} for interval in Interval}
        self.now_s = 0.0
        self.number = 0

    def _print(self) -> None:
        self.number += 1
        self.now_s += self.chance.choice([0.0, 0.01, 0.4, 0.4, 7.0])
        late_s = self.chance.choice([0, 0, 0, 0, 0.5, 3.0, 20.0])
        size, effect = self.chance.choice([0.1, 0.3, 100, 2e-9]), self.chance.choice([7, 7, 7, 7, 4, 6, 5])
        price = self.chance.randrange(9900, 10100) / 100
        one = trade(max(0.0, self.now_s - late_s), price, size, self.number, effect)
        self.trades.append(one)
        self.book.on_trade(one)

    def _amend(self) -> None:
        if not self.trades:
            return
        at = self.chance.randrange(max(0, len(self.trades) - 10), len(self.trades))
        old = self.trades[at]
        if self.chance.random() < 0.5:
            del self.trades[at]
            self.book.on_amend(Cancel("AAPL", old.number, "V", 1))
            return
        self.number += 1
        price = self.chance.randrange(9000, 11000) / 100
        right = msgspec.structs.replace(old, price=price, size=3.0, number=self.number)
        self.trades[at] = right
        self.book.on_amend(Correction("AAPL", old.number, "V", right.number, price, 3.0, right.effect, 1))

    def step(self) -> None:
        """Something happens."""
        roll = self.chance.random()
        if roll < 0.8:
            self._print()
        elif roll < 0.9:
            self._amend()
        else:
            self.tell(START + round(self.now_s * 1e9))

    def tell(self, now_ns: int) -> None:
        """It is told, and written."""
        self.book.tell(now_ns)
        for interval, series in self.book.series.items():
            bars = series.number(7, 1)
            self.held[interval].update({bar.start: bar for bar in bars})
            series.wrote(bars, series.changed_buckets())


@pytest.mark.parametrize("seed", range(40))
def test_every_bar_is_that_of_its_trades(seed: int) -> None:
    """At every length, told bit by bit or at once."""
    book, chance = book_of(), random.Random(seed)
    tape = Tape(chance, book)
    for _ in range(10 * seed):
        tape.step()
    tape.tell(END)
    for interval in Interval:
        bars = tape.held[interval].values()
        assert told(bars) == bars_of(tape.trades, interval)
        assert all(bar.closed and not bar.partial for bar in bars if not bar.removed)


def test_a_bar_forms_and_closes() -> None:
    """It is told as it grows, and closed when its time is over, also if nothing follows."""
    book = book_of(Interval.SECOND)
    book.on_trade(trade(5.1, 10.0))
    book.tell(START + 5_200_000_000)
    (bar,) = book.series[Interval.SECOND]
    assert (bar.start, bar.close, bar.closed) == ("2026-11-20T15:00:05Z", 10.0, False)
    book.on_trade(trade(5.3, 11.0))
    book.tell(START + 5_900_000_000)
    assert [bar.close for bar in book.series[Interval.SECOND]] == [11.0]
    book.tell(START + 6_000_000_000)
    (bar,) = book.series[Interval.SECOND]
    assert bar.closed
    assert not bar.corrected


def test_a_late_trade_corrects_a_closed_bar() -> None:
    """It goes where it belongs, and that says that it changed."""
    book = book_of(Interval.SECOND, Interval.MINUTE)
    for each in (trade(1.5, 10.0), trade(2.5, 11.0)):
        book.on_trade(each)
    book.tell(START + 3 * 10**9)
    book.on_trade(trade(1.9, 8.0))
    book.tell(START + 3 * 10**9)
    late, after = book.series[Interval.SECOND]
    assert (late.low, late.close, late.corrected) == (8.0, 8.0, True)
    assert not after.corrected
    assert not shown(book, Interval.MINUTE)["2026-11-20T15:00:00Z"].corrected, "it is not over"


def test_a_bar_whose_only_trade_is_void_is_removed() -> None:
    """Whoever shows it must hear of that."""
    book = book_of(Interval.SECOND, Interval.FIVE_SECONDS)
    book.on_trade(trade(1.5, 10.0, number=1))
    book.on_trade(trade(3.5, 11.0, number=2))
    book.tell(START + 9 * 10**9)
    book.on_amend(Cancel("AAPL", 1, "V", 1))
    book.tell(START + 9 * 10**9)
    assert [(bar.start, bar.removed) for bar in book.series[Interval.SECOND]] == [
        ("2026-11-20T15:00:01Z", True),
        ("2026-11-20T15:00:03Z", False),
    ]
    (five,) = book.series[Interval.FIVE_SECONDS]
    assert figures(five)[:4] == (11.0, 11.0, 11.0, 11.0)


def test_odd_lots_alone_make_no_bar() -> None:
    """Their volume is in the longer bar that has a price."""
    book = book_of(Interval.SECOND, Interval.MINUTE)
    book.on_trade(trade(1.5, 10.0, 5.0, effect=ADDS_VOLUME))
    book.on_trade(trade(2.5, 11.0, 1.0))
    book.tell(START + 9 * 10**9)
    assert [bar.start for bar in book.series[Interval.SECOND]] == ["2026-11-20T15:00:02Z"]
    assert [bar.volume for bar in book.series[Interval.MINUTE]] == [6.0]


def test_what_may_lack_trades_says_so() -> None:
    """Bars of a moment in which nothing was heard, until the venue tells of them."""
    book = Book("AAPL")
    for interval in Interval:
        book.series[interval] = Series(interval)
    book.on_trade(trade(30.5, 10.0))
    book.on_trade(trade(65.0, 11.0))
    book.tell(START + 66 * 10**9)
    assert [bar.partial for bar in book.series[Interval.SECOND]] == [True, False]
    assert [bar.partial for bar in book.series[Interval.MINUTE]] == [True, False]
    assert [bar.partial for bar in book.series[Interval.HOUR]] == [True]
    book.on_venue_bar(venue_bar(0, 9.0, 12.0, 8.0, 10.0, volume=50.0, trades=9))
    book.gaps.fill(START - 7200 * 10**9, START)
    book.gaps.extend(START)
    book.tell(START + 66 * 10**9)
    minute = shown(book, Interval.MINUTE)["2026-11-20T15:00:00Z"]
    assert (minute.open, minute.partial, minute.corrected) == (9.0, False, True)
    hour = shown(book, Interval.HOUR)["2026-11-20T15:00:00Z"]
    assert figures(hour) == (9.0, 12.0, 8.0, 11.0, 51.0, 10)
    assert not hour.partial
    assert shown(book, Interval.SECOND)["2026-11-20T15:00:30Z"].partial, "nobody can tell of seconds"


def test_the_venues_minute_replaces_ours() -> None:
    """What comes after it is added; its mended one replaces both."""
    book = book_of(Interval.MINUTE, Interval.FIVE_MINUTES)
    book.on_trade(trade(1, 10.0))
    book.on_trade(trade(61, 10.0))
    book.on_venue_bar(venue_bar(0, 10.0, 13.0, 9.0, 12.0))
    book.on_trade(trade(59, 14.0, 5.0))
    book.tell(START + 62 * 10**9)
    assert figures(shown(book, Interval.MINUTE)["2026-11-20T15:00:00Z"]) == (10.0, 14.0, 9.0, 12.0, 15.0, 3)
    book.on_venue_bar(venue_bar(0, 10.0, 14.0, 9.0, 14.0, volume=15.0, trades=3))
    book.tell(START + 62 * 10**9)
    minute = shown(book, Interval.MINUTE)["2026-11-20T15:00:00Z"]
    assert (minute.close, minute.corrected) == (14.0, True)
    assert figures(next(iter(book.series[Interval.FIVE_MINUTES])))[:4] == (10.0, 14.0, 9.0, 10.0)


def test_the_same_minute_from_the_venue_is_no_news() -> None:
    """However it rounds the average."""
    book = book_of(Interval.MINUTE)
    book.on_trade(trade(1, 10.0, 3.0))
    book.on_trade(trade(2, 11.0, 7.0))
    book.tell(START + 60 * 10**9)
    (before,) = book.series[Interval.MINUTE]
    bar = VenueBar("AAPL", START, 10.0, 11.0, 10.0, 11.0, 10.0, 2, 10.69999)
    book.on_venue_bar(bar)
    book.tell(START + 61 * 10**9)
    assert list(book.series[Interval.MINUTE]) == [before]


def test_a_cancel_in_the_venues_minute_puts_it_in_doubt() -> None:
    """Its range without that trade is the venue's to say."""
    book = book_of(Interval.MINUTE)
    book.gaps.fill(START - MINUTE_NS, START)
    book.on_trade(trade(1, 20.0, 5.0, number=1))
    book.on_trade(trade(2, 10.0, 5.0, number=2))
    book.on_venue_bar(venue_bar(0, 20.0, 20.0, 9.0, 10.0, volume=20.0, trades=4))
    book.tell(START + 61 * 10**9)
    book.on_amend(Cancel("AAPL", 1, "V", 1))
    book.tell(START + 61 * 10**9)
    (minute,) = book.series[Interval.MINUTE]
    assert (minute.volume, minute.trades, minute.partial, minute.corrected) == (15.0, 3, True, True)
    assert book.gaps.wanting(START + 600 * 10**9) == START
    book.on_venue_bar(venue_bar(0, 10.0, 11.0, 9.0, 10.0, volume=15.0, trades=3))
    book.tell(START + 61 * 10**9)
    (minute,) = book.series[Interval.MINUTE]
    assert (minute.high, minute.partial) == (11.0, False)


def test_a_cancel_of_long_ago_is_a_doubt() -> None:
    """Only so many trades are remembered."""
    book = book_of(Interval.SECOND)
    for number in range(1, REMEMBERED + 100):
        book.on_trade(trade(1 + number / 10_000, 10.0, 1.0, number))
    book.on_amend(Cancel("AAPL", 5, "V", 1))
    book.on_amend(Cancel("AAPL", 500, "V", 1))
    book.tell(START + 9 * 10**9)
    (second,) = book.series[Interval.SECOND]
    assert (second.trades, second.partial) == (REMEMBERED + 98, True)


def test_a_new_owner_goes_on_from_what_was_told() -> None:
    """Trades of before are in the bars that were told; the one that was forming may lack some."""
    old, new = book_of(), Book("AAPL")
    for each in (trade(61, 10.0), trade(62, 12.0), trade(125.5, 9.0)):
        old.on_trade(each)
    old.tell(START + 126 * 10**9)
    new.on_trade(trade(130, 8.0))
    for interval in Interval:
        new.series[interval] = Series(interval)
        new.restore(interval, list(old.series[interval]), [], history=True)
    new.gaps.confirm(START + 129 * 10**9)
    new.on_trade(trade(131, 11.0))
    new.tell(START + 132 * 10**9)
    minutes = shown(new, Interval.MINUTE)
    assert figures(minutes["2026-11-20T15:01:00Z"]) == (10.0, 12.0, 10.0, 12.0, 2.0, 2)
    assert figures(minutes["2026-11-20T15:02:00Z"]) == (9.0, 11.0, 8.0, 11.0, 3.0, 3)
    assert [bar.partial for bar in minutes.values()] == [False, True]
    hour = shown(new, Interval.HOUR)["2026-11-20T15:00:00Z"]
    assert figures(hour) == (10.0, 12.0, 8.0, 11.0, 5.0, 5)
    assert len(shown(new, Interval.SECOND)) == 5


def test_history_is_what_was_before() -> None:
    """Minutes and longer ones of the venue's; ours stand where we have heard all."""
    book = book_of(Interval.MINUTE, Interval.HOUR)
    book.on_trade(trade(1, 10.0))
    book.tell(START + 2 * 10**9)
    book.on_history(
        Interval.MINUTE, [venue_bar(-120, 5.0, 6.0, 4.0, 5.5), venue_bar(-60, 6.0, 7.0, 5.0, 6.5)]
    )
    book.on_history(
        Interval.HOUR, [venue_bar(-7200, 3.0, 6.0, 1.0, 5.0), venue_bar(-3600, 5.0, 7.0, 4.0, 6.5)]
    )
    book.tell(START + 2 * 10**9)
    assert [bar.open for bar in book.series[Interval.MINUTE]] == [5.0, 6.0, 10.0]
    assert [bar.open for bar in book.series[Interval.HOUR]] == [3.0, 5.0, 10.0]
    assert [bar.closed for bar in book.series[Interval.HOUR]] == [True, True, False]
    assert all(series.is_anew and series.has_history for series in book.series.values())


def test_a_longer_bar_is_never_made_of_what_is_left_of_its_minutes() -> None:
    """An hour that began before the oldest minute in memory is the venue's to tell."""
    book = book_of(Interval.MINUTE, Interval.HOUR)
    for at in (0.0, 7 * 3600.0):
        book.on_trade(trade(at, 10.0))
        book.tell(START + round(at * 1e9))
    minutes = [venue_bar(60 * minute, 5.0, 6.0, 4.0, 5.5) for minute in range(420)]
    hours = [venue_bar(3600 * hour, 5.0, 6.0, 4.0, 5.5, volume=600.0, trades=120) for hour in range(7)]
    for interval, bars in ((Interval.MINUTE, minutes), (Interval.HOUR, hours)):
        book.on_history(interval, bars)
        book.tell(START + 7 * 3600 * 10**9)
    told_hours = list(book.series[Interval.HOUR])
    assert [bar.trades for bar in told_hours] == [1, *[120] * 6, 1]
    assert not any(bar.partial for bar in told_hours)


def test_memory_is_bounded() -> None:
    """A symbol that trades all day keeps its newest hours."""
    book = book_of()
    for minute in range(24 * 60):
        book.on_trade(trade(60 * minute, 10.0))
        book.on_trade(trade(60 * minute + 30, 10.0))
        if minute % 10 == 0:
            book.tell(START + 60 * minute * 10**9)
            for series in book.series.values():
                series.wrote(series.number(7, 1), series.changed_buckets())
    assert len(book._seconds) < 50
    assert len(book._minutes) <= 2 * 180 + 20
    assert max(len(list(series)) for series in book.series.values()) <= 3 * 60
    assert parse_rfc3339("2026-11-20T15:00:00Z") == START


def test_a_bar_that_closes_over_a_gap_says_so() -> None:
    """Nothing more is heard of it, and that is not all that there was."""
    book = book_of(Interval.SECOND, Interval.FIVE_SECONDS, Interval.MINUTE)
    for at in (0.5, 1.5):
        book.on_trade(trade(at, 10.0))
    book.tell(START + 1_600_000_000)
    book.lose(START + 1_500_000_000)
    book.tell(START + 60 * 10**9)
    assert [(bar.closed, bar.partial) for bar in book.series[Interval.SECOND]] == [
        (True, False),
        (True, True),
    ]
    assert [(b.closed, b.partial) for b in book.series[Interval.FIVE_SECONDS]] == [(True, True)]
    assert [(b.closed, b.partial) for b in book.series[Interval.MINUTE]] == [(True, True)]


def test_what_the_last_owner_missed_is_not_forgotten() -> None:
    """Its partial bars stay so, whatever is made of them, and the venue is asked."""
    old, new = book_of(Interval.MINUTE), Book("AAPL")
    old.on_trade(trade(10, 10.0))
    old.gaps.miss(START + 61 * 10**9, START + 70 * 10**9)
    for at in (61, 130):
        old.on_trade(trade(at, 11.0))
    old.tell(START + 131 * 10**9)
    for interval in (Interval.MINUTE, Interval.HOUR):
        new.series[interval] = Series(interval)
    new.restore(Interval.MINUTE, list(old.series[Interval.MINUTE]), [], history=True)
    new.gaps.confirm(START + 132 * 10**9)
    for at in (55, 135):
        new.on_trade(trade(at, 12.0))
    new.tell(START + 300 * 10**9)
    partial = [bar.partial for bar in new.series[Interval.MINUTE]]
    assert partial == [False, True, True], "the one that was forming lacks what came between them"
    assert all(bar.closed for bar in new.series[Interval.MINUTE])
    assert [bar.partial for bar in new.series[Interval.HOUR]] == [True]
    assert new.gaps.wanting(START + 300 * 10**9) == START + 60 * 10**9


def test_a_bar_that_was_forming_may_lack_trades_when_it_is_over() -> None:
    """Also if nothing is heard of it any more."""
    new = Book("AAPL")
    for interval in (Interval.SECOND, Interval.FIVE_SECONDS):
        new.series[interval] = Series(interval)
        new.restore(interval, [Bar("2026-11-20T15:00:00Z", 1.0, 1.0, 1.0, 1.0, 1.0, 1)], [], history=False)
    new.gaps.confirm(START + 20 * 10**9)
    new.tell(START + 21 * 10**9)
    bars = [bar for series in new.series.values() for bar in series]
    assert [(bar.closed, bar.partial) for bar in bars] == [(True, True)] * 2


def test_without_its_history_the_cache_is_asked_for_in_full() -> None:
    """The last owner may have failed to get it."""
    bars = [Bar("2026-11-20T14:00:00Z", 1.0, 1.0, 1.0, 1.0, 1.0, 1, closed=True)]
    for history, since in ((False, 0), (True, START - 3600 * 10**9)):
        book = Book("AAPL")
        book.series = {interval: Series(interval) for interval in (Interval.SECOND, Interval.MINUTE)}
        book.restore(
            Interval.SECOND,
            [msgspec.structs.replace(bars[0], start="2026-11-20T14:59:00Z")],
            [],
            history=False,
        )
        book.restore(Interval.MINUTE, bars, [], history=history)
        assert book.gaps.wanting(START) == since


@pytest.mark.parametrize(("price", "size"), [(1e300, 1e300), (1.0, 1.7e308), (1.7e308, 1e-12)])
def test_absurd_numbers_stop_nothing(price: float, size: float) -> None:
    """The venue's reader would end, and with it the market."""
    book = book_of()
    book.on_trade(trade(1, price, size, number=1))
    book.on_trade(trade(2, price, size, number=2))
    book.on_venue_bar(venue_bar(0, price, price, price, price, volume=size))
    book.on_amend(Cancel("AAPL", 2, "V", 1))
    book.tell(START + 9 * 10**9)
    (second,) = book.series[Interval.SECOND]
    assert second.high == price
    assert msgspec.json.decode(msgspec.json.encode(second))["close"] == price
