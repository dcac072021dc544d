"""What a program hears, and what it can look up meanwhile."""

from __future__ import annotations

import asyncio

import pytest

from tapecast.client import (
    Connection,
    ConnectionState,
    Event,
    Forbidden,
    Hello,
    StreamError,
    SymbolState,
    SymbolStatus,
    Tick,
    Unauthorized,
    UrlInvalid,
    connect,
)
from tapecast.client.stream import Stream, base_of
from tapecast.client.wants import Live
from tests.client.support import HELLO, LIVE, Answer, serving, tick, until
from tests.support import START_WALL, HandClock, eventually


async def test_events_and_snapshots_agree() -> None:
    """The connection is open before `hello` is told."""
    async with serving(Answer(HELLO + LIVE + tick(1.5), holds=True)) as server:
        async with connect(server.url, ["aapl"]) as stream:
            assert stream.states["AAPL"].state is SymbolState.PENDING
            events: list[Event] = []
            async for event in stream:
                events.append(event)
                if isinstance(event, Tick):
                    break
            assert [type(event) for event in events] == [Connection, Hello, SymbolStatus, Tick]
            assert stream.connection == Connection(ConnectionState.OPEN)
            assert stream.is_current("AAPL")
            assert stream.ticks["AAPL"] == events[-1]
        assert stream.connection == Connection(ConnectionState.CLOSED)
        assert not stream.is_current("AAPL")
        assert stream.ticks["AAPL"].price == 1.5


async def test_a_loss_is_told_and_mended() -> None:
    """Nothing reads as live in between; what is repeated is no news."""
    first = "retry: 1\n\n" + HELLO + LIVE + tick(1.5)
    async with serving(Answer(first), Answer(HELLO + LIVE + tick(1.5), holds=True)) as server:
        async with connect(server.url, ["AAPL"]) as stream:
            await until(stream, SymbolStatus, state=SymbolState.STALE, reason="connection_lost")
            await until(stream, SymbolStatus, state=SymbolState.LIVE)
            assert stream.is_current("AAPL")


async def test_a_busy_program_gets_the_newest() -> None:
    """It reads nothing while ten thousand ticks come, and then one."""
    many = "".join(tick(n, n) for n in range(1, 10_001))
    async with serving(Answer(HELLO + LIVE + many, holds=True)) as server:
        async with connect(server.url, ["AAPL"]) as stream:
            await eventually(
                lambda: "AAPL" in stream.ticks and stream.ticks["AAPL"].seq == 10_000, "the last"
            )
            found = [await anext(stream) for _ in range(4)]
            assert found[-1] == stream.ticks["AAPL"]
            assert len(stream._mailbox) == 0


async def test_a_failure_is_raised_to_whoever_iterates() -> None:
    """After what was told before it; and to none who closes first."""
    async with serving(Answer(status="403 No")) as server:
        async with connect(server.url, ["AAPL"]) as stream:
            with pytest.raises(Forbidden):
                async for _ in stream:
                    pass
        async with connect(server.url, ["AAPL"]):
            pass


async def test_nobody_is_told_what_was_never_there() -> None:
    """A stream that never began ends with its failure alone."""
    async with serving(Answer(status="403 No")) as server:
        async with connect(server.url, ["AAPL"]) as stream:
            with pytest.raises(StreamError):
                await anext(stream)


async def test_closing_ends_the_iteration() -> None:
    """Of another task; a second close does nothing."""
    async with serving(Answer(HELLO, holds=True)) as server:
        async with connect(server.url, ["AAPL"]) as stream:

            async def read() -> int:
                return len([event async for event in stream])

            reader = asyncio.create_task(read())
            await eventually(lambda: stream.hello, "hello")
            await stream.aclose()
            async with asyncio.timeout(10):
                assert await reader >= 2
            await stream.aclose()


async def test_the_program_s_token_and_ticket_are_sent() -> None:
    """The one in a header, the other in the query."""
    async with serving(Answer(HELLO, holds=True)) as server:
        async with connect(
            server.url + "/api/", ["BTC/USD"], token="t0", ticket="a&b", status=True
        ) as stream:
            await until(stream, Hello)
    assert server.targets == ["/api/stream?prices=BTC/USD&status&ticket=a%26b"]
    assert "authorization: bearer t0" in server.asked[0].lower()


async def test_ages_are_by_the_server_s_clock() -> None:
    """Its clock is an hour ahead; nothing tells the age of what has no time."""
    hand = HandClock()
    stream = Stream("http://x", Live(("AAPL",)), clock=hand.clock)
    ahead = START_WALL + 3600
    stream.event(Hello(int(ahead * 1e6), "1"))
    assert stream.age_s("AAPL") is None
    stream.event(Tick("AAPL", 1.0, timestamp="2023-11-14T23:13:17.5Z", seq=1))
    assert stream.age_s("AAPL") == 2.5
    stream.event(Tick("AAPL", 1.0, ts_recv=int((ahead - 1) * 1e6), seq=2))
    assert stream.age_s("AAPL") == 1.0
    stream.event(Tick("AAPL", 1.0, seq=3))
    assert stream.age_s("AAPL") is None


async def test_a_stream_is_opened_once() -> None:
    """And read only when it is open."""
    stream = connect("http://127.0.0.1:9", ["AAPL"])
    with pytest.raises(RuntimeError, match="open the stream first"):
        await anext(stream)
    async with stream:
        with pytest.raises(RuntimeError, match="once"):
            await stream.__aenter__()


@pytest.mark.parametrize(
    "url",
    ["localhost:8000", "", "ftp://host", "http://", "http://host:port", "http://host/?a=1", "http://[::1"],
)
def test_what_is_no_address_is_told(url: str) -> None:
    """With what one looks like."""
    with pytest.raises(UrlInvalid, match="http://127"):
        base_of(url)


@pytest.mark.parametrize(
    "url",
    [
        "ws://me:hunter2@host", "me:hunter2@host:8000", "http://me:hunter2@", "http://me:hunter2@host:port",
        "http://me:hunter2@[::1", "ws://host?ticket=hunter2", "http://host:port/#hunter2",
        "http://host/?ticket=hunter2", "http://me:hun?hunter2@host",
    ],
)  # fmt: skip
def test_a_wrong_address_is_not_repeated_with_its_secret(url: str) -> None:
    """A password or a ticket."""
    with pytest.raises(UrlInvalid) as wrong:
        base_of(url)
    assert "hunter2" not in str(wrong.value)


@pytest.mark.parametrize("token", ["hun\nter2", "hunter2\x7f", "hünter2", "hun ter2"])
def test_a_token_that_cannot_be_sent_is_told(token: str) -> None:
    """And not repeated; a new line at its end, as from a file, is none of it."""
    with pytest.raises(Unauthorized, match="the end of a line") as wrong:
        connect(symbols=["AAPL"], token=token)
    assert "nter2" not in str(wrong.value)


def test_an_address_may_have_a_path() -> None:
    """Of a proxy."""
    assert base_of("https://host/prices/") == "https://host/prices"
