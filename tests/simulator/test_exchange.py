"""What every market can do, whoever makes its prices."""

from __future__ import annotations

from datetime import date

from tapecast.market import parse_rfc3339
from tapecast.simulator.hours import DAY
from tapecast.simulator.ledger import Print
from tapecast.simulator.market import SimulatedMarket
from tapecast.simulator.symbols import LISTED

START = parse_rfc3339("2026-11-26T15:00:00Z")


def test_holidays_close_an_open_market_and_open_no_closed_one() -> None:
    """By the date in New York."""
    market = SimulatedMarket(holidays=frozenset({date(2026, 11, 26)}))
    assert [market.in_session(START + days * DAY) for days in (-1, 0, 1)] == [True, False, True]
    market.is_open = False
    assert not market.in_session(START + DAY)


def test_corrections_and_cancels_reach_rest() -> None:
    """What was the latest trade is another price, then the trade before."""
    market = SimulatedMarket(still=True)
    first = market.image("AAPL", START)
    assert first is not None
    trade = market.inject(Print(LISTED["AAPL"], START + 1, 0, 300.0, 1, bought=True))
    assert isinstance(trade, Print)
    amended = market.correct("AAPL", trade.number, 299.0)
    assert amended is not None
    assert amended == (trade, trade._replace(number=trade.number + 1, price=299.0))
    image = market.image("AAPL", START)
    assert image is not None
    assert image.trade == amended[1]
    assert market.cancel("AAPL", amended[1].number) == amended[1]
    image = market.image("AAPL", START)
    assert image is not None
    assert image.trade == first.trade


def test_nobody_elses_trade_is_amended() -> None:
    """Of a symbol that nobody has asked for there is none."""
    market = SimulatedMarket(still=True)
    assert market.correct("AAPL", 1, 2.0) is None
    assert market.cancel("ZZZZ", 1) is None
