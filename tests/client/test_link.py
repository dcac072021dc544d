"""When the next stream opens, after each end of the one before."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from httpx_sse import ServerSentEvent

from tapecast.client import (
    Event,
    Forbidden,
    Hello,
    Lost,
    Malformed,
    NotTapecast,
    Silent,
    StreamError,
    Unauthorized,
    Unavailable,
    Unreachable,
)
from tapecast.client import link as module
from tapecast.client.link import LASTING_S, LATEST_S, Link
from tapecast.client.tickets import Tickets, TicketSource
from tapecast.client.transport import new_http
from tapecast.clock import Clock
from tests.client.support import HELLO, LIVE, Answer, Server, serving, tick
from tests.support import HandClock, eventually, free_port


class Heard:
    """A sink that remembers."""

    def __init__(self) -> None:
        self.link: Link
        self.events: list[Event] = []
        self.losses: list[tuple[StreamError, float]] = []

    def event(self, event: Event) -> None:
        self.events.append(event)

    def lost(self, error: StreamError, retry_in_s: float) -> None:
        self.losses.append((error, retry_in_s))

    @property
    def hellos(self) -> int:
        """How many streams there were."""
        return sum(isinstance(event, Hello) for event in self.events)


@pytest.fixture
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is slept is told and not slept."""
    sleep = asyncio.sleep

    async def nap(seconds: float) -> None:
        await sleep(min(seconds, 0.001))

    monkeypatch.setattr(asyncio, "sleep", nap)


@asynccontextmanager
async def linked(
    url: str,
    *,
    ticket: TicketSource | None = None,
    patience_s: float | None = None,
    clock: Clock | None = None,
) -> AsyncIterator[tuple[Heard, asyncio.Task[None]]]:
    """A link that runs."""
    heard, clock = Heard(), clock or Clock()
    async with new_http() as http:
        heard.link = Link(
            url, "/stream?prices=AAPL", heard, http=http, tickets=Tickets(ticket, clock), headers={},
            patience_s=patience_s, clock=clock,
        )  # fmt: skip
        task: asyncio.Task[None] = asyncio.create_task(heard.link.run())
        try:
            yield heard, task
        finally:
            task.cancel()
            await asyncio.wait([task])


async def ended(url: str, **options: Any) -> StreamError:
    """What ends a link to there."""
    async with linked(url, **options) as (_, task):
        await asyncio.wait([task], timeout=30)
        error = task.exception()
        assert isinstance(error, StreamError)
        return error


async def test_the_server_says_when_to_come_back(no_waits: None) -> None:
    """After `bye`, a clean end and a break alike; never sooner than its due."""
    bye = 'event: bye\ndata: {"code":"max_age","message":"renewed"}\n\n'
    answers = [
        Answer("retry: 700\n\n" + HELLO + bye),
        Answer("retry: 5\n\n" + HELLO),
        Answer("retry: 800\n\n" + HELLO, more="Content-Length: 9999\r\n"),
        Answer(HELLO, holds=True),
    ]
    async with serving(*answers) as server, linked(server.url) as (heard, _):
        await eventually(lambda: heard.hellos == 4, "the fourth stream")
    assert [(error.code, wait) for error, wait in heard.losses] == [
        ("max_age", 0.7), ("connection_lost", 0.35), ("connection_lost", 0.8),
    ]  # fmt: skip
    assert all(isinstance(error, Lost) for error, _ in heard.losses)


async def test_waits_grow_while_nobody_answers(no_waits: None) -> None:
    """With a cap; and they begin anew after a stream."""
    async with linked(f"http://127.0.0.1:{free_port()}") as (heard, _):
        await eventually(lambda: len(heard.losses) >= 12, "twelve attempts")
    waits = [wait for _, wait in heard.losses]
    assert all(isinstance(error, Unreachable) for error, _ in heard.losses)
    assert 0.5 <= waits[0] <= 1.0
    assert all(7.5 <= wait <= 15 for wait in waits[8:])


