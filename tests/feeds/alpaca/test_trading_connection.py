"""One socket to the trading stream, against venues that misbehave at the log-in."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from pydantic import SecretStr
from websockets.asyncio.server import ServerConnection

from tapecast.errors import FeedError, FeedFatal, FeedTransient
from tapecast.feeds.alpaca.limits import Limits
from tapecast.feeds.alpaca.trading import TradingEndpoint
from tapecast.feeds.alpaca.trading_connection import TradingConnection
from tests.feeds.alpaca.trading_venue import UNAUTHORIZED, Script, TradingVenue, serve_well, trading
from tests.support import eventually

SHORT = replace(Limits(), auth_s=0.2)


def connection_to(venue: TradingVenue, limits: Limits | None = None) -> TradingConnection:
    """An unopened connection."""
    endpoint = TradingEndpoint(
        f"ws://127.0.0.1:{venue.port}/stream", SecretStr("key"), SecretStr("the-secret")
    )
    return TradingConnection(endpoint.stream(), limits or Limits(), lambda: None)


def answering(reply: object) -> Script:
    """A venue that answers the log-in so."""

    async def script(venue: TradingVenue, socket: ServerConnection) -> None:
        await socket.recv()
        await socket.send(reply if isinstance(reply, str | bytes) else json.dumps(reply))
        await socket.wait_closed()

    return script


async def failure_of(script: Script, limits: Limits | None = None) -> FeedError:
    """How opening a connection fails."""
    async with trading(TradingVenue(script)) as venue:
        connection = connection_to(venue, limits)
        try:
            with pytest.raises(FeedError) as caught:
                await connection.open()
        finally:
            await connection.close()
    return caught.value


async def test_the_handshake_is_alpacas() -> None:
    """The log-in, the request for order events, the frames, and a clean close."""
    async with trading(TradingVenue(serve_well)) as venue:
        connection = connection_to(venue)
        await connection.open()
        await connection.listen()
        assert json.loads(str(await connection.receive()))["stream"] == "listening"
        await venue.tell({"event": "new"}, binary=True)
        frame = await connection.receive()
        assert isinstance(frame, bytes)
        await connection.close()
        await eventually(lambda: venue.closes == [1000], "a clean close")
    login = {"action": "authenticate", "data": {"key_id": "key", "secret_key": "the-secret"}}
    assert venue.logins == [login]
    assert venue.asked_streams == [{"action": "listen", "data": {"streams": ["trade_updates"]}}]


@pytest.mark.parametrize("binary", [True, False])
async def test_refused_keys_are_fatal(binary: bool) -> None:
    """In text or in binary."""
    reply = json.dumps(UNAUTHORIZED)
    failure = await failure_of(answering(reply.encode() if binary else reply))
    assert isinstance(failure, FeedFatal)
    assert failure.reason == "auth_failed"
    assert "the-secret" not in str(failure)


async def test_another_error_at_the_login_may_pass() -> None:
    """alpaca-py says the same of both; only refused keys are given up on."""
    failure = await failure_of(answering({"action": "error", "data": {"error_message": "internal error"}}))
    assert isinstance(failure, FeedTransient)
    assert failure.reason == "venue_error"


@pytest.mark.parametrize(
    "reply", ["", "text", "[]", "{}", "7", b"\xff", '{"data":null}', '{"data":{"status":null}}', "[" * 5000]
)
async def test_a_login_reply_that_is_none_may_pass(reply: str | bytes) -> None:
    """Whatever comes instead of one."""
    failure = await failure_of(answering(reply))
    assert isinstance(failure, FeedTransient)
    assert failure.reason == "bad_auth_reply"


async def test_a_venue_without_a_login_reply_is_given_up() -> None:
    """In time."""

    async def script(venue: TradingVenue, socket: ServerConnection) -> None:
        await socket.wait_closed()

    assert (await failure_of(script, SHORT)).reason == "auth_timeout"


async def test_a_close_instead_of_a_login_reply() -> None:
    """A venue that hangs up says with which code."""

    async def script(venue: TradingVenue, socket: ServerConnection) -> None:
        await socket.recv()
        await socket.close(1013)

    failure = await failure_of(script)
    assert (failure.reason, failure.code) == ("connection_closed", 1013)
