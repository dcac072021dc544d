"""What the venue takes back or mends: it goes, it stays gone, and what is older says so."""

from __future__ import annotations

import msgspec
import pytest

from tapecast.ingest.image import REMEMBERED
from tapecast.market import ADDS_VOLUME, Trade, parse_rfc3339, rfc3339
from tests.ingest.messages import LAST, NOON, bar, cancel, correction, image, numbered, snapshot, take, tick


def test_a_corrected_price_keeps_its_time_and_says_so() -> None:
    """Until the next trade."""
    made = image(numbered(1, 100.0), numbered(2, 200.0))
    assert made.on_correction(correction(2, 101.0))
    shown = tick(made)
    assert (shown.price, shown.size, shown.timestamp, shown.corrected) == (
        101.0,
        2.0,
        rfc3339(NOON + 2),
        True,
    )
    assert made.on_trade(numbered(3, 102.0))
    assert not tick(made).corrected


def test_a_cancelled_price_goes_back_to_the_one_before() -> None:
    """With the time of that one; a second cancel goes back further."""
    made = image(*(numbered(number, 100.0 + number) for number in (1, 2, 3)))
    assert made.on_cancel(cancel(3))
    assert (tick(made).price, tick(made).timestamp, tick(made).corrected) == (102.0, rfc3339(NOON + 2), True)
    assert made.on_cancel(cancel(2))
    assert tick(made).price == 101.0


def test_a_correction_that_sets_no_price_cancels() -> None:
    """It turns out to have been an odd lot."""
    made = image(numbered(1, 100.0), numbered(2, 200.0))
    assert made.on_correction(correction(2, 200.0, ADDS_VOLUME))
    assert tick(made).price == 100.0


def test_an_earlier_print_is_mended_behind_the_scenes() -> None:
    """The price stands; what a later cancel goes back to is the mended one."""
    made = image(*(numbered(number, 100.0 + number) for number in (1, 2, 3)))
    assert not made.on_correction(correction(2, 50.0))
    assert not made.on_cancel(cancel(1))
    assert (tick(made).price, tick(made).corrected) == (103.0, False)
    made.on_cancel(cancel(3))
    assert tick(made).price == 50.0
    made.on_cancel(cancel(102))
    assert made.tick("iex", 1, 2) is None


def test_a_correction_of_an_unknown_print_changes_no_price() -> None:
    """But the day's figures are doubted: it may have been in them."""
    made = image(snapshot(numbered(1, 100.0), day=bar()))
    assert not made.wants_snapshot
    assert not made.on_correction(correction(77, 1.0))
    assert not made.on_cancel(cancel(1, exchange="Q"))
    assert tick(made).price == 100.0
    assert made.wants_snapshot


def test_rest_does_not_bring_a_void_print_back() -> None:
    """Its answer may have been made before the cancel."""
    made = image(numbered(1, 100.0), numbered(2, 200.0))
    made.on_cancel(cancel(2))
    made.on_snapshot(snapshot(numbered(2, 200.0)))
    assert tick(made).price == 100.0


def test_a_void_print_leaves_the_day_with_the_next_answer() -> None:
    """A high that never was does not stand till midnight."""
    made = image(snapshot(numbered(1, 100.0), day=bar(high=110.0)), numbered(2, 500.0))
    assert tick(made).high == 500.0
    made.on_cancel(cancel(2))
    made.on_snapshot(snapshot(numbered(1, 100.0), day=bar(high=500.0)))
    assert (tick(made).high, made.wants_snapshot) == (500.0, True), "asked before the cancel came"
    made.on_snapshot(snapshot(numbered(1, 100.0), day=bar(high=111.0), asked=10))
    assert tick(made).high == 111.0
    assert not made.wants_snapshot


@pytest.mark.parametrize("first", ["rest", "stream"])
def test_a_print_that_is_told_twice_is_one(first: str) -> None:
    """By REST and by the stream: cancelled, it is gone."""
    print_of, answer = numbered(2, 200.0), snapshot(numbered(2, 200.0))
    made = image(numbered(1, 100.0), *((answer, print_of) if first == "rest" else (print_of, answer)))
    assert made.on_cancel(cancel(2))
    assert tick(made).price == 100.0


def test_a_corrected_print_told_again_stays_corrected() -> None:
    """Where a correction keeps the number, the stream's own print is the older word."""
    made = image(numbered(1, 100.0))
    made.on_correction(msgspec.structs.replace(correction(1, 101.0), new_number=1))
    assert not made.on_trade(numbered(1, 100.0))
    assert (tick(made).price, tick(made).corrected) == (101.0, True)


@pytest.mark.parametrize("teller", ["rest", "stream"])
def test_a_restored_print_gets_its_name_from_the_venue(teller: str) -> None:
    """The cache keeps none; with it a cancel finds the print."""
    told = Trade("AAPL", 101.0, 2.0, parse_rfc3339(LAST.timestamp or ""), 1, 7, "V")
    made = image()
    made.restore(LAST)
    take(made, snapshot(told) if teller == "rest" else told)
    assert made.trade is not None
    assert (made.trade.number, made.trade.exchange) == (7, "V")
    assert made.on_cancel(cancel(7))
    assert made.is_void


def test_numbers_are_an_exchange_s_own() -> None:
    """A cancel at one does not void what another printed under the same number."""
    made = image(numbered(1, 100.0))
    made.on_cancel(cancel(2, exchange="Q"))
    made.on_snapshot(snapshot(numbered(2, 200.0)))
    assert tick(made).price == 200.0


def test_a_correction_that_keeps_its_number_does_not_void_itself() -> None:
    """After a reconnect REST's word on it confirms the price."""
    made = image(numbered(1, 100.0))
    made.on_correction(msgspec.structs.replace(correction(1, 101.0), new_number=1))
    made.fresh = False
    made.on_snapshot(snapshot(numbered(1, 101.0)))
    assert (made.fresh, tick(made).price) == (True, 101.0)


def test_only_so_many_prints_are_remembered() -> None:
    """Memory is bounded; what is further back is REST's to know."""
    made = image(*(numbered(number, 100.0 + number) for number in range(1, REMEMBERED + 4)))
    for number in range(REMEMBERED + 3, 2, -1):
        made.on_cancel(cancel(number))
    assert made.tick("iex", 1, 1) is None
    assert not made.fresh


@pytest.mark.parametrize("teller", ["rest", "stream"])
def test_what_is_older_than_a_cancelled_price_says_so(teller: str) -> None:
    """Clients may have seen the cancelled one, and not the one between: time goes back for them."""
    made = image(numbered(1, 100.0), numbered(9, 900.0))
    made.on_cancel(cancel(9))
    take(made, snapshot(numbered(5, 105.0)) if teller == "rest" else numbered(5, 105.0))
    assert (tick(made).price, tick(made).corrected) == (105.0, True)
    take(made, snapshot(numbered(10, 110.0)) if teller == "rest" else numbered(10, 110.0))
    assert (tick(made).price, tick(made).corrected) == (110.0, False)
