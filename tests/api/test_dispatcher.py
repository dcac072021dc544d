"""When to write: at once when idle, together when busy, in turn, and never before an interval is over."""

from __future__ import annotations

import asyncio
import math
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tapecast.api import dispatcher as module
from tapecast.api.dispatcher import BUSY_S, PAUSE_S, SLICE_S, Dispatcher, Place
from tests.api.fakes import Sender, Stopwatch
from tests.support import PATIENCE_S, HandClock, eventually


@pytest.fixture
def turns() -> list[str]:
    """Who was flushed, in order."""
    return []


@pytest.fixture
def time() -> HandClock:
    """The time of intervals."""
    return HandClock()


@pytest.fixture
def dispatcher(time: HandClock) -> Dispatcher:
    """One on a hand clock, not yet running."""
    return Dispatcher(time.clock.now)


@pytest.fixture
def stopwatch(monkeypatch: pytest.MonkeyPatch) -> Stopwatch:
    """The dispatcher's own measure of its work; its pauses are noted, and take no time."""
    watch, sleep = Stopwatch(), asyncio.sleep

    async def pause(seconds: float) -> None:
        watch.pauses.append(seconds)
        await sleep(0)

    monkeypatch.setattr(module, "perf_counter", watch)
    monkeypatch.setattr(asyncio, "sleep", pause)
    return watch


