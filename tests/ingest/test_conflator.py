"""Images of what is wanted, and nothing marked that this session has not confirmed."""

from __future__ import annotations

import pytest

from tapecast.bus import codec
from tapecast.bus.publisher import Retired
from tapecast.ingest.conflator import ASLEEP_MOST, Conflator
from tapecast.ingest.day import DAY_NS
from tapecast.market import SETS_ALL, Cancel, Correction, DayBar, Quote, Snapshot, Tick, Trade
from tests.ingest.bench import NOON_NS


@pytest.fixture
def conflator() -> Conflator:
    """Two symbols are wanted, and confirmed by the venue."""
    conflator = Conflator(epoch=7)
    conflator.keep(["AAPL", "MSFT"])
    conflator.on_subscribed(frozenset({"AAPL", "MSFT"}))
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


def test_what_arrives_unconfirmed_is_not_heard(conflator: Conflator) -> None:
    """The last words on a symbol just unsubscribed: nothing would ever take them back."""
    conflator.on_subscribed(frozenset({"MSFT"}))
    conflator.on_data([trade("AAPL", 1.0)])
    conflator.on_trade(trade("AAPL", 1.0))
    conflator.on_snapshot(Snapshot("AAPL", trade("AAPL", 1.0), None, None, None))
    image = conflator.image("AAPL")
    assert image is not None
    assert not image.fresh
    assert not conflator.dirty
    conflator.on_subscribed(frozenset({"AAPL", "MSFT"}))
    conflator.on_data([trade("AAPL", 2.0)])
    assert list(conflator.dirty) == ["AAPL"]


def test_a_symbol_that_is_wanted_again_is_heard(conflator: Conflator) -> None:
    """The venue may not have been asked to stop meanwhile: its set has not changed."""
    conflator.keep(["MSFT"])
    conflator.on_data([trade("AAPL", 1.0)])
    assert not conflator.dirty
    conflator.keep(["AAPL", "MSFT"])
    conflator.on_data([trade("AAPL", 2.0)])
    assert list(conflator.dirty) == ["AAPL"]


def test_an_answer_that_repeats_what_is_known_is_not_marked(conflator: Conflator) -> None:
    """Published again it would look as young as its answer, though the venue's stream may have frozen."""
    answer = Snapshot("AAPL", trade("AAPL", 1.0), None, None, None)
    conflator.on_snapshot(answer)
    assert list(conflator.dirty) == ["AAPL"]
    conflator.dirty.clear()
    conflator.on_snapshot(answer)
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
    """Its keys go, whoever shows it is told, and REST is asked until it names another."""
    conflator.on_trade(trade("AAPL", 1.0, number=1))
    conflator.on_cancel(Cancel("AAPL", 1, "", 1))
    assert not conflator.dirty
    (retired,) = conflator.retired.values()
    assert codec.decode_head(retired.void).is_void
    for _ in range(2):
        assert conflator.outdated_days() == ["AAPL"]
        conflator.on_snapshot(Snapshot("AAPL", trade("AAPL", 1.0, number=1), None, None, None, 9))
    assert not conflator.dirty
    conflator.on_snapshot(Snapshot("AAPL", trade("AAPL", 2.0, number=2), None, None, None, 9))
    assert conflator.outdated_days() == []
    assert list(conflator.dirty) == ["AAPL"]


def test_a_void_price_is_told_though_its_symbol_goes(conflator: Conflator) -> None:
    """And however it was retired before."""
    conflator.on_trade(trade("AAPL", 1.0, number=1))
    conflator.keep(["MSFT"])
    conflator.keep(["AAPL", "MSFT"])
    conflator.on_trade(trade("AAPL", 1.0, number=1))
    assert [each.void for each in conflator.retired.values()] == [b""]
    conflator.on_cancel(Cancel("AAPL", 1, "", 1))
    conflator.keep(["MSFT"])
    assert all(each.void for each in conflator.retired.values())
    told = list(conflator.retired.values())
    conflator.retire_again([Retired("AAPL", b"older")])
    assert list(conflator.retired.values()) == told
    conflator.retired["AAPL"] = Retired("AAPL")
    conflator.retire_again(told)
    assert list(conflator.retired.values()) == told


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


def test_a_symbol_that_comes_back_goes_on_from_what_was_shown(conflator: Conflator) -> None:
    """Whatever `last:` holds, no older print is its newest; and nothing is shown before it is confirmed."""
    conflator.on_trade(trade("AAPL", 1.0, after=9))
    conflator.keep(["MSFT"])
    assert conflator.missing(["AAPL"]) == []
    conflator.keep(["AAPL", "MSFT"])
    conflator.on_quote(Quote("AAPL", 1.0, 2.0, 1.0, 1.0, NOON_NS, 1))
    conflator.on_trade(trade("AAPL", 2.0, after=8))
    assert not conflator.dirty
    conflator.on_snapshot(Snapshot("AAPL", trade("AAPL", 2.0, after=8), None, None, None))
    tick = conflator.dirty["AAPL"].tick("iex", 7, 1)
    assert tick is not None
    assert tick.price == 1.0


def test_what_was_taken_back_stays_so_though_its_symbol_went(conflator: Conflator) -> None:
    """`last:` may still hold the void price: Redis had not been told when it was wanted again."""
    conflator.on_trade(trade("AAPL", 1.0, number=1))
    conflator.on_cancel(Cancel("AAPL", 1, "", 1))
    conflator.keep(["MSFT"])
    conflator.keep(["AAPL", "MSFT"])
    conflator.on_snapshot(Snapshot("AAPL", trade("AAPL", 1.0, number=1), None, None, None, 9))
    assert not conflator.dirty
    assert conflator.outdated_days() == ["AAPL"]


def test_of_symbols_that_nobody_wants_so_many_are_known(conflator: Conflator) -> None:
    """Those that were wanted last."""
    names = [f"S{number}" for number in range(ASLEEP_MOST + 2)]
    for name in names:
        conflator.keep([name])
    conflator.keep([])
    assert conflator.missing(names) == names[:2]


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
