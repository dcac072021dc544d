"""`tapecast api --workers N`: one listening socket, N processes that serve it, and a parent that keeps them.

One Python process uses one core; each worker is a whole api, a replica of its own, started as a new program:
nothing is forked. The parent serves nothing. It starts again what has ended, with growing delays, passes
SIGTERM on and waits for the streams to be ended politely. Each worker holds the reading end of a pipe, which
closes when the parent ends, even by SIGKILL: then it drains by itself, and nothing is left behind.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import socket
import sys
import tempfile
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from tapecast.api.folder import Folder
from tapecast.backoff import backoff
from tapecast.errors import StartError

RESTART_S: Final = (0.2, 10.0)
STEADY_S: Final = 60.0
"""A worker that served for so long is started again as quickly as the first time."""
STOP_S: Final = 15.0
"""Longer than a worker's own grace for its clients, shorter than a platform's patience (30 s)."""

logger = logging.getLogger(__name__)


class Workers:
    """The parent's side."""

    def __init__(self, count: int, sock: socket.socket, stop: asyncio.Event) -> None:
        self._count = count
        self._sock = sock
        self._stop = stop
        # Some worker has served. Before that, one that cannot start ends us, as it would have ended alone.
        self._has_served = False

    async def run(self) -> None:
        """Keep them until told to stop, and wait for their end. Raises StartError if none can start."""
        if os.name == "nt":
            raise StartError("--workers needs a system with Unix sockets; run one api for each port instead")
        with tempfile.TemporaryDirectory(prefix="tapecast-api-", ignore_cleanup_errors=True) as folder:
            async with asyncio.TaskGroup() as tasks:
                for number in range(self._count):
                    tasks.create_task(self._keep(number, Path(folder)))

    async def _keep(self, number: int, folder: Path) -> None:
        delays = backoff(*RESTART_S)
        is_first = True
        loop = asyncio.get_running_loop()
        while not self._stop.is_set():
            began = loop.time()
            code = await self._run_one(number, folder, is_first=is_first)
            is_first = False
            if self._stop.is_set():
                return
            self._forget(number, Folder(folder))
            if code in {1, 2} and not self._has_served:
                # It has said why.
                raise StartError(f"worker {number} could not start (exit code {code})")
            if loop.time() - began > STEADY_S:
                delays = backoff(*RESTART_S)
            delay_s = next(delays)
            logger.error("worker_ended: %d, exit code %d; next start in %.1f s", number, code, delay_s)
            with suppress(TimeoutError):
                async with asyncio.timeout(delay_s):
                    await self._stop.wait()

    async def _run_one(self, number: int, folder: Path, *, is_first: bool) -> int:
        process = await self._start(number, folder, is_first=is_first)
        ended, stopped = asyncio.create_task(process.wait()), asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait([ended, stopped], return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
            await _end(process)
        return await ended

    def _forget(self, number: int, folder: Folder) -> None:
        """Nobody is to ask the ended worker for its metrics any more; what it had counted stays."""
        # Only now: a parent whose workers live needs none of it.
        from tapecast.api.deployment import ALIKE  # noqa: PLC0415
        from tapecast.api.sums import add_up  # noqa: PLC0415

        try:
            self._has_served |= folder.was_used()
            folder.forget(number, lambda texts: add_up([], texts, ALIKE))
        except (OSError, ValueError) as error:
            # A full disk is no reason to end the workers that serve.
            logger.warning("worker_count_not_kept: of worker %d: %s", number, error)

    async def _start(self, number: int, folder: Path, *, is_first: bool) -> Process:
        shared = self._sock.fileno()
        arguments = ["worker", str(shared), str(folder), str(number)]
        if number == 0 and is_first:
            # One banner is enough.
            arguments.append("--banner")
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tapecast", *arguments, stdin=asyncio.subprocess.PIPE, pass_fds=[shared]
        )


async def _end(process: Process) -> None:
    """Have it end its streams; kill what has not ended by then. Also when we are cancelled."""
    try:
        if process.returncode is None:
            process.terminate()
        async with asyncio.timeout(STOP_S):
            await process.wait()
    except TimeoutError:
        logger.warning("worker_killed: process %d did not end in %.0f s", process.pid, STOP_S)
        process.kill()
        await process.wait()


class _Guard(asyncio.Protocol):
    def __init__(self, stop: asyncio.Event) -> None:
        self._stop = stop
        self.is_orphan = False

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        # Not when we closed it ourselves, at the end.
        self.is_orphan = not self._stop.is_set()
        self._stop.set()


@asynccontextmanager
async def guarded(stop: asyncio.Event, folder: Path) -> AsyncIterator[None]:
    """A worker's side: stop when the parent has ended, which closes our standard input."""
    transport, guard = await asyncio.get_running_loop().connect_read_pipe(lambda: _Guard(stop), sys.stdin)
    try:
        yield
    finally:
        transport.close()
        if guard.is_orphan:
            # The parent would have taken it away.
            shutil.rmtree(folder, ignore_errors=True)
