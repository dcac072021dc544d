"""One client on its own: its image as its socket takes it, then what the others get, and its last words."""

from __future__ import annotations

import pytest

from tapecast.api.dispatcher import Place
from tapecast.api.encoding import Gzip
from tapecast.api.mailbox import BATCH
from tests.api.fakes import Room, frame, versions


@pytest.fixture
def room() -> Room:
    """Where nothing is sent before the test flushes."""
    return Room()


def test_a_big_image_goes_out_as_the_socket_takes_it(room: Room) -> None:
    """What a full socket does not take is not even made into a frame, so it is current when it goes."""
    view = room.view(*(f"S{i}" for i in range(3 * BATCH)))
    for symbol in view.symbols:
        room.tick(symbol, 1)
    peer = room.stuck(view)
    assert len(peer.socket.buffer) == 1
    assert [len(events) for events in peer.written()] == [BATCH]
    last = view.symbols[-1]
    room.tick(last, 2)
    peer.drain()
    room.flush()
    got = versions(peer)
    assert dict(got)[last] == 2
    assert len(got) == len(view.symbols)


def test_who_takes_less_than_there_is_gets_all_symbols_in_turn(room: Room) -> None:
    """While everything changes faster than its socket takes it, no symbol is put off for ever."""
    view = room.view(*(f"S{i}" for i in range(3 * BATCH)))
    peer = room.join(view)
    heard: list[tuple[str, int]] = []
    for version in range(1, 7):
        for symbol in view.symbols:
            room.tick(symbol, version)
        # Its kernel takes one write.
        peer.stall()
        room.flush()
        peer.drain()
        heard += versions(peer)
    turns = [heard[: 3 * BATCH], heard[3 * BATCH :]]
    assert [sorted(symbol for symbol, _ in turn) for turn in turns] == [sorted(view.symbols)] * 2
    assert [version for _, version in heard[::BATCH]] == [1, 2, 3, 4, 5, 6], "each as new as it can be"


def test_a_blocked_client_is_not_queued(room: Room) -> None:
    """However much changes, one that takes nothing costs the dispatcher nothing."""
    room.tick("A", 1)
    view = room.view("A")
    peer = room.stuck(view)
    room.tick("A", 2)
    view.put_state("A", frame("A", 2, "symbol"))
    view.put_event("feed", frame("", 2, "feed"))
    assert peer.client.place == Place.IDLE
    peer.drain()
    assert peer.client.place == Place.QUEUED


def test_a_first_image_waits_for_no_interval(room: Room) -> None:
    """A page shows prices at once; the next ones come an interval later, and nobody waits for a newcomer."""
    view = room.view("A", interval_s=1.0)
    old = room.seated(view)
    room.tick("A", 1)
    room.flush()
    new = room.join(view)
    room.flush(after_s=0.5)
    assert versions(new) == [("A", 1)]
    room.tick("A", 2)
    room.flush(after_s=0.5)
    assert (versions(old), versions(new)) == ([("A", 1), ("A", 2)], [])
    room.flush(after_s=0.5)
    assert (versions(old), versions(new)) == ([], [("A", 2)])


def test_a_newcomer_gets_in_step_however_much_changes(room: Room) -> None:
    """Its ticks wait for those of the others, also if its own interval ends between two of theirs."""
    view = room.view("A", interval_s=1.0)
    old = room.seated(view)
    room.tick("A", 1)
    room.flush()
    room.flush(after_s=0.5)
    room.tick("A", 2)
    new = room.join(view)
    room.flush()
    for version in (3, 4, 5):
        room.tick("A", version)
        room.flush(after_s=0.5)
    assert new.client in view.in_step
    assert versions(old) == [("A", 1), ("A", 3), ("A", 5)]
    assert versions(new) == [("A", 2), ("A", 5)]


def test_a_newcomer_whose_turn_falls_together_with_news_is_not_forgotten(room: Room) -> None:
    """The others' interval ends, a tick comes with it, and its own goes on: at its end it gets the newest."""
    view = room.view("A", "B", interval_s=1.0)
    room.seated(view)
    room.tick("A", 1)
    room.flush()
    room.tick("A", 2)
    new = room.join(view)
    room.flush(after_s=0.5)
    assert versions(new) == [("A", 2)]
    room.tick("A", 3)
    room.flush(after_s=0.5)
    assert versions(new) == []
    room.flush(after_s=0.5)
    assert versions(new) == [("A", 3)]


