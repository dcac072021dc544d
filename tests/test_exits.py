"""The commands that ask a server end alike, and as their pages and their help say."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from tapecast import process
from tapecast.bench.command import bench
from tapecast.watch.command import watch
from tests.bench.support import HEAD, READY, TELLS, answer, bye, deployment
from tests.support import free_port

DOCS = Path(__file__).parents[1] / "docs"
COMMANDS = pytest.mark.parametrize(("name", "command"), [("watch", watch), ("bench", bench)])


@pytest.fixture(autouse=True)
def no_signals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the main thread may handle them, and there the server of the test runs."""

    def run(main: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> None:
        asyncio.run(main(asyncio.Event()))

    monkeypatch.setattr(process, "run", run)
    monkeypatch.setattr(process, "spare_collections", lambda: None)


async def ended(url: str) -> list[int]:
    """The exit codes of both, asked to look at this address."""
    asked = [(watch, ["AAPL", "--url", url]), (bench, [url, "--symbols", "AAPL", "--streams", "1"])]
    return [(await asyncio.to_thread(CliRunner().invoke, *each)).exit_code for each in asked]


def refused(status: str, code: str) -> bytes:
    """An error of ours."""
    return answer(status, f'{{"error":{{"code":"{code}","message":"no"}}}}')


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (refused("401 No", "unauthorized"), 4),
        (answer("401 No", "<html>", kind="text/html"), 4),
        (refused("403 No", "forbidden"), 4),
        (HEAD + bye("ticket_expired"), 4),
        (refused("400 No", "symbol_invalid"), 2),
        (refused("429 No", "too_many_streams"), 3),
        (refused("503 No", "draining"), 3),
        (refused("404 No", "not_found"), 3),
        (answer("404 No", "<html>", kind="text/html"), 3),
        (answer("200 OK", "<html>", kind="text/html"), 3),
        (HEAD + bye("too_many_streams"), 3),
        (HEAD, 3),
        (b"SSH-2.0-OpenSSH_9.6\r\n", 3),
    ],
)
async def test_the_same_answer_has_the_same_code(reply: bytes, code: int) -> None:
    """Of the first stream."""
    paths = {"/readyz": READY, "/stream/status": TELLS, "/stream": reply, "/stream/prices": reply}
    async with deployment(paths) as url:
        assert await ended(url) == [code, code]


@pytest.mark.parametrize(("url", "code"), [("ws://localhost", 2), ("http://", 2), ("", 2)])
async def test_the_same_address_has_the_same_code(url: str, code: int) -> None:
    """One that is none."""
    assert await ended(url) == [code, code]


async def test_nobody_there_has_the_same_code() -> None:
    """Nothing listens."""
    assert await ended(f"http://127.0.0.1:{free_port()}") == [3, 3]


@COMMANDS
def test_the_list_is_in_the_help_and_on_the_page(name: str, command: click.Command) -> None:
    """The same codes, one line each."""
    told = CliRunner().invoke(command, ["--help"]).output.partition("Exit codes:")[2].partition("Options:")[0]
    helped = re.findall(r"^ +(\d+)  ", told, re.MULTILINE)
    page = (
        (DOCS / f"{name}.md")
        .read_text("utf-8")
        .partition("exit code" if name == "bench" else "Exit codes")[2]
    )
    paged = re.findall(r"^\| (\d+)", page, re.MULTILINE)
    assert helped == paged == ["0", "1", "2", "3", "4", "130"]
