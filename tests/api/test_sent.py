"""What went out, counted."""

from __future__ import annotations

from tests.api.fakes import Room, frame


def test_what_goes_out_is_counted() -> None:
    """By writes, bytes on the wire, ticks and other events, of all clients together."""
    room = Room()
    room.tick("A", 1)
    view = room.view("A")
    peers = [room.seated(view), room.seated(view), room.seated(view)]
    room.tick("A", 2)
    view.put_state("A", frame("A", 2, "symbol"))
    room.flush()
    took = [data for peer in peers for data in peer.socket.took]
    assert (room.sent.writes, room.sent.bytes) == (len(took), sum(map(len, took))) == (6, room.sent.bytes)
    assert (room.sent.ticks, room.sent.events) == (6, 3)


def test_order_events_are_not_counted_and_positions_are_among_the_ticks() -> None:
    """Strangers may read the counts: none of them tells of a trade, and a position is no news of a symbol."""
    room = Room()
    view = room.view("A")
    room.seated(view), room.seated(view)
    view.put_order(1, frame("", 1, "order"), bytes)
    view.put_order(2, frame("", 2, "order"), bytes)
    view.put_event("feed", frame("", 1, "feed"))
    view.put_position("A", frame("A", 1, "position"))
    room.flush()
    assert (room.sent.events, room.sent.ticks, room.sent.news) == (2, 2, 0)
