"""A Valkey that a test kills, pauses, fills and restarts empty, always at the same port."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tapecast.bus import embedded
from tapecast.bus.connection import open_bus, ping
from tapecast.errors import BusUnavailable
from tests.support import eventually, free_port


class Cache:
    """A Valkey of the test's own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it is, whether it runs or not."""
        return f"redis://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Start it, empty, and wait until it answers."""
        self._process = embedded._spawn(embedded._binary(), self._folder, self.port)
        await eventually(self._answers, "Valkey answers")

    async def _answers(self) -> bool:
        async with open_bus(self.url) as bus:
            try:
                await ping(bus)
            except BusUnavailable:
                return False
            return True

    async def ask(self, *command: str) -> None:
        """Send it a command of its operator."""
        async with open_bus(self.url) as bus, bus.asking() as redis:
            await redis.execute_command(*command)  # type: ignore[no-untyped-call]

    def pause(self) -> None:
        """Let it stand still, its sockets open."""
        self._send(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on where it stood."""
        self._send(signal.SIGCONT)

    def _send(self, number: signal.Signals) -> None:
        if self._process is not None:
            # Its whole session: the shell that guards it, and itself.
            os.killpg(self._process.pid, number)

    async def kill(self) -> None:
        """End it without a word. Nothing that was in it is kept."""
        self._send(signal.SIGKILL)
        process, self._process = self._process, None
        if process is not None:
            await asyncio.to_thread(process.wait)
            if process.stdin is not None:
                process.stdin.close()


@asynccontextmanager
async def cache() -> AsyncIterator[Cache]:
    """Running at first, and gone at the end of the block."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        own = Cache(Path(folder))
        await own.start()
        try:
            yield own
        finally:
            await own.kill()
