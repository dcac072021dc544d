"""Positions and totals."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tapecast.client import Feed, FeedState, Portfolio, Position, Positions, SymbolState, SymbolStatus
from tapecast.watch import account
from tapecast.watch.account import Account
from tests.watch.support import HELLO, heard, shown

FEED = Feed("alpaca", "account", FeedState.LIVE)
HELD = Positions(
    [
        Position(
            "TSLA", SymbolState.LIVE, qty=Decimal(-15), price_age_ms=2100, unrealized_pl=Decimal("101.10"),
            market_value=Decimal("-6386.10"),
        ),
        Position("MSFT", SymbolState.STALE, qty=Decimal("12.5")),
    ]
)  # fmt: skip
TOTALS = Portfolio(
    equity=Decimal("111291.61"),
    day_pl=Decimal("76.07"),
    day_plpc=Decimal("0.0006837"),
    cash=Decimal("46976.96"),
)
STREAM = heard(HELLO, FEED, HELD, TOTALS, symbols=())


@pytest.mark.parametrize("width", [40, 80, 200])
def test_positions_at_any_width(width: int) -> None:
    """What one holds, what it has made, and whether that is of now."""
    lines = shown(Account().table(STREAM, width, 10), width)
    assert all(len(line) <= width for line in lines)
    assert lines[0].split()[0] == "POSITION"
    assert {"TSLA", "+101.10", "live"} <= set(lines[1].split())
    assert lines[2].split()[-1] == "STALE"


def test_totals_say_how_many_positions_they_are_no_better_than() -> None:
    """And nothing is made up before they are known."""
    (line,) = shown(account.totals(STREAM), 100)
    assert line.startswith("equity 111,291.61  day +76.07  (+0.07%)  cash 46,976.96")
    stale = Portfolio(equity=Decimal(1), stale=[SymbolStatus("MSFT", SymbolState.STALE)])
    assert "1 not current" in shown(account.totals(heard(HELLO, FEED, stale, symbols=())), 100)[0]
    assert shown(account.totals(heard(HELLO, FEED, symbols=())), 100) == ["account: not known yet"]


def test_what_there_is_no_room_for_is_counted() -> None:
    """In the last row, if it is not the only one."""
    assert shown(Account().table(STREAM, 80, 1), 80)[1].split()[0] == "TSLA"
    several = heard(HELLO, FEED, Positions([Position(name) for name in "ABCD"]), symbols=())
    assert shown(Account().table(several, 80, 3), 80)[3] == "… 2 more"
