"""All open streams of a replica."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from tapecast.api.audience import Audience
from tapecast.api.mailbox import Mailbox
from tests.api.support import parsed, taken
from tests.support import HandClock


class Room:
    """An audience and what it reported."""

    def __init__(self) -> None:
        self.time = HandClock()
        self.counts: list[int] = []
        self.audience = Audience(self.time.clock, 15, lambda: self.counts.append(len(self.audience)))


@pytest.fixture
def room() -> Room:
    """An empty audience."""
    return Room()


def test_a_stream_is_counted_while_it_is_open(room: Room) -> None:
    """Each change is reported, also when the stream ends by an error."""
    with pytest.raises(ZeroDivisionError), room.audience.seat(Mailbox()):
        raise ZeroDivisionError
    assert room.counts == [1, 0]


def test_the_heartbeat_is_one_shared_frame(room: Room) -> None:
    """Made once per period, whatever the number of clients."""
    one, other = Mailbox(), Mailbox()
    with room.audience.seat(one), room.audience.seat(other):
        room.time.advance(14)
        room.audience.sweep()
        assert not len(one)
        room.time.advance(1)
        room.audience.sweep()
        room.audience.sweep()
        (frame,), (same,) = one.take(), other.take()
    assert frame is same
    assert parsed(frame) == [("heartbeat", {"server_time": 1_700_000_015_000_000})]


def test_draining_ends_every_stream(room: Room) -> None:
    """Each gets its own delay, so that they do not all come back at once."""
    mailboxes = [Mailbox() for _ in range(20)]
    with ExitStack() as seats:
        for mailbox in mailboxes:
            seats.enter_context(room.audience.seat(mailbox))
        room.audience.drain()
    endings = [parsed(mailbox.last or b"") for mailbox in mailboxes]
    assert {name for ending in endings for name, _ in ending} == {"retry", "bye"}
    assert {ending[1][1]["code"] for ending in endings} == {"draining"}
    assert len({ending[0][1] for ending in endings}) > 1


def test_a_stream_that_opens_while_draining_ends_at_once(room: Room) -> None:
    """It was accepted before, and seated after, the word to stop."""
    room.audience.drain()
    mailbox = Mailbox()
    with room.audience.seat(mailbox):
        assert mailbox.last is not None
    assert taken(mailbox) == []
