"""Redis in every shape, started for one test: alone with TLS, behind sentinels, as a cluster."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from tapecast.bus import embedded
from tests.support import eventually, free_port

SERVICE = "tape"
SLOTS = 16384


class Server:
    """One server process, at the same port for as long as the test lasts."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process = process
        self.port = port

    async def ask(self, *command: Any) -> Any:
        """Send it a command of its operator."""
        async with Redis(host="127.0.0.1", port=self.port) as redis:
            return await redis.execute_command(*command)  # type: ignore[no-untyped-call]

    async def answers(self) -> bool:
        """Whether it is up."""
        try:
            await self.ask("PING")
        except (RedisError, OSError):
            return False
        return True

    def kill(self) -> None:
        """End it without a word."""
        self.process.kill()
        self.process.wait()


def binary() -> str:
    """A complete server, which can be a sentinel and a node of a cluster."""
    return shutil.which("redis-server") or str(embedded._binary())


@asynccontextmanager
async def server(*options: str, port: int = 0, config: str | None = None) -> AsyncIterator[Server]:
    """A running server; `config`: the text of its file, which a sentinel wants to write to."""
    port = port or free_port()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        command = [binary()]
        if config is not None:
            file = Path(folder, "own.conf")
            file.write_text(config)  # noqa: ASYNC240 - a few bytes, in a test
            command.append(str(file))
        command += ["--port", str(port), "--bind", "127.0.0.1", "--dir", folder, *options]
        process = subprocess.Popen(  # noqa: ASYNC220 - it takes a millisecond
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        one = Server(process, port)
        try:
            await eventually(one.answers, "the server answers")
            yield one
        finally:
            one.kill()


@asynccontextmanager
async def watched() -> AsyncIterator[tuple[str, Server, Server]]:
    """A URL, a primary and its replica, with one sentinel that promotes the replica after a second."""
    async with server("--save", "") as primary:
        replica_of = ("--replicaof", f"127.0.0.1 {primary.port}", "--repl-diskless-sync-delay", "0")
        async with server("--save", "", *replica_of) as replica:

            async def follows() -> bool:
                info = await replica.ask("INFO", "replication")
                return bool(info.get("master_link_status") == "up")

            await eventually(follows, "the replica follows")
            config = (
                f"sentinel monitor {SERVICE} 127.0.0.1 {primary.port} 1\n"
                f"sentinel down-after-milliseconds {SERVICE} 1000\n"
                f"sentinel failover-timeout {SERVICE} 5000\n"
            )
            async with server("--sentinel", config=config) as sentinel:

                async def sees() -> bool:
                    return len(await sentinel.ask("SENTINEL", "REPLICAS", SERVICE)) == 1

                await eventually(sees, "the sentinel knows the replica", 20)
                # The first of the two is not there: the other has to be asked.
                url = f"redis+sentinel://127.0.0.1:{free_port()},127.0.0.1:{sentinel.port}/{SERVICE}"
                yield url, primary, replica


@asynccontextmanager
async def cluster() -> AsyncIterator[tuple[str, Server, Server]]:
    """A URL and the two nodes of a cluster; all slots are the first one's."""
    flags = ("--cluster-enabled", "yes", "--save", "")
    # The bus between the nodes is at the port + 10000, so the port has to be low.
    async with server(*flags, port=_low()) as first, server(*flags, port=_low()) as second:
        await first.ask("CLUSTER", "ADDSLOTSRANGE", 0, SLOTS - 1)
        await second.ask("CLUSTER", "MEET", "127.0.0.1", first.port)
        for node in (first, second):

            async def ready(node: Server = node) -> bool:
                return b"cluster_state:ok" in bytes(await node.ask("CLUSTER", "INFO"))

            await eventually(ready, "the cluster is up", 20)
        yield f"redis+cluster://127.0.0.1:{free_port()},127.0.0.1:{second.port}", first, second


async def move(slot: int, source: Server, target: Server) -> None:
    """Move a slot as an operator's tool does: keys go along."""
    there, here = await target.ask("CLUSTER", "MYID"), await source.ask("CLUSTER", "MYID")
    await target.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", here)
    await source.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", there)
    while keys := await source.ask("CLUSTER", "GETKEYSINSLOT", slot, 100):
        await source.ask("MIGRATE", "127.0.0.1", target.port, "", 0, 5000, "KEYS", *keys)
    for node in (target, source):
        await node.ask("CLUSTER", "SETSLOT", slot, "NODE", there)


def _low() -> int:
    while (port := free_port()) > 50_000:
        pass
    return port
