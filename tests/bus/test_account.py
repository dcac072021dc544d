"""The account in the cache, through a real Valkey, and the step from one image to the next."""

from __future__ import annotations

import asyncio

import pytest

from tapecast.bus import codec
from tapecast.bus.account import (
    ORDERS_KEPT,
    after,
    is_next,
    moves_positions,
    read_account,
    read_position_symbols,
    with_list,
    with_order,
    write_account,
)
from tapecast.bus.codec import AccountChange, AccountImage, Fields
from tapecast.bus.connection import Bus
from tapecast.bus.fence import Fence
from tapecast.bus.keys import ACCOUNT_TTL_S, SIMULATED_ACCOUNT_TTL_S
from tapecast.bus.lease import Lease
from tapecast.errors import LeaseLost
from tapecast.market import FeedState

AAPL: Fields = {"symbol": "AAPL", "qty": "1"}
BTC: Fields = {"symbol": "BTC/USD", "qty": "2"}
IMAGE = AccountImage(3, 7, simulated=False, account="PA1", positions=[AAPL, BTC], portfolio={"cash": "1.00"})


def test_what_a_change_does_not_set_stays() -> None:
    """Only the numbers go on."""
    assert after(IMAGE, AccountChange(3, 8)) == AccountImage(
        3, 8, simulated=False, account="PA1", positions=[AAPL, BTC], portfolio={"cash": "1.00"}
    )


def test_a_changed_position_keeps_its_place_and_a_new_one_comes_last() -> None:
    """And a closed one is gone."""
    more: Fields = {"symbol": "AAPL", "qty": "5"}
    spy: Fields = {"symbol": "SPY", "qty": "3"}
    image = after(IMAGE, AccountChange(3, 8, positions=[more, spy], closed=["BTC/USD"]))
    assert image.positions == [more, spy]


def test_a_new_order_comes_first_and_a_known_one_keeps_its_place() -> None:
    """The list is of orders, not of events."""
    image = after(IMAGE, AccountChange(3, 8, orders=[{"id": "a"}]))
    image = after(image, AccountChange(3, 9, order={"event": "new", "order": {"id": "b", "status": "new"}}))
    filled = {"id": "b", "status": "filled"}
    image = after(image, AccountChange(3, 10, order={"event": "fill", "order": filled}))
    assert image.orders == [filled, {"id": "a"}]


def test_a_leg_stays_with_its_order() -> None:
    """The venue nests legs in its list and not in its events."""
    legs: list[Fields] = [{"id": "stop", "status": "held"}, {"id": "limit", "status": "new"}]
    orders: list[Fields] = [{"id": "z"}, {"id": "entry", "status": "new", "legs": legs}]
    orders = with_order(orders, {"event": "fill", "order": {"id": "entry", "status": "filled", "legs": None}})
    assert orders[1] == {"id": "entry", "status": "filled", "legs": legs}
    orders = with_order(orders, {"event": "fill", "order": {"id": "limit", "status": "filled"}})
    assert orders == [
        {"id": "z"},
        {"id": "entry", "status": "filled", "legs": [legs[0], {"id": "limit", "status": "filled"}]},
    ]
    new: list[Fields] = [{"id": "limit", "status": "new"}, {"id": "more"}]
    orders = with_order(orders, {"order": {"id": "entry", "status": "filled", "legs": new}})
    assert orders[1]["legs"] == [{"id": "limit", "status": "filled"}, {"id": "more"}]


EARLY, LATE = "2026-01-02T09:30:00.1Z", "2026-01-02T09:30:00.100001Z"


@pytest.mark.parametrize(
    ("found", "known", "wins"),
    [
        ({"updated_at": EARLY, "status": "filled"}, {"updated_at": LATE, "status": "new"}, False),
        ({"updated_at": LATE, "status": "new"}, {"updated_at": EARLY, "status": "new"}, True),
        ({"updated_at": LATE, "status": "new"}, {"updated_at": "2026-01-02T04:30:00.1-05:00"}, True),
        # A busted trade.
        ({"updated_at": LATE, "status": "partially_filled"}, {"updated_at": EARLY, "status": "filled"}, True),
        ({"updated_at": EARLY, "status": "new"}, {"updated_at": EARLY, "status": "held"}, True),
        ({"updated_at": EARLY, "status": "new"}, {"updated_at": EARLY, "status": "canceled"}, False),
        # The same moment in more digits.
        ({"updated_at": LATE, "status": "new"}, {"updated_at": "2026-01-02T09:30:00.100001234Z"}, True),
        ({"status": "new"}, {"updated_at": EARLY, "status": "expired"}, False),
        ({"status": "new", "updated_at": 7}, {"updated_at": "soon", "status": "rejected"}, False),
        ({"status": "canceled"}, {"status": "filled"}, True),
        ({"status": None}, {"status": ["new"]}, True),
    ],
)
def test_no_order_goes_back_in_time(found: Fields, known: Fields, *, wins: bool) -> None:
    """Neither by an event nor by a list; where no time tells, what is final stays final. So for a leg."""
    found, known = found | {"id": "a"}, known | {"id": "a"}
    wanted = found if wins else known
    assert with_order([known], {"order": found}) == with_list([known], [found]) == [wanted]
    top: Fields = {"id": "entry"}
    nested = [top | {"legs": [known]}]
    assert with_order(nested, {"order": found}) == [top | {"legs": [wanted]}]
    assert with_list(nested, [top | {"legs": [found]}]) == [top | {"legs": [wanted]}]