@asynccontextmanager
async def running(dispatcher: Dispatcher) -> AsyncIterator[asyncio.Task[None]]:
    """The dispatcher at work until the end of the body."""
    task: asyncio.Task[None] = asyncio.create_task(dispatcher.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def settled(*, turns_of_the_loop: int = 10) -> None:
    """Let everything that is ready run."""
    loop = asyncio.get_running_loop()
    for _ in range(turns_of_the_loop):
        waiter = loop.create_future()
        loop.call_soon(waiter.set_result, None)
        await waiter


async def test_an_idle_dispatcher_flushes_at_once(
    dispatcher: Dispatcher, turns: list[str], stopwatch: Stopwatch
) -> None:
    """A change that comes alone waits for no pace: only for the loop."""
    async with running(dispatcher):
        await settled()
        dispatcher.queue(Sender(turns, "A"))
        await settled()
        assert turns == ["A"]


async def test_what_comes_during_the_pause_shares_a_turn(
    dispatcher: Dispatcher, turns: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a round there is a pause, in which however many changes make one more flush."""
    over, pauses = asyncio.Event(), []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        await over.wait()

    monkeypatch.setattr(asyncio, "sleep", pause)
    sender = Sender(turns, "A")
    async with running(dispatcher):
        dispatcher.queue(sender)
        await settled()
        assert (turns, len(pauses)) == (["A"], 1)
        for _ in range(3):
            if sender.place != Place.QUEUED:
                dispatcher.queue(sender)
            await settled()
        assert turns == ["A"]
        over.set()
        await settled()
        assert turns == ["A", "A"]


@pytest.mark.parametrize(
    ("work_s", "share", "pause_s"),
    [
        pytest.param(0.004, 0.0, 0.004, id="as long as the round"),
        pytest.param(1.0, 0.0, PAUSE_S, id="bounded"),
        pytest.param(1.0, 0.75, PAUSE_S / 4, id="shorter the fuller"),
        pytest.param(1.0, 1.0, 0.0, id="none when all is full"),
    ],
)
async def test_the_pause_after_a_round(
    dispatcher: Dispatcher,
    turns: list[str],
    stopwatch: Stopwatch,
    work_s: float,
    share: float,
    pause_s: float,
) -> None:
    """Waiting saves as much as the round cost, and nothing once every symbol waits already."""

    def work() -> None:
        stopwatch.seconds += work_s

    sender = Sender(turns, "A", work=work)
    sender.fullness = share
    async with running(dispatcher):
        dispatcher.queue(sender)
        await settled()
    assert turns == ["A"]
    assert stopwatch.pauses[-1] == pytest.approx(pause_s)
    assert dispatcher.is_busy == (work_s > BUSY_S)


async def test_a_round_is_cut_into_slices(
    dispatcher: Dispatcher, turns: list[str], stopwatch: Stopwatch
) -> None:
    """Between two slices others get the loop: Redis is read, and clients come and go."""
    seen: list[int] = []

    def work() -> None:
        stopwatch.seconds += 0.4 * SLICE_S
        # What the loop does next runs between two slices.
        asyncio.get_running_loop().call_soon(lambda: seen.append(len(turns)))

    async with running(dispatcher):
        for name in "ABCDEFGH":
            dispatcher.queue(Sender(turns, name, work=work))
        await settled()
    assert turns == list("ABCDEFGH")
    assert sorted(set(seen)) == [3, 6, 8]


async def test_who_is_queued_during_a_round_comes_in_the_next(
    dispatcher: Dispatcher, turns: list[str], stopwatch: Stopwatch
) -> None:
    """A sender that changes without pause has one turn for each one of the others."""
    busy = Sender(turns, "busy", work=lambda: dispatcher.queue(busy) if turns.count("busy") < 3 else None)
    async with running(dispatcher):
        dispatcher.queue(busy)
        dispatcher.queue(Sender(turns, "A"))
        await settled(turns_of_the_loop=30)
    assert turns == ["busy", "A", "busy", "busy"]
    assert len(stopwatch.pauses) == 3, "each round has its pause"


def test_who_queues_itself_is_not_held(dispatcher: Dispatcher, turns: list[str], time: HandClock) -> None:
    """It stands in the queue already, once, whatever its flush says of later."""

    def put(*, is_first: bool) -> None:
        if turns.count("A") == 1 and (is_first or sender.place != Place.QUEUED):
            dispatcher.queue(sender)

    sender = Sender(turns, "A", work=lambda: put(is_first=True))
    sender.again = time.seconds + 1.0
    dispatcher.queue(sender)
    dispatcher.queue(Sender(turns, "B", work=lambda: put(is_first=False)))
    dispatcher.flush()
    assert turns == ["A", "B", "A"]


async def test_a_failure_is_not_hidden(dispatcher: Dispatcher, turns: list[str]) -> None:
    """A bug in one view ends the dispatcher, and with it the process: half a fan-out helps nobody."""

    def fail() -> None:
        raise ZeroDivisionError

    async with running(dispatcher) as task:
        dispatcher.queue(Sender(turns, "A", work=fail))
        async with asyncio.timeout(PATIENCE_S):
            with pytest.raises(ZeroDivisionError):
                await task


def test_the_held_come_when_they_are_due_and_in_that_order(
    dispatcher: Dispatcher, turns: list[str], time: HandClock
) -> None:
    """An interval is a least time, whatever order it was asked for in."""
    start = time.seconds
    for name, after_s in (("late", 2.0), ("soon", 1.0), ("as soon", 1.0)):
        dispatcher.hold(Sender(turns, name), start + after_s)
    dispatcher.flush()
    assert turns == []
    time.advance(1.0)
    dispatcher.flush()
    assert turns == ["soon", "as soon"]
    time.advance(1.0)
    dispatcher.flush()
    assert turns == ["soon", "as soon", "late"]


def test_a_sender_says_when_to_come_again(dispatcher: Dispatcher, turns: list[str], time: HandClock) -> None:
    """What it could not send yet needs no new change to go."""
    sender = Sender(turns, "A")
    sender.again = time.seconds + 1.0
    dispatcher.queue(sender)
    dispatcher.flush()
    assert sender.place == Place.HELD
    sender.again = math.inf
    time.advance(1.0)
    dispatcher.flush()
    dispatcher.flush()
    assert turns == ["A", "A"]
    assert sender.place == Place.IDLE


def test_a_held_sender_with_news_comes_once(
    dispatcher: Dispatcher, turns: list[str], time: HandClock
) -> None:
    """Its time may pass while it is queued anyway, or after it was flushed early."""
    sender = Sender(turns, "A")
    dispatcher.hold(sender, time.seconds + 1.0)
    dispatcher.queue(sender)
    time.advance(1.0)
    dispatcher.flush()
    assert turns == ["A"]
    dispatcher.hold(sender, time.seconds + 1.0)
    dispatcher.queue(sender)
    dispatcher.flush()
    time.advance(1.0)
    dispatcher.flush()
    assert turns == ["A", "A"]


def test_a_sender_is_held_once_however_often_it_is_flushed(
    dispatcher: Dispatcher, turns: list[str], time: HandClock
) -> None:
    """News goes out within a long interval, and what waits for its end does not pile up."""
    sender = Sender(turns, "A")
    for until_s in (60.0, 60.0, 61.0, 60.0):
        sender.again = time.seconds + until_s
        dispatcher.queue(sender)
        dispatcher.flush()
    assert len(dispatcher._held) == 1
    assert dispatcher._tickets.keys() == {sender}
    sender.again = math.inf
    time.advance(60.0)
    dispatcher.flush()
    assert turns == ["A"] * 5
    assert not dispatcher._held


def test_who_is_forgotten_is_in_nobody_s_memory(
    dispatcher: Dispatcher, turns: list[str], time: HandClock
) -> None:
    """With a long interval thousands that left would else stay for a minute, each with all its topics."""
    gone, stays = Sender(turns, "gone"), Sender(turns, "stays")
    for sender in (gone, stays):
        dispatcher.hold(sender, time.seconds + 60.0)
    dispatcher.hold(gone, time.seconds + 30.0)
    dispatcher.forget(gone)
    left = weakref.ref(gone)
    del gone, sender
    assert left() is None
    time.advance(60.0)
    dispatcher.flush()
    assert turns == ["stays"]


async def test_holding_wakes_a_waiting_dispatcher() -> None:
    """One that waits for nothing, or for something later, waits for the nearest from now on."""
    loop, turns = asyncio.get_running_loop(), list[str]()
    dispatcher = Dispatcher(loop.time)
    async with running(dispatcher):
        await settled()
        dispatcher.hold(Sender(turns, "in an hour"), loop.time() + 3600)
        await settled()
        due = loop.time() + 0.02
        dispatcher.hold(Sender(turns, "now"), due)
        await eventually(lambda: turns == ["now"])
        assert loop.time() >= due


async def test_a_flush_between_two_slices_leaves_nobody_out(
    dispatcher: Dispatcher, turns: list[str], stopwatch: Stopwatch
) -> None:
    """At the end everything goes out before `bye`, also what the round under way has not come to."""
    left: list[list[str]] = []

    def end() -> None:
        dispatcher.flush()
        left.append(list(turns))

    def work() -> None:
        stopwatch.seconds += 2 * SLICE_S
        asyncio.get_running_loop().call_soon(end)

    async with running(dispatcher):
        dispatcher.queue(Sender(turns, "A", work=work))
        dispatcher.queue(Sender(turns, "B"))
        await settled()
    assert left == [["A", "B"]]
    assert turns == ["A", "B"]
