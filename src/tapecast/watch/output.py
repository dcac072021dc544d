"""Standard output that never holds up the stream: a pipe is written to when it has room, in small pieces.

A program behind the pipe that is slow, or stopped, would else stop our reading too, and the server would cut
us off. Here what is new meanwhile replaces what is old, in the client's mailbox.
"""

from __future__ import annotations

import asyncio
import os
import select
from typing import Final

PIECE: Final = min(4096, getattr(select, "PIPE_BUF", 512))
"""A pipe that is writable has room for this, by POSIX."""


class Output:
    """Lines to a file descriptor. Raises BrokenPipeError when nobody reads any more."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        # A file on a disk always has room, and cannot be waited for.
        self._waits = True

    async def write(self, line: bytes) -> None:
        """Write a line, all of it."""
        rest = memoryview(line)
        while rest:
            await self._room()
            rest = rest[os.write(self._fd, rest[:PIECE]) :]

    async def _room(self) -> None:
        loop = asyncio.get_running_loop()
        if not self._waits:
            return
        room = asyncio.Event()
        try:
            loop.add_writer(self._fd, room.set)
        except (OSError, NotImplementedError):
            self._waits = False
            return
        try:
            await room.wait()
        finally:
            loop.remove_writer(self._fd)