def test_a_straggler_keeps_its_interval(room: Room) -> None:
    """Also on its own nothing but news goes out within the interval; the rest goes by itself at its end."""
    view = room.view("A", "B", interval_s=1.0)
    old = room.seated(view)
    room.tick("A", 1)
    room.flush()
    room.tick("A", 2)
    peer = room.join(view)
    room.flush(after_s=0.25)
    assert peer.client in view.behind, "the others' tick waits"
    room.tick("A", 3)
    view.put_state("B", frame("B", 2, "symbol"))
    room.flush(after_s=0.25)
    assert [name for name, _ in peer.events()] == ["message", "symbol"]
    room.flush(after_s=0.5)
    assert (versions(old), versions(peer)) == ([("A", 1), ("A", 3)], [])
    room.flush(after_s=0.25)
    assert versions(peer) == [("A", 3)]


def test_the_audience_hears_what_becomes_of_it(room: Room) -> None:
    """A full socket, an empty one, and the end, each once."""
    room.tick("A", 1)
    view = room.view("A")
    peer = room.stuck(view)
    peer.drain()
    peer.leave()
    assert room.witness.heard == ["blocked", "drained", "lost"]
    assert len(view) == 0


def test_a_client_that_left_while_queued_is_flushed_in_peace(room: Room) -> None:
    """The dispatcher may come to it after its end."""
    room.tick("A", 1)
    view = room.view("A")
    peer = room.join(view)
    peer.leave()
    room.flush()
    assert peer.socket.took == []
    assert len(view) == 0


def test_the_last_words_come_after_what_waits(room: Room) -> None:
    """Nothing that was known is lost to `bye`, the response ends, and the connection closes."""
    room.tick("A", 1)
    view = room.view("A")
    peer = room.join(view)
    peer.client.end(frame("", 1, "bye"), room.time.seconds)
    assert [name for name, _ in peer.events()] == ["message", "bye"]
    assert peer.is_ended
    assert peer.socket.is_closing()


def test_a_blocked_client_gets_its_last_words_when_it_drains(room: Room) -> None:
    """Whoever takes something within the grace learns why the stream ends."""
    room.tick("A", 1)
    view = room.view("A")
    peer = room.stuck(view)
    room.tick("A", 2)
    peer.client.end(frame("", 1, "bye"), room.time.seconds)
    assert not peer.socket.is_closing()
    peer.drain()
    room.flush()
    assert [data["version"] for _, data in peer.events()] == [1, 2, 1]
    assert peer.is_ended


def test_last_words_need_no_news_to_go(room: Room) -> None:
    """A client that has nothing else to come is ended when it drains, too."""
    view = room.view("A")
    peer = room.seated(view)
    peer.stall()
    room.tick("A", 1)
    room.flush()
    peer.client.end(frame("", 1, "bye"), room.time.seconds)
    peer.drain()
    room.flush()
    assert [name for name, _ in peer.events()] == ["message", "bye"]
    assert peer.is_ended


def test_an_interval_does_not_hold_back_the_last_words(room: Room) -> None:
    """A straggler whose image blocked half way gets the rest and its `bye` as soon as it drains."""
    view = room.view(*(f"S{i}" for i in range(2 * BATCH)), interval_s=60.0)
    for symbol in view.symbols:
        room.tick(symbol, 1)
    peer = room.stuck(view)
    peer.client.end(frame("", 1, "bye"), room.time.seconds)
    peer.drain()
    room.flush()
    assert peer.events()[-1][0] == "bye"
    assert peer.is_ended


def test_the_last_words_are_said_once(room: Room) -> None:
    """Nothing follows the end of a response, even if that end had to wait for the socket."""
    view = room.view("A")
    peer = room.seated(view)
    peer.stall()
    peer.client.end(frame("", 1, "bye"), room.time.seconds)
    peer.drain()
    room.tick("A", 1)
    room.flush()
    peer.client.end(frame("", 2, "bye"), room.time.seconds)
    assert peer.events() == [("bye", {"symbol": "", "version": 1})]
    assert peer.is_ended


def test_an_end_that_comes_after_a_reset_is_let_go(room: Room) -> None:
    """A transport that is closing already is not written to: the loop is about to say that it is gone."""
    view = room.view("A")
    peer = room.seated(view)
    peer.socket.close()
    peer.client.end(frame("", 1, "bye"), room.time.seconds)
    peer.leave()
    assert peer.events() == []
    assert len(view) == 0


def test_a_compressed_stream_ends_as_such(room: Room) -> None:
    """The last words and the end of the compressed body go out in one write."""
    encoding = Gzip()
    view = room.view("A", encoding=encoding)
    peer = room.seated(view)
    peer.client.end(frame("", 1, "bye"), room.time.seconds)
    (body,) = peer.writes()
    assert body == encoding.encode(frame("", 1, "bye"), is_cheap=False) + encoding.tail
