"""What is told to who comes later."""

from __future__ import annotations

from tapecast.feeds.newest import Newest
from tapecast.market import ADDS_VOLUME, Cancel, Correction, Quote, Snapshot, Trade

FIRST = Trade("AAPL", 10.0, 1.0, 1, 1, number=1)
SECOND = Trade("AAPL", 11.0, 1.0, 2, 2, number=2)


def newest(*data: Trade | Quote | Correction | Cancel) -> Snapshot:
    """The snapshot after these messages."""
    held = Newest("AAPL")
    for each in data:
        held.take(each)
    return held.snapshot()


def test_trade_and_quote_are_the_newest() -> None:
    """There are no figures of the day."""
    quote = Quote("AAPL", 9.0, 11.0, 1.0, 1.0, 3, 3)
    assert newest(FIRST, quote, SECOND) == Snapshot("AAPL", SECOND, quote, None, None)


def test_late_prints_and_odd_lots_give_way() -> None:
    """Unless nothing better is known."""
    odd = Trade("AAPL", 5.0, 1.0, 3, 3, number=3, effect=ADDS_VOLUME)
    assert newest(SECOND, FIRST, odd).trade == SECOND
    assert newest(odd).trade == odd


def test_a_corrected_trade_is_told_as_corrected() -> None:
    """Others stay as they are."""
    correction = Correction("AAPL", 2, "", 3, 12.0, 5.0, 7, 9)
    mended = newest(FIRST, SECOND, correction).trade
    assert mended is not None
    assert (mended.price, mended.size, mended.number, mended.ts_event_ns) == (12.0, 5.0, 3, 2)
    assert newest(FIRST, correction).trade == FIRST


def test_a_cancelled_trade_gives_way_to_the_one_before() -> None:
    """Until there is another; with none before it nothing is told."""
    cancel = Cancel("AAPL", 2, "", 9)
    assert newest(FIRST, SECOND, cancel).trade == FIRST
    assert newest(FIRST, SECOND, Cancel("AAPL", 1, "", 9), cancel).trade is None
    assert newest(SECOND, cancel).trade is None
    assert newest(FIRST, SECOND, cancel, SECOND).trade == SECOND


def test_a_correction_that_sets_no_price_cancels() -> None:
    """It turns out to have been an odd lot."""
    assert newest(FIRST, SECOND, Correction("AAPL", 2, "", 3, 12.0, 5.0, ADDS_VOLUME, 9)).trade == FIRST


def test_a_number_is_one_exchanges_own() -> None:
    """A cancel at another speaks of another trade."""
    at_v = Trade("AAPL", 10.0, 1.0, 1, 1, number=1, exchange="V")
    assert newest(at_v, Cancel("AAPL", 1, "Q", 9)).trade == at_v
    assert newest(at_v, Cancel("AAPL", 1, "V", 9)).trade is None


def test_a_late_quote_gives_way() -> None:
    """As at every other feed."""
    late, quote = (Quote("AAPL", 9.0, 11.0, 1.0, 1.0, at, at) for at in (1, 2))
    assert newest(quote, late).quote == quote


def test_any_price_is_better_than_an_odd_lots() -> None:
    """Though it is earlier."""
    odd = Trade("AAPL", 5.0, 1.0, 3, 3, number=3, effect=ADDS_VOLUME)
    assert newest(odd, FIRST).trade == FIRST
