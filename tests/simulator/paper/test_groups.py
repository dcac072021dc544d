"""Orders that stand together."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tapecast.simulator.paper.order import Order, Status
from tests.simulator.paper.pit import Pit

EXITS: dict[str, Any] = {"take_profit": {"limit_price": "275"}, "stop_loss": {"stop_price": "265"}}


def bracket(pit: Pit, **words: Any) -> tuple[Order, Order, Order]:
    """Entry, profit and loss of a purchase that was filled, unless the words say otherwise."""
    entry = pit.place(**({"order_class": "bracket"} | EXITS | words))
    profit, loss = entry.legs
    return entry, profit, loss


def test_the_legs_are_held_until_the_entry_is_filled(pit: Pit) -> None:
    """Also while it is filled in part."""
    entry, profit, loss = bracket(pit, qty=150)
    stages = [[each.status for each in (entry, profit, loss)]]
    pit.pass_time()
    stages.append([each.status for each in (entry, profit, loss)])
    assert stages == [
        [Status.PARTIALLY_FILLED, Status.HELD, Status.HELD],
        [Status.FILLED, Status.NEW, Status.HELD],
    ]
    assert (pit.events(profit), pit.events(loss)) == (["new"], [])
    assert {profit.side, loss.side} == {entry.side.other}


def test_the_profit_cancels_the_loss(pit: Pit) -> None:
    """Once it is filled."""
    _, profit, loss = bracket(pit)
    pit.quote("AAPL", "275.1", "275.2")
    assert pit.fills(profit) == [("275.1", "10", "40")]
    assert pit.events(loss) == ["canceled"]


def test_the_loss_cancels_the_profit(pit: Pit) -> None:
    """Before it comes to the market: both would sell the same shares."""
    _, profit, loss = bracket(pit)
    pit.trade("AAPL", "264.9")
    told = [(each["event"], each["order"]["type"]) for each in pit.told[-3:]]
    assert told == [("canceled", "limit"), ("new", "stop"), ("fill", "stop")]
    assert pit.fills(loss) == [("264.9", "10", "40")]
    assert profit.status is Status.CANCELED


def test_a_profit_in_part_leaves_a_loss_for_the_rest(pit: Pit) -> None:
    """No event tells of it."""
    _, profit, loss = bracket(pit, qty=100)
    pit.quote("AAPL", "275", "275.2", size=30)
    pit.trade("AAPL", "264")
    pit.pass_time()
    assert pit.fills(profit)[0] == ("275", "30", "110")
    assert (profit.status, loss.qty, loss.status) == (Status.CANCELED, Decimal(70), Status.FILLED)
    assert pit.held("AAPL") == 40


@pytest.mark.parametrize("which", [1, 2])
def test_one_exit_is_canceled_with_the_other(pit: Pit, which: int) -> None:
    """Whichever it was."""
    orders = bracket(pit)
    pit.cancel(orders[which])
    assert [each.status for each in orders[1:]] == [Status.CANCELED] * 2


def test_the_legs_go_with_an_entry_that_is_never_filled(pit: Pit) -> None:
    """They were to sell what nobody bought."""
    entry, profit, loss = bracket(pit, type="limit", limit_price="266")
    pit.cancel(entry)
    assert [pit.events(each) for each in (entry, profit, loss)] == [
        ["new", "canceled"],
        ["canceled"],
        ["canceled"],
    ]
    assert not list(pit.account.orders.open())


def test_a_short_bracket_buys_back(pit: Pit) -> None:
    """Profit below, loss above; a stop-limit if it has a limit."""
    pit.quote("TSLA", "420", "420.1")
    exits = {"take_profit": {"limit_price": "400"}, "stop_loss": {"stop_price": "430", "limit_price": "431"}}
    entry, _, loss = bracket(pit, symbol="TSLA", side="sell", **exits)
    assert (entry.status, loss.kind, loss.limit) == (Status.FILLED, "stop_limit", Decimal(431))
    pit.trade("TSLA", "430.5")
    assert pit.fills(loss) == [("430.5", "10", "-15")]


def test_one_cancels_the_other(pit: Pit) -> None:
    """The profit is the order, the loss its leg."""
    order = pit.place(side="sell", type="limit", order_class="oco", **EXITS)
    (loss,) = order.legs
    assert (order.limit, order.status, loss.side) == (Decimal(275), Status.NEW, "sell")
    assert pit.account.funds.available("AAPL") == 30
    pit.trade("AAPL", "264")
    assert (order.status, loss.status, str(pit.held("AAPL"))) == (Status.CANCELED, Status.FILLED, "30")


def test_one_triggers_the_other(pit: Pit) -> None:
    """Its leg comes to the market when it is filled."""
    order = pit.place(order_class="oto", stop_loss={"stop_price": "265"})
    (loss,) = order.legs
    assert pit.events(loss) == ["new"]
    pit.trade("AAPL", "264")
    assert pit.fills(loss) == [("264", "10", "40")]


def test_a_replaced_leg_stays_a_leg(pit: Pit) -> None:
    """Held, with its rival, at its new price."""
    entry, profit, loss = bracket(pit)
    new = pit.replace(loss, stop_price="268")
    assert (loss.status, new.status, new.replaces, entry.legs) == (
        Status.REPLACED,
        Status.HELD,
        loss.id,
        [profit, new],
    )
    pit.trade("AAPL", "267.5")
    assert (profit.status, pit.fills(new)) == (Status.CANCELED, [("267.5", "10", "40")])


def test_a_replaced_entry_keeps_its_legs(pit: Pit) -> None:
    """They wait for the new one."""
    entry, profit, loss = bracket(pit, type="limit", limit_price="266")
    new = pit.replace(entry, limit_price="272")
    pit.pass_time()
    assert (entry.legs, new.legs, new.status) == ([], [profit, loss], Status.FILLED)
    assert profit.status is Status.NEW