async def test_a_stream_makes_the_waits_short_again(no_waits: None) -> None:
    """However long they had become."""
    busy = Answer(status="503 Busy")
    async with serving(*[busy] * 6, Answer(HELLO), busy, Answer(HELLO, holds=True)) as server:
        async with linked(server.url) as (heard, _):
            await eventually(lambda: heard.hellos == 2, "the second stream")
    waits = [wait for _, wait in heard.losses]
    assert waits[5] > 5
    assert waits[6] <= 1


async def test_retry_after_comes_before_the_wait(no_waits: None) -> None:
    """Of a proxy that says 503."""
    busy = Answer(status="503 Busy", kind="text/html", more="Retry-After: 30\r\n")
    async with serving(busy, Answer(HELLO, holds=True)) as server, linked(server.url) as (heard, _):
        await eventually(lambda: heard.hellos == 1, "a stream")
    (error, wait) = heard.losses[0]
    assert isinstance(error, Unavailable)
    assert 30.5 <= wait <= 31


async def test_who_is_impatient_is_told_at_once() -> None:
    """The first failure is raised; so is a `bye` instead of a stream."""
    assert isinstance(await ended(f"http://127.0.0.1:{free_port()}", patience_s=0), Unreachable)
    full = 'retry: 3000\n\nevent: bye\ndata: {"code":"too_many_streams","message":"full"}\n\n'
    async with serving(Answer(full)) as server:
        error = await ended(server.url, patience_s=0)
        assert isinstance(error, Unavailable)
        assert (error.code, str(error)) == ("too_many_streams", "full")


async def test_after_one_stream_patience_has_no_end(no_waits: None) -> None:
    """A server that is away for an hour is no reason to end a program."""
    async with serving(Answer("retry: 1\n\n" + HELLO)) as server:
        async with linked(server.url, patience_s=0) as (heard, task):
            await eventually(lambda: heard.hellos > 3, "four streams")
            assert not task.done()


@pytest.mark.parametrize(("status", "kind"), [("401 No", Unauthorized), ("403 No", Forbidden)])
async def test_who_may_not_is_told(status: str, kind: type[StreamError]) -> None:
    """However patient."""
    async with serving(Answer(status=status)) as server:
        assert isinstance(await ended(server.url), kind)


async def test_a_foreign_page_ends_only_the_first_attempt(no_waits: None) -> None:
    """Later it may be what a proxy shows while the server is replaced: looked at once a minute."""
    page = Answer("<html>", kind="text/html")
    async with serving(page) as server:
        assert isinstance(await ended(server.url), NotTapecast)
    answers = [Answer("retry: 1\n\n" + HELLO), page, Answer(HELLO, holds=True)]
    async with serving(*answers) as server, linked(server.url) as (heard, _):
        await eventually(lambda: heard.hellos == 2, "the stream after the page")
    error, wait = heard.losses[1]
    assert isinstance(error, NotTapecast)
    assert LASTING_S <= wait <= 1.2 * LASTING_S


def tickets_of(server: Server) -> list[str]:
    """The tickets that it was shown."""
    return [target.partition("ticket=")[2] for target in server.targets]


EXPIRED = 'retry: 60000\n\nevent: bye\ndata: {"code":"ticket_expired","message":"late"}\n\n'


@pytest.mark.parametrize("refusal", [Answer(HELLO + EXPIRED), Answer(EXPIRED), Answer(status="401 No")])
async def test_an_expired_ticket_is_replaced_at_once(refusal: Answer) -> None:
    """Where there is a function: in the middle of a stream, instead of one, or by a 401."""
    hand = HandClock()
    given = iter(["old", "new"])

    def mint() -> str:
        hand.advance(60)
        return next(given)

    async with serving(refusal, Answer(HELLO, holds=True)) as server:
        async with linked(server.url, ticket=mint, clock=hand.clock) as (heard, _):
            hand.advance(60)
            await eventually(lambda: len(server.asked) == 2 and heard.hellos, "the second stream")
            assert tickets_of(server) == ["old", "new"]
            assert [wait for _, wait in heard.losses] == [0.0]


