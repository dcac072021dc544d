"""Order events and the list of orders, as the book tells them."""

from __future__ import annotations

import pytest

from tapecast.api.mailbox import ORDERS_WAITING, Mailbox
from tests.api.account.support import LONG, Broker, of, seated
from tests.api.support import Bench, taken


@pytest.fixture
def bench() -> Bench:
    """A hub with a live stocks feed."""
    bench = Bench()
    bench.beat()
    return bench


def names(mailbox: Mailbox) -> list[str]:
    """What waits, by name."""
    return [name for name, _ in taken(mailbox)]


def test_each_order_event_is_told_and_the_list_when_it_was_read_anew(bench: Bench) -> None:
    """The events as Alpaca sent them, with numbers; the list with the newest first."""
    broker = Broker(bench, LONG)
    broker.tell()
    mailbox = seated(bench)
    taken(mailbox)
    broker.order(1)
    broker.order(1, "partial_fill", price="179.08", position_qty="12")
    broker.order(2)
    events = taken(mailbox)
    assert [(name, data["event"]) for name, data in events] == [
        ("order", "new"), ("order", "partial_fill"), ("order", "new"),
    ]  # fmt: skip
    assert events[1][1]["price"] == 179.08
    assert (events[1][1]["position_qty"], events[1][1]["order"]["qty"]) == (12, 10)
    broker.change(orders=broker.image.orders)
    assert taken(mailbox) == [], "nothing new was found"
    broker.change(orders=[{"id": "o3"}])
    assert taken(mailbox) == [("orders", {"orders": [{"id": "o3"}]})]
    (listed,) = of(taken(seated(bench)), "orders")
    assert listed == {"orders": [{"id": "o3"}]}


def test_who_is_far_behind_gets_the_orders_as_they_are_then(bench: Bench) -> None:
    """In place of more events than may wait."""
    broker = Broker(bench, LONG)
    broker.tell()
    peer = bench.connect(positions=True)
    bench.flush()
    peer.events()
    peer.stall()
    for number in range(1, 101):
        broker.order(number, "new")
        broker.order(number, "fill")
        bench.flush()
    peer.drain()
    bench.flush()
    events = [event for event in peer.events() if event[0].startswith("order")]
    whole = [at for at, (name, _) in enumerate(events) if name == "orders"]
    assert whole
    assert len(events) <= 2 * ORDERS_WAITING
    # Whoever folds what it got knows each order as it is.
    known: dict[str, str] = {}
    for name, data in events:
        orders = data["orders"] if name == "orders" else [data["order"]]
        known |= {order["id"]: order["status"] for order in orders}
    assert all(known[f"o{number}"] == "fill" for number in range(51, 101))


def test_the_list_of_orders_is_made_once_for_all(bench: Bench) -> None:
    """However many clients are new, or fall behind at once: of tens of KB none has its own."""
    broker = Broker(bench, LONG, orders=[{"id": "o1"}])
    broker.tell()
    assert seated(bench).events["orders"] is seated(bench).events["orders"]
    peers = [bench.connect(positions=True), bench.connect(positions=True, interval_ms=100)]
    bench.flush()
    for peer in peers:
        peer.stall()
    for number in range(2 * ORDERS_WAITING):
        broker.order(number)
        bench.flush()
    one, other = (peer.client.mailbox.events["orders"] for peer in peers)
    assert one is other
    assert b'"o60"' in one
