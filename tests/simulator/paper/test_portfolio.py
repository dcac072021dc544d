"""Cash and positions."""

from __future__ import annotations

from decimal import Decimal

from tapecast.simulator.market import SimulatedMarket
from tapecast.simulator.paper.portfolio import Portfolio
from tapecast.simulator.symbols import LISTED
from tests.simulator.paper.pit import START_NS

AAPL = LISTED["AAPL"]
DAY_NS = 86_400_000_000_000


def test_a_trade_moves_cash_and_shares() -> None:
    """By exactly its price."""
    portfolio = Portfolio(SimulatedMarket())
    cash = portfolio.cash
    assert portfolio.trade(AAPL, Decimal(-3), Decimal("271.33"), START_NS) == 37
    assert (portfolio.cash - cash, portfolio.quantity("AAPL")) == (Decimal("813.99"), Decimal(37))


def test_a_position_of_nothing_is_none() -> None:
    """It is gone, and can be opened again."""
    portfolio = Portfolio(SimulatedMarket())
    portfolio.trade(AAPL, Decimal(-40), Decimal(271), START_NS)
    assert "AAPL" not in portfolio.holdings
    portfolio.trade(AAPL, Decimal(-2), Decimal(270), START_NS)
    assert (portfolio.quantity("AAPL"), portfolio.holdings["AAPL"].entry) == (Decimal(-2), Decimal(270))


def test_the_past_is_remembered() -> None:
    """As it was between any two of the last trades."""
    portfolio = Portfolio(SimulatedMarket())
    for at, more in ((10, 5), (20, -45), (30, 2)):
        portfolio.trade(AAPL, Decimal(more), Decimal(100), START_NS + at)
    seen = {at: portfolio.as_of(START_NS + at) for at in (9, 10, 19, 20, 30)}
    assert {at: int(each.quantity("AAPL")) for at, each in seen.items()} == {
        9: 40,
        10: 45,
        19: 45,
        20: 0,
        30: 2,
    }
    assert portfolio.cash - seen[9].cash == 3800
    assert seen[9].holdings["AAPL"].entry == Decimal("245.7")


def test_yesterdays_account_is_that_of_the_days_beginning() -> None:
    """Whatever is traded today."""
    portfolio = Portfolio(SimulatedMarket())
    portfolio.trade(AAPL, Decimal(-40), Decimal(271), START_NS)
    assert portfolio.opening["AAPL"][1] == 40
    portfolio.roll(START_NS + DAY_NS)
    assert "AAPL" not in portfolio.opening
    assert portfolio.opening_cash == portfolio.cash


def test_the_demo_holds_only_what_trades_there() -> None:
    """A recording without two of the symbols has no position in them."""
    market = SimulatedMarket()
    market.instrument = lambda symbol: None if symbol in {"MSFT", "NVDA"} else LISTED[symbol]  # type: ignore[method-assign]
    assert list(Portfolio(market).holdings) == ["AAPL", "SPY", "TSLA", "BTC/USD"]
