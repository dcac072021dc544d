"""The paper account as a whole: what it owns, its orders, and the market that fills them.

The pump lets it see what happens and time pass; `rest.py` and the trading stream are its ways to clients.
"""

from __future__ import annotations

from collections.abc import Collection

from tapecast.simulator.exchange import Exchange
from tapecast.simulator.ledger import Event
from tapecast.simulator.paper.broker import Broker
from tapecast.simulator.paper.funds import Funds
from tapecast.simulator.paper.groups import Groups
from tapecast.simulator.paper.ids import Ids
from tapecast.simulator.paper.journal import Journal, Tell
from tapecast.simulator.paper.matcher import Matcher
from tapecast.simulator.paper.orders import Orders
from tapecast.simulator.paper.portfolio import Portfolio
from tapecast.simulator.paper.trader import DemoTrader


class PaperAccount:
    """One account. Same seed, same calls and times: same account."""

    def __init__(
        self,
        market: Exchange,
        tell: Tell,
        seed: int = 1,
        *,
        demo_trader: bool = False,
        flat_events: bool = False,
    ) -> None:
        ids = Ids(seed)
        self.market = market
        self.orders = Orders()
        self.portfolio = Portfolio(market)
        journal = Journal(self.portfolio, self.orders, ids, tell, flat=flat_events)
        together = Groups(journal)
        journal.follow = together.follow
        self.funds = Funds(market, self.portfolio, self.orders)
        self.broker = Broker(market, self.portfolio, self.orders, journal, self.funds, ids)
        trader = DemoTrader(market, self.portfolio, self.orders, self.broker, seed)
        self._trader = trader if demo_trader else None
        self._matcher = Matcher(market, self.orders, journal, together, self.funds)

    @property
    def symbols(self) -> Collection[str]:
        """What must move for its orders' sake."""
        return self.orders.open_symbols

    def see(self, event: Event, now_ns: int) -> None:
        """Something happened at the market."""
        self._matcher.see(event, now_ns)

    def step(self, now_ns: int) -> None:
        """Time has passed."""
        if self._trader is not None:
            self._trader.step(now_ns)
        self._matcher.step(now_ns)
