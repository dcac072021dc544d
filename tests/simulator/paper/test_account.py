"""The account as a whole."""

from __future__ import annotations

from decimal import Decimal

from tapecast.simulator.paper.account import PaperAccount
from tests.simulator.paper.pit import Pit


def test_one_seed_is_one_account() -> None:
    """The same calls at the same times give the same events, to the last id."""
    told = []
    for _ in range(2):
        pit = Pit()
        pit.quote("AAPL", "270.99", "271.01")
        pit.place(qty=150)
        pit.pass_time()
        told.append(pit.told)
    assert told[0] == told[1]


def test_nobody_trades_unless_asked_to(pit: Pit) -> None:
    """The demo's trader is off."""
    pit.pass_time(3600)
    assert pit.told == []


def test_what_happens_to_other_symbols_changes_nothing(pit: Pit) -> None:
    """Only those of open orders are followed."""
    order = pit.place(type="limit", limit_price="250")
    pit.trade("MSFT", "1")
    assert (list(pit.account.symbols), pit.events(order)) == (["AAPL"], ["new"])


def test_accounts_of_one_market_are_apart(pit: Pit) -> None:
    """Each has its own orders and positions."""
    other = PaperAccount(pit.market, lambda _: None)
    pit.place()
    assert (other.portfolio.quantity("AAPL"), pit.held("AAPL")) == (Decimal(40), Decimal(50))
