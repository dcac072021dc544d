"""What the kernel says of connections and processes. Linux says it in files; elsewhere nobody does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.e2e.wire import Wire, get
from tests.support import PATIENCE_S, eventually

needs_proc = pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="this system has no /proc/net/tcp")
ESTABLISHED = "01"


@dataclass(frozen=True)
class Held:
    """The server's end of a connection, as the kernel knows it."""

    state: str
    # Bytes that the client's kernel has not acknowledged.
    queued: int


def held(base: str, client: Wire) -> Held | None:
    """The server's end of this client's connection; None when the kernel has forgotten it."""
    ends = f":{urlsplit(base).port or 0:04X}", f":{client.port:04X}"
    for line in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]:
        _, local, remote, state, queues, *_ = line.split()
        if local.endswith(ends[0]) and remote.endswith(ends[1]):
            return Held(state, int(queues.partition(":")[0], 16))
    return None


@asynccontextmanager
async def unanswered(base: str, client: Wire) -> AsyncIterator[None]:
    """A client that asks for more than the kernel takes and reads nothing, once the server is stuck."""
    asking = asyncio.create_task(_ask(base, client))
    queued: list[int] = []

    def is_stuck() -> bool:
        queued.append(end.queued if (end := held(base, client)) else 0)
        return queued[-1] > 0 and queued[-20:] == [queued[-1]] * 20

    try:
        await eventually(is_stuck, "more than the kernel takes")
        yield
    finally:
        asking.cancel()
        await asyncio.wait([asking])


async def _ask(base: str, client: Wire) -> None:
    # A few at a time, when the last have been answered: more at once would be cut off.
    async with httpx.AsyncClient(timeout=PATIENCE_S) as other:
        size = len((await other.get(base + "/metrics")).content)
    while True:
        before = _unread(base, client)
        await client.send(get("/metrics") * 8)
        while _unread(base, client) < before + 7 * size:
            await asyncio.sleep(0.005)


def _unread(base: str, client: Wire) -> int:
    """Bytes on their way to this client, in the kernel at either end."""
    server, port = f":{urlsplit(base).port or 0:04X}", f":{client.port:04X}"
    total = 0
    for line in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]:
        _, local, remote, _, queues, *_ = line.split()
        out, _, into = queues.partition(":")
        if local.endswith(server) and remote.endswith(port):
            total += int(out, 16)
        elif local.endswith(port) and remote.endswith(server):
            total += int(into, 16)
    return total


def descriptors(pid: int) -> int:
    """How many files and sockets a process has open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def files_of(pid: int, redis: str) -> int:
    """The same without connections to this Redis: their pool grows when many ask at once, and stays."""
    port = f":{urlsplit(redis).port or 0:04X}"
    sockets = [line.split() for line in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]]
    pooled = {f"socket:[{fields[9]}]" for fields in sockets if fields[2].endswith(port)}
    found = []
    for each in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            found.append(str(each.readlink()))
    return sum(name not in pooled for name in found)


def memory_kib(pid: int) -> int:
    """Memory that a process has in use, with its share of what it shares."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
