"""One stream, from real sockets."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import httpx
import pytest
from httpx_sse import ServerSentEvent

from tapecast.client import (
    Lost,
    Malformed,
    NotTapecast,
    StreamError,
    TlsFailed,
    Unreachable,
    UrlInvalid,
    prices,
)
from tapecast.client.transport import new_http, opened
from tests.client.support import HELLO, Answer, serving
from tests.e2e.certificates import Certificates
from tests.support import free_port, tcp_server


async def read(url: str) -> list[ServerSentEvent]:
    """All events of the stream there."""
    async with new_http() as http:
        async with opened(http, httpx.URL(url), {}) as events:
            return [event async for event in events]


async def failed(url: str) -> StreamError:
    """Why there is no stream there."""
    with pytest.raises(StreamError) as caught:
        await read(url)
    return caught.value


async def test_events_come_with_their_names() -> None:
    """A comment is none; `retry:` comes with an event of its own."""
    body = "retry: 700\n\n: hi\n\n" + HELLO + 'data: {"a":\ndata: 1}\r\n\r\n'
    async with serving(Answer(body)) as server:
        events = await read(server.url)
    assert [(each.event, each.retry) for each in events] == [
        ("message", 700),
        ("hello", None),
        ("message", None),
    ]
    assert events[2].json() == {"a": 1}


async def test_a_redirect_is_followed() -> None:
    """To the stream behind it."""
    async with serving(Answer(HELLO)) as server:
        moved = Answer(status="307 Moved", more=f"Location: {server.url}/there?x=1\r\n")
        async with serving(moved) as first:
            assert len(await read(first.url)) == 1
        assert server.targets == ["/there?x=1"]


async def test_redirects_without_end_are_given_up() -> None:
    """After a few."""
    async with serving(Answer(status="302 Found", more="Location: /again\r\n")) as server:
        error = await failed(server.url)
        assert isinstance(error, NotTapecast)
        assert "without end" in str(error)
        assert len(server.asked) <= 6


async def test_a_page_is_no_stream() -> None:
    """Its kind is told."""
    async with serving(Answer("<html>hello</html>", kind="text/html; charset=utf-8")) as server:
        error = await failed(server.url)
        assert isinstance(error, NotTapecast)
        assert "text/html" in str(error)


async def test_nobody_listens() -> None:
    """The reason is the system's."""
    error = await failed(f"http://127.0.0.1:{free_port()}")
    assert isinstance(error, Unreachable)
    assert "connection refused" in str(error)


@pytest.mark.parametrize("garbage", [b"", b"\x15\x03\x01\x00\x02\x02\x50", b"SSH-2.0-OpenSSH_9.6\r\n"])
async def test_what_speaks_no_http(garbage: bytes) -> None:
    """It may be starting, or it wants https."""
    async with serving(garbage) as server:
        error = await failed(server.url)
        assert isinstance(error, Unreachable)
        assert "https://" in str(error)


async def test_a_server_that_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is given up."""
    monkeypatch.setattr("tapecast.client.transport.ANSWER_S", 0.05)
    quiet = Answer(holds=True)
    quiet.status = "100 Continue"
    async with serving(quiet) as server:
        assert (await failed(server.url)).code == "timeout"


async def test_a_stream_that_breaks_is_lost() -> None:
    """In the middle of a chunk."""
    body = "5\r\ndata:\r\n9\r\n 1"
    async with serving(Answer(body, more="Transfer-Encoding: chunked\r\n")) as server:
        assert isinstance(await failed(server.url), Lost)


async def test_an_event_without_an_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before it has filled the memory; many events of the same size together are fine."""
    monkeypatch.setattr("tapecast.client.transport.EVENT_CHARS", 100_000)
    async with serving(Answer("data: " + "x" * 200_000)) as server:
        assert isinstance(await failed(server.url), Malformed)
    async with serving(Answer(("data: " + "x" * 1000 + "\n\n") * 200)) as server:
        assert len(await read(server.url)) == 200


async def test_what_cannot_be_decompressed() -> None:
    """It says that it is gzip, and is not."""
    async with serving(Answer("no gzip at all", more="Content-Encoding: gzip\r\n")) as server:
        assert isinstance(await failed(server.url), Malformed)


def secure(certificates: Certificates) -> ssl.SSLContext:
    """A server's side."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates.certificate, certificates.key)
    return context


async def test_a_certificate_of_an_unknown_authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told so, and how to name one; named, it is a stream."""
    certificates = Certificates(tmp_path)
    async with serving(Answer(HELLO), tls=secure(certificates)) as server:
        error = await failed(server.url)
        assert isinstance(error, TlsFailed)
        assert "SSL_CERT_FILE" in str(error)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificates.ca))
        assert len(await read(server.url)) == 1


async def test_a_certificate_of_another_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is valid, but somebody else's."""
    certificates = Certificates(tmp_path, names="DNS:elsewhere")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.ca))
    async with serving(Answer(HELLO), tls=secure(certificates)) as server:
        error = await failed(server.url)
        assert isinstance(error, TlsFailed)
        assert "127.0.0.1" in str(error)


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("SSL_CERT_FILE", "/nowhere.pem", TlsFailed),
        ("SSL_CERT_FILE", __file__, TlsFailed),
        ("HTTP_PROXY", "gopher://me:hunter2@proxy", UrlInvalid),
        ("ALL_PROXY", "http://me:hunter2@proxy:port", UrlInvalid),
    ],
)
async def test_an_environment_that_cannot_be_used(
    name: str, value: str, kind: type[StreamError], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is named, without its password."""
    monkeypatch.setenv(name, value)
    with pytest.raises(kind, match=name) as caught:
        await anext(prices("http://127.0.0.1:9", "AAPL"))
    assert "hunter2" not in str(caught.value)


async def test_https_where_http_is_spoken() -> None:
    """The other scheme is hinted at."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()

    async with tcp_server(answer) as port:
        error = await failed(f"https://127.0.0.1:{port}")
        assert isinstance(error, TlsFailed)
        assert "http://" in str(error)


async def test_a_host_that_takes_and_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over https: that is no fault of its TLS."""
    monkeypatch.setattr("tapecast.client.transport.CONNECT_S", 0.05)

    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with tcp_server(swallow) as port:
        assert (await failed(f"https://127.0.0.1:{port}")).code == "timeout"
