"""What is remembered of orders, and for how long."""

from __future__ import annotations

import pytest

from tapecast.simulator.paper import orders
from tapecast.simulator.paper.orders import Orders
from tapecast.simulator.paper.refusal import Refusal
from tests.simulator.paper.pit import Pit


def test_orders_are_found_by_both_ids(pit: Pit) -> None:
    """And no others."""
    order = pit.submit(client_order_id="mine")
    found = pit.account.orders
    assert found.find(order.id.upper()) is found.find_client("mine") is order
    for look in (found.find, found.find_client):
        with pytest.raises(Refusal) as caught:
            look("5131a000-0000-4000-8000-000000000000")
        assert (caught.value.status, caught.value.body["code"]) == (404, 40410000)


def test_a_clients_id_is_used_once(pit: Pit) -> None:
    """Also after its order is over."""
    pit.cancel(pit.submit(client_order_id="mine"))
    with pytest.raises(Refusal, match="client_order_id must be unique"):
        pit.submit(client_order_id="mine")


def test_only_so_many_are_open(pit: Pit, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next is refused, until one is over."""
    monkeypatch.setattr(orders, "MOST_OPEN", 2)
    first, _ = pit.submit(qty=1), pit.submit(qty=1)
    with pytest.raises(Refusal, match="too many open orders: at most 2"):
        pit.submit(qty=1)
    pit.cancel(first)
    assert pit.submit(qty=1).is_open


def test_the_oldest_that_are_over_are_forgotten(pit: Pit, monkeypatch: pytest.MonkeyPatch) -> None:
    """An open one never is."""
    monkeypatch.setattr(orders, "KEPT", 3)
    standing = pit.submit(qty=1, type="limit", limit_price="250")
    over = [pit.place(qty=1, client_order_id=str(at)) for at in range(4)]
    assert list(pit.account.orders) == [standing, *over[-2:]]
    assert pit.place(qty=1, client_order_id="0").client_order_id == "0"


def test_symbols_are_those_of_open_orders(pit: Pit) -> None:
    """The market moves for them."""
    order = pit.submit("MSFT", qty=1)
    assert list(pit.account.symbols) == ["MSFT"]
    assert pit.account.orders.open("MSFT") == pit.account.orders.open() == [order]
    pit.cancel(order)
    assert (list(pit.account.symbols), pit.account.orders.open("MSFT")) == ([], [])


def test_without_orders_there_is_nothing() -> None:
    """A new account's."""
    assert (list(Orders()), Orders().open()) == ([], [])
