"""What the account can afford."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tapecast.simulator.paper.refusal import Refusal
from tests.simulator.paper.pit import OPTION, Pit


def refused(pit: Pit, **words: Any) -> dict[str, Any]:
    """What is said to an order that is not taken."""
    with pytest.raises(Refusal) as caught:
        pit.submit(**words)
    assert caught.value.status in (403, 422)
    return caught.value.body


def power(pit: Pit) -> Decimal:
    """Buying power."""
    return pit.account.funds.figures(pit.now).buying_power


def test_who_has_not_the_money_is_told_what_he_has(pit: Pit) -> None:
    """In the venue's fields."""
    told = refused(pit, qty=1000)
    assert (told["code"], told["message"]) == (40310000, "insufficient buying power")
    assert Decimal(told["cost_basis"]) == Decimal(271010)
    assert Decimal(told["buying_power"]) == power(pit)


def test_open_orders_keep_money_busy(pit: Pit) -> None:
    """Until they are over."""
    before = power(pit)
    order = pit.place(qty=100, type="limit", limit_price="250")
    assert before - power(pit) == 25_000
    pit.cancel(order)
    assert power(pit) == before


def test_an_amount_of_money_keeps_itself_busy(pit: Pit) -> None:
    """No more, no less."""
    before = power(pit)
    pit.submit(qty=None, notional="500")
    assert before - power(pit) == 500


def test_what_is_sold_must_be_there_once(pit: Pit) -> None:
    """Of two orders for the same shares the second is refused."""
    pit.place(side="sell", qty=30, type="limit", limit_price="300")
    told = refused(pit, side="sell", qty=20)
    assert told["message"] == "insufficient qty available for order (requested: 20, available: 10)"
    assert (told["existing_qty"], told["held_for_orders"], told["symbol"]) == ("40", "30", "AAPL")


def test_a_sale_for_an_amount_of_money_takes_what_it_will_sell(pit: Pit) -> None:
    """At its limit, and what is left of it once it is filled in part: a pair is not sold twice."""
    pit.quote("BTC/USD", "89999", "90001")
    pair = {"symbol": "BTC/USD", "side": "sell", "time_in_force": "gtc"}
    order = pit.place(qty=None, notional="19000", type="limit", limit_price="95000", **pair)
    assert (order.taken, pit.account.funds.available("BTC/USD")) == (Decimal("0.2"), Decimal("0.035"))
    told = refused(pit, qty="0.036", **pair)
    assert told["held_for_orders"] == "0.2"
    pit.quote("BTC/USD", "95000", "95001", size=0.05)
    assert (order.filled, order.taken) == (Decimal("0.05"), Decimal("0.15"))
    assert pit.account.funds.available("BTC/USD") == Decimal("0.035")


def test_a_sale_at_the_market_for_more_money_than_there_is_is_refused(pit: Pit) -> None:
    """At the price that it would get, also if that has fallen before it came to the market."""
    pit.quote("BTC/USD", "90000", "90001")
    pair: dict[str, Any] = {"symbol": "BTC/USD", "side": "sell", "time_in_force": "gtc", "qty": None}
    assert "requested: 0.236111111" in refused(pit, notional="21250", **pair)["message"]
    order = pit.submit(notional="21150", **pair)
    pit.quote("BTC/USD", "89000", "89001")
    pit.pass_time()
    assert (pit.events(order), pit.held("BTC/USD")) == (["rejected"], Decimal("0.235"))


def test_one_order_may_turn_a_position_round(pit: Pit) -> None:
    """If nothing else is to sell it."""
    order = pit.place(side="sell", qty=55)
    assert pit.fills(order) == [("270.99", "55", "-15")]


def test_coins_cannot_be_sold_short(pit: Pit) -> None:
    """Not one more than there are."""
    told = refused(pit, symbol="BTC/USD", side="sell", qty="0.3", time_in_force="gtc")
    assert told["message"] == "insufficient qty available for order (requested: 0.3, available: 0.235)"


def test_a_part_of_a_share_cannot_be_sold_short(pit: Pit) -> None:
    """The venue lends whole ones."""
    assert "fractional" in refused(pit, symbol="MSFT", side="sell", qty="13")["message"]


def test_options_and_coins_are_paid_in_full(pit: Pit) -> None:
    """Nothing is lent on them."""
    pit.quote(OPTION, "8.1", "8.2")
    contracts = int(power(pit) / 2 / 820) + 1
    assert refused(pit, symbol=OPTION, qty=contracts)["message"] == "insufficient buying power"
    assert pit.submit(OPTION, qty=contracts - 1).is_open


def test_buying_back_needs_no_money(pit: Pit) -> None:
    """It frees some."""
    pit.quote("TSLA", "420", "420.1")
    pit.account.portfolio.cash = Decimal(-60_000)
    assert pit.fills(pit.place("TSLA", qty=15)) == [("420.1", "15", "0")]


def test_an_exit_must_have_something_to_leave(pit: Pit) -> None:
    """`oco` alone is no way in."""
    exits = {"take_profit": {"limit_price": "300"}, "stop_loss": {"stop_price": "250"}}
    told = refused(pit, side="sell", qty=41, type="limit", order_class="oco", **exits)
    assert told["message"] == "oco orders must be exit orders"


def test_what_has_no_price_cannot_be_ordered(pit: Pit) -> None:
    """A recording that has not begun, for example."""
    pit.market.image = lambda symbol, now_ns: None  # type: ignore[method-assign]
    assert refused(pit)["message"] == "no price for AAPL"
