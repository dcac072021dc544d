"""`tapecast watch` as a person and a shell meet it. Its tables and errors are in tests/watch."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import Callable

import pytest

from tests.e2e.processes import Child, ready, tapecast
from tests.e2e.terminal import terminal
from tests.e2e.ticker import Ticker
from tests.support import eventually, free_port

pytestmark = pytest.mark.e2e

SYMBOLS = ("AAPL", "MSFT")
COLOUR = re.compile(r"\x1b\[[0-9;]*3[0-9][0-9;]*m")
SHOWN = "\x1b[?25h"
"""The cursor is shown again."""


async def shell(script: str, base: str) -> tuple[str, str, int]:
    """Output, errors and exit code of a shell script that calls `watch`."""
    command = f'watch() {{ {sys.executable} -m tapecast watch --url {base} "$@"; }}; {script}'
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "COLUMNS": "100", "FORCE_COLOR": "1"},
    )  # fmt: skip
    async with asyncio.timeout(60):
        out, err = await process.communicate()
    return out.decode(), err.decode(), process.returncode or 0


async def test_in_a_pipe(simulated: str) -> None:
    """JSON and text, until nobody reads any more: quietly, with the exit code of a broken pipe."""
    head = 'watch AAPL BTC/USD --json | head -20; exit "${PIPESTATUS[0]}"'
    out, err, code = await shell(head, simulated)
    events = [json.loads(line) for line in out.splitlines()]
    assert (len(events), err, code) == (20, "", 141)
    assert any(event["event"] == "tick" and event["state"] == "live" for event in events)
    out, err, code = await shell('watch AAPL --positions | head -8; exit "${PIPESTATUS[0]}"', simulated)
    assert (len(out.splitlines()), err, code) == (8, "", 141)
    assert "\x1b" not in out


async def test_once(simulated: str) -> None:
    """The exit code says whether all prices are current; piped it has no colours."""
    out, err, code = await shell("watch AAPL BTC/USD --once --positions", simulated)
    assert (err, code) == ("", 0), out
    assert "\x1b" not in out
    assert {"AAPL", "BTC/USD", "POSITION", "TSLA"} <= set(out.split())
    out, _, code = await shell("watch AAPL 'NOPE!' --once", simulated)
    assert code == 1
    assert "symbol_invalid" in out


async def test_in_a_terminal(simulated: str) -> None:
    """It is called SIMULATED, and Ctrl-C gives the terminal back with one line and 130."""
    await asyncio.gather(*(in_terminal(simulated, columns) for columns in (40, 80, 200)))


async def in_terminal(simulated: str, columns: int) -> None:
    """Of this width."""
    async with terminal("watch", "AAPL", "--positions", "--url", simulated, columns=columns) as shown:
        await shown.shows("LIVE", "SIMULATED", "AAPL", "POSITION")
        assert COLOUR.search(shown.text)
        assert await shown.end(signal.SIGINT) == 130
        await shown.shows("tapecast: interrupted")
    assert SHOWN in shown.text
    assert "Traceback" not in shown.text
    assert shown.text.rpartition("\x1b[?1049l")[2].strip() == "tapecast: interrupted"


async def test_without_colours(simulated: str) -> None:
    """NO_COLOR is heeded; SIGTERM gives the terminal back, too."""
    async with terminal("watch", "AAPL", "--url", simulated, env={"NO_COLOR": "1"}) as shown:
        await shown.shows("LIVE", "AAPL")
        assert await shown.end(signal.SIGTERM) == 143
    assert not COLOUR.search(shown.text)
    assert SHOWN in shown.text


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
async def test_a_terminal_of_few_characters(simulated: str, encoding: str) -> None:
    """What it lacks has a stand-in, and the cursor is shown again."""
    env = {"PYTHONIOENCODING": encoding}
    async with terminal("watch", "AAPL,MSFT", "--url", simulated, columns=30, env=env) as shown:
        await shown.shows("LIVE", "SIMULATED", "AAPL", "MSFT", "~")
        assert await shown.end(signal.SIGINT) == 130
    assert SHOWN in shown.text
    assert "Traceback" not in shown.text


async def test_a_dumb_terminal_gets_lines(simulated: str) -> None:
    """And no games with a cursor that it may not have."""
    async with terminal("watch", "AAPL", "--url", simulated, env={"TERM": "dumb"}) as shown:
        await shown.shows("AAPL      live")
        assert await shown.end(signal.SIGINT) == 130
    assert "\x1b" not in shown.text


async def test_it_comes_back_and_says_so(ticker: Ticker, valkey_url: str) -> None:
    """The server is killed and started anew on the same port: stale in between, live again after."""
    port = free_port()
    base, env = f"http://127.0.0.1:{port}", {"REDIS_URL": valkey_url}
    listening = ("api", "--host", "127.0.0.1", "--port", str(port))
    async with tapecast(*listening, env=env) as api:
        await eventually(lambda: ready(base), "the api")
        async with tapecast("watch", "AAPL", "--json", "--url", base) as watch:
            told = teller(watch)

            async def lives_after(opens: int) -> bool:
                # A price lives for five seconds, and a busy machine may need them.
                await ticker.publish()
                news = told()
                return news.count(("connection", "open")) == opens and states(news)[-1] == "live"

            await eventually(lambda: lives_after(1), "live")
            await api.end(signal.SIGKILL)
            await eventually(lambda: told()[-1] == ("connection", "reconnecting"), "the loss")
            assert states(told())[-1] == "stale"
            async with tapecast(*listening, env=env):
                await eventually(lambda: lives_after(2), "live again")


def states(told: list[tuple[str, str]]) -> list[str]:
    """Of the symbol, after a first word that says nothing."""
    return ["pending", *(state for name, state in told if name == "symbol")]


def teller(watch: Child) -> Callable[[], list[tuple[str, str]]]:
    """Names and states of the events of a `watch --json`, but for its ticks and heartbeats."""

    def told() -> list[tuple[str, str]]:
        lines = watch.output.rpartition("\n")[0].splitlines()
        events = [json.loads(line) for line in lines]
        return [
            (each["event"], each["state"]) for each in events if each["event"] in {"symbol", "connection"}
        ]

    return told
