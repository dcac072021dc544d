"""What was heard is added up, and what a server says is not remembered without end."""

from __future__ import annotations

from tapecast.bench.tally import KINDS, Tally


def test_counts_begin_with_the_measuring() -> None:
    """What came while streams were opened is forgotten."""
    tally = Tally(1)
    tally.prices = tally.others = tally.bytes = 7
    tally.begin()
    assert (tally.prices, tally.others, tally.bytes, tally.is_counting) == (0, 0, 0, True)
    tally.end()
    assert not tally.is_counting


def test_reasons_are_counted_by_their_word() -> None:
    """With what was said the first time."""
    tally = Tally(1)
    tally.refuse("too_many_streams", "first")
    tally.refuse("too_many_streams", "second")
    tally.lose("reset", "cut")
    assert tally.refused == {"too_many_streams": 2}
    assert tally.lost == {"reset": 1}
    assert tally.words == {"too_many_streams": "first", "reset": "cut"}


def test_words_without_end_are_put_together() -> None:
    """A server that makes them up fills no memory."""
    tally = Tally(1)
    for number in range(10 * KINDS):
        tally.lose(f"word-{number}", "")
    assert len(tally.lost) == KINDS + 1
    assert sum(tally.lost.values()) == 10 * KINDS
    assert len(tally.words) == KINDS + 1
