"""A pub/sub connection that is alive, or ends."""

from __future__ import annotations

import asyncio

import pytest

from tapecast.bus import link as module
from tapecast.bus.connection import Bus, open_bus
from tapecast.bus.link import BATCH, Link, run_link
from tapecast.errors import BusUnavailable
from tests.support import eventually, free_port, tcp_server


async def test_a_message_after_the_acknowledgement_is_never_missed(bus: Bus) -> None:
    """What is published once `subscribe` has returned arrives."""
    heard: list[tuple[bytes, bytes]] = []

    async def body(link: Link) -> None:
        names = [f"c{number}" for number in range(BATCH + 10)]
        await link.subscribe(names)
        for name in names:
            await bus.redis.publish(name, "x")
        await eventually(lambda: len(heard) == len(names))
        await link.unsubscribe(names)

    await run_link(bus, lambda channel, data: heard.append((channel, data)), body)
    assert heard[0] == (b"c0", b"x")


async def _wait_for_ever(link: Link) -> None:
    await link.subscribe(["c"])
    await asyncio.Event().wait()


async def test_a_cut_connection_ends_it(bus: Bus) -> None:
    """The loss surfaces: nothing reconnects in silence."""
    running = asyncio.create_task(run_link(bus, lambda channel, data: None, _wait_for_ever))

    async def killed() -> int:
        return int(await bus.redis.execute_command("CLIENT", "KILL", "TYPE", "pubsub"))  # type: ignore[no-untyped-call]

    await eventually(killed)
    async with asyncio.timeout(30):
        with pytest.raises(BusUnavailable):
            await running


async def test_a_silent_redis_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A peer that accepts everything and answers nothing is given up."""
    monkeypatch.setattr(module, "PING_EVERY_S", 0.01)
    monkeypatch.setattr(module, "SILENCE_S", 0.05)

    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(4096):
            # Redis's greeting commands are answered, the rest is swallowed.
            if b"CLIENT" in data or b"SELECT" in data:
                writer.write(b"+OK\r\n" * data.count(b"*"))

    async def body(link: Link) -> None:
        await asyncio.Event().wait()

    async with tcp_server(mute) as port, open_bus(f"redis://127.0.0.1:{port}") as bus:
        async with asyncio.timeout(30):
            with pytest.raises(BusUnavailable, match="silent"):
                await run_link(bus, lambda channel, data: None, body)


async def test_no_redis_is_unavailable() -> None:
    """A refused connection is the same error."""
    async with open_bus(f"redis://127.0.0.1:{free_port()}") as bus:
        with pytest.raises(BusUnavailable):
            await run_link(bus, lambda channel, data: None, _wait_for_ever)


async def test_cancelling_ends_the_connection(bus: Bus) -> None:
    """Nothing is left at Redis when the owner of the link ends."""
    running = asyncio.create_task(run_link(bus, lambda channel, data: None, _wait_for_ever))

    async def subscribers() -> int:
        return dict(await bus.redis.pubsub_numsub("c")).get(b"c", 0)

    await eventually(subscribers)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    async def none() -> bool:
        return not await subscribers()

    await eventually(none)
