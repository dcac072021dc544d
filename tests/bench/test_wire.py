"""One connection asks, keeps a bounded answer, and follows nothing."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from typing import Any

import pytest

from tapecast.bench import wire
from tapecast.bench.answers import failure
from tapecast.bench.target import Target
from tapecast.bench.wire import BODY_BYTES, HEAD_BYTES, Connection, Dialler, NotHttp, ask
from tests.bench.support import answer, deployment, plan_for
from tests.e2e.certificates import Certificates
from tests.support import free_port, tcp_server


async def asked(url: str) -> Connection:
    """The answer of a deployment to `/x`."""
    plan = plan_for(url)
    return await ask(Dialler(plan.target), plan, "/x")


async def test_an_answer_has_status_headers_and_body() -> None:
    """Its type without parameters."""
    async with deployment({"/x": answer("201 Created", "hello", kind="Text/HTML; charset=utf-8")}) as url:
        got = await asked(url)
    assert (got.status, got.media_type, got.body) == (201, "text/html", b"hello")
    assert got.headers["content-length"] == "5"


async def test_an_answer_whose_end_is_the_connections_is_taken() -> None:
    """As old proxies do."""
    async with deployment({"/x": b"HTTP/1.0 200 OK\r\n\r\nall of it"}) as url:
        got = await asked(url)
    assert (got.status, got.body) == (200, b"all of it")


async def test_an_endless_redirect_is_not_followed() -> None:
    """One answer is all that is asked for."""
    count = 0

    async def again(writer: asyncio.StreamWriter) -> None:
        nonlocal count
        count += 1
        writer.write(answer("302 Found", "", "Location: /x"))
        await writer.drain()

    async with deployment({"/x": again}) as url:
        assert (await asked(url)).status == 302
    assert count == 1


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (b"SSH-2.0-OpenSSH_9.6\r\n", "its answer is no HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"X-Many: x\r\n" * (HEAD_BYTES // 8), "its answer's head has no end"),
    ],
)
async def test_what_is_no_http_is_given_up(reply: bytes, words: str) -> None:
    """At once, however much of it there is."""
    async with deployment({"/x": reply}) as url:
        with pytest.raises(NotHttp, match=words):
            await asked(url)


async def test_a_body_without_an_end_is_given_up() -> None:
    """What it was is known by its status."""
    async with deployment({"/x": b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (3 * BODY_BYTES)}) as url:
        got = await asked(url)
    assert isinstance(got.error, NotHttp)
    assert len(got.body) < 3 * BODY_BYTES


async def test_a_connection_that_is_closed_at_once_is_an_error() -> None:
    """Without a word."""
    async with deployment({"/x": b""}) as url:
        with pytest.raises(ConnectionError):
            await asked(url)


async def test_who_does_not_answer_is_waited_for_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """And no longer."""
    monkeypatch.setattr(wire, "DIAL_S", 0.05)

    async def silent(writer: asyncio.StreamWriter) -> None:
        await asyncio.get_running_loop().create_future()

    async with deployment({"/x": silent}) as url:
        with pytest.raises(TimeoutError):
            await asked(url)


async def test_the_address_that_answers_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name with several is looked up once."""
    async with deployment({"/x": answer("200 OK")}) as url:
        plan = plan_for(url)
        names = 0

        async def two(host: str, port: int, **_: Any) -> list[Any]:
            nonlocal names
            names += 1
            # Nothing listens at the first.
            return [(0, 0, 0, "", (address, port)) for address in ("127.0.0.2", "127.0.0.1")]

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", two)
        dialler = Dialler(Target("http", "api.example", plan.target.port))
        assert [(await ask(dialler, plan, "/x")).status for _ in range(3)] == [200, 200, 200]
    assert names == 1


async def test_nothing_that_listens_is_refused() -> None:
    """Whatever its name leads to."""
    plan = plan_for(f"http://localhost:{free_port()}")
    with pytest.raises(ConnectionRefusedError):
        await ask(Dialler(plan.target), plan, "/x")


async def test_tls_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An authority that nobody knows is an error that says so; named in SSL_CERT_FILE it is believed."""
    made = Certificates(tmp_path / "tls")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(made.certificate, made.key)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer("200 OK"))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context)
    async with server:
        url = f"https://localhost:{server.sockets[0].getsockname()[1]}"
        plan = plan_for(url)
        with pytest.raises(ssl.SSLCertVerificationError) as untrusted:
            await asked(url)
        word, line = failure(untrusted.value, plan)
        assert word == "tls"
        assert "is not trusted (" in line
        assert "SSL_CERT_FILE" in line
        monkeypatch.setenv("SSL_CERT_FILE", str(made.ca))
        assert (await asked(url)).status == 200
        # Plain HTTP at the same port.
        with pytest.raises((NotHttp, ConnectionError)):
            await asked(url.replace("https", "http"))


async def test_https_where_http_is_spoken_says_so() -> None:
    """With what to try."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()

    async with tcp_server(handle) as port:
        url = f"https://127.0.0.1:{port}"
        with pytest.raises(ssl.SSLError) as wrong:
            await asked(url)
        assert failure(wrong.value, plan_for(url))[1].endswith("is it http://?")


async def test_a_connection_that_is_cut_before_it_began_is_no_trouble() -> None:
    """Nothing to cut yet."""
    connection = Connection(b"")
    connection.cut()
    connection.leave()
    assert not connection.ended.done()
