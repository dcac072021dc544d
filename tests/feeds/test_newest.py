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


def test_a_cancelled_trade_is_not_told() -> None:
    """Until there is another."""
    cancel = Cancel("AAPL", 2, "", 9)
    assert newest(FIRST, SECOND, cancel).trade is None
    assert newest(FIRST, SECOND, cancel, FIRST).trade == FIRST
