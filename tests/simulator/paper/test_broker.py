"""What a client can do."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tapecast.simulator.paper.order import Kind, Status
from tapecast.simulator.paper.refusal import Refusal
from tests.simulator.paper.pit import Pit


def test_a_pair_is_known_by_both_spellings(pit: Pit) -> None:
    """Its order has the slash."""
    for name in ("BTC/USD", "BTCUSD"):
        assert pit.account.broker.instrument(name).symbol == "BTC/USD"


@pytest.mark.parametrize(
    ("symbol", "side", "intent"),
    [
        ("AAPL", "buy", "buy_to_open"),
        ("AAPL", "sell", "sell_to_close"),
        ("TSLA", "buy", "buy_to_close"),
        ("TSLA", "sell", "sell_to_open"),
    ],
)
def test_an_order_says_what_it_is_meant_for(pit: Pit, symbol: str, side: str, intent: str) -> None:
    """By the position that there is."""
    assert pit.submit(symbol, side, qty=1).intent == intent


def test_an_order_can_be_canceled_before_its_first_step(pit: Pit) -> None:
    """It never comes to the market."""
    order = pit.submit()
    pit.cancel(order)
    pit.pass_time()
    assert pit.events(order) == ["canceled"]


def test_what_is_over_can_be_neither_canceled_nor_replaced(pit: Pit) -> None:
    """422 says in which state it is."""
    order = pit.place()
    with pytest.raises(Refusal, match='order is already in "filled" state'):
        pit.cancel(order)
    with pytest.raises(Refusal, match='order is already in "filled" state'):
        pit.replace(order, qty=20)


def test_a_replacement_is_for_what_is_left(pit: Pit) -> None:
    """What was filled stays with the old order."""
    old = pit.place(qty=150, type="limit", limit_price="271.01")
    new = pit.replace(old, qty=180, limit_price="270", time_in_force="gtc", client_order_id="new")
    assert (old.filled, new.filled, new.client_order_id) == (Decimal(100), Decimal(), "new")
    assert new.qty == 80
    pit.pass_time()
    assert new.status is Status.NEW
    assert pit.held("AAPL") == 140
    with pytest.raises(Refusal, match="qty must be above what was filled"):
        pit.replace(pit.place(qty=150), qty=100)


def test_a_replacement_needs_no_money_for_the_old_one(pit: Pit) -> None:
    """The old one's is free; for more than that there must be some."""
    rich = pit.account.funds.figures(pit.now).buying_power
    old = pit.place(qty=int(rich / 250), type="limit", limit_price="250")
    new = pit.replace(old, limit_price="249")
    with pytest.raises(Refusal, match="insufficient buying power"):
        pit.replace(new, limit_price="260")
    assert new.is_open


def test_a_trail_can_be_replaced(pit: Pit) -> None:
    """The new order trails from the best price of the old one."""
    old = pit.place(side="sell", type="trailing_stop", trail_percent="1")
    pit.trade("AAPL", "280")
    new = pit.replace(old, trail="2")
    pit.trade("AAPL", "279")
    pit.pass_time()
    assert (new.trail_percent, new.trail_price) == (Decimal(2), None)
    assert (new.hwm, new.stop) == (Decimal(280), Decimal("274.4"))


@pytest.mark.parametrize(("symbol", "side"), [("AAPL", "sell"), ("TSLA", "buy"), ("BTC/USD", "sell")])
def test_a_position_is_closed_by_a_market_order(pit: Pit, symbol: str, side: str) -> None:
    """Of all that is held, whichever way."""
    pit.trade(symbol, "400")
    pit.quote(symbol, "399", "401")
    order = pit.account.broker.close(symbol, None, pit.now)
    assert (order.side, order.kind) == (side, Kind.MARKET)
    pit.pass_time()
    assert pit.events(order) == ["new", "fill"]
    assert pit.held(symbol) == 0


def test_a_part_of_a_position_is_closed(pit: Pit) -> None:
    """No more than there is, and not what another order is to sell."""
    assert pit.account.broker.close("AAPL", Decimal(15), pit.now).qty == 15
    with pytest.raises(Refusal, match=r"requested: 26, available: 25"):
        pit.account.broker.close("AAPL", Decimal(26), pit.now)
    with pytest.raises(Refusal, match="position does not exist"):
        pit.account.broker.close("GME", None, pit.now)
