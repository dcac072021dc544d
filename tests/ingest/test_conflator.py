"""Images of what is wanted, and nothing marked that this session has not confirmed."""

from __future__ import annotations

import pytest

from tapecast.ingest.conflator import Conflator
from tapecast.ingest.day import DAY_NS
from tapecast.market import SETS_ALL, Cancel, Correction, DayBar, Quote, Snapshot, Tick, Trade
from tests.ingest.bench import NOON_NS


@pytest.fixture
def conflator() -> Conflator:
    """Two symbols are wanted."""
    conflator = Conflator(epoch=7)
    conflator.keep(["AAPL", "MSFT"])
    return conflator


def trade(symbol: str, price: float, after: int = 0, number: int = 0) -> Trade:
    """A print some nanoseconds after noon."""
    return Trade(symbol, price, 1.0, NOON_NS + after, 1, number)


def test_what_changed_is_marked_in_order_and_wakes_the_flusher(conflator: Conflator) -> None:
    """Once for each symbol."""
    assert not conflator.woken.is_set()
    for symbol in ("MSFT", "AAPL", "MSFT"):
        conflator.on_trade(trade(symbol, 1.0))
    assert list(conflator.dirty) == ["MSFT", "AAPL"]
    assert conflator.woken.is_set()


def test_a_frame_is_what_its_messages_are(conflator: Conflator) -> None:
    """Unwanted, late and unconfirmed ones leave no mark; the last trade counts."""
    quote = Quote("MSFT", 1.0, 2.0, 1.0, 1.0, NOON_NS, 1)
    conflator.on_data([trade("TSLA", 1.0), quote])
    assert not conflator.woken.is_set()
    conflator.on_data([trade("AAPL", 1.0, after=2), trade("AAPL", 2.0, after=1), trade("MSFT", 3.0)])
    assert [(i.symbol, i.trade and i.trade.price) for i in conflator.dirty.values()] == [
        ("AAPL", 1.0),
        ("MSFT", 3.0),
    ]
    assert conflator.woken.is_set()


def test_several_seqs_are_one_after_the_other(conflator: Conflator) -> None:
    """And the next is above them all, however many were taken."""
    first = conflator.next_seq(1_000_000_000)
    assert conflator.next_seq() == first + 1_000_000_000


def test_what_nobody_wants_leaves_no_mark(conflator: Conflator) -> None:
    """Data of a symbol just unsubscribed can still arrive for a moment."""
    conflator.on_trade(trade("TSLA", 1.0))
    conflator.on_quote(Quote("TSLA", 1.0, 2.0, 1.0, 1.0, NOON_NS, 1))
    conflator.on_snapshot(Snapshot("TSLA", None, None, None, None))
    conflator.on_correction(Correction("TSLA", 1, "", 2, 1.0, 1.0, SETS_ALL, 1))
    conflator.on_cancel(Cancel("TSLA", 1, "", 1))
    assert not conflator.dirty
    assert not conflator.retired


def test_a_quote_alone_confirms_no_price(conflator: Conflator) -> None:
    """A price is always that of a trade."""
    conflator.on_quote(Quote("AAPL", 1.0, 2.0, 1.0, 1.0, NOON_NS, 1))
    assert not conflator.dirty


def test_a_new_session_marks_nothing_old(conflator: Conflator) -> None:
    """And begins above every seq that was given out before."""
    conflator.on_trade(trade("AAPL", 1.0))
    before = conflator.next_seq()
    conflator.on_session()
    assert not conflator.dirty
    assert conflator.session_seq > before
    conflator.on_quote(Quote("AAPL", 1.0, 2.0, 1.0, 1.0, NOON_NS, 1))
    assert not conflator.dirty


def test_what_the_venue_no_longer_sends_is_not_marked(conflator: Conflator) -> None:
    """Until it is confirmed again."""
    conflator.on_trade(trade("AAPL", 1.0))
    conflator.on_subscribed(frozenset({"MSFT"}))
    assert not conflator.dirty
    conflator.on_quote(Quote("AAPL", 1.0, 2.0, 1.0, 1.0, NOON_NS, 1))
    assert not conflator.dirty


def test_a_correction_and_a_cancel_are_marked(conflator: Conflator) -> None:
    """They go back, and say so."""
    for number, price in ((1, 10.0), (2, 11.0)):
        conflator.on_trade(trade("AAPL", price, after=number, number=number))
    conflator.dirty.clear()
    conflator.on_correction(Correction("AAPL", 2, "", 3, 10.5, 1.0, SETS_ALL, 1))
    tick = conflator.dirty.pop("AAPL").tick("iex", 7, 1)
    assert tick is not None
    assert (tick.price, tick.corrected) == (10.5, True)
    conflator.on_cancel(Cancel("AAPL", 3, "", 1))
    tick = conflator.dirty.pop("AAPL").tick("iex", 7, 2)
    assert tick is not None
    assert (tick.price, tick.corrected) == (10.0, True)


def test_a_symbol_whose_only_trade_was_void_has_no_price(conflator: Conflator) -> None:
    """Its key goes, and its figures are asked for."""
    conflator.on_trade(trade("AAPL", 1.0, number=1))
    conflator.on_cancel(Cancel("AAPL", 1, "", 1))
    assert not conflator.dirty
    assert list(conflator.retired) == ["AAPL"]
    assert conflator.outdated_days() == ["AAPL"]


def test_dropped_symbols_are_retired_and_new_ones_restored(conflator: Conflator) -> None:
    """A restored price still waits for its confirmation."""
    last = Tick("TSLA", 5.0, timestamp="2030-01-01T00:00:00Z", feed="iex", epoch=6, seq=1)
    conflator.keep(["AAPL", "TSLA"], [last, Tick("NVDA", 1.0)])
    assert list(conflator.retired) == ["MSFT"]
    image = conflator.image("TSLA")
    assert image is not None
    assert image.trade is not None
    assert image.trade.price == 5.0
    assert not image.fresh
    assert conflator.image("MSFT") is None
    assert conflator.image("NVDA") is None


def test_missing_are_those_without_an_image(conflator: Conflator) -> None:
    """They are looked up in the cache once."""
    assert conflator.missing(["AAPL", "TSLA"]) == ["TSLA"]


def test_a_symbol_whose_day_has_turned_is_named(conflator: Conflator) -> None:
    """Its figures want asking for again."""
    seed = Trade("AAPL", 1.0, 1.0, NOON_NS, 1)
    day = DayBar(NOON_NS, 1.0, 1.0, 1.0, 1.0, 1.0)
    conflator.on_snapshot(Snapshot("AAPL", seed, None, day, None))
    assert conflator.outdated_days() == []
    conflator.on_trade(Trade("AAPL", 2.0, 1.0, NOON_NS + DAY_NS, 2))
    assert conflator.outdated_days() == ["AAPL"]
