"""One HTTP client: every failure has its error, and money its digits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from tapecast.errors import FeedFatal, FeedTransient
from tapecast.feeds.alpaca import rest_client as module
from tapecast.feeds.alpaca.rest_client import MAX_BYTES, RestClient, decode_exact, is_sound
from tapecast.feeds.alpaca.rest_limit import UNKNOWN_S
from tapecast.settings import load
from tests.support import free_socket

KEYS = {"ALPACA_PAPER_API_KEY": "the-key", "ALPACA_PAPER_SECRET_KEY": "the-secret"}


def scripted(handler: Callable[[httpx.Request], httpx.Response]) -> RestClient:
    """A client whose every call ends in `handler`."""
    return RestClient(httpx.AsyncClient(transport=httpx.MockTransport(handler)), decode=decode_exact)


@pytest.mark.parametrize(
    ("status", "error", "reason"),
    [
        (401, FeedTransient, "rest_unavailable"),
        (403, FeedTransient, "rest_unavailable"),
        (404, FeedFatal, "request_refused"),
        (429, FeedTransient, "rate_limited"),
        (500, FeedTransient, "rest_unavailable"),
        (302, FeedTransient, "rest_unavailable"),
    ],
)
async def test_each_status_has_its_error(
    status: int, error: type[FeedFatal | FeedTransient], reason: str
) -> None:
    """What will fail again is fatal, what may pass is transient; the status is kept."""
    client = scripted(lambda _: httpx.Response(status))
    with pytest.raises(error) as caught:
        await client.get("http://venue/v2/clock")
    assert (caught.value.reason, caught.value.code) == (reason, status)
    assert (client.calls, client.limited) == (1, int(status == 429))


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize(
    ("body", "final"),
    [
        (b'{"message":"forbidden."}', True),
        (b'{"code":40110000}', True),
        (b"<html>Authorization Required</html>", False),
        (b'"forbidden"', False),
        (b'{"error":"x"}', False),
        (b"[" * 5000, False),
        (b"\xff", False),
    ],
)
async def test_keys_are_refused_by_the_venue_alone(status: int, body: bytes, final: bool) -> None:
    """A proxy or a page in between may let us through the next time."""
    with pytest.raises(FeedFatal if final else FeedTransient) as caught:
        await scripted(lambda _: httpx.Response(status, content=body)).get("http://venue/")
    assert caught.value.reason == ("auth_failed" if final else "rest_unavailable")
    assert caught.value.code == status


async def test_an_answer_without_end_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is left where it becomes too large, and is no answer; one of an error is that error."""
    monkeypatch.setattr(module, "ANSWER_BYTES", 1000)
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            yield b" " * 100

    for status, reason in (
        (200, "rest_not_understood"),
        (500, "rest_unavailable"),
        (401, "rest_unavailable"),
    ):
        sent = 0
        client = scripted(lambda _, status=status: httpx.Response(status, content=endless()))  # type: ignore[misc]
        with pytest.raises(FeedTransient) as caught:
            await client.get("http://venue/")
        assert (caught.value.reason, sent) == (reason, 11)
    client = scripted(lambda _: httpx.Response(200, content=b'"' + b"x" * 998 + b'"'))
    assert await client.get("http://venue/") == "x" * 998


async def test_too_many_calls_say_when_to_call_again() -> None:
    """By the venue's header, or after a while."""
    client = scripted(lambda _: httpx.Response(429))
    with pytest.raises(FeedTransient) as caught:
        await client.get("http://venue/")
    assert caught.value.retry_after == pytest.approx(UNKNOWN_S, abs=1)


@pytest.mark.parametrize("body", [b"", b"not json", b"<html>", b"\xff", b"[" * 5000, b'{"a":'])
async def test_an_answer_without_sense_may_pass(body: bytes) -> None:
    """It is a failure, never an exception of a parser."""
    with pytest.raises(FeedTransient) as caught:
        await scripted(lambda _: httpx.Response(200, content=body)).get("http://venue/")
    assert caught.value.reason == "rest_not_understood"


async def test_money_keeps_its_digits() -> None:
    """Whether the venue writes it as text, as it does, or as a number."""
    client = scripted(lambda _: httpx.Response(200, content=b'{"a":"1.10","b":0.10000000000000000001,"c":7}'))
    assert await client.get("http://venue/") == {"a": "1.10", "b": "0.10000000000000000001", "c": 7}


@pytest.mark.parametrize(
    "error", [httpx.ConnectError("no"), httpx.ReadTimeout("slow"), httpx.InvalidURL("bad")]
)
async def test_what_cannot_be_reached_may_pass(error: Exception) -> None:
    """Every failure of the way there is one kind of failure."""

    def handler(_: httpx.Request) -> httpx.Response:
        raise error

    with pytest.raises(FeedTransient) as caught:
        await scripted(handler).get("http://venue/")
    assert caught.value.reason == "rest_unreachable"


async def test_a_server_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole answer has a limit, not only each step of it; the keys are in the headers and in no repr."""
    monkeypatch.setattr(module, "ANSWER_S", 0.05)
    client = RestClient.from_settings(load(KEYS))
    assert client._client.headers["APCA-API-KEY-ID"] == "the-key"
    assert "the-secret" not in repr(client)
    with free_socket() as sock:
        async with asyncio.timeout(30):
            with pytest.raises(FeedTransient):
                await client.get(f"http://127.0.0.1:{sock.getsockname()[1]}/")
    await client.aclose()


@pytest.mark.parametrize(("levels", "sound"), [(100, True), (100_000, False)])
def test_what_nests_too_deep_is_not_passed_on(levels: int, sound: bool) -> None:
    """It would end whoever writes it."""
    value: object = 1
    for _ in range(levels):
        value = [value]
    assert is_sound({"order": value}) is sound


def test_what_is_too_large_is_not_passed_on() -> None:
    """To every client."""
    assert is_sound({"note": "x" * 10_000})
    assert not is_sound({"note": "x" * MAX_BYTES})
