"""A client's mailbox: bounded, newest wins, states before ticks, bye last."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapecast.api.mailbox import Mailbox
from tests.support import eventually

NAMES = st.sampled_from(["A", "B", "C"])


def test_the_newest_tick_replaces_the_waiting_one() -> None:
    """A slow client never gets an old price."""
    mailbox = Mailbox()
    mailbox.put_tick("A", b"1")
    mailbox.put_tick("A", b"2")
    assert mailbox.take() == [b"2"]
    assert len(mailbox) == 0


def test_events_then_states_with_their_ticks_then_other_ticks() -> None:
    """A client knows what to believe of a price before it gets the price."""
    mailbox = Mailbox()
    mailbox.put_tick("A", b"tick A")
    mailbox.put_tick("B", b"tick B")
    mailbox.put_state("B", b"state B")
    mailbox.put_event("feed", b"feed")
    assert mailbox.take() == [b"feed", b"state B", b"tick B", b"tick A"]


def test_within_an_interval_a_state_takes_its_tick_along() -> None:
    """The tick that made a symbol live goes out with the news; other ticks wait."""
    mailbox = Mailbox()
    mailbox.put_tick("A", b"tick A")
    mailbox.put_state("B", b"state B")
    mailbox.put_tick("B", b"tick B")
    assert mailbox.take(ticks=False) == [b"state B", b"tick B"]
    assert mailbox.take() == [b"tick A"]


def test_what_changed_first_goes_first() -> None:
    """A symbol that changes without pause does not push the others back."""
    mailbox = Mailbox()
    for symbol in ("A", "B", "A"):
        mailbox.put_tick(symbol, symbol.encode())
    assert mailbox.take(limit=1) == [b"A"]
    assert mailbox.take(limit=1) == [b"B"]


def test_a_dropped_tick_is_not_sent() -> None:
    """What something newer has said does not wait any more."""
    mailbox = Mailbox()
    mailbox.put_tick("A", b"1")
    mailbox.drop_tick("A")
    mailbox.drop_tick("A")
    assert len(mailbox) == 0


def test_nothing_comes_in_after_the_end() -> None:
    """The first last words stay the last."""
    mailbox = Mailbox()
    mailbox.put_tick("A", b"before")
    mailbox.end(b"bye")
    mailbox.end(b"another bye")
    mailbox.put_tick("A", b"after")
    mailbox.put_state("A", b"after")
    mailbox.put_event("feed", b"after")
    assert mailbox.take() == [b"before"]
    assert mailbox.last == b"bye"


@given(st.lists(st.tuples(st.sampled_from(["event", "state", "tick"]), NAMES, st.binary(max_size=3))))
def test_it_holds_at_most_one_of_each(puts: list[tuple[str, str, bytes]]) -> None:
    """Whatever is put in, it stays as small as the number of names, and holds the newest of each."""
    mailbox, newest = Mailbox(), {}
    for kind, name, frame in puts:
        getattr(mailbox, f"put_{kind}")(name, frame)
        newest[kind, name] = frame
    assert sorted(mailbox.take(limit=100)) == sorted(newest.values())


async def waiting(mailbox: Mailbox, hold_s: float = 0.0) -> asyncio.Task[bool]:
    """A reader that waits."""
    task = asyncio.create_task(mailbox.wait(hold_s))
    await eventually(lambda: mailbox._waiter is not None)
    return task


@pytest.mark.parametrize("put", ["put_event", "put_state", "put_tick"])
async def test_each_put_wakes_the_reader(put: str) -> None:
    """Nobody polls."""
    mailbox = Mailbox()
    reader = await waiting(mailbox)
    getattr(mailbox, put)("A", b"1")
    assert await reader is True


async def test_within_the_hold_a_tick_does_not_wake() -> None:
    """A paced client costs nothing per tick; a state reaches it at once all the same."""
    mailbox = Mailbox()
    reader = await waiting(mailbox, hold_s=3600)
    mailbox.put_tick("A", b"tick")
    await asyncio.sleep(0)
    assert not reader.done()
    mailbox.put_state("B", b"state")
    assert await reader is False


async def test_a_hold_that_is_over_lets_ticks_go() -> None:
    """The interval is a least time, not a stop."""
    mailbox = Mailbox()
    mailbox.put_tick("A", b"tick")
    assert await mailbox.wait(0.001) is True


async def test_the_end_waits_for_no_hold() -> None:
    """An interval never delays `bye`."""
    mailbox = Mailbox()
    reader = await waiting(mailbox, hold_s=3600)
    mailbox.end(b"bye")
    assert await reader is True


async def test_a_cancelled_reader_leaves_no_trace() -> None:
    """A client that leaves while it waits does not break the next put."""
    mailbox = Mailbox()
    reader = await waiting(mailbox)
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    mailbox.put_tick("A", b"1")
    assert await mailbox.wait() is True
