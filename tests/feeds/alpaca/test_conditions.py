"""Which trades set the last price."""

from __future__ import annotations

import pytest

from tapecast.feeds.alpaca.conditions import effect
from tapecast.market import ADDS_VOLUME, SETS_ALL, SETS_PRICE, SETS_RANGE

NOT_THE_LAST = SETS_RANGE | ADDS_VOLUME


@pytest.mark.parametrize(
    ("conditions", "tape", "expected"),
    [
        (["@"], "C", SETS_ALL),
        ([" "], "A", SETS_ALL),
        (["@", "F"], "C", SETS_ALL),
        ([], "C", SETS_ALL),
        (["@", "I"], "C", ADDS_VOLUME),
        (["@", "T"], "C", SETS_PRICE | ADDS_VOLUME),
        (["@", "T", "I"], "C", ADDS_VOLUME),
        (["@", "U"], "C", ADDS_VOLUME),
        (["@", "Z"], "C", NOT_THE_LAST),
        (["@", "4"], "C", NOT_THE_LAST),
        (["@", "7", "V"], "C", ADDS_VOLUME),
        (["M"], "C", 0),
        (["Q"], "A", 0),
        (["B"], "A", ADDS_VOLUME),
        (["B"], "B", ADDS_VOLUME),
        (["B"], "C", SETS_ALL),
        (["R"], "C", NOT_THE_LAST),
        (["R"], "A", ADDS_VOLUME),
        (["@", "9"], "A", SETS_PRICE | SETS_RANGE),
        (["O"], "C", SETS_ALL),
        (["6", "X"], "C", SETS_ALL),
    ],
)
def test_stocks(conditions: list[str], tape: str, expected: int) -> None:
    """The strictest of all conditions counts; one letter may mean two things on two tapes."""
    assert effect(conditions, tape) == expected


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [("I", SETS_ALL), ("a", SETS_ALL), ("", SETS_ALL), ("A", 0), ("G", 0), ("B", NOT_THE_LAST)],
)
def test_options(conditions: str, expected: int) -> None:
    """A string, and other letters: a cancel of an earlier trade is no trade."""
    assert effect(conditions, None) == expected


@pytest.mark.parametrize("conditions", [None, 7, {}, [None, ["I"], 1]])
def test_what_makes_no_sense_says_nothing(conditions: object) -> None:
    """Crypto has none; a new form must not cost every trade."""
    assert effect(conditions, "C") == SETS_ALL
