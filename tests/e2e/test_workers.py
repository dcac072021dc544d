"""Apis of several workers: one for who asks, however many they are, and nothing of them is left behind."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from tapecast.bus.connection import Bus
from tests.e2e.processes import Child, serving, tapecast
from tests.e2e.ticker import Ticker
from tests.e2e.wire import Wire, get
from tests.support import PATIENCE_S, eventually

pytestmark = pytest.mark.e2e

SYMBOLS = ("AAPL", "MSFT", "TSLA")
PATHS = {
    "/stream/prices?symbols=AAPL,MSFT,TSLA": "prices",
    "/stream/prices?symbols=AAPL": "prices",
    "/stream/prices?symbols=AAPL,MSFT,TSLA&interval=100": "prices",
    "/stream/status": "status",
    "/stream?prices=AAPL,MSFT,TSLA&status": "multiplexed",
}
ROUNDS = 60
DEATHS = 3

COUNTED = ("_total", "_bucket", "_count", "_sum")

Sums = Counter[str]


@asynccontextmanager
async def client(base: str, path: str) -> AsyncIterator[Wire]:
    """A stream that is read until the end of the block. What it `received` is without the head."""
    opened = await Wire.dial(base)
    head = b""
    await opened.send(get(path, "Accept: text/event-stream"))
    while not head.endswith(b"\r\n\r\n"):
        head += await asyncio.get_running_loop().sock_recv(opened.sock, 1)
    opened._parser.feed_data(head)
    reading = asyncio.create_task(opened.end())
    try:
        yield opened
    finally:
        reading.cancel()
        await asyncio.wait([reading])
        opened.close()


async def samples(base: str) -> list[Sample]:
    """What an api tells. Each call gets any worker."""
    async with httpx.AsyncClient(timeout=PATIENCE_S) as http:
        answer = (await http.get(f"{base}/metrics")).raise_for_status()
    return [sample for family in text_string_to_metric_families(answer.text) for sample in family.samples]


async def scrape(base: str) -> Sums:
    """The same, summed over labels but for the kind of stream."""
    found: Sums = Counter()
    for sample in await samples(base):
        found[" ".join(filter(None, (sample.name, sample.labels.get("kind"))))] += int(sample.value)
    return found


async def never_falls(base: str, stop: asyncio.Event) -> int:
    """How often it was asked until told to stop: no count was ever less than the time before."""
    most: dict[tuple[str, ...], float] = {}
    times = 0
    while not stop.is_set():
        # One that has just died may have taken the connection.
        with suppress(httpx.TransportError):
            found = {(s.name, *s.labels.values()): s.value for s in await samples(base)}
            told = {key: value for key, value in found.items() if key[0].endswith(COUNTED)}
            assert not {
                key: (value, told.get(key)) for key, value in most.items() if told.get(key, 0) < value
            }
            most = told
            times += 1
    return times


def heard(clients: Sequence[tuple[str, Wire]]) -> Sums:
    """What these have counted themselves, under the names of the metrics."""
    sums: Sums = Counter(f"tapecast_streams {PATHS[path]}" for path, _ in clients)
    for _, each in clients:
        names = Counter(name for name, _ in each.events if name != "retry")
        sums["tapecast_ticks_sent_total"] += names["message"]
        sums["tapecast_events_sent_total"] += names.total() - names["message"]
        sums["tapecast_sent_bytes_total"] += each.received
    return sums


async def replicas(bus: Bus) -> set[int]:
    """The processes that serve streams."""
    names = [str(name, "utf-8") for name in await bus.redis.zrange("status:api", 0, -1)]  # type: ignore[arg-type]
    return {int(name.split("-")[-2]) for name in names}


def is_running(pid: int) -> bool:
    """Whether there is such a process."""
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


async def test_what_three_apis_of_two_workers_tell_is_what_their_clients_counted(
    ticker: Ticker, bus: Bus, valkey_url: str
) -> None:
    """Streams by kind, ticks, events and bytes, whichever worker is asked."""
    env = {"REDIS_URL": valkey_url, "KEEPALIVE_S": "300"}
    async with AsyncExitStack() as stack:
        start = [stack.enter_async_context(serving("api", "--workers", "2", env=env)) for _ in range(3)]
        apis: list[Child] = list(await asyncio.gather(*start))

        async def are_all_there() -> bool:
            return len(await replicas(bus)) == 6

        await eventually(are_all_there, "six replicas")
        clients = [
            (path, await stack.enter_async_context(client(api.base, path)))
            for api in apis
            for path in PATHS
            for _ in range(2)
        ]
        for _ in range(ROUNDS):
            await ticker.publish()
            await asyncio.sleep(0.01)
        readers = [each for path, each in clients if PATHS[path] != "status"]
        await eventually(lambda: all(each.newest.get("AAPL", (0, 0))[1] == ticker.seq for each in readers))

        async def adds_up() -> bool:
            counted = heard(clients)
            told = sum([await scrape(api.base) for api in apis], Counter())
            # Status events come and go: a moment without one is waited for.
            return counted == heard(clients) and counted.items() <= told.items()

        await eventually(adds_up, "sums")
        told = [await scrape(api.base) for api in apis for _ in range(6)]
        assert {one["tapecast_workers"] for one in told} == {2}
        assert {one["tapecast_streams prices"] for one in told} == {6}
        assert all(one["tapecast_tick_age_seconds_count"] > 0 for one in told)
        assert all(one["tapecast_workers_unheard_total"] == 0 for one in told)


@pytest.fixture
async def api(valkey_url: str) -> AsyncIterator[Child]:
    """An api of two workers."""
    env = {"REDIS_URL": valkey_url, "LOG_FORMAT": "json"}
    async with serving("api", "--workers", "2", env=env) as child:
        yield child


async def both(bus: Bus, gone: int = 0) -> set[int]:
    """Wait for two workers, of which none is `gone`."""
    found: set[int] = set()

    async def are_there() -> bool:
        nonlocal found
        found = {pid for pid in await replicas(bus) if is_running(pid)} - {gone}
        return len(found) == 2

    await eventually(are_there, "two workers")
    return found


async def test_a_worker_that_dies_is_replaced_and_what_it_counted_stays(
    api: Child, ticker: Ticker, bus: Bus
) -> None:
    """The other's streams go on; a sum that fell would show all that was ever counted as new."""
    async with AsyncExitStack() as stack:
        one, other = sorted(await both(bus))
        clients = [await stack.enter_async_context(client(api.base, ticker.path)) for _ in range(8)]
        for each in clients:
            await ticker.reaches(each)
        before = await scrape(api.base)
        os.kill(one, signal.SIGKILL)
        await api.said("worker_ended")
        during = await scrape(api.base)
        assert during["tapecast_ticks_sent_total"] >= before["tapecast_ticks_sent_total"] >= 24
        left = await both(bus, gone=one)
        assert other in left
        await ticker.publish()
        stayed = [each for each in clients if not each.ended]
        for each in stayed:
            await ticker.reaches(each)
        after = await scrape(api.base)
        assert after["tapecast_streams prices"] == len(stayed)
        said = [json.loads(line) for line in api.output.splitlines() if line.startswith("{")]
        assert [line["event"] for line in said if line["level"] == "ERROR"] == ["worker_ended"]
        # The end: both say goodbye, and no process is left.
        assert await api.end() == 0
        await eventually(lambda: all(each.ended for each in stayed))
        assert all(each.named("bye") for each in stayed)
        assert not any(map(is_running, left))


