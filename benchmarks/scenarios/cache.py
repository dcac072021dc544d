"""What one Redis carries: ticks set and published through the fence, to more and more replicas.

The scale-out plan in `docs/deploy.md` stands on these figures. Redis has a core for itself; the writer, which
sends as fast as it is answered, and the replicas, which only take what comes, share the other. So the rates
are what this machine could ask for; what a write costs Redis is in the second rows.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from typing import Final, NamedTuple

from benchmarks.config import Config
from benchmarks.machine import cores, no_redis, redis_server
from benchmarks.processes import answers, cpu_s, free_port, running
from benchmarks.progress import say
from benchmarks.row import Row
from benchmarks.trials import figure
from tapecast.bus.connection import open_bus
from tapecast.bus.fence import Fence, Write
from tapecast.bus.lease import Lease

SYMBOLS, SIZE = 2000, 300
RATE: Final = f"one Redis, {SYMBOLS:,} symbols of {SIZE} bytes: set and published"
COST: Final = "the same: Redis's CPU for each"
REPLICAS: Final = (0, 1, 4, 16)


class Carried(NamedTuple):
    """One run."""

    per_second: float
    cpu_us: float


class _Sink(asyncio.Protocol):
    """A replica's connection: everything is taken, and nothing done with it."""


def rows(config: Config) -> list[Row]:
    """Writes a second, and what each costs, by how many listen to all of them."""
    if no_redis():
        return [Row(RATE, "0 replicas", None, "ticks/s", note=no_redis())]
    rates, costs = [], []
    for replicas in REPLICAS:
        subject = f"{replicas} replicas"
        runs = [_carried(replicas, 1.0 if config.quick else 3.0) for _ in range(config.runs)]
        say(f"    {subject}: {runs[-1].per_second:,.0f}/s, {runs[-1].cpu_us:.2f} us of Redis each")
        rates.append(figure(RATE, subject, "ticks/s", [run.per_second for run in runs]))
        costs.append(figure(COST, subject, "us", [run.cpu_us for run in runs]))
    return rates + costs


def _carried(replicas: int, seconds: float) -> Carried:
    port = free_port()
    command = [
        str(redis_server()),
        "--port",
        str(port),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--appendonly",
        "no",
    ]
    with running(command, cores()[0]) as child:
        child.wait_for(lambda: answers(port))
        return asyncio.run(_write(port, child.pids(), replicas, seconds))


async def _write(port: int, pids: list[int], replicas: int, seconds: float) -> Carried:
    async with AsyncExitStack() as stack:
        bus = await stack.enter_async_context(open_bus(f"redis://127.0.0.1:{port}"))
        names = [bus.keys.price(f"S{number}") for number in range(SYMBOLS)]
        for _ in range(replicas):
            stack.callback((await _listening(port, names)).abort)
        lease = Lease(bus, "us_equity", "benchmark")
        await lease.acquire()
        writes = [Write(name, b"x" * SIZE, "", bus.keys.channel(name)) for name in names]
        return await _timed(Fence(bus, lease), lease, writes, pids, seconds)


async def _timed(fence: Fence, lease: Lease, writes: list[Write], pids: list[int], seconds: float) -> Carried:
    began, used, count = time.perf_counter(), cpu_s(pids), 0
    while (took := time.perf_counter() - began) < seconds:
        await fence.write(writes, 5)
        await lease.renew()
        count += len(writes)
    return Carried(count / took, (cpu_s(pids) - used) / count * 1e6)


async def _listening(port: int, names: list[str]) -> asyncio.Transport:
    transport, _ = await asyncio.get_running_loop().create_connection(_Sink, "127.0.0.1", port)
    transport.write(f"SUBSCRIBE {' '.join(names)}\r\n".encode())
    return transport
