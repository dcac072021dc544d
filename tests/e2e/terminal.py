"""A terminal of a certain size, and a program of ours that runs in it."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import signal
import struct
import sys
import termios
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from tests.support import eventually


class Terminal:
    """What the program wrote to it, and how it ended."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.output = b""

    @property
    def text(self) -> str:
        """All of it."""
        return self.output.decode("utf-8", "replace")

    async def shows(self, *words: str) -> None:
        """Wait until it has written all of these."""
        await eventually(
            lambda: all(word in self.text for word in words), f"{words} in {self.text[-2000:]!r}"
        )

    async def ended(self) -> int:
        """Its exit code."""
        async with asyncio.timeout(30):
            return await self._process.wait()

    async def end(self, number: signal.Signals) -> int:
        """Send it a signal; its exit code."""
        self._process.send_signal(number)
        return await self.ended()


@asynccontextmanager
async def terminal(
    *arguments: str, columns: int = 80, rows: int = 24, env: Mapping[str, str] | None = None
) -> AsyncIterator[Terminal]:
    """`tapecast ARGUMENTS` in a terminal, for the length of the block."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    clean = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tapecast", *arguments,
        stdin=theirs, stdout=theirs, stderr=theirs, env=clean | {"TERM": "xterm-256color"} | dict(env or {}),
    )  # fmt: skip
    os.close(theirs)
    found = Terminal(process)
    loop = asyncio.get_running_loop()

    def read() -> None:
        try:
            found.output += os.read(ours, 65_536)
        except OSError:
            # The program has ended.
            loop.remove_reader(ours)

    loop.add_reader(ours, read)
    try:
        yield found
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        loop.remove_reader(ours)
        os.close(ours)