async def test_no_sum_falls_whoever_dies_and_whenever_it_is_asked(
    api: Child, ticker: Ticker, bus: Bus
) -> None:
    """Each fall is taken by Prometheus for a start at nothing, and all that was counted for new."""
    stop = asyncio.Event()
    asking = asyncio.create_task(never_falls(api.base, stop))
    for _ in range(DEATHS):
        victim = min(await both(bus))
        await ticker.publish()
        async with AsyncExitStack() as stack:
            for _ in range(4):
                await ticker.reaches(await stack.enter_async_context(client(api.base, ticker.path)))
            os.kill(victim, signal.SIGKILL)
            await both(bus, gone=victim)
    stop.set()
    assert await asking > DEATHS
    assert (await scrape(api.base))["tapecast_ticks_sent_total"] >= 4 * DEATHS
    assert "worker_count_not_kept" not in api.output


async def test_workers_do_not_outlive_a_killed_parent(api: Child, ticker: Ticker, bus: Bus) -> None:
    """They drain by themselves."""
    workers = await both(bus)
    async with client(api.base, ticker.path) as reader:
        await ticker.reaches(reader)
        await api.end(signal.SIGKILL)
        await eventually(lambda: reader.ended)
        assert reader.named("bye")
    await eventually(lambda: not any(map(is_running, workers)), "no worker")


async def test_workers_that_cannot_start_end_the_api(bus: Bus, valkey_url: str) -> None:
    """With the reason, and an exit code, as a single process does."""
    await bus.redis.lpush("account", "of another program")
    env = {"REDIS_URL": valkey_url}
    async with tapecast("api", "--workers", "2", "--port", "0", env=env) as child:
        assert await child.ended() == 1
        assert "set REDIS_PREFIX" in child.output
        assert "could not start" in child.output
        assert "Traceback" not in child.output
