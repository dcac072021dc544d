"""One print told twice is one; two are two."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tapecast.ingest.identity import is_named, is_same
from tapecast.market import Trade

PRINT = Trade("AAPL", 10.0, 5.0, 1000, 1, number=7, exchange="V")


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (PRINT, True),
        (replace(PRINT, ts_recv=2, price=11.0), True),
        (replace(PRINT, number=0, exchange=""), True),
        (replace(PRINT, number=0, price=11.0), False),
        (replace(PRINT, number=0, size=6.0), False),
        (replace(PRINT, number=8), False),
        (replace(PRINT, exchange="Q"), False),
        (replace(PRINT, ts_event_ns=1001), False),
    ],
)
def test_prints_are_one_by_name_or_by_what_they_say(other: Trade, same: bool) -> None:
    """Numbers come again on another exchange and another day; the cache keeps none."""
    assert is_same(PRINT, other) is same
    assert is_same(other, PRINT) is same


@pytest.mark.parametrize(
    ("number", "exchange", "named"), [(7, "V", True), (7, "", True), (7, "Q", False), (8, "V", False)]
)
def test_a_print_answers_to_its_name(number: int, exchange: str, named: bool) -> None:
    """Not every amendment says which exchange's."""
    assert is_named(PRINT, number, exchange) is named
