"""The image and its changes, through a real Valkey, and one that does not take them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from msgspec.structs import replace

from tapecast.bus import codec
from tapecast.bus.account import after, is_next, write_account
from tapecast.bus.codec import AccountImage, Fields
from tapecast.bus.connection import Bus
from tapecast.bus.lease import Lease
from tapecast.clock import Clock
from tapecast.errors import BusUnavailable, LeaseLost, StartError
from tapecast.ingest.account import journal as module
from tapecast.ingest.account.journal import MAX_WAITING, Journal
from tapecast.market import FeedState
from tests.ingest.account.support import QUICK, Follower, following, image_of
from tests.support import eventually

AAPL: Fields = {"symbol": "AAPL", "qty": "1"}
BTC: Fields = {"symbol": "BTC/USD", "qty": "2"}
FIGURES: Fields = {"account_number": "PA1", "equity": "10.00"}
KNOWN = AccountImage(
    1, 41, simulated=False, account="PA1", as_of="2026-01-02T00:00:00Z", positions=[AAPL], portfolio=FIGURES,
    orders=[{"id": "a"}], state=FeedState.RECONNECTING, reason="stream_lost", since="2026-01-02T00:00:00Z",
)  # fmt: skip


async def journal_of(bus: Bus, *, simulated: bool = False, clock: Clock | None = None) -> Journal:
    """A journal under a lease."""
    lease = Lease(bus, "account", "a")
    assert await lease.acquire()
    return Journal(bus, lease, clock or Clock(), QUICK, simulated=simulated)


@asynccontextmanager
async def writing(journal: Journal) -> AsyncIterator[None]:
    """The journal, writing for the length of the block."""
    task = asyncio.create_task(journal.write_forever())
    try:
        yield
        assert not task.done(), task
    finally:
        task.cancel()
        await asyncio.wait([task])


def replayed(image: AccountImage, heard: Follower) -> AccountImage:
    """What a reader has made of the changes that it heard, none of which may be missing."""
    for change in heard.changes:
        assert change.seq == 1 or is_next(image, change)
        image = after(image, change)
    return image


async def test_a_new_owner_takes_over_what_was_known(bus: Bus) -> None:
    """Under its own epoch, from one on, in a change that says all of it."""
    await bus.redis.set("account", codec.encode(KNOWN))
    journal = await journal_of(bus)
    async with following(bus) as heard:
        await journal.begin()
        assert await journal.flush()
        await eventually(lambda: heard.changes)
    change = heard.changes[0]
    assert (change.epoch, change.seq) == (journal.image.epoch, 1)
    assert change.epoch > KNOWN.epoch
    assert (change.account, change.as_of, change.positions) == (KNOWN.account, KNOWN.as_of, KNOWN.positions)
    assert (change.portfolio, change.orders) == (KNOWN.portfolio, KNOWN.orders)
    assert (change.state, change.reason) == ("connecting", "")
    assert await image_of(bus) == replayed(AccountImage(0, 0, simulated=False), heard) == journal.image


async def test_real_figures_never_come_from_a_simulation(bus: Bus) -> None:
    """A simulated image is not taken over."""
    await bus.redis.set("account", codec.encode(replace(KNOWN, simulated=True)))
    journal = await journal_of(bus)
    await journal.begin()
    assert (journal.image.positions, journal.image.portfolio, journal.image.orders) == ([], {}, [])


async def test_a_simulation_never_starts_over_a_real_account(bus: Bus) -> None:
    """As with prices."""
    await bus.redis.set("account", codec.encode(KNOWN))
    journal = await journal_of(bus, simulated=True)
    with pytest.raises(StartError, match="REDIS_PREFIX"):
        await journal.begin()


async def test_only_what_differs_is_told(bus: Bus) -> None:
    """And that it was read; readers have the whole image all the same."""
    journal = await journal_of(bus)
    async with following(bus) as heard:
        await journal.begin()
        journal.on_positions([AAPL, BTC], FIGURES, "t1", is_whole=True)
        journal.on_positions([AAPL, BTC], FIGURES, "t2", is_whole=True)
        more = BTC | {"qty": "5"}
        journal.on_positions([more], FIGURES | {"equity": "9.00"}, "t3", is_whole=True)
        journal.on_orders([{"id": "a"}])
        journal.on_orders([{"id": "a"}])
        journal.turn(FeedState.LIVE, "")
        journal.turn(FeedState.LIVE, "")
        assert await journal.flush()
        await eventually(lambda: len(heard.changes) == 6)
    _, first, second, third, orders, state = heard.changes
    assert (first.account, first.positions, first.portfolio) == ("PA1", [AAPL, BTC], FIGURES)
    assert second == codec.AccountChange(second.epoch, 3, as_of="t2")
    assert (third.positions, third.closed, third.as_of) == ([more], ["AAPL"], "t3")
    assert third.portfolio == FIGURES | {"equity": "9.00"}
    assert orders.orders == [{"id": "a"}]
    assert (state.state, state.reason) == ("live", "")
    assert await image_of(bus) == replayed(AccountImage(0, 0, simulated=False), heard) == journal.image


async def test_another_account_has_none_of_the_orders_of_the_last(bus: Bus) -> None:
    """A list that cannot be read must not leave them under its number; no number is no other account."""
    journal = await journal_of(bus)
    await journal.begin()
    journal.on_positions([AAPL], FIGURES, "t1", is_whole=True)
    journal.on_orders([{"id": "a"}])
    journal.on_positions([AAPL], {"id": "an-id-alone"}, "t2", is_whole=True)
    assert (journal.image.account, journal.image.orders) == ("PA1", [{"id": "a"}])
    journal.on_positions([AAPL], {"account_number": "PA2"}, "t3", is_whole=True)
    assert (journal.image.account, journal.image.orders) == ("PA2", [])


async def test_a_list_with_gaps_closes_nothing(bus: Bus) -> None:
    """What is missing from it may be what made no sense; an account without a number keeps its own."""
    journal = await journal_of(bus)
    await journal.begin()
    journal.on_positions([AAPL, BTC], FIGURES, "t1", is_whole=True)
    journal.on_positions([BTC], {"equity": "1"}, "t2", is_whole=False)
    assert journal.image.positions == [AAPL, BTC]
    assert journal.image.account == "PA1"
    journal.on_positions([], FIGURES, "t3", is_whole=False, closed=["BTC/USD"])
    assert journal.image.positions == [AAPL], "a fill has closed the other"


async def test_a_list_with_gaps_does_not_keep_a_position_for_ever(bus: Bus) -> None:
    """It would be priced and summed long after it was closed; one that is seen again begins anew."""
    now = 1000.0
    journal = await journal_of(bus, clock=Clock(now=lambda: now))
    await journal.begin()
    journal.on_positions([AAPL, BTC], FIGURES, "t1", is_whole=True)
    for found in ([AAPL], [AAPL, BTC], [AAPL]):
        now += QUICK.odd_s - 1
        journal.on_positions(found, FIGURES, "t2", is_whole=False)
        assert journal.image.positions == [AAPL, BTC]
    now += QUICK.odd_s
    journal.on_positions([AAPL], FIGURES, "t3", is_whole=False)
    assert journal.image.positions == [AAPL]


async def test_an_empty_change_says_that_all_still_holds(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    """At once when somebody asks for it, and every few seconds."""
    journal = await journal_of(bus)
    await journal.begin()
    async with following(bus) as heard, writing(journal):
        await eventually(lambda: heard.changes)
        journal.touch()
        await eventually(lambda: len(heard.changes) == 2)
        assert heard.changes[1] == codec.AccountChange(journal.image.epoch, 2)
        monkeypatch.setattr(module, "ACCOUNT_TOUCH_S", 0.01)
        journal.touch()
        await eventually(lambda: len(heard.changes) >= 5)
        assert await image_of(bus)
    replayed(AccountImage(0, 0, simulated=False), heard)


async def test_what_redis_does_not_take_is_tried_again(
    bus: Bus, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is lost, and it is said once."""
    journal, failures = await journal_of(bus), 3

    async def failing(*args: object) -> None:
        nonlocal failures
        if failures:
            failures -= 1
            raise BusUnavailable("Redis is away")
        await write_account(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "write_account", failing)
    await journal.begin()
    async with following(bus) as heard, writing(journal):
        journal.on_order({"event": "fill"})
        await eventually(lambda: heard.orders == ["fill"])
    replayed(AccountImage(0, 0, simulated=False), heard)
    assert caplog.text.count("account_not_written") == 1


async def test_too_many_changes_make_readers_read_the_image(bus: Bus) -> None:
    """What waits is bounded; the image has it all."""
    journal = await journal_of(bus)
    await journal.begin()
    for number in range(MAX_WAITING + 1):
        journal.on_order({"event": "new", "order": {"id": str(number)}})
    async with following(bus) as heard:
        assert await journal.flush()
        await eventually(lambda: heard.changes)
        assert 0 < heard.changes[0].seq - MAX_WAITING <= 2
    image = await image_of(bus)
    assert image == journal.image
    assert image.orders[0] == {"id": str(MAX_WAITING)}


async def test_without_the_lease_nothing_is_written(bus: Bus) -> None:
    """The end of this owner, not of the process."""
    journal = await journal_of(bus)
    await journal.begin()
    await bus.redis.set("lease:account", "another")
    with pytest.raises(LeaseLost):
        await journal.write_forever()
