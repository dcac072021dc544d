"""Whoever applies what the mailbox gives ends with what is known, however seldom they look."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from tapecast.bars import Bar, Interval
from tapecast.client import (
    Bars,
    BarUpdate,
    Event,
    Feed,
    FeedState,
    Order,
    Orders,
    OrderUpdate,
    Portfolio,
    Position,
    Positions,
    SymbolState,
    SymbolStatus,
    Tick,
    mailbox,
)
from tapecast.client.stream import Stream
from tapecast.client.wants import Live

names = st.sampled_from(["AAPL", "MSFT"])
numbers = st.integers(0, 3)
states = st.sampled_from(SymbolState)
positions = st.builds(
    Position, symbol=names, state=states, qty=st.sampled_from([Decimal(0), Decimal(1), None])
)
orders = st.builds(Order, id=st.sampled_from("abc"), status=st.sampled_from(["new", "filled"]))
starts = st.sampled_from([f"2026-01-02T00:00:0{second}Z" for second in range(4)])
events = st.one_of(
    st.builds(Tick, symbol=names, price=st.just(1.0), epoch=numbers, seq=numbers),
    st.builds(SymbolStatus, names, states, st.sampled_from(["", "cancelled", "no_update"])),
    st.builds(Feed, st.just("iex"), st.just("us_equity"), st.sampled_from(FeedState)),
    positions,
    st.builds(Positions, st.lists(positions, max_size=2)),
    st.builds(Portfolio, count=numbers),
    st.builds(Orders, st.lists(orders, max_size=2)),
    st.builds(OrderUpdate, st.just("new"), orders),
    st.builds(
        Bars, names, st.just(Interval.SECOND), st.just("own"), st.lists(st.builds(Bar, starts), max_size=1)
    ),
    st.builds(BarUpdate, start=starts, symbol=names, interval=st.just(Interval.SECOND), seq=numbers),
)
# An event, a look at some of what waits, or the connection is lost.
steps = st.lists(st.one_of(events, st.integers(1, 5), st.none()), max_size=60)


def known(stream: Stream) -> list[object]:
    """All that a program may look up."""
    held = stream._store
    return [held.ticks, held.states, held.feeds, held.positions, held.portfolio, held.orders, held.bars]


async def played(steps: list[Event | int | None], most: int) -> None:
    """One stream that hears it all, and one that hears what the first one's reader was given."""
    stream, reader = (Stream("http://x", Live(("AAPL", "MSFT"))) for _ in range(2))
    for step in steps:
        if isinstance(step, int):
            for _ in range(min(step, len(stream._mailbox))):
                hear(reader, await stream._mailbox.get())
        elif step is None:
            for changed in stream._store.lose():
                stream._mailbox.put(changed)
        else:
            stream.event(step)
        assert len(stream._mailbox) <= most
    while len(stream._mailbox):
        hear(reader, await stream._mailbox.get())
    assert known(reader) == known(stream)


def hear(reader: Stream, event: Event | None) -> None:
    """What a program does with an event."""
    assert event is not None
    reader._store.apply(event)


@settings(max_examples=300, deadline=None)
@given(steps)
def test_who_looks_seldom_ends_with_the_truth(steps: list[Event | int | None]) -> None:
    """And never has much to catch up with."""
    # So few that lists take the place of events often.
    with patch.object(mailbox, "MOST", 2):
        asyncio.run(played(steps, most=30))