async def test_a_ticket_without_a_function_is_the_end() -> None:
    """There will be no other; and it is not shown."""
    async with serving(Answer(HELLO + EXPIRED)) as server:
        error = await ended(server.url, ticket="hunter2")
        assert isinstance(error, Unauthorized)
        assert error.code == "ticket_expired"
        assert "hunter2" not in str(error)


async def test_a_function_whose_tickets_are_all_refused_is_asked_every_ten_seconds(no_waits: None) -> None:
    """By the clock: it does not move here, so the wait is whole."""
    hand = HandClock()
    async with serving(Answer(status="401 No")) as server:
        async with linked(server.url, ticket=lambda: "bad", clock=hand.clock) as (heard, _):
            await eventually(lambda: len(heard.losses) > 2, "three refusals")
    assert all(wait == 10 for _, wait in heard.losses)


class SeenClock(HandClock):
    """One that counts how often the wall clock was looked at."""

    def __init__(self) -> None:
        super().__init__()
        self.looks = 0
        wall = self.clock.wall

        def look() -> float:
            self.looks += 1
            return wall()

        self.clock = Clock(now=self.clock.now, wall=look)


async def looked(hand: SeenClock) -> None:
    """Wait until the link has had the time to find a silence."""
    before = hand.looks
    await eventually(lambda: hand.looks > before + 5, "looks at the clock")


async def test_a_silent_stream_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Open, and nothing comes: after two and a half heartbeats, by the wall clock."""
    monkeypatch.setattr(module, "PULSE_S", 0.005)
    hand = SeenClock()
    beats = "".join(f'event: heartbeat\ndata: {{"server_time":{n}000000}}\n\n' for n in (1, 5))
    async with serving(Answer(HELLO + LIVE + beats, holds=True)) as server:
        async with linked(server.url, clock=hand.clock) as (heard, _):
            await eventually(lambda: len(heard.events) == 4, "the heartbeats")
            hand.advance(9.9)
            await looked(hand)
            assert not heard.losses
            hand.advance(0.2)
            await eventually(lambda: heard.hellos == 2, "the next stream")
    assert isinstance(heard.losses[0][0], Silent)


async def test_an_outage_is_no_silence_of_the_stream_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its server has the whole time for a first word."""
    monkeypatch.setattr(module, "PULSE_S", 0.005)
    hand, gate = SeenClock(), asyncio.Event()
    async with serving(Answer("retry: 1\n\n" + HELLO), Answer(HELLO, holds=True)) as server:
        async with linked(server.url, clock=hand.clock) as (heard, _):
            await eventually(lambda: heard.losses, "the end of the first")
            server.gate = gate
            hand.advance(100)
            await eventually(lambda: len(server.asked) == 2, "the second request")
            await looked(hand)
            gate.set()
            await eventually(lambda: heard.hellos == 2, "the second stream")
    assert len(heard.losses) == 1


async def test_a_retry_that_no_float_can_hold_is_a_long_wait() -> None:
    """And no end of the program."""
    async with linked("http://127.0.0.1:9") as (heard, _):
        heard.link._hear(ServerSentEvent(retry=10**400))
        assert heard.link._retry_s == LATEST_S


async def test_any_event_is_a_sign_of_life() -> None:
    """Not only a heartbeat."""
    hand = HandClock()
    async with serving(Answer(HELLO, holds=True)) as server:
        async with linked(server.url, clock=hand.clock) as (heard, _):
            await eventually(lambda: heard.hellos, "hello")
            hand.advance(37)
            heard.link._hear(ServerSentEvent(data=tick(1)[6:].strip()))
            assert heard.link._watchdog.left_s == 37.5


async def test_an_event_that_makes_no_sense_ends_its_stream(no_waits: None) -> None:
    """What it would have taken back must not stand: the next stream tells all."""
    bad = 'event: symbol\ndata: {"symbol":"AAPL","state":"sideways"}\n\n'
    answers = [Answer(HELLO + LIVE + bad + tick(1)), Answer(HELLO, holds=True)]
    async with serving(*answers) as server, linked(server.url) as (heard, _):
        await eventually(lambda: heard.hellos == 2, "the next stream")
    assert isinstance(heard.losses[0][0], Malformed)
    assert len(heard.events) == 3
