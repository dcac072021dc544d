"""Clients of one ask: the same bytes for those in step, never an old value, and the newest for all."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings

from tapecast.api.dispatcher import CROWD
from tapecast.api.encoding import Gzip
from tapecast.api.mailbox import BATCH, ORDERS_WAITING
from tapecast.api.view import SHARED, View
from tests.api.fakes import Room, frame, versions
from tests.api.peer import Peer
from tests.api.walk import INTERVALS, LIMITS, STEPS, SYMBOLS, Walk, limited


@pytest.fixture
def room() -> Room:
    """Where nothing is sent before the test flushes."""
    return Room()


def fall_behind(room: Room, peer: Peer) -> None:
    """The peer's socket fills up with one event, so that it misses the next."""
    peer.stall()
    for at in (1, 2):
        peer.client.view.put_event("heartbeat", frame("", at, "heartbeat"))
        room.flush()
    assert peer.client in peer.client.view.behind


def test_those_in_step_get_the_very_same_bytes(room: Room) -> None:
    """A frame is made once, however many get it."""
    view = room.view("A", "B")
    first, second = room.seated(view), room.seated(view)
    room.tick("A", 1)
    room.tick("B", 1)
    room.flush()
    assert len(first.socket.took) == 1, "several symbols go out in one write"
    assert first.socket.took[0] is second.socket.took[0]
    assert versions(first) == [("A", 1), ("B", 1)]


def test_a_client_that_joins_is_in_step_once_it_has_its_image(room: Room) -> None:
    """The others do not hear of it, and it gets what they get from there on."""
    room.tick("A", 1)
    view = room.view("A")
    old = room.seated(view)
    assert versions(old) == [("A", 1)]
    new = room.join(view)
    assert list(view.behind) == [new.client]
    room.flush()
    assert versions(old) == []
    assert versions(new) == [("A", 1)]
    assert new.client in view.in_step
    assert len(view) == 2


def test_a_client_that_joins_before_a_flush_gets_no_tick_twice(room: Room) -> None:
    """What waits for the others is in its own image already."""
    view = room.view("A")
    old = room.seated(view)
    room.tick("A", 1)
    new = room.join(view)
    room.flush()
    assert versions(old) == versions(new) == [("A", 1)]


def test_a_full_socket_delays_nobody_and_misses_nothing_newest(room: Room) -> None:
    """It is left behind, and what it missed is replaced until it can take something."""
    view = room.view("A", "B")
    well, slow = room.seated(view), room.seated(view)
    slow.stall()
    for version in (1, 2, 3):
        room.tick("A", version)
        room.tick("B", version)
        room.flush()
    assert versions(well) == [(symbol, version) for version in (1, 2, 3) for symbol in "AB"]
    assert list(view.behind) == [slow.client]
    slow.drain()
    room.flush()
    assert versions(slow) == [("A", 1), ("B", 1), ("A", 3), ("B", 3)]
    assert slow.client in view.in_step


def test_every_part_of_a_big_frame_reaches_who_fell_behind_at_the_first(room: Room) -> None:
    """A socket that fills up in the midst of a flush gets the rest of it when it drains."""
    symbols = [f"S{i}" for i in range(3 * BATCH)]
    view = room.view(*symbols)
    slow = room.seated(view)
    slow.stall()
    for symbol in symbols:
        room.tick(symbol, 1)
    room.flush()
    slow.drain()
    room.flush()
    assert sorted(versions(slow)) == sorted((symbol, 1) for symbol in symbols)


def test_states_and_events_reach_those_behind(room: Room) -> None:
    """News is not only for those in step."""
    room.tick("A", 1)
    view = room.view("A")
    slow = room.join(view)
    slow.stall()
    view.put_state("A", frame("A", 2, "symbol"))
    view.put_event("feed", frame("", 3, "feed"))
    slow.drain()
    room.flush()
    assert [name for name, _ in slow.events()] == ["feed", "symbol", "message"]


def test_a_void_tick_goes_to_nobody(room: Room) -> None:
    """In step or behind: what turned out never to have been is not said. The next one is, to all."""
    view = room.view("A")
    well, slow = room.seated(view), room.join(view)
    room.tick("A", 1)
    room.void("A")
    new = room.join(view)
    room.flush()
    assert versions(well) == versions(slow) == versions(new) == []
    room.tick("A", 2)
    room.flush()
    assert versions(well) == versions(slow) == versions(new) == [("A", 2)]


def orders(peer: Peer) -> list[int]:
    """The order events since the last look, each by its number; a list of all is 0."""
    return [data.get("version", 0) for name, data in peer.events() if name in {"order", "orders"}]


def all_orders() -> bytes:
    """The list of them."""
    return frame("", 0, "orders")


