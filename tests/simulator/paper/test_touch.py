"""What a symbol can be bought and sold at."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tapecast.simulator.ledger import Book, Image, Print
from tapecast.simulator.market import SimulatedMarket
from tapecast.simulator.paper.order import Side
from tapecast.simulator.paper.touch import Touch
from tapecast.simulator.symbols import LISTED
from tests.simulator.paper.pit import START_NS

AAPL = LISTED["AAPL"]
FOUND = SimulatedMarket(still=True).image("AAPL", START_NS)
assert FOUND is not None
IMAGE = FOUND


def touch(last: float, quote: tuple[float, float] | None, age_ns: int = 1) -> Touch:
    """After a trade at `last` that is so much newer than a quote."""
    trade = Print(AAPL, START_NS, 1, last, 100, True)
    book = Book(AAPL, START_NS - age_ns, *quote, 200, 300) if quote else None
    return Touch.of(Image(trade, book, IMAGE.minute, IMAGE.day, IMAGE.previous))


@pytest.mark.parametrize(
    ("last", "quote", "age_ns", "bid", "ask"),
    [
        (271, (270.9, 271.1), 1, "270.9", "271.1"),
        (271, None, 1, "271", "271"),
        (271, (0, 271.1), 1, "271", "271.1"),
        (271, (270.9, 0), 1, "270.9", "271"),
        (272, (270.9, 271.1), 1, "272", "272"),  # a newer print ran past the quote
        (272, (270.9, 271.1), -1, "270.9", "271.1"),  # the quote is newer
    ],
)
def test_the_sides(last: float, quote: tuple[float, float] | None, age_ns: int, bid: str, ask: str) -> None:
    """A side that there is not, or no more, is the last trade."""
    found = touch(last, quote, age_ns)
    assert (found.price(Side.SELL), found.price(Side.BUY)) == (Decimal(bid), Decimal(ask))


def test_the_sizes() -> None:
    """Those of the quote; endless where there is none."""
    found = touch(271, (270.9, 271.1))
    assert (found.size(Side.SELL), found.size(Side.BUY)) == (Decimal(200), Decimal(300))
    assert touch(271, (0, 271.1)).size(Side.SELL) is None
    assert touch(271, None).size(Side.BUY) is None
