"""Streams are opened one after the other, counted when they are refused, and dialled again when lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tapecast.bench import wire
from tapecast.bench.answers import Unreachable
from tapecast.bench.crowd import Crowd
from tapecast.bench.tally import Tally
from tapecast.bench.wire import Dialler
from tests.bench.support import HEAD, Reply, answer, bye, deployment, hello, plan_for, tick
from tests.support import eventually, free_port


class Desk:
    """A server of streams that are told what to do, by their number."""

    def __init__(self, *scripts: Reply) -> None:
        self._scripts = scripts
        self.came = 0
        self.writers: list[asyncio.StreamWriter] = []

    async def __call__(self, writer: asyncio.StreamWriter) -> None:
        """The next one; those beyond the scripts as the last."""
        number = min(self.came, len(self._scripts) - 1)
        self.came += 1
        self.writers.append(writer)
        await self._scripts[number](writer)


async def streams(writer: asyncio.StreamWriter) -> None:
    """As it should be."""
    writer.write(HEAD + hello() + tick())
    await asyncio.get_running_loop().create_future()


def says(data: bytes) -> Reply:
    """So much, and the end."""

    async def reply(writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()

    return reply


@asynccontextmanager
async def crowd(desk: Desk, **options: Any) -> AsyncIterator[tuple[Crowd, Tally]]:
    """A crowd that runs for the length of the block."""
    async with deployment({"/stream/prices": desk}) as url:
        plan = plan_for(url, **options)
        tally = Tally(plan.every)
        made = Crowd(plan, Dialler(plan.target), tally)
        task = asyncio.create_task(made.run(await made.scout()))
        try:
            yield made, tally
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_all_are_opened_and_kept() -> None:
    """The first one is kept as well; at the end every connection is cut."""
    desk = Desk(streams)
    async with crowd(desk, streams=5) as (made, tally):
        await eventually(lambda: made.open == made.settled == 5, "five are open")
        assert (desk.came, tally.refused, tally.lost) == (5, {}, {})
        assert tally.connects.count == 5
    await eventually(lambda: all(writer.is_closing() for writer in desk.writers), "all are cut")
    assert made.open == 0
    assert all(seat.was_open and seat.was_served for seat in made.seats)


async def test_they_come_at_the_planned_pace() -> None:
    """The fifth one at fifty a second not before eighty milliseconds."""
    desk, loop = Desk(streams), asyncio.get_running_loop()
    begun = loop.time()
    async with crowd(desk, streams=5, ramp=50.0) as (made, _):
        await eventually(lambda: made.open == 5)
        assert loop.time() - begun >= 0.08


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (answer("401 No", '{"error": {"code": "unauthorized", "message": "send a token"}}'), "POST /tickets"),
        (HEAD + bye("too_many_streams", "this server is full"), "this server is full (too_many_streams)"),
        (answer("200 OK", "<html>", kind="text/html"), "a web page"),
        (HEAD, "closed the connection"),
        (b"", "closed the connection without an answer"),
        (b"+PONG\r\n", "no HTTP"),
    ],
)
async def test_the_first_one_tells_whether_there_is_a_point(reply: bytes, words: str) -> None:
    """The others would fare no better, and are not opened."""
    desk = Desk(says(reply))
    with pytest.raises(Unreachable) as refused:
        async with crowd(desk):
            pass
    assert words in str(refused.value)
    assert desk.came == 1


async def test_a_first_one_that_finds_nothing_says_so() -> None:
    """Nobody listens."""
    plan = plan_for(f"http://127.0.0.1:{free_port()}")
    with pytest.raises(Unreachable, match="nothing listens"):
        await Crowd(plan, Dialler(plan.target), Tally(1)).scout()


@pytest.mark.parametrize(
    ("reply", "word"),
    [
        (HEAD + bye("too_many_streams"), "too_many_streams"),
        (answer("429 No", '{"error": {"code": "too_many_streams", "message": "full"}}'), "too_many_streams"),
        (answer("503 No", "<html>", kind="text/html"), "http_503"),
        (answer("302 Found", "", "Location: /elsewhere"), "http_302"),
        (b"", "reset"),
    ],
)
async def test_a_refused_stream_stays_away(reply: bytes, word: str) -> None:
    """Counted by the word for why."""
    desk = Desk(streams, says(reply), says(reply), streams)
    async with crowd(desk, streams=4) as (made, tally):
        await eventually(lambda: made.settled == 4)
        assert tally.refused == {word: 2}
        assert made.open == 2
        assert sum(seat.was_open for seat in made.seats) == 2
    assert desk.came == 4


async def test_a_stream_that_does_not_begin_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was connected, and heard nothing."""

    async def silent(writer: asyncio.StreamWriter) -> None:
        await asyncio.get_running_loop().create_future()

    desk = Desk(streams, silent)
    async with crowd(desk) as (made, tally):
        monkeypatch.setattr("tapecast.bench.crowd.DIAL_S", 0.05)
        monkeypatch.setattr(wire, "DIAL_S", 5)
        await eventually(lambda: made.settled == 2)
        assert tally.refused == {"timeout": 1}


@pytest.mark.parametrize(
    ("end", "word"), [(bye("draining"), "draining"), (b"retry: 20\n\n", "closed"), (b"\r\n", "closed")]
)
async def test_a_lost_stream_comes_back(end: bytes, word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the server said; until it is let in again, however often that takes."""
    monkeypatch.setattr("tapecast.bench.listener.RETRY_MS", 20)
    monkeypatch.setattr("tapecast.bench.crowd.FAILED_RETRY_MS", 20)
    full = says(HEAD + bye("too_many_streams"))
    desk = Desk(says(HEAD + hello() + tick() + end), says(b""), full, streams)
    async with crowd(desk, streams=1) as (made, tally):
        await eventually(lambda: tally.reconnected == 1)
        assert made.open == 1
        assert (tally.lost, tally.refused) == ({word: 1}, {})
    assert desk.came == 4


async def test_a_connection_that_is_cut_counts_as_lost() -> None:
    """As by a proxy."""
    desk = Desk(streams)
    async with crowd(desk, streams=1) as (made, tally):
        await eventually(lambda: made.open == 1)
        desk.writers[0].transport.abort()
        await eventually(lambda: tally.lost)
    assert set(tally.lost) <= {"reset", "closed"}
