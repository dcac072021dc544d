"""What waits is bounded by what is watched."""

from __future__ import annotations

import asyncio

import pytest

from tapecast.bars import Interval
from tapecast.client import (
    Bars,
    BarUpdate,
    Connection,
    ConnectionState,
    Event,
    Heartbeat,
    Order,
    Orders,
    OrderUpdate,
    Position,
    Positions,
    SymbolState,
    SymbolStatus,
    Tick,
)
from tapecast.client.mailbox import MOST, Mailbox


def recall(event: Event) -> Event:
    """What takes the place of too many."""
    return Bars(event.symbol, event.interval, "own", []) if isinstance(event, BarUpdate) else Orders([])


async def drained(mailbox: Mailbox) -> list[Event]:
    """All that waits."""
    return [event for _ in range(len(mailbox)) if (event := await mailbox.get())]


def tick(symbol: str, price: float) -> Tick:
    """A tick."""
    return Tick(symbol, price)


async def test_the_newest_of_each_symbol_waits_at_the_place_of_its_first() -> None:
    """So none is starved by one that moves faster."""
    mailbox = Mailbox(recall)
    for number in range(1000):
        mailbox.put(tick("AAPL", number))
        mailbox.put(tick("MSFT", number))
        mailbox.put(Heartbeat(number))
        mailbox.put(Connection(ConnectionState.OPEN))
    assert await drained(mailbox) == [
        tick("AAPL", 999), tick("MSFT", 999), Heartbeat(999), Connection(ConnectionState.OPEN),
    ]  # fmt: skip


async def test_a_trade_that_never_was_is_not_told_after_its_end() -> None:
    """Its state had a place before it in the queue."""
    mailbox = Mailbox(recall)
    mailbox.put(SymbolStatus("AAPL", SymbolState.LIVE))
    mailbox.put(tick("AAPL", 1))
    cancelled = SymbolStatus("AAPL", SymbolState.PENDING, "cancelled")
    mailbox.put(cancelled)
    assert await drained(mailbox) == [cancelled]


async def test_that_a_trade_never_was_is_told_whatever_follows() -> None:
    """A lost connection says less."""
    mailbox = Mailbox(recall)
    cancelled = SymbolStatus("AAPL", SymbolState.PENDING, "cancelled")
    lost = SymbolStatus("AAPL", SymbolState.PENDING, "connection_lost")
    for event in (cancelled, lost, lost):
        mailbox.put(event)
    assert await drained(mailbox) == [cancelled, lost]


async def test_order_events_are_told_each_until_they_are_too_many() -> None:
    """Then one list has them all, and what comes after it is told again."""
    mailbox = Mailbox(recall)
    for number in range(MOST):
        mailbox.put(OrderUpdate("new", Order(str(number))))
    assert len(mailbox) == MOST
    mailbox.put(OrderUpdate("new", Order("more")))
    mailbox.put(OrderUpdate("new", Order("after")))
    assert await drained(mailbox) == [Orders([]), OrderUpdate("new", Order("after"))]
    assert len(mailbox) == 0


async def test_bars_of_one_symbol_do_not_crowd_out_another_s() -> None:
    """A forming bar waits once; of too many starts one list is told."""
    mailbox = Mailbox(recall)
    for number in range(MOST + 1):
        for symbol in ("AAPL", "MSFT") if number < 3 else ("AAPL",):
            mailbox.put(BarUpdate(str(number), symbol=symbol, interval=Interval.SECOND, seq=1))
            mailbox.put(BarUpdate(str(number), symbol=symbol, interval=Interval.SECOND, seq=2))
    told = await drained(mailbox)
    # The newest word on the last start came after the list.
    assert [type(each) for each in told if getattr(each, "symbol", "") == "AAPL"] == [Bars, BarUpdate]
    assert [each.seq for each in told if isinstance(each, BarUpdate) and each.symbol == "MSFT"] == [2, 2, 2]


async def test_a_list_of_positions_has_the_single_ones() -> None:
    """Those that waited are of before."""
    mailbox = Mailbox(recall)
    mailbox.put(Position("AAPL"))
    mailbox.put(Positions([]))
    mailbox.put(Position("MSFT"))
    assert await drained(mailbox) == [Positions([]), Position("MSFT")]


async def test_what_waits_is_given_out_before_the_end() -> None:
    """And then the end again and again."""
    mailbox = Mailbox(recall)
    mailbox.put(Heartbeat(1))
    mailbox.end()
    assert [await mailbox.get(), await mailbox.get(), await mailbox.get()] == [Heartbeat(1), None, None]


async def test_a_failure_is_raised_to_whoever_waits() -> None:
    """A reader that sleeps is woken."""
    mailbox = Mailbox(recall)
    reader = asyncio.create_task(mailbox.get())
    await asyncio.sleep(0)
    mailbox.end(ValueError("over"))
    with pytest.raises(ValueError, match="over"):
        await reader
