"""The demo's trader."""

from __future__ import annotations

from decimal import Decimal

from tapecast.simulator.market import SimulatedMarket
from tapecast.simulator.paper.account import PaperAccount
from tapecast.simulator.paper.trader import MOST_STANDING, PAUSE_S
from tests.simulator.paper.pit import START_NS

SECOND = 1_000_000_000


class Demo:
    """A demo whose day passes at once."""

    def __init__(self, seed: int = 1, *, is_open: bool = True) -> None:
        self.told: list[dict[str, str]] = []
        self.market = SimulatedMarket(seed, is_open=is_open)
        self.account = PaperAccount(self.market, self._hear, seed, demo_trader=True)
        self.base = {symbol: held.quantity for symbol, held in self.account.portfolio.holdings.items()}
        self.now = START_NS

    def run(self, seconds: int) -> None:
        """Let time pass, a second at a time."""
        for _ in range(seconds):
            self.now += SECOND
            for event in self.market.advance(list(self.account.symbols), self.now):
                self.account.see(event, self.now)
            self.account.step(self.now)

    def _hear(self, update: dict[str, str]) -> None:
        self.told.append({"event": update["event"], "type": update["order"]["type"], "at": update["at"]})  # type: ignore[index]


def test_a_demo_lives_and_stays_what_it_is() -> None:
    """In an hour all kinds of orders and events; positions and cash stay where they are."""
    demo = Demo()
    demo.run(3600)
    assert {each["event"] for each in demo.told} >= {"new", "fill", "canceled"}
    assert {each["type"] for each in demo.told} == {"market", "limit", "trailing_stop"}
    fills = sum(each["event"] == "fill" for each in demo.told)
    assert 3600 / PAUSE_S[1] / 2 < fills < 3600 / PAUSE_S[0]
    assert demo.account.portfolio.holdings.keys() == demo.base.keys()
    for symbol, base in demo.base.items():
        assert abs(demo.account.portfolio.quantity(symbol) - base) <= abs(base) * Decimal("0.6")
    assert len(demo.account.orders.open()) <= MOST_STANDING
    assert 20_000 < demo.account.portfolio.cash < 80_000


def test_one_seed_is_one_demo() -> None:
    """The same orders at the same times; another seed, others."""
    demos = [Demo(1), Demo(1), Demo(2)]
    for demo in demos:
        demo.run(300)
    assert demos[0].told == demos[1].told != demos[2].told
    assert len(demos[0].told) > 20


def test_at_a_closed_market_it_trades_coins() -> None:
    """They are always open."""
    demo = Demo(is_open=False)
    demo.run(600)
    assert demo.told
    held = demo.account.portfolio.holdings
    assert {symbol for symbol in held if held[symbol].quantity != demo.base[symbol]} <= {"BTC/USD"}


def test_what_others_have_taken_does_not_stop_it() -> None:
    """Everything was sold: it buys back, little by little."""
    demo = Demo()
    for symbol in demo.base:
        demo.account.broker.close(symbol, None, demo.now)
    demo.run(1200)
    assert any(each["event"] == "fill" for each in demo.told[-20:])
