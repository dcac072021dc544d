"""The supervised trading stream: what it tells, and how it comes back."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection

from tapecast.errors import FeedFatal
from tapecast.feeds.alpaca.account_pairs import Fields, Pairs
from tapecast.feeds.alpaca.limits import Limits
from tapecast.feeds.alpaca.trading import TradingFeed, trading_endpoint
from tapecast.settings import load
from tests.feeds.alpaca.trading_venue import (
    AUTHORIZED,
    KEYS,
    LISTENING,
    UNAUTHORIZED,
    TradingVenue,
    event,
    serve_well,
    trading,
)
from tests.support import eventually

IMPATIENT = Limits(backoff_first_s=0.01, backoff_cap_s=0.05, slow_s=(0.01, 0.02), takeover_s=0.0)


class Recorder:
    """Everything that the stream said."""

    def __init__(self) -> None:
        self.events: list[Fields] = []
        self.paths: list[bool] = []
        self.rejected: Counter[str] = Counter()
        self.owns = True

    def on_order(self, event: Fields) -> None:
        self.events.append(event)

    def on_stream(self, *, is_live: bool) -> None:
        self.paths.append(is_live)

    def on_rejected(self, kind: str) -> None:
        self.rejected[kind] += 1

    def is_owner(self) -> bool:
        return self.owns


def feed_at(venue: TradingVenue, limits: Limits = IMPATIENT) -> TradingFeed:
    """A stream from this venue."""
    return TradingFeed(trading_endpoint(venue.settings()), Pairs(), limits)


@asynccontextmanager
async def running(
    venue: TradingVenue, limits: Limits = IMPATIENT
) -> AsyncIterator[tuple[TradingFeed, Recorder]]:
    """A running stream and what it says."""
    async with trading(venue):
        feed, recorder = feed_at(venue, limits), Recorder()
        task = asyncio.create_task(feed.run(recorder))
        try:
            yield feed, recorder
            assert not task.done(), task
        finally:
            task.cancel()
            await asyncio.wait([task])


async def test_events_come_as_the_venue_sends_them() -> None:
    """Text or binary, with nulls and unknown words; a frame without sense costs nothing else."""
    venue = TradingVenue()
    async with running(venue) as (_, heard):
        await eventually(lambda: heard.paths == [True])
        sent: list[Any] = [
            event("fill", position_qty="3", price=None),
            {"event": "moon_landing", "order": None, "x": {"y": None}},
            {"event": None, "order": {"id": None, "side": 7}},
            event("new", qty="1.50"),
        ]
        await venue.tell(sent[0])
        await venue.say("no JSON")
        await venue.say(b"\xff\xfe")
        await venue.tell(sent[1], binary=True)
        await venue.tell("no event")
        await venue.say({"stream": "weather", "data": {}})
        await venue.tell(sent[2])
        await venue.say([{"stream": "trade_updates", "data": sent[3]}, AUTHORIZED, LISTENING])
        await eventually(lambda: len(heard.events) == 4)
        assert heard.events == sent
        assert heard.rejected == {"frame": 2, "event": 1, "message": 1}
        assert heard.paths == [True] * 4, "what was not understood may have been an order event"


async def test_a_lost_stream_comes_back() -> None:
    """Said once each way; what is repeated after it is told once."""
    venue = TradingVenue()
    async with running(venue) as (feed, heard):
        await eventually(lambda: heard.paths == [True])
        await venue.tell(event("fill"))
        await eventually(lambda: heard.events)
        venue.drop()
        await eventually(lambda: heard.paths == [True, False, True])
        await venue.tell(event("fill"))
        await venue.tell(event("canceled"))
        await eventually(lambda: len(heard.events) == 2)
        assert [each["event"] for each in heard.events] == ["fill", "canceled"]
        assert feed.reconnects == 1


async def test_an_error_in_the_stream_ends_the_session() -> None:
    """Whether the venue hangs up or not."""
    venue = TradingVenue()
    async with running(venue) as (_, heard):
        await eventually(lambda: heard.paths == [True])
        await venue.say({"action": "error", "data": {"error_message": "internal"}})
        await eventually(lambda: heard.paths == [True, False, True])


async def test_a_silent_venue_is_given_up() -> None:
    """One that answers pings is not."""

    async def freeze(venue: TradingVenue, socket: ServerConnection) -> None:
        await socket.recv()
        await socket.send(json.dumps(AUTHORIZED))
        await socket.recv()
        await socket.send(json.dumps(LISTENING))
        socket.transport.pause_reading()
        await socket.wait_closed()

    venue = TradingVenue(freeze, serve_well)
    async with running(venue, replace(IMPATIENT, ping_s=0.05, silent_s=0.3, close_s=0.1)) as (feed, heard):
        await eventually(lambda: heard.paths[:3] == [True, False, True])
        venue.sockets[0].transport.abort()

        async def is_kept() -> bool:
            began, dials = feed._last_heard, venue.dials
            # Longer than the silence that ends a session, and nothing to hear but pongs.
            await eventually(lambda: feed._last_heard > began + 0.4)
            return venue.dials == dials

        # A machine that stands still for a moment looks to us like a venue that does.
        await eventually(is_kept)


@pytest.mark.parametrize("granted", [None, {"stream": "listening", "data": {"streams": []}}])
async def test_a_stream_that_is_not_granted_is_not_live(granted: object) -> None:
    """The venue leaves it out of its answer, or does not answer."""

    async def refuse(venue: TradingVenue, socket: ServerConnection) -> None:
        await socket.recv()
        await socket.send(json.dumps(AUTHORIZED))
        await socket.recv()
        if granted:
            await socket.send(json.dumps(granted))
        await socket.wait_closed()

    async with running(TradingVenue(refuse, serve_well), replace(IMPATIENT, reply_s=0.1)) as (_, heard):
        await eventually(lambda: (heard.paths[:1], heard.paths[-1:]) == ([False], [True]))


async def test_refused_keys_are_dialled_once() -> None:
    """And leave as a fatal error."""

    async def refuse(venue: TradingVenue, socket: ServerConnection) -> None:
        await socket.recv()
        await socket.send(json.dumps(UNAUTHORIZED))
        await socket.wait_closed()

    async with trading(TradingVenue(refuse)) as venue:
        with pytest.raises(FeedFatal) as caught:
            await feed_at(venue).run(Recorder())
        assert (caught.value.reason, venue.dials) == ("auth_failed", 1)


@pytest.mark.parametrize(("owns", "code"), [(True, 1000), (False, 1006)])
async def test_the_end_is_polite_as_long_as_it_is_ours(owns: bool, code: int) -> None:
    """A lost lease cuts the socket off: the next owner may dial now."""
    venue = TradingVenue()
    async with running(venue) as (_, heard):
        await eventually(lambda: heard.paths == [True])
        heard.owns = owns
    await eventually(lambda: venue.closes == [code])


@pytest.mark.parametrize(
    ("env", "url"),
    [
        ({}, "wss://paper-api.alpaca.markets/stream"),
        ({"ALPACA_TRADING_URL": "https://api.alpaca.markets/"}, "wss://api.alpaca.markets/stream"),
        ({"ALPACA_TRADING_URL": "http://127.0.0.1:8100"}, "ws://127.0.0.1:8100/stream"),
        ({"ALPACA_TRADING_STREAM_URL": "wss://h/x"}, "wss://h/x"),
    ],
)
def test_the_stream_is_that_of_the_accounts_host(env: dict[str, str], url: str) -> None:
    """Unless it is named; no repr shows the secret."""
    endpoint = trading_endpoint(load(KEYS | env))
    assert endpoint.url == url
    assert "the-secret" not in repr(endpoint)
