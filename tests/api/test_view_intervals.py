"""What an interval holds back: ticks and re-priced positions, from those in step and from those behind."""

from __future__ import annotations

import pytest

from tapecast.api.mailbox import BATCH
from tests.api.fakes import Room, frame, versions


@pytest.fixture
def room() -> Room:
    """Where nothing is sent before the test flushes."""
    return Room()


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
    slow.stall()
    view.put_event("heartbeat", frame("", 1, "heartbeat"))
    room.tick("A", 2)
    room.flush()
    view.put_event("heartbeat", frame("", 2, "heartbeat"))
    room.flush()
    assert slow.client in view.behind
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
    peer.stall()
    for at in (1, 2):
        view.put_event("heartbeat", frame("", at, "heartbeat"))
        room.flush()
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
