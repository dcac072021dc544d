"""One session, as dialogues over a real socket."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import msgpack
import pytest

from tapecast.errors import FeedFatal, FeedTransient
from tapecast.feeds.alpaca.connection import Connection
from tapecast.feeds.alpaca.limits import Limits
from tapecast.feeds.alpaca.live import TURN, LiveSession
from tapecast.feeds.alpaca.seen import Seen
from tapecast.feeds.alpaca.subscriptions import Subscriptions
from tests.feeds.alpaca.venue import Dialogue, Recorder, Venue, endpoint_at, playing
from tests.support import eventually

LIMITS = Limits()


def trade(symbol: str = "AAPL", price: object = 190.5) -> dict[str, object]:
    """A print as the venue sends it."""
    return {"T": "t", "S": symbol, "p": price, "s": 1, "t": msgpack.Timestamp.from_unix_nano(time.time_ns())}


def quote(symbol: str = "AAPL") -> dict[str, object]:
    """A top of book as the venue sends it."""
    return trade(symbol) | {"T": "q", "bp": 190.4, "ap": 190.6, "bs": 1, "as": 2}


class Live:
    """A session and what it caused."""

    def __init__(self, connection: Connection, limits: Limits, *symbols: str) -> None:
        self.recorder = Recorder()
        self.served = 0
        self.confirmed: list[frozenset[str]] = []
        self.subscriptions = Subscriptions(30, ("trades", "quotes"))
        self.subscriptions.want(symbols)
        self.nudge = asyncio.Event()
        self.seen = Seen()
        self.session = LiveSession(
            connection,
            self.subscriptions,
            self.recorder,
            limits,
            nudge=self.nudge,
            seen=self.seen,
            on_confirmed=self.confirmed.append,
            on_served=self._on_served,
        )

    def _on_served(self) -> None:
        self.served += 1


@asynccontextmanager
async def live(
    script: Callable[[Dialogue], Awaitable[None]], *symbols: str, limits: Limits = LIMITS
) -> AsyncIterator[Live]:
    """A session that is logged in to a venue with this script."""

    async def whole(venue: Dialogue) -> None:
        await venue.accept()
        await script(venue)
        await venue.until_gone()

    async with playing(Venue(whole)) as venue:
        connection = Connection(endpoint_at(venue.url).stream(), limits, lambda: None)
        await connection.open()
        try:
            yield Live(connection, limits, *symbols)
        finally:
            await connection.close()


@asynccontextmanager
async def beside(*coroutines: Awaitable[None]) -> AsyncIterator[list[asyncio.Task[None]]]:
    """These run until the end of the block."""
    tasks = [asyncio.ensure_future(each) for each in coroutines]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def test_data_reaches_the_listener() -> None:
    """Trades and quotes of one frame arrive, in order."""

    async def script(venue: Dialogue) -> None:
        await venue.say(trade(price=1.0), quote(), trade(price=2.0))

    async with live(script, "AAPL") as it, beside(it.session.read()):
        await eventually(lambda: len(it.recorder.trades) == 2)
        assert [each.price for each in it.recorder.trades] == [1.0, 2.0]
        assert len(it.recorder.quotes) == 1


async def test_corrections_and_cancels_reach_the_listener() -> None:
    """They come unasked, beside trades."""
    rest = {"S": "AAPL", "x": "V", "t": msgpack.Timestamp(0), "z": "C"}

    async def script(venue: Dialogue) -> None:
        await venue.say({"T": "c", "oi": 1, "ci": 2, "cp": 3.0, "cs": 4, "cc": ["@"], **rest})
        await venue.say({"T": "x", "i": 2, "p": 3.0, "s": 4, "a": "C", **rest})

    async with live(script, "AAPL") as it, beside(it.session.read()):
        await eventually(lambda: it.recorder.cancels)
        assert [(each.number, each.price) for each in it.recorder.corrections] == [(1, 3.0)]
        assert [each.number for each in it.recorder.cancels] == [2]


async def test_a_huge_frame_lets_others_go_on() -> None:
    """Between its parts the beat and the flusher have their turn; not a message is lost."""

    async def script(venue: Dialogue) -> None:
        await venue.say(*[trade(price=float(step)) for step in range(1, 3 * TURN)])

    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            if 0 < len(it.recorder.trades) < 3 * TURN - 1:
                turns += 1

    async with live(script, "AAPL") as it, beside(it.session.read(), others()):
        await eventually(lambda: len(it.recorder.trades) == 3 * TURN - 1)
        assert turns
        assert it.seen.messages == 3 * TURN - 1


async def test_nonsense_is_counted_and_costs_nothing_else() -> None:
    """Garbage frames and garbage messages are counted by kind; the good ones beside them arrive."""

    async def script(venue: Dialogue) -> None:
        await venue.socket.send(b"\xc1garbage")
        await venue.socket.send("text")
        await venue.say(1, {}, {"T": "?"}, trade(price=-1), {"T": "b"}, trade("TSLA"), quote("TSLA"), trade())
        await venue.say({"T": "error"}, {"T": "error", "code": "x"}, {"T": "success"})
        await venue.refuse(405, "nobody asked")
        await venue.refuse(403, "already authenticated")
        await venue.say(trade())

    async with live(script, "AAPL") as it, beside(it.session.read()):
        await eventually(lambda: len(it.recorder.trades) == 2)
        assert it.recorder.rejected == {
            "frame": 2,
            "shape": 1,
            "type": 2,
            "price": 1,
            "unasked": 2,
            "control": 3,
        }


@pytest.mark.parametrize(
    ("code", "reason", "error"),
    [
        (407, "slow_client", FeedTransient),
        (500, "venue_error", FeedTransient),
        (402, "auth_failed", FeedFatal),
    ],
)
async def test_an_error_of_the_session_ends_it(code: int, reason: str, error: type[Exception]) -> None:
    """What the SDK only logs comes out as a typed failure."""

    async def script(venue: Dialogue) -> None:
        await venue.refuse(code, "no")

    async with live(script) as it:
        with pytest.raises(error) as caught:
            await it.session.read()
    assert getattr(caught.value, "reason") == reason  # noqa: B009 - the type is a parameter


class Unprintable(list[object]):
    """As a nest of a thousand lists is where C and Python share one stack (3.11)."""

    def __str__(self) -> str:
        raise RecursionError

    __repr__ = __str__


@pytest.mark.parametrize("text", [Unprintable(), None, 5, {}])
async def test_an_error_without_a_text_is_its_code(text: object) -> None:
    """What stands in the place of the text is not even looked at."""
    async with live(Dialogue.serve) as it:
        with pytest.raises(FeedTransient) as caught:
            it.session._control({"T": "error", "code": 407, "msg": text})
    assert caught.value.reason == "slow_client"


async def test_the_venues_reply_is_the_truth() -> None:
    """Subscriptions are asked for, confirmed by the reply, told once, and the path is served."""
    async with live(Dialogue.serve, "AAPL", "MSFT") as it, beside(it.session.read(), it.session.reconcile()):
        await eventually(lambda: it.recorder.subscribed == {"AAPL", "MSFT"})
        await eventually(lambda: it.served >= 2)
        it.subscriptions.want(["MSFT", "TSLA"])
        it.nudge.set()
        await eventually(lambda: it.recorder.subscribed == {"MSFT", "TSLA"})
        assert it.confirmed == [{"AAPL", "MSFT"}, {"MSFT"}, {"MSFT", "TSLA"}]


async def test_refusals_are_told_when_they_are_final() -> None:
    """While a batch is halved nothing is told; then the whole map is, once."""
    told: list[dict[str, str]] = []

    async def script(venue: Dialogue) -> None:
        for _ in range(2):
            await venue.hear()
            await venue.refuse(400, "invalid syntax")
        await venue.serve()

    async with live(script, "BAD", "AAPL") as it:
        it.recorder.on_refused = told.append  # type: ignore[method-assign,assignment]
        async with beside(it.session.read(), it.session.reconcile()):
            await eventually(lambda: told)
            assert told == [{"BAD": "symbol_invalid"}]
            assert it.recorder.subscribed == {"AAPL"}


async def test_a_venue_that_answers_no_subscription_is_given_up() -> None:
    """The answer is due in bounded time."""

    async def script(venue: Dialogue) -> None:
        await venue.hear()

    async with live(script, "AAPL", limits=replace(LIMITS, reply_s=0.1)) as it:
        with pytest.raises(FeedTransient) as caught:
            await it.session.reconcile()
    assert caught.value.reason == "subscribe_timeout"


async def test_a_silent_venue_is_pinged_then_given_up() -> None:
    """Pings go out in silence, and a venue that answers none is given up."""
    pings: list[float] = []
    # Each look at the clock is a while after the one before.
    looks = itertools.count()
    async with live(Dialogue.serve, limits=replace(LIMITS, ping_s=0.01, silent_s=0.05)) as it:

        async def ping() -> None:
            pings.append(0)

        it.session._connection.ping = ping  # type: ignore[method-assign]
        with pytest.raises(FeedTransient) as caught:
            await it.session.ping(lambda: 0.02 * next(looks), lambda: 0.0)
    assert caught.value.reason == "silent"
    assert len(pings) == 2


async def test_a_talking_venue_is_not_pinged() -> None:
    """While something is heard no ping is sent."""
    asked = asyncio.Event()
    looks = iter(range(5))

    def last_heard() -> float:
        if next(looks, None) is None:
            asked.set()
        return time.monotonic()

    async def ping() -> None:
        raise AssertionError("pinged although it talks")

    async with live(Dialogue.serve, limits=replace(LIMITS, ping_s=0.01)) as it:
        it.session._connection.ping = ping  # type: ignore[method-assign]
        async with beside(it.session.ping(time.monotonic, last_heard)) as (pinger,):
            async with asyncio.timeout(30):
                await asked.wait()
            assert not pinger.done()