def test_a_list_that_was_read_says_which_orders_there_are() -> None:
    """And an order that came alone goes under the one whose leg it is."""
    known: list[Fields] = [{"id": "leg", "status": "filled"}, {"id": "gone"}]
    entry: Fields = {"id": "entry", "legs": [{"id": "leg", "status": "held"}]}
    assert with_list(known, [entry]) == [{"id": "entry", "legs": [known[0]]}]


@pytest.mark.parametrize("event", [{}, {"order": None}, {"order": "x"}])
def test_an_event_without_an_order_changes_none(event: Fields) -> None:
    """Whatever else it tells."""
    orders: list[Fields] = [{"id": "a", "legs": None}, {"legs": ["x"]}]
    assert with_order(orders, event) == orders


def test_only_so_many_orders_are_kept() -> None:
    """The oldest go."""
    image = IMAGE
    for number in range(ORDERS_KEPT + 10):
        order: Fields = {"event": "new", "order": {"id": number}}
        image = after(image, AccountChange(3, image.seq + 1, order=order))
    assert [order["id"] for order in image.orders] == list(range(ORDERS_KEPT + 9, 9, -1))


@pytest.mark.parametrize(
    ("epoch", "seq", "fits"), [(3, 8, True), (3, 9, False), (3, 7, False), (4, 8, False)]
)
def test_a_change_fits_only_to_the_image_before_it(epoch: int, seq: int, *, fits: bool) -> None:
    """Who finds one missing reads the whole image."""
    assert is_next(IMAGE, AccountChange(epoch, seq)) is fits


async def test_the_image_is_kept_and_the_change_is_heard(bus: Bus) -> None:
    """An api that starts later finds the one, those that listen hear the other."""
    lease = Lease(bus, "account", "a")
    await lease.acquire()
    change = AccountChange(3, 8, state=FeedState.LIVE, reason="")
    async with bus.redis.pubsub(ignore_subscribe_messages=True) as listener:
        await listener.subscribe("account:change")
        await write_account(bus, Fence(bus, lease), after(IMAGE, change), [change])
        async with asyncio.timeout(10):
            while (message := await listener.get_message(timeout=1)) is None:
                pass
    assert codec.decode_account_change(message["data"]) == change
    assert await read_account(bus) == after(IMAGE, change)
    assert SIMULATED_ACCOUNT_TTL_S < await bus.redis.ttl("account") <= ACCOUNT_TTL_S


async def test_changes_that_came_together_are_heard_one_by_one(bus: Bus) -> None:
    """In their order, after the image that all of them led to."""
    lease = Lease(bus, "account", "a")
    await lease.acquire()
    changes = [AccountChange(3, seq) for seq in (8, 9, 10)]
    async with bus.redis.pubsub(ignore_subscribe_messages=True) as listener:
        await listener.subscribe("account:change")
        await write_account(bus, Fence(bus, lease), after(IMAGE, changes[-1]), changes)
        heard: list[AccountChange] = []
        async with asyncio.timeout(10):
            while len(heard) < 3:
                if (message := await listener.get_message(timeout=1)) is not None:
                    heard.append(codec.decode_account_change(message["data"]))
    assert heard == changes
    image = await read_account(bus)
    assert image is not None
    assert image.seq == 10


async def test_the_symbols_of_open_positions(bus: Bus) -> None:
    """As far as they are known and have a name."""
    assert await read_position_symbols(bus) == frozenset()
    image = AccountImage(1, 1, simulated=True, positions=[AAPL, BTC, {"qty": "1"}])
    await bus.redis.set("account", codec.encode(image))
    assert await read_position_symbols(bus) == {"AAPL", "BTC/USD"}
    for nonsense in (b"[", b"\xff", b"7", b'{"positions":7}', b"[" * 9999):
        await bus.redis.set("account", nonsense)
        assert await read_position_symbols(bus) == frozenset()


@pytest.mark.parametrize(
    ("change", "moves"),
    [
        (AccountChange(1, 2, positions=[AAPL]), True),
        (AccountChange(1, 2, closed=["AAPL"]), True),
        (AccountChange(1, 2, order={"event": "new"}, as_of="x", portfolio={}), False),
    ],
)
def test_a_change_of_positions_is_one(change: AccountChange, *, moves: bool) -> None:
    """Ingests look at nothing else."""
    assert moves_positions(codec.encode(change)) is moves
    assert not moves_positions(b"{]")


async def test_an_invented_one_is_forgotten_soon(bus: Bus) -> None:
    """It must not outlive the demo that invented it."""
    lease = Lease(bus, "account", "a")
    await lease.acquire()
    await write_account(bus, Fence(bus, lease), AccountImage(1, 1, simulated=True), [AccountChange(1, 1)])
    assert 0 < await bus.redis.ttl("account") <= SIMULATED_ACCOUNT_TTL_S


async def test_without_the_lease_nothing_is_written(bus: Bus) -> None:
    """Two processes never write the account."""
    with pytest.raises(LeaseLost):
        await write_account(bus, Fence(bus, Lease(bus, "account", "a")), IMAGE, [AccountChange(3, 7)])
    assert await read_account(bus) is None


async def test_a_value_that_makes_no_sense_is_none(bus: Bus) -> None:
    """What a foreign program writes under our name ends nobody."""
    await bus.redis.set("account", b"[")
    assert await read_account(bus) is None