def put_orders(view: View, *numbers: int) -> None:
    """So many order events, one after the other."""
    for number in numbers:
        view.put_order(number, frame("", number, "order"), all_orders)


def test_each_order_event_reaches_who_takes_everything(room: Room) -> None:
    """However many come in one turn of the loop, and in their order."""
    view = room.view("A", interval_s=60.0)
    peer = room.seated(view)
    put_orders(view, *range(1, 301))
    room.flush()
    assert orders(peer) == list(range(1, 301))


def test_who_is_behind_gets_order_events_in_their_order_when_it_can(room: Room) -> None:
    """None is replaced by a later one; one that comes with them is first."""
    view = room.view("A")
    slow, other = room.seated(view), room.seated(view)
    slow.stall()
    for number in range(1, 60):
        put_orders(view, number)
        room.flush()
    assert orders(other) == list(range(1, 60))
    slow.drain()
    room.flush()
    assert orders(slow) == list(range(1, 60))


def test_who_is_far_behind_gets_the_list_of_orders_instead(room: Room) -> None:
    """With the events that came after it; so it holds no more than its limit, for however long it stalls."""
    view = room.view("A")
    slow = room.seated(view)
    fall_behind(room, slow)
    for number in range(1, 1001):
        put_orders(view, number)
        room.flush()
        assert len(slow.client.mailbox.events) <= ORDERS_WAITING
    slow.drain()
    room.flush()
    got = orders(slow)
    assert got[0] == 0
    assert got[1:] == list(range(1001 - len(got[1:]), 1001))


def test_a_list_of_orders_takes_its_turn_behind_the_events_before_it(room: Room) -> None:
    """An older event after it would make an order what it is no more."""
    view = room.view("A")
    slow, other = room.seated(view), room.seated(view)
    slow.stall()
    put_orders(view, 1)
    room.flush()
    view.put_orders(frame("", 0, "orders"))
    put_orders(view, 2)
    view.put_orders(frame("", 0, "orders"))
    put_orders(view, 3)
    room.flush()
    assert orders(other) == [1, 2, 0, 3]
    slow.drain()
    room.flush()
    assert orders(slow) == [1, 2, 0, 3]


def test_a_dropped_position_is_dropped_for_all(room: Room) -> None:
    """Also for those behind, what something newer has said is not said again."""
    view = room.view()
    well, slow = room.seated(view), room.join(view)
    for symbol in "AB":
        view.put_position(symbol, frame(symbol, 1, "position"))
    view.drop_position("A")
    view.drop_position("C")
    room.flush()
    assert well.events() == slow.events() == [("position", {"symbol": "B", "version": 1})]


def test_who_left_is_written_to_no_more(room: Room) -> None:
    """In step or behind, the view forgets it."""
    view = room.view("A")
    well, slow = room.seated(view), room.join(view)
    slow.stall()
    well.leave()
    slow.leave()
    assert len(view) == 0
    room.tick("A", 1)
    room.flush()
    assert well.socket.took == slow.socket.took == []


@pytest.mark.parametrize("clients", [1, SHARED])
def test_when_busy_compressing_has_to_pay(room: Room, clients: int) -> None:
    """A frame for few is sent plain under load, one for many is compressed once for all."""
    view = room.view("A", encoding=Gzip())
    peers = [room.seated(view) for _ in range(clients)]
    long = frame("A", 1, "feed") * 50
    room.dispatcher.is_busy = True
    view.put_event("feed", long)
    room.flush()
    assert (len(peers[0].socket.took[0]) < len(long)) == (clients >= SHARED)


def test_it_says_how_full_it_was(room: Room) -> None:
    """By the share of its symbols in what it sent last, and a view without symbols is no exception."""
    view, empty = room.view("A", "B"), room.view()
    assert view.fullness == empty.fullness == 0.0
    room.tick("A", 1)
    empty.put_position("A", frame("A", 1, "position"))
    room.flush()
    assert (view.fullness, empty.fullness) == (0.5, 1.0)
    view.put_event("feed", frame("", 1, "feed"))
    room.flush()
    assert view.fullness == 0.0


def test_an_interval_is_kept_and_conflates(room: Room) -> None:
    """The first tick goes at once; those within the interval are one, its newest."""
    view = room.view("A", interval_s=1.0)
    peer = room.seated(view)
    for version in (1, 2, 3):
        room.tick("A", version)
        room.flush()
    assert versions(peer) == [("A", 1)]
    room.flush(after_s=0.99)
    assert versions(peer) == []
    room.flush(after_s=0.01)
    assert versions(peer) == [("A", 3)]


def test_what_an_interval_holds_back_reaches_who_falls_behind_meanwhile(room: Room) -> None:
    """The tick that waits for all is missed by nobody whose socket fills up before it goes."""
    view = room.view("A", interval_s=1.0)
    slow = room.seated(view)
    room.tick("A", 1)
    room.flush()
    room.tick("A", 2)
    fall_behind(room, slow)
    slow.drain()
    room.flush(after_s=1.0)
    assert versions(slow) == [("A", 1), ("A", 2)]


