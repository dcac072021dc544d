"""The account as a whole."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tapecast.simulator.paper.account import PaperAccount
from tapecast.simulator.paper.order import Status
from tapecast.simulator.paper.refusal import Refusal
from tests.simulator.paper.pit import Pit

ENDS = {"fill", "canceled", "expired", "replaced", "rejected"}
EXITS: dict[str, Any] = {"take_profit": {"limit_price": "320"}, "stop_loss": {"stop_price": "280"}}


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


ORDERS = st.fixed_dictionaries(
    {
        "symbol": st.sampled_from(["AAPL", "TSLA"]),
        "side": st.sampled_from(["buy", "sell"]),
        "qty": st.sampled_from([1, 10, 40, 130]),
        "words": st.sampled_from(
            [
                {},
                {"time_in_force": "ioc"},
                {"type": "limit", "limit_price": "300"},
                {"type": "stop", "stop_price": "300"},
                {"type": "trailing_stop", "trail_percent": "3"},
                {"order_class": "bracket"} | EXITS,
                {"order_class": "oto", "stop_loss": EXITS["stop_loss"]},
                {"order_class": "oco", "type": "limit"} | EXITS,
            ]
        ),
    }
)
STEPS = st.one_of(
    ORDERS,
    st.tuples(st.sampled_from(["AAPL", "TSLA"]), st.integers(250, 350)),
    st.sampled_from(["wait", "cancel", "replace"]),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, max_size=25))
def test_whatever_happens_the_books_agree(steps: list[Any]) -> None:
    """Cash, positions and events tell the same story, and no order is over twice."""
    pit = Pit()
    cash, held = pit.account.portfolio.cash, {symbol: pit.held(symbol) for symbol in ("AAPL", "TSLA")}
    for step in steps:
        # What the venue refuses is no step.
        with suppress(Refusal):
            take(pit, step)
        pit.pass_time()
    for told in pit.told:
        if "price" in told:
            order, sign = told["order"], 1 if told["order"]["side"] == "buy" else -1
            cash -= sign * Decimal(told["price"]) * Decimal(told["qty"])
            held[order["symbol"]] += sign * Decimal(told["qty"])
            assert Decimal(told["position_qty"]) == held[order["symbol"]]
    assert pit.account.portfolio.cash == cash
    assert {symbol: pit.held(symbol) for symbol in held} == held
    for order in pit.account.orders:
        ends = [event for event in pit.events(order) if event in ENDS]
        assert ends == ([] if order.is_open else ends[-1:])
        assert order.filled == sum(Decimal(qty) for _, qty, _ in pit.fills(order))
        assert order.qty is None or order.filled <= order.qty
        assert order in pit.account.orders.open(order.symbol) or not order.is_open
        if order.status is Status.CANCELED:
            assert not [leg for leg in order.legs if leg.is_open and not leg.triggered]


def take(pit: Pit, step: Any) -> None:
    """One step of a story."""
    standing = pit.account.orders.open()
    if isinstance(step, tuple):
        symbol, price = step
        pit.trade(symbol, f"{price}")
        pit.quote(symbol, f"{price - 0.5}", f"{price + 0.5}")
    elif isinstance(step, dict):
        pit.submit(step["symbol"], step["side"], step["qty"], **step["words"])
    elif step == "cancel" and standing:
        pit.cancel(standing[0])
    elif step == "replace" and standing:
        pit.replace(
            standing[-1], **{"limit_price": "290"} if standing[-1].limit else {"time_in_force": "gtc"}
        )
