"""The newest trades, as they are after all corrections."""

from __future__ import annotations

from tapecast.ingest.bars.recent import REMEMBERED, Recent
from tapecast.market import Cancel, Correction
from tests.ingest.bars.raw import START, trade


def recent_of(*numbers: int) -> Recent:
    """One trade for each, a second apart."""
    recent = Recent()
    for number in numbers:
        recent.add(trade(number, 10.0, number=number))
    return recent


def numbers(recent: Recent) -> list[int]:
    """What is remembered."""
    return [each.number for each in recent.between(0, 2 * START)]


def test_a_corrected_trade_keeps_its_place() -> None:
    """It is known by its new number from then on; the same correction twice is none."""
    recent, correction = recent_of(1, 2, 3), Correction("AAPL", 2, "V", 9, 11.0, 5.0, 7, 1)
    amended = recent.amend(correction)
    assert amended is not None
    old, new = amended
    assert new is not None
    assert (old.number, new.number, new.price, new.ts_event_ns) == (2, 9, 11.0, old.ts_event_ns)
    assert numbers(recent) == [1, 9, 3]
    assert recent.amend(correction) is None


def test_a_cancelled_trade_is_gone() -> None:
    """So is one that is corrected to no trade; those of other exchanges stay."""
    recent = recent_of(1, 2, 3)
    assert recent.amend(Cancel("AAPL", 1, "Q", 1)) is None
    assert recent.amend(Cancel("AAPL", 1, "V", 1)) is not None
    assert recent.amend(Correction("AAPL", 2, "", 9, 11.0, 5.0, 0, 1)) is not None
    assert numbers(recent) == [3]


def test_only_the_newest_are_remembered() -> None:
    """And up to when some are forgotten, which a late one does not hide."""
    recent = recent_of(50, *range(1, REMEMBERED + 1))
    assert numbers(recent)[0] == 1
    assert recent.forgotten_ns == trade(50, 1.0).ts_event_ns
    recent.add(trade(5000, 1.0))
    assert recent.forgotten_ns == trade(50, 1.0).ts_event_ns
    assert [each.number for each in recent.between(START + 5 * 10**9, START + 7 * 10**9)] == [5, 6]