def test_a_position_waits_for_the_interval_as_a_tick_does(room: Room) -> None:
    """And is conflated as one: the newest goes when it is over."""
    view = room.view("A", interval_s=1.0)
    peer = room.seated(view)
    for version in (1, 2, 3):
        room.tick("A", version)
        view.put_position("A", frame("A", version, "position"))
        room.flush()
    room.flush(after_s=1.0)
    assert [[(name, data["version"]) for name, data in events] for events in peer.frames()] == [
        [("position", version), ("message", version)] for version in (1, 3)
    ]


def test_news_waits_for_no_interval(room: Room) -> None:
    """A state goes out at once with its tick, an event too, and other ticks still wait."""
    view = room.view("A", "B", interval_s=1.0)
    peer = room.seated(view)
    room.tick("A", 1)
    room.flush()
    peer.events()
    for symbol in "AB":
        room.tick(symbol, 2)
    view.put_state("B", frame("B", 2, "symbol"))
    room.flush()
    assert [(name, data["symbol"]) for name, data in peer.events()] == [("symbol", "B"), ("message", "B")]
    room.flush(after_s=1.0)
    assert versions(peer) == [("A", 2)]


def test_who_catches_up_keeps_the_interval_of_the_others(room: Room) -> None:
    """Falling behind is no way to get frames more often than asked for."""
    view = room.view("A", interval_s=1.0)
    peer = room.seated(view)
    room.tick("A", 1)
    room.flush()
    fall_behind(room, peer)
    room.tick("A", 2)
    peer.drain()
    room.flush(after_s=0.5)
    assert versions(peer) == [("A", 1)]
    room.flush(after_s=0.5)
    assert versions(peer) == [("A", 2)]


def test_who_fell_behind_in_the_midst_of_a_big_frame_keeps_its_interval(room: Room) -> None:
    """It got the first part with the others, so the rest comes an interval later."""
    symbols = [f"S{i}" for i in range(2 * BATCH)]
    view = room.view(*symbols, interval_s=1.0)
    slow = room.seated(view)
    slow.stall()
    for symbol in symbols:
        room.tick(symbol, 1)
    room.flush()
    slow.drain()
    room.flush(after_s=0.5)
    assert len(versions(slow)) == BATCH
    room.flush(after_s=0.5)
    assert len(versions(slow)) == BATCH


def test_released_ticks_go_at_once(room: Room) -> None:
    """At the end nothing waits for its interval, behind or in step."""
    view = room.view("A", interval_s=60.0)
    well = room.seated(view)
    for version in (1, 2):
        room.tick("A", version)
        room.flush()
    new = room.join(view)
    room.flush()
    assert new.client in view.behind
    room.tick("A", 3)
    room.flush()
    view.release()
    room.flush()
    assert versions(well) == [("A", 1), ("A", 3)]
    assert versions(new) == [("A", 2), ("A", 3)]


def test_when_most_symbols_change_each_view_is_visited_once(room: Room) -> None:
    """And not once for each symbol; one that has nothing new sends nothing."""
    symbols = [f"S{number}" for number in range(2 * CROWD + 1)]
    busy, idle = room.seated(room.view(*symbols)), room.seated(room.view("A"))
    for symbol in symbols:
        room.tick(symbol, 1)
    room.flush()
    assert (len(busy.socket.took), len(idle.socket.took)) == (1, 0)
    assert versions(busy) == [(symbol, 1) for symbol in symbols]
    room.tick("A", 1)
    room.flush()
    assert versions(idle) == [("A", 1)]


ALONE = [
    ("burst", ""), ("flush", 0.0), ("tick", "A"), ("flush", 0.0),
    ("join", 0), ("stall", 0), ("flush", 0.0), ("settle", 0),
]  # fmt: skip
"""One client, which fell behind in the midst of a big frame: it waited for others that were not there."""


@example(1.0, 2, ALONE)
@given(INTERVALS, LIMITS, STEPS)
@settings(max_examples=300, deadline=None)
def test_whatever_happens_all_end_with_the_newest(
    interval_s: float, limit: int, steps: list[tuple[str, str | float]]
) -> None:
    """Versions only grow, none comes twice or when void, intervals hold, and at rest all know the newest."""
    with limited(limit):
        walk = Walk(interval_s)
        for what, which in steps:
            walk.step(what, which)
        walk.settle()
        # Who drained with nothing left to send is in step from the next change on.
        walk.step("tick", SYMBOLS[0])
        walk.settle()
    assert not walk.view.behind
    assert len(walk.view) == len(walk.here)
