"""One symbol's prints, book and bars."""

from __future__ import annotations

import pytest

from tapecast.market import Market, parse_rfc3339
from tapecast.simulator.bars import Bar, Bars
from tapecast.simulator.hours import SECOND
from tapecast.simulator.ledger import KEPT_PRINTS, Book, Ledger, Print
from tapecast.simulator.symbols import LISTED

START = parse_rfc3339("2026-11-20T15:00:00Z")
BTC = LISTED["BTC/USD"]


def trade(second: int, price: float, number: int = 0) -> Print:
    """A print, so many seconds after START."""
    return Print(BTC, START + second * SECOND, number, price, 1.0, bought=True)


def test_a_ledger_without_a_past_knows_nothing_before_its_first_print() -> None:
    """A quote alone is no image."""
    ledger = Ledger(BTC)
    ledger.write(Book(BTC, START, 99.0, 101.0, 1.0, 1.0))
    assert ledger.image() is None
    assert (ledger.previous_close, ledger.day_start_ns) == (None, 0)
    ledger.write(trade(1, 100.0))
    image = ledger.image()
    assert image is not None
    assert image.quote == ledger.quote
    assert (image.trade.price, image.day.open, image.previous) == (100.0, 100.0, None)


def test_numbers_are_given_where_there_are_none() -> None:
    """And go on after those that came with one."""
    ledger = Ledger(BTC)
    numbers = [ledger.print(trade(1, 1.0, number)).number for number in (0, 0, 70, 0)]
    assert numbers == [1, 2, 70, 71]


def test_the_newest_is_that_of_the_newest_time() -> None:
    """Of trades and of quotes; of two at one time, the later in coming."""
    ledger = Ledger(BTC)
    for second, price in ((5, 1.0), (3, 2.0), (5, 3.0)):
        ledger.write(trade(second, price))
        ledger.write(Book(BTC, START + second * SECOND, price, price + 1, 1.0, 1.0))
    assert ledger.trade is not None
    assert ledger.quote is not None
    assert (ledger.trade.price, ledger.quote.bid) == (3.0, 3.0)


def test_a_corrected_print_has_another_price_and_number() -> None:
    """It keeps its time, and is still the newest if it was."""
    ledger = Ledger(BTC)
    first, last = ledger.print(trade(1, 1.0)), ledger.print(trade(2, 2.0))
    assert ledger.correct(last.number, 2.5) == (last, last._replace(number=3, price=2.5))
    assert ledger.trade == last._replace(number=3, price=2.5)
    assert ledger.correct(first.number, 1.5) == (first, first._replace(number=4, price=1.5))
    assert ledger.trade.number == 3
    assert ledger.correct(last.number, 9.0) is None


def test_a_cancelled_print_gives_way_to_the_one_before() -> None:
    """A symbol never loses its only trade."""
    ledger = Ledger(BTC)
    first, last = ledger.print(trade(1, 1.0)), ledger.print(trade(2, 2.0))
    assert ledger.cancel(last.number) == last
    assert ledger.trade == first
    assert ledger.cancel(last.number) is None
    assert ledger.cancel(first.number) == first
    assert ledger.trade == first


def test_of_two_prints_at_one_time_the_later_stays_the_newest() -> None:
    """Though the correction of the earlier has the higher number."""
    ledger = Ledger(BTC)
    first, last = ledger.print(trade(1, 1.0)), ledger.print(trade(1, 2.0))
    ledger.correct(first.number, 1.5)
    assert ledger.trade == last


@pytest.mark.parametrize("past", [None, Bars(Market.CRYPTO, None, Bar.at(START, 100.0))])
def test_what_was_amended_leaves_no_trace_in_the_bars(past: Bars | None) -> None:
    """They are those of the prints that are right, with a past or without."""
    ledger = Ledger(BTC, past.copy() if past is not None else None)
    right = Ledger(BTC, past.copy() if past is not None else None)
    for each in (trade(1, 100.0), trade(2, 102.0)):
        right.print(each)
    ledger.print(trade(1, 100.0))
    wrong = ledger.print(trade(2, 3000.0))
    void = ledger.print(trade(3, 0.5))
    ledger.correct(wrong.number, 102.0)
    ledger.cancel(void.number)
    image, wanted = ledger.image(), right.image()
    assert image is not None
    assert wanted is not None
    assert (image.day, image.minute) == (wanted.day, wanted.minute)


def test_bars_hold_the_prints_that_are_no_longer_remembered() -> None:
    """An amendment counts the remembered ones anew, and none of the others twice or never."""
    ledger = Ledger(BTC)
    prints = [ledger.print(trade(second, 1.0 + second)) for second in range(KEPT_PRINTS + 5)]
    ledger.cancel(prints[-1].number)
    image = ledger.image()
    assert image is not None
    assert (image.day.count, image.day.volume) == (KEPT_PRINTS + 4, KEPT_PRINTS + 4)
    assert (image.day.open, image.day.low, image.day.high) == (1.0, 1.0, prints[-2].price)


def test_prints_are_remembered_for_a_while() -> None:
    """Then they can no longer be corrected."""
    ledger = Ledger(BTC)
    for second in range(KEPT_PRINTS + 1):
        ledger.write(trade(second, 1.0))
    assert ledger.find(1) is None
    assert ledger.find(2) is not None
