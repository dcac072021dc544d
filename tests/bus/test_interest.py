"""Interest, from an api replica to ingest, through a real Valkey."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tapecast.bus import codec
from tapecast.bus import interest as module
from tapecast.bus.codec import Interest
from tapecast.bus.connection import Bus
from tapecast.bus.interest import InterestReader, InterestWriter, read_interest
from tapecast.bus.keys import INTEREST_TTL_S
from tests.support import eventually


@asynccontextmanager
async def running(*parts: InterestReader | InterestWriter) -> AsyncIterator[None]:
    """Run the parts for the length of the block."""
    tasks = [asyncio.create_task(part.run()) for part in parts]
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class Ingest:
    """Records what ingest is told."""

    def __init__(self) -> None:
        self.heard: list[Interest] = []
        self.held: frozenset[str] = frozenset()
        self.links: list[bool] = []

    def on_interest(self, interest: Interest, held: frozenset[str]) -> None:
        self.heard.append(interest)
        self.held = held

    def latest(self) -> Interest:
        return self.heard[-1] if self.heard else Interest({})


async def test_a_new_symbol_reaches_ingest_on_the_nudge(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ingest need not wait for its next look."""
    monkeypatch.setattr(module, "READ_EVERY_S", 3600)
    ingest, writer = Ingest(), InterestWriter(bus, "api-1")
    async with running(InterestReader(bus, ingest.on_interest, ingest.links.append)):
        await eventually(lambda: ingest.heard, "first look")
        async with running(writer):
            writer.want(lambda: Interest({"AAPL": 2}, positions=1))
            await eventually(lambda: ingest.latest() == Interest({"AAPL": 2}, positions=1))
    assert ingest.links == [True]


async def test_what_one_replica_holds_and_another_asks_for_is_asked_for(bus: Bus) -> None:
    """Apart are only the symbols that no client of prices wants anywhere."""
    one, two = InterestWriter(bus, "api-1"), InterestWriter(bus, "api-2")
    async with running(one, two):
        one.want(lambda: Interest({"AAPL": 2}, 1, {}, ["TSLA", "MSFT"]))
        two.want(lambda: Interest({"TSLA": 1}, 1, {}, ["MSFT"]))

        async def summed() -> bool:
            return await read_interest(bus) == Interest({"AAPL": 2, "TSLA": 1}, 2, {}, ["MSFT"])

        await eventually(summed)


async def test_replicas_add_up(bus: Bus) -> None:
    """Listeners of one symbol at two replicas are summed."""
    one, two = InterestWriter(bus, "api-1"), InterestWriter(bus, "api-2")
    one.want(lambda: Interest({"AAPL": 2, "MSFT": 1}))
    two.want(lambda: Interest({"AAPL": 3}, positions=1))
    async with running(one, two):
        expected = Interest({"AAPL": 5, "MSFT": 1}, positions=1)

        async def added() -> bool:
            return await read_interest(bus) == expected

        await eventually(added)


async def test_the_record_dies_with_its_replica(bus: Bus) -> None:
    """It has a time to live, and an expired one is neither counted nor kept in the index."""
    writer = InterestWriter(bus, "api-1")
    writer.want(lambda: Interest({"AAPL": 1}))
    async with running(writer):
        await eventually(lambda: bus.redis.exists("interest:api-1"))
    assert 0 < await bus.redis.ttl("interest:api-1") <= INTEREST_TTL_S
    await bus.redis.delete("interest:api-1")
    assert await read_interest(bus) == Interest({})
    assert await bus.redis.zcard("interest") == 0


async def test_leaving_says_so_at_once(bus: Bus) -> None:
    """A replica that ends on purpose holds no symbol for another fifteen seconds."""
    writer = InterestWriter(bus, "api-1")
    writer.want(lambda: Interest({"AAPL": 1}))
    async with running(writer):
        await eventually(lambda: bus.redis.exists("interest:api-1"))
    await writer.remove()
    assert not await bus.redis.exists("interest:api-1", "interest")


async def test_it_is_written_again_after_redis_was_emptied(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    """The refresh restores a record that Redis lost."""
    monkeypatch.setattr(module, "INTEREST_REFRESH_S", 0.02)
    writer = InterestWriter(bus, "api-1")
    writer.want(lambda: Interest({"AAPL": 1}))
    async with running(writer):
        await eventually(lambda: bus.redis.exists("interest:api-1"))
        await bus.redis.flushall()
        await eventually(lambda: bus.redis.exists("interest:api-1"), "written again")


async def test_a_cut_reader_says_so_and_reads_on(bus: Bus) -> None:
    """The link's loss and return are told, and the interest is read again."""
    ingest, writer = Ingest(), InterestWriter(bus, "api-1")
    async with running(InterestReader(bus, ingest.on_interest, ingest.links.append), writer):
        await eventually(lambda: ingest.links == [True])
        await bus.redis.execute_command("CLIENT", "KILL", "TYPE", "pubsub")  # type: ignore[no-untyped-call]
        await eventually(lambda: ingest.links == [True, False, True])
        writer.want(lambda: Interest({"TSLA": 1}))
        await eventually(lambda: ingest.latest() == Interest({"TSLA": 1}))


async def test_a_foreign_value_is_left_out(bus: Bus) -> None:
    """Garbage under our name costs nothing else."""
    await bus.redis.zadd("interest", {"bad": 1, "good": 1})
    await bus.redis.set("interest:bad", b"{]")
    await bus.redis.set("interest:good", b'{"symbols":{"AAPL":1}}')
    assert await read_interest(bus) == Interest({"AAPL": 1})


async def test_symbols_of_positions_come_along_while_somebody_listens(bus: Bus) -> None:
    """Not at all when nobody wants positions."""
    image = codec.AccountImage(1, 1, simulated=True, positions=[{"symbol": "TSLA"}])
    await bus.redis.set("account", codec.encode(image))
    ingest, writer = Ingest(), InterestWriter(bus, "api-1")
    async with running(InterestReader(bus, ingest.on_interest, ingest.links.append), writer):
        await eventually(lambda: ingest.heard)
        assert ingest.held == frozenset()
        writer.want(lambda: Interest({}, positions=1))
        await eventually(lambda: ingest.held == {"TSLA"})


async def test_a_new_position_comes_at_once(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also without listeners, where the account is always followed; an order is no reason to look."""
    monkeypatch.setattr(module, "READ_EVERY_S", 3600)
    ingest = Ingest()
    reader = InterestReader(bus, ingest.on_interest, ingest.links.append, account_always=True)
    async with running(reader):
        await eventually(lambda: ingest.heard)
        image = codec.AccountImage(1, 1, simulated=True, positions=[{"symbol": "TSLA"}])
        await bus.redis.set("account", codec.encode(image))
        order = codec.AccountChange(1, 2, order={"event": "new"})
        await bus.redis.publish("account:change", codec.encode(order))
        await bus.redis.publish("interest", b"api-1")
        await eventually(lambda: len(ingest.heard) == 2)
        moved = codec.AccountChange(1, 3, positions=[{"symbol": "TSLA"}])
        await bus.redis.publish("account:change", codec.encode(moved))
        await eventually(lambda: len(ingest.heard) == 3)
        assert ingest.held == {"TSLA"}
