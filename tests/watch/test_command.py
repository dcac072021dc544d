"""The command line: each way to fail is one line and an exit code, from real sockets.

What needs a terminal, a pipe or a signal is in tests/e2e/test_watch.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tapecast.watch.command import watch
from tests.client.support import Answer, serving
from tests.client.test_transport import secure
from tests.e2e.certificates import Certificates
from tests.support import free_port

Run = Callable[..., Awaitable[Result]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs it in a thread, as a person would in another terminal."""
    for name in ("TAPECAST_URL", "TAPECAST_TICKET", "TAPECAST_TOKEN"):
        monkeypatch.delenv(name, raising=False)

    async def invoke(*arguments: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, watch, arguments)

    return invoke


def told(result: Result, code: int, words: str) -> None:
    """One line, that code."""
    assert result.exit_code == code, result.output
    assert len(result.output.splitlines()) == 1, result.output
    assert result.output.startswith("tapecast: ")
    assert words in result.output


JSON = "application/json"


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        (Answer("<html>", kind="text/html"), 3, "text/html"),
        (
            Answer("<html>", status="404 Not Found", kind="text/html"),
            3,
            "/stream answered HTTP 404 with text/html",
        ),
        (Answer(status="302 Found", more="Location: /\r\n"), 3, "redirects without end"),
        (Answer(status="503 Busy"), 3, "HTTP 503"),
        (Answer('{"error":{"code":"unauthorized","message":"Bearer"}}', "401 No", JSON), 4, "--ticket"),
        (Answer('{"error":{"code":"forbidden","message":"not you"}}', "403 No", JSON), 4, "not you"),
        (Answer('{"error":{"code":"symbol_invalid","message":"none"}}', "400 No", JSON), 2, "none"),
        (Answer('event: bye\ndata: {"code":"too_many_streams","message":"full"}\n\n'), 3, "full"),
        (Answer("data: nonsense\n\n"), 3, "makes no sense"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", 3, "is it https://"),
    ],
)
async def test_what_answers_is_no_stream(run: Run, answer: Answer | bytes, code: int, words: str) -> None:
    """Nothing else is printed."""
    async with serving(answer) as server:
        told(await run("AAPL", "--url", server.url), code, words)


async def test_nobody_answers(run: Run) -> None:
    """It asks whether the server runs."""
    told(await run("AAPL", "--url", f"http://127.0.0.1:{free_port()}"), 3, "is tapecast running there?")


async def test_a_self_signed_certificate(run: Run, tmp_path: Path) -> None:
    """It says how to name its authority."""
    async with serving(Answer(), tls=secure(Certificates(tmp_path))) as server:
        told(await run("AAPL", "--url", server.url), 3, "SSL_CERT_FILE")


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "http://", "localhost", "ws://localhost:8000"])
async def test_a_wrong_address(run: Run, url: str) -> None:
    """It shows what one looks like."""
    told(await run("AAPL", "--url", url), 2, "http://127.0.0.1:8000")


@pytest.mark.parametrize("arguments", [(), ("AAPL", "--interval", "-1"), ("AAPL", "--nope")])
async def test_wrong_options(run: Run, arguments: tuple[str, ...]) -> None:
    """As every command tells them."""
    result = await run(*arguments)
    assert result.exit_code == 2
    assert "Usage: watch" in result.output


async def test_credentials_come_from_the_environment(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where others cannot read them; and they are not shown."""
    monkeypatch.setenv("TAPECAST_TICKET", "hunter2")
    monkeypatch.setenv("TAPECAST_TOKEN", "hunter3")
    async with serving(Answer(status="401 No")) as server:
        monkeypatch.setenv("TAPECAST_URL", server.url)
        result = await run("AAPL")
    told(result, 4, "TAPECAST_TOKEN")
    assert "ticket=hunter2" in server.targets[0]
    assert "Bearer hunter3" in server.asked[0]
    assert "hunter" not in result.output
