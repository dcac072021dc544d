"""One ticket, or a function that gets the next."""

from __future__ import annotations

import pytest

from tapecast.client import TicketFailed, Unauthorized
from tapecast.client.tickets import FLOOR_S, Tickets, sendable
from tests.support import HandClock


async def test_a_fixed_ticket_stays() -> None:
    """There is no other."""
    tickets = Tickets("one", HandClock().clock)
    assert await tickets.get() == "one"
    assert not tickets.expire()
    assert await tickets.get() == "one"
    assert await Tickets(None, HandClock().clock).get() is None


async def test_a_function_is_asked_again_when_its_ticket_has_expired() -> None:
    """And not before; it may be a coroutine function."""
    hand = HandClock()
    made: list[str] = []

    async def mint() -> str:
        made.append(f"t{len(made)}")
        return made[-1]

    tickets = Tickets(mint, hand.clock)
    assert [await tickets.get(), await tickets.get()] == ["t0", "t0"]
    hand.advance(FLOOR_S)
    assert tickets.expire()
    assert await tickets.get() == "t1"


async def test_a_new_ticket_that_is_refused_is_not_replaced_at_once() -> None:
    """A server that refuses each must not make a client mint without end."""
    hand = HandClock()
    tickets = Tickets(lambda: "new", hand.clock)
    await tickets.get()
    assert not tickets.expire()
    assert tickets.wait_s == FLOOR_S
    hand.advance(FLOOR_S)
    assert tickets.wait_s == 0


async def test_what_a_function_raises_is_told() -> None:
    """As an error of the stream."""

    def mint() -> str:
        raise OSError("no network")

    with pytest.raises(TicketFailed, match="no network"):
        await Tickets(mint, HandClock().clock).get()


async def test_a_function_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """It must not be the end of everything."""
    import asyncio

    monkeypatch.setattr("tapecast.client.tickets.LATE_S", 0.01)

    async def mint() -> str:
        await asyncio.Event().wait()
        return ""

    with pytest.raises(TicketFailed, match="took over"):
        await Tickets(mint, HandClock().clock).get()


def test_a_token_that_no_header_can_hold_is_not_shown() -> None:
    """Nor is its new line, as it comes out of a file, a mistake."""
    assert sendable("hunter2\n") == "hunter2"
    for bad in ("hunter\n2", "hünter2", "hunter2\udcff"):
        with pytest.raises(Unauthorized) as caught:
            sendable(bad)
        assert "2" not in str(caught.value)
