"""Real processes of ours, started, watched and ended by the tests that started them."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from httpx_sse import ServerSentEvent, aconnect_sse

from tests.support import PATIENCE_S, eventually

# A test run that is killed ends no block, and would leave its processes to those who come after.
_WITH_US = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
_LISTEN = re.compile(r"listen  (http://\S+)|prices at (http://\S+)")


class Child:
    """One `tapecast` process with its output in a file, which can be read when a test fails."""

    def __init__(self, process: asyncio.subprocess.Process, output: Path) -> None:
        self._process = process
        self._output = output

    @property
    def output(self) -> str:
        """All that it has printed so far."""
        return self._output.read_text("utf-8")

    @property
    def base(self) -> str:
        """The URL that its banner names."""
        match = _LISTEN.search(self.output)
        return next(filter(None, match.groups())).replace("localhost", "127.0.0.1") if match else ""

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def said(self, text: str) -> None:
        """Wait until its output has `text`."""
        await eventually(lambda: text in self.output or self._ended(), f"output: {text}")
        assert text in self.output, self.output

    def _ended(self) -> bool:
        return self._process.returncode is not None

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        if self._process.returncode is None:
            os.kill(self._process.pid, number)

    async def ended(self) -> int:
        """Wait for its end; its exit code."""
        async with asyncio.timeout(60):
            return await self._process.wait()

    async def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End it and wait; its exit code."""
        self.send(number)
        return await self.ended()


@asynccontextmanager
async def tapecast(*arguments: str, env: Mapping[str, str] | None = None) -> AsyncIterator[Child]:
    """Run `tapecast ARGUMENTS` in an empty folder with a clean environment, for the length of the block."""
    clean = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    # A started process must not spend half of a busy machine's time on compiling what it imports.
    clean["PYTHONDONTWRITEBYTECODE"] = "1"
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "output"
        with output.open("wb") as file:
            process = await asyncio.create_subprocess_exec(
                *_WITH_US, sys.executable, "-m", "tapecast", *arguments,
                cwd=folder, env=clean | dict(env or {}),
                stdout=file, stderr=file, stdin=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
        child = Child(process, output)
        try:
            yield child
        finally:
            if process.returncode is None:
                await child.end(signal.SIGKILL)


@asynccontextmanager
async def serving(*arguments: str, env: Mapping[str, str] | None = None) -> AsyncIterator[Child]:
    """As `tapecast`, on a free port, once its banner has been printed and it is ready."""
    async with tapecast(*arguments, "--port", "0", env=env) as child:
        await eventually(lambda: child.base or child._ended(), f"a banner of {arguments}")
        assert child.base, child.output
        if arguments[0] != "simulate":
            await eventually(lambda: ready(child.base), lambda: f"{arguments} ready: {child.output}")
        yield child


async def ready(base: str) -> bool:
    """Whether the api at `base` says that it is ready."""
    async with httpx.AsyncClient(base_url=base, timeout=PATIENCE_S) as client:
        try:
            return (await client.get("/readyz")).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False


class Stream:
    """An open stream, read in the background into a list of events."""

    def __init__(self) -> None:
        self.events: list[ServerSentEvent] = []
        # Called with each event as it comes.
        self.hear: Callable[[ServerSentEvent], None] | None = None
        # How the stream ended, if it did.
        self.ended = False

    def ticks(self, symbol: str) -> list[dict[str, Any]]:
        """All ticks of `symbol`, oldest first."""
        return [
            t
            for t in (json.loads(e.data) for e in self.events if e.event == "message")
            if t["symbol"] == symbol
        ]

    def newest(self, symbol: str) -> dict[str, Any]:
        """The newest tick of `symbol`; empty while there is none."""
        return (self.ticks(symbol) or [{}])[-1]

    def raw_ticks(self, symbol: str) -> list[str]:
        """The data of all ticks of `symbol`, as they came."""
        return [
            e.data for e in self.events if e.event == "message" and json.loads(e.data)["symbol"] == symbol
        ]

    def named(self, name: str) -> list[dict[str, Any]]:
        """The data of all events of this name."""
        return [json.loads(event.data) for event in self.events if event.event == name]

    def states(self, symbol: str) -> list[str]:
        """The states of `symbol`, oldest first."""
        return [event["state"] for event in self.named("symbol") if event["symbol"] == symbol]

    async def goes_on(self, symbol: str) -> None:
        """Wait for another tick of `symbol`."""
        count = len(self.ticks(symbol))
        await eventually(lambda: len(self.ticks(symbol)) > count, f"{symbol} goes on")

    def state(self, symbol: str) -> str:
        """The state of `symbol` now."""
        return (self.states(symbol) or [""])[-1]


@asynccontextmanager
async def streaming(url: str, **params: str) -> AsyncIterator[Stream]:
    """Open an SSE stream and read it until the block ends."""
    stream = Stream()
    opened = asyncio.Event()

    async def read() -> None:
        async with (
            httpx.AsyncClient(timeout=httpx.Timeout(PATIENCE_S, read=None)) as client,
            aconnect_sse(client, "GET", url, params=params) as source,
        ):
            source.response.raise_for_status()
            opened.set()
            try:
                async for event in source.aiter_sse():
                    stream.events.append(event)
                    if stream.hear is not None:
                        stream.hear(event)
            finally:
                stream.ended = True

    task = asyncio.create_task(read())
    waiting = asyncio.create_task(opened.wait())
    await asyncio.wait({task, waiting}, timeout=PATIENCE_S, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    try:
        if task.done():
            task.result()
        yield stream
    finally:
        task.cancel()
        await asyncio.gather(task, waiting, return_exceptions=True)


async def status(base: str) -> dict[str, Any]:
    """The answer of `/stream/status`."""
    async with httpx.AsyncClient(base_url=base, timeout=PATIENCE_S) as client:
        answer = await client.get("/stream/status")
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found
