"""One socket, against venues that misbehave at each step."""

from __future__ import annotations

import asyncio
import logging
import random
import ssl
import time
from dataclasses import replace

import pytest
from websockets.protocol import State

from tapecast.errors import FeedError, FeedFatal, FeedTransient
from tapecast.feeds.alpaca.connection import Connection
from tapecast.feeds.alpaca.limits import Limits
from tests.feeds.alpaca.venue import AUTHENTICATED, Dialogue, Venue, endpoint_at, playing
from tests.stalls import stalls
from tests.support import eventually, free_socket

SHORT = replace(Limits(), welcome_s=0.2)


def connection_to(url: str, limits: Limits | None = None) -> Connection:
    """An unopened connection."""
    return Connection(endpoint_at(url).stream(), limits or Limits(), lambda: None)


async def accept(venue: Dialogue) -> None:
    """Log the client in and wait until it goes."""
    await venue.accept()
    await venue.until_gone()


async def failure_of(venue: Venue, limits: Limits | None = None) -> FeedError:
    """How opening a connection fails."""
    connection = connection_to(venue.url, limits)
    try:
        with pytest.raises(FeedError) as caught:
            await connection.open()
    finally:
        await connection.close()
    return caught.value


async def test_the_handshake_is_alpacas() -> None:
    """The log-in carries key and secret, and opening counts as heard."""
    logins = []

    async def script(venue: Dialogue) -> None:
        logins.append(await venue.welcome())
        assert venue.socket.request is not None
        assert venue.socket.request.headers["Content-Type"] == "application/msgpack"
        await venue.say(AUTHENTICATED)
        await venue.until_gone()

    heard: list[float] = []
    async with playing(Venue(script)) as venue:
        connection = Connection(
            endpoint_at(venue.url).stream(), Limits(), lambda: heard.append(time.monotonic())
        )
        await connection.open()
        assert heard
        await connection.close()
        await eventually(lambda: venue.closes == [1000], "a clean close")
    assert logins == [{"action": "auth", "key": "key", "secret": "secret"}]


async def test_a_venue_without_a_welcome_is_given_up() -> None:
    """An upgrade that is followed by nothing ends in time."""
    async with playing(Venue(Dialogue.until_gone)) as venue:
        assert (await failure_of(venue, SHORT)).reason == "connect_timeout"
        await eventually(lambda: venue.open == 0, "the socket is closed")


async def test_a_venue_without_a_login_reply_is_given_up() -> None:
    """A welcome that is followed by nothing ends in time."""

    async def script(venue: Dialogue) -> None:
        await venue.welcome()
        await venue.until_gone()

    async with playing(Venue(script)) as venue:
        assert (await failure_of(venue, replace(Limits(), auth_s=0.2))).reason == "auth_timeout"
        await eventually(lambda: venue.open == 0, "the socket is closed")


async def test_a_port_that_accepts_and_says_nothing_is_given_up() -> None:
    """TCP alone is no venue."""
    with free_socket() as sock:
        connection = connection_to(f"ws://127.0.0.1:{sock.getsockname()[1]}/", SHORT)
        with pytest.raises(FeedTransient) as caught:
            await connection.open()
        await connection.close()
    assert caught.value.reason == "connect_timeout"


@pytest.mark.parametrize(
    ("code", "text", "fatal"),
    [
        (402, "auth failed", True),
        (409, "insufficient subscription", True),
        (406, "connection limit exceeded", False),
        (500, "internal error", False),
    ],
)
async def test_a_refused_login_keeps_its_code(code: int, text: str, fatal: bool) -> None:
    """The number that the SDK throws away is found again."""

    async def script(venue: Dialogue) -> None:
        await venue.welcome()
        await venue.refuse(code, text)
        await venue.until_gone()

    async with playing(Venue(script)) as venue:
        failure = await failure_of(venue)
    assert (failure.code, isinstance(failure, FeedFatal)) == (code, fatal)


@pytest.mark.parametrize("nonsense", [b"", b"\xc1", b"\x90", b"\x01", b"\x91\x01", b"\x91\x80", "text"])
async def test_a_welcome_that_is_none(nonsense: bytes | str) -> None:
    """Whatever comes instead of a welcome is a failure that may pass."""

    async def script(venue: Dialogue) -> None:
        await venue.socket.send(nonsense)
        await venue.until_gone()

    async with playing(Venue(script)) as venue:
        assert (await failure_of(venue)).reason == "bad_welcome"


@pytest.mark.parametrize("nonsense", [b"\x90", b"\x91\x01", b"\x91\x80"])
async def test_a_login_reply_that_is_none(nonsense: bytes) -> None:
    """Whatever comes instead of a reply is a failure that may pass."""

    async def script(venue: Dialogue) -> None:
        await venue.welcome()
        await venue.socket.send(nonsense)
        await venue.until_gone()

    async with playing(Venue(script)) as venue:
        assert (await failure_of(venue)).reason == "bad_auth_reply"


async def test_a_close_instead_of_a_welcome() -> None:
    """A venue that hangs up says with which code."""

    async def script(venue: Dialogue) -> None:
        await venue.socket.close(1013)

    async with playing(Venue(script)) as venue:
        failure = await failure_of(venue)
    assert (failure.reason, failure.code) == ("connection_closed", 1013)


