"""Each way to fail is one line that says what, and what next."""

from __future__ import annotations

import httpx
import pytest

from tapecast.client import (
    Forbidden,
    Lost,
    NotTapecast,
    Refused,
    StreamError,
    Unauthorized,
    Unavailable,
    Unreachable,
    UrlInvalid,
)
from tapecast.client.failures import failure, refusal, shown

URL = httpx.URL("http://user:hunter2@prices.test:8000/stream?prices=AAPL&ticket=hunter2")


def answered(status: int, body: bytes = b"", **headers: str) -> StreamError:
    """What this answer means."""
    response = httpx.Response(status, headers=headers, request=httpx.Request("GET", URL))
    return refusal(response, body)


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (401, b'{"error":{"code":"ticket_expired","message":"late"}}', Unauthorized, "ticket_expired"),
        (401, b"<html>", Unauthorized, "unauthorized"),
        (403, b'{"error":{"code":"forbidden","message":"no"}}', Forbidden, "forbidden"),
        (403, b"<html>", Forbidden, "not_a_stream"),
        (400, b'{"error":{"code":"symbol_invalid","message":"no"}}', Refused, "symbol_invalid"),
        (404, b'{"error":{"code":"not_found","message":"no"}}', NotTapecast, "not_a_stream"),
        (404, b"<html>", NotTapecast, "not_a_stream"),
        (200, b"<html>", NotTapecast, "not_a_stream"),
        (302, b"", NotTapecast, "not_a_stream"),
        (429, b'{"error":{"code":"too_many_streams","message":"full"}}', Unavailable, "too_many_streams"),
        (502, b"<html>", Unavailable, "unavailable"),
        (503, b'{"error":{"code":"draining"}}', Unavailable, "draining"),
        (503, b'{"error":' + b"[" * 60_000, Unavailable, "unavailable"),
    ],
)
def test_an_answer_that_is_no_stream(status: int, body: bytes, kind: type[StreamError], code: str) -> None:
    """By its status, and the code where it is ours; it never shows a secret."""
    error = answered(status, body)
    assert type(error) is kind
    assert (error.code, error.status) == (code, status)
    assert "hunter2" not in str(error)
    assert "prices.test" in str(error)


def test_a_server_that_repeats_the_request_shows_no_ticket() -> None:
    """As some do, in their error's words or code."""
    error = answered(400, b'{"error":{"code":"bad/hunter2","message":"what is ?ticket=hunter2"}}')
    assert (error.code, str(error)) == ("bad/…", "http://prices.test:8000: what is ?ticket=…")


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (404, b"", "http://prices.test:8000/stream answered HTTP 404, not a stream: is it the address of"),
        (503, b"<html>", "http://prices.test:8000/stream answered HTTP 503: is tapecast running behind it"),
        (500, b"<html>", "its log says what"),
        (429, b"<html>", "try again later"),
        (
            503,
            b'{"error":{"code":"cache_unavailable","message":"Redis is away"}}',
            "Redis is away: its Redis",
        ),
        (
            500,
            b'{"error":{"code":"internal","message":"no"}}',
            "http://prices.test:8000: no: its log says why",
        ),
    ],
)
def test_it_says_what_next(status: int, body: bytes, words: str) -> None:
    """Where it is to be looked for; of our own server, where its own words do not."""
    assert words in str(answered(status, body))


def test_a_wrong_path_is_shown() -> None:
    """All that was asked for, and the address without the path."""
    url = httpx.URL("http://prices.test/nothing/stream?ticket=hunter2")
    response = httpx.Response(404, headers={"content-type": "a/b"}, request=httpx.Request("GET", url))
    words = "http://prices.test/nothing/stream answered HTTP 404 with a/b, not a stream: is the path right"
    assert str(refusal(response, b"")).startswith(f"{words}, or is tapecast at http://prices.test?")


@pytest.mark.parametrize(("text", "seconds"), [("7", 7.0), ("", None), ("soon", None), ("9" * 30, 3600.0)])
def test_retry_after_is_heeded_within_reason(text: str, seconds: float | None) -> None:
    """A mistake there is no wait of years."""
    assert answered(503, b"", **{"retry-after": text}).retry_after_s == seconds


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (httpx.TooManyRedirects("x"), NotTapecast),
        (httpx.UnsupportedProtocol("x"), UrlInvalid),
        (httpx.LocalProtocolError("Illegal header value b'hunter2'"), UrlInvalid),
        (httpx.ConnectError("x"), Unreachable),
        (httpx.ConnectTimeout("x"), Unreachable),
        (httpx.RemoteProtocolError("x"), Unreachable),
    ],
)
def test_what_goes_wrong_before_an_answer(error: httpx.HTTPError, kind: type[StreamError]) -> None:
    """No secret of the address is shown."""
    found = failure(error, URL, is_open=False)
    assert type(found) is kind
    assert "hunter2" not in str(found)


def test_what_breaks_later_is_a_loss() -> None:
    """It comes back by itself."""
    assert type(failure(httpx.ReadError("x"), URL, is_open=True)) is Lost


def test_a_proxy_of_the_environment_is_hinted_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is what answers, or does not; not where the host is reached without it."""
    for name in ("http_proxy", "all_proxy", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", "http://me:hunter2@proxy")
    errors = [answered(502), answered(404), failure(httpx.ConnectError("x"), URL, is_open=False)]
    assert all("NO_PROXY" in str(error) and "hunter2" not in str(error) for error in errors)
    monkeypatch.setenv("NO_PROXY", "prices.test")
    assert "proxy" not in str(answered(502))


def test_an_address_is_shown_without_its_secrets() -> None:
    """As an object or as text."""
    assert shown(URL) == shown(str(URL)) == "http://prices.test:8000"
