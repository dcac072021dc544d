"""What waits is bounded, the newest of each, and leaves in an order that tells what to believe first."""

from __future__ import annotations

from itertools import chain

from hypothesis import given, settings
from hypothesis import strategies as st

from tapecast.api.mailbox import BATCH, Mailbox

SYMBOLS = st.sampled_from("ABC")
KINDS = st.sampled_from(["event", "state", "tick"])
PUTS = st.lists(st.tuples(KINDS, SYMBOLS, st.binary(max_size=3)))


def put(mailbox: Mailbox, kind: str, name: str, frame: bytes) -> None:
    """Put by the name of the kind."""
    {"event": mailbox.put_event, "state": mailbox.put_state, "tick": mailbox.put_tick}[kind](name, frame)


def drained(mailbox: Mailbox, limit: int = BATCH) -> list[list[bytes]]:
    """All that waits, by parts of this limit."""
    parts = []
    while part := mailbox.take(limit=limit):
        parts.append(part.frames())
    return parts


def test_the_newest_tick_replaces_the_waiting_one() -> None:
    """A slow client never gets an old price."""
    mailbox = Mailbox()
    mailbox.put_tick("A", b"1")
    mailbox.put_tick("A", b"2")
    assert mailbox.take().frames() == [b"2"]
    assert len(mailbox) == 0


def test_events_then_states_with_their_ticks_then_other_ticks() -> None:
    """A client knows what to believe of a price before it gets the price."""
    mailbox = Mailbox()
    mailbox.put_tick("A", b"tick A")
    mailbox.put_tick("B", b"tick B")
    mailbox.put_state("C", b"state C")
    mailbox.put_state("B", b"state B")
    mailbox.put_event("feed", b"feed")
    assert mailbox.take().frames() == [b"feed", b"state C", b"state B", b"tick B", b"tick A"]


def test_within_an_interval_a_state_takes_its_tick_along() -> None:
    """The tick that made a symbol live goes out with the news; other ticks wait."""
    mailbox = Mailbox()
    mailbox.put_tick("A", b"tick A")
    mailbox.put_state("B", b"state B")
    mailbox.put_tick("B", b"tick B")
    assert mailbox.take(ticks=False).frames() == [b"state B", b"tick B"]
    assert mailbox.take(ticks=False).frames() == []
    assert mailbox.take().frames() == [b"tick A"]


def test_what_changed_first_goes_first() -> None:
    """A symbol that changes without pause does not push the others back."""
    mailbox = Mailbox()
    for symbol in ("A", "B", "A"):
        mailbox.put_tick(symbol, symbol.encode())
    assert drained(mailbox, limit=1) == [[b"A"], [b"B"]]


def test_what_is_not_taken_can_still_be_replaced() -> None:
    """The rest of a big image is as new as when its turn comes."""
    mailbox = Mailbox()
    mailbox.put_tick("A", b"A1")
    mailbox.put_tick("B", b"B1")
    assert mailbox.take(limit=1).frames() == [b"A1"]
    mailbox.put_tick("B", b"B2")
    assert mailbox.take(limit=1).frames() == [b"B2"]


def test_what_was_taken_is_not_touched_by_later_puts() -> None:
    """A frame in the making does not change under its maker."""
    mailbox = Mailbox()
    mailbox.put_tick("A", b"1")
    part = mailbox.take()
    mailbox.put_tick("A", b"2")
    mailbox.put_tick("B", b"2")
    assert part.frames() == [b"1"]


def test_a_dropped_tick_is_not_sent() -> None:
    """What something newer has said does not wait any more."""
    mailbox = Mailbox()
    mailbox.put_tick("A", b"1")
    mailbox.drop_tick("A")
    mailbox.drop_tick("A")
    assert len(mailbox) == 0


def test_what_was_missed_replaces_what_waited() -> None:
    """A client that falls further behind has one frame of each kind for each symbol, the newest."""
    mailbox, missed = Mailbox(), Mailbox()
    for kind in ("event", "state", "tick"):
        put(mailbox, kind, "A", b"old " + kind.encode())
        put(mailbox, kind, "B", b"kept " + kind.encode())
        put(missed, kind, "A", b"new " + kind.encode())
    mailbox.absorb(missed)
    assert mailbox.take().frames() == [
        *(b"new event", b"kept event"),
        *(b"new state", b"new tick", b"kept state", b"kept tick"),
    ]


@given(PUTS)
@settings(deadline=None)
def test_it_holds_at_most_one_of_each(puts: list[tuple[str, str, bytes]]) -> None:
    """Whatever is put in, it stays as small as the number of names, and holds the newest of each."""
    mailbox, newest = Mailbox(), {}
    for kind, name, frame in puts:
        put(mailbox, kind, name, frame)
        newest[kind, name] = frame
    assert len(mailbox) == len(newest)
    assert sorted(mailbox.take().frames()) == sorted(newest.values())


@given(PUTS, st.integers(1, 4))
@settings(deadline=None)
def test_parts_are_bounded_and_together_they_are_all(puts: list[tuple[str, str, bytes]], limit: int) -> None:
    """Taking by parts hands out each frame once; only a state's own tick may exceed the limit."""
    mailbox, whole = Mailbox(), Mailbox()
    for kind, name, frame in puts:
        put(mailbox, kind, name, frame)
        put(whole, kind, name, frame)
    parts = drained(mailbox, limit)
    assert sorted(chain.from_iterable(parts)) == sorted(whole.take(limit=1000).frames())
    assert all(len(part) <= 2 * limit for part in parts)