@pytest.mark.parametrize("status", [401, 403, 404, 429, 503])
async def test_a_refused_upgrade_keeps_its_status(status: int) -> None:
    """The HTTP status of a refused upgrade is the failure's code."""
    async with playing(Venue(accept, refuse_upgrade=status)) as venue:
        failure = await failure_of(venue)
    assert (failure.code, isinstance(failure, FeedTransient)) == (status, True)


async def test_nobody_there() -> None:
    """A refused TCP connection may pass."""
    with pytest.raises(FeedTransient) as caught:
        await connection_to("ws://127.0.0.1:9/").open()
    assert caught.value.reason == "unreachable"


async def test_a_bad_certificate_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    """A certificate error is a ValueError too, and must not pass for a bad welcome."""
    connection = connection_to("ws://127.0.0.1:9/")

    async def dial() -> None:
        raise ssl.SSLCertVerificationError("expired")

    monkeypatch.setattr(connection._stream, "_connect", dial)
    with pytest.raises(FeedTransient) as caught:
        await connection.open()
    assert caught.value.reason == "unreachable"


async def test_a_url_that_is_none_is_fatal() -> None:
    """No retry can mend a setting."""
    with pytest.raises(FeedFatal) as caught:
        await connection_to("http://127.0.0.1:9/").open()
    assert caught.value.reason == "url_invalid"


async def test_what_is_sent_after_the_end_fails() -> None:
    """Sending, pinging and receiving on a closed connection say so, with the venue's code."""

    async def script(venue: Dialogue) -> None:
        await venue.accept()
        await venue.socket.close(1012)

    async with playing(Venue(script)) as venue:
        connection = connection_to(venue.url)
        await connection.open()
        for call in (connection.receive, lambda: connection.send({"action": "subscribe"}), connection.ping):
            with pytest.raises(FeedTransient) as caught:
                await call()
            assert (caught.value.reason, caught.value.code) == ("connection_closed", 1012)
        await connection.close()


async def test_a_pong_is_heard() -> None:
    """A ping of ours is answered and counts."""
    heard: list[None] = []
    async with playing(Venue(accept)) as venue:
        connection = Connection(endpoint_at(venue.url).stream(), Limits(), lambda: heard.append(None))
        await connection.open()
        await connection.ping()
        await eventually(lambda: len(heard) == 2, "the pong")
        await connection.close()


async def test_a_full_socket_does_not_hold_the_writer() -> None:
    """A venue that does not read is noticed by the writer."""

    async def script(venue: Dialogue) -> None:
        await venue.accept()
        await venue.freeze()

    async with playing(Venue(script)) as venue:
        connection = connection_to(venue.url, replace(Limits(), send_s=0.2))
        await connection.open()
        with pytest.raises(FeedTransient) as caught:
            await connection.send({"action": random.randbytes(15_000_000)})
        await connection.close()
    assert caught.value.reason == "send_timeout"


async def test_a_frozen_venue_cannot_hold_the_close() -> None:
    """Closing ends in its time although nothing is answered; the SDK's own took 30 s."""

    async def script(venue: Dialogue) -> None:
        await venue.accept()
        await venue.freeze()

    async with playing(Venue(script)) as venue:
        connection = connection_to(venue.url, replace(Limits(), close_s=1.2))
        await connection.open()
        transport = connection._socket.transport
        started = time.monotonic()
        await connection.close()
        # The library alone goes through three waits of its `close_timeout`, one second each.
        assert stalls.ran_s(started) < 2.8
        assert transport.is_closing()


async def test_a_connection_that_is_not_ours_any_more_is_cut_off() -> None:
    """The next owner may dial in this moment: whether the venue answers a close is not waited for."""

    async def script(venue: Dialogue) -> None:
        await venue.accept()
        await venue.freeze()

    async with playing(Venue(script)) as venue:
        connection = connection_to(venue.url, replace(Limits(), close_s=3600))
        await connection.open()
        transport = connection._socket.transport
        async with asyncio.timeout(30):
            await connection.close(politely=False)
        assert transport.is_closing()


async def test_a_cancellation_during_the_close_is_not_lost() -> None:
    """The library swallows it: the feed would go on and dial again, and SIGTERM would wait for ever."""
    thawed = asyncio.Event()

    async def script(venue: Dialogue) -> None:
        await venue.accept()
        venue.socket.transport.pause_reading()
        await thawed.wait()
        venue.socket.transport.resume_reading()
        await venue.until_gone()

    async with playing(Venue(script)) as venue:
        connection = connection_to(venue.url)
        await connection.open()
        closing = asyncio.create_task(connection.close())
        await eventually(lambda: connection._socket.state is State.CLOSING, "it closes")
        closing.cancel()
        await eventually(connection._socket.transfer_data_task.done, "the library has heard of it")
        thawed.set()
        async with asyncio.timeout(30):
            await asyncio.wait([closing])
        assert closing.cancelled()


async def test_closing_before_opening_is_nothing() -> None:
    """A connection that never was needs no close."""
    await connection_to("ws://127.0.0.1:9/").close()


@pytest.mark.parametrize("name", ["websockets.client", "alpaca.data.live.websocket"])
def test_libraries_are_kept_quiet(name: str) -> None:
    """At DEBUG, websockets would print the frame with the secret; a lower root level must not let it."""
    assert logging.getLogger(name).getEffectiveLevel() >= logging.WARNING
