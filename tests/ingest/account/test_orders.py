"""When orders are read, and what a list is made of, in time that a test turns."""

from __future__ import annotations

import pytest

from tapecast.bus.codec import Fields
from tapecast.ingest.account.orders import EVENTS_KEPT, Orders
from tapecast.ingest.account.timing import Timing

TIMING = Timing()
START = 1000.0
TRAILING: Fields = {"id": "t", "type": "trailing_stop", "status": "new"}


def told(name: str, **fields: object) -> Fields:
    """An event about one order."""
    return {"event": "new", "order": {"id": name, **fields}}


@pytest.fixture
def orders() -> Orders:
    """That were just read."""
    orders = Orders(TIMING)
    assert orders.question(START, []) == 1
    assert orders.answer(1, START, [], []) == []
    return orders


def test_once_is_enough(orders: Orders) -> None:
    """Nothing asks, however long."""
    assert orders.question(START + 3600, [{"id": "a"}]) is None


def test_missed_events_are_read_for_at_once(orders: Orders) -> None:
    """And what may be one, ever so often, only now and then."""
    orders.ask()
    assert orders.question(START + 1, []) is None
    assert orders.when() == START + TIMING.later_apart_s
    assert orders.question(orders.when(), []) == 2
    orders.miss()
    assert orders.question(START + 1, []) == 3


def test_without_events_they_are_read_with_the_poll(orders: Orders) -> None:
    """Else what happens in an outage would be shown when it is over."""
    orders.answer(1, START, [], [])
    assert orders.question(START + TIMING.poll_s - 1, [], is_blind=True) is None
    assert orders.question(START + TIMING.poll_s, [], is_blind=True) == 1


def test_of_another_account_nothing_is_kept(orders: Orders) -> None:
    """No event of the one gets into the list of the other."""
    orders.on_order(told("a"), START, [])
    orders.forget()
    question = orders.question(START + 1, [])
    assert question is not None
    assert orders.answer(question, START + 1, [], []) == []


def test_who_asks_during_a_read_is_not_answered_by_it(orders: Orders) -> None:
    """The list may be from before."""
    orders.miss()
    question = orders.question(START + 10, [])
    assert question is not None
    orders.miss()
    orders.answer(question, START + 10, [], [])
    assert orders.question(START + 10.1, []) == question + 1, "at once"


@pytest.mark.parametrize(
    ("known", "read"),
    [
        ([TRAILING], True),
        ([{"id": "e", "status": "filled", "legs": [None, TRAILING]}], True),
        ([TRAILING | {"status": "canceled"}], False),
        ([TRAILING | {"type": "stop"}], False),
        ([{"id": "e", "legs": 7, "type": ["x"], "status": {}}], False),
    ],
)
def test_an_open_trailing_stop_is_read_with_every_poll(
    orders: Orders, known: list[Fields], *, read: bool
) -> None:
    """No event tells how it moves."""
    assert orders.question(START + TIMING.poll_s - 1, known) is None
    assert (orders.question(START + TIMING.poll_s, known) is not None) is read


def test_an_order_of_a_group_is_read_for_until_its_group_is_known(orders: Orders) -> None:
    """Its event says neither what its legs are nor whose leg it is."""
    leg = told("leg", order_class="bracket")
    orders.on_order(leg, START + 1, [{"id": "entry", "legs": [{"id": "leg"}]}])
    orders.on_order(told("a", order_class="simple"), START + 1, [{"id": "a"}])
    orders.on_order({"event": None}, START + 1, [])
    assert orders.question(START + 10, []) is None
    orders.on_order(leg, START + 1, [{"id": "leg"}])
    assert orders.question(START + 10, []) == 2


def test_a_list_that_lags_loses_no_order_that_was_just_told(orders: Orders) -> None:
    """One that came before the question comes back, one that is long gone does not."""
    orders.on_order(told("old"), START, [])
    orders.on_order(told("fresh"), START + 9, [])
    orders.on_order(told("listed", status="new"), START + 9, [])
    orders.on_order(told("during", status="filled"), START + 10.1, [])
    found: list[Fields] = [{"id": "listed", "status": "held"}, {"id": "during", "status": "new"}]
    assert orders.answer(1, START + 10, found, []) == [
        {"id": "fresh"}, {"id": "listed", "status": "held"}, {"id": "during", "status": "filled"},
    ]  # fmt: skip


def test_only_so_many_events_are_kept(orders: Orders) -> None:
    """The newest."""
    for number in range(EVENTS_KEPT + 1):
        orders.on_order(told(str(number)), START + 1, [])
    assert len(orders.answer(1, START, [], [])) == EVENTS_KEPT
