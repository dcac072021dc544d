"""How many messages a second: a bare reader and our ingest by turns, then our ingest at a fixed rate.

python -m benchmarks.ingest.rate --rounds 3 --seconds 8
python -m benchmarks.ingest.rate --steady 60 --rate 100000
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec
import redis

from benchmarks.ingest.frames import names
from benchmarks.ingest.processes import MEASURED, Venue, cache, cpu_s, ingest_env, process, venue, waited
from tapecast.bus.codec import decode_ingest_status
from tapecast.market import parse_rfc3339

WARM_S = 4.0


class Rate(NamedTuple):
    """One measured stretch."""

    per_second: float
    cpu_us: float


class Age(NamedTuple):
    """How old the ticks in Redis were, over all symbols, in seconds; and what waits before ingest."""

    newest: float
    median: float
    p99: float
    symbols: int
    queue: int


class _Stamp(msgspec.Struct):
    timestamp: str = ""


_stamp = msgspec.json.Decoder(_Stamp).decode


def measure(sender: Venue, pid: int, seconds: float) -> Rate:
    """What a client takes while the venue sends as fast as it is read."""
    sender.begun()
    time.sleep(WARM_S)
    before, cpu_before = sender.lines[-1], cpu_s(pid)
    began = time.monotonic()
    time.sleep(seconds)
    after, cpu = sender.lines[-1], cpu_s(pid) - cpu_before
    rate = (after["sent"] - before["sent"]) / (after["at"] - before["at"])
    return Rate(rate, cpu / (time.monotonic() - began) / rate * 1e6)


def bare(kind: str, symbols: int, seconds: float, per_frame: int) -> Rate:
    """The limit."""
    with venue("--symbols", str(symbols), "--per-frame", str(per_frame)) as sender:
        command = (sys.executable, "-m", "benchmarks.ingest.reader", sender.url, str(symbols), kind)
        with process(MEASURED, *command) as child:
            return measure(sender, child.pid, seconds)


@contextmanager
def ingesting(symbols: int, *options: str) -> Iterator[tuple[Venue, int, redis.Redis]]:
    """Our ingest, subscribed to everything."""
    with ExitStack() as stack:
        url = stack.enter_context(cache())
        sender = stack.enter_context(venue("--symbols", str(symbols), *options))
        env = ingest_env(sender, url, names(symbols))
        child = stack.enter_context(
            process(MEASURED, sys.executable, "-m", "tapecast.cli", "ingest", env=env)
        )
        client = stack.enter_context(redis.Redis.from_url(url))
        sender.begun()
        yield sender, child.pid, client


def ours(symbols: int, seconds: float, per_frame: int) -> Rate:
    """Our ingest at full speed."""
    with ingesting(symbols, "--per-frame", str(per_frame)) as (sender, pid, client):
        rate = measure(sender, pid, seconds)
        print(f"    {ages(client, names(symbols), sender)}", flush=True)
        return rate


def ages(client: redis.Redis, symbols: Sequence[str], sender: Venue) -> Age:
    """The state of Redis now."""
    now = time.time_ns()
    values = client.mget([f"price:{symbol}" for symbol in symbols])
    held = sorted((now - parse_rfc3339(_stamp(value).timestamp)) / 1e9 for value in values if value)
    queue = _queued(int(sender.url.rsplit(":", 1)[1].split("/")[0]))
    if not held:
        return Age(-1, -1, -1, 0, queue)
    return Age(
        round(held[0], 3), round(statistics.median(held), 3), round(held[len(held) * 99 // 100], 3),
        len(held), queue,
    )  # fmt: skip


def _queued(port: int) -> int:
    """Bytes in the kernel on either side of the venue's socket."""
    total = 0
    with Path("/proc/net/tcp").open(encoding="ascii") as table:
        for line in list(table)[1:]:
            fields = line.split()
            if port in (int(fields[1].split(":")[1], 16), int(fields[2].split(":")[1], 16)):
                out, into = fields[4].split(":")
                # A listening socket counts connections there.
                total += 0 if fields[3] == "0A" else int(out, 16) + int(into, 16)
    return total


def steady(symbols: int, rate: float, seconds: float) -> None:
    """A fixed rate: is it kept, and how old is what a reader finds?"""
    with ingesting(symbols, "--rate", str(rate)) as (sender, pid, client):
        waited(lambda: client.dbsize() > 2 * symbols, "all symbols written", 60)
        waited(lambda: '"open"' in str(client.get(f"price:{names(symbols)[-1]}")), "seeded", 180)
        cpu, began, commands = cpu_s(pid), time.monotonic(), client.info("commandstats")
        first = sender.lines[-1]
        while time.monotonic() < began + seconds:
            time.sleep(min(5.0, seconds))
            # The venue says each second how late it was; a full socket delays it.
            print(f"    {ages(client, names(symbols), sender)} late={sender.lines[-1]['late_s']}", flush=True)
        spent, last = time.monotonic() - began, sender.lines[-1]
        used = (cpu_s(pid) - cpu) / spent
        sent = (last["sent"] - first["sent"]) / (last["at"] - first["at"])
        flushed = _sets(client.info("commandstats")) - _sets(commands)
        print(f"steady: sent {sent:,.0f}/s, {used:.0%} of a core, {flushed / spent:,.0f} SET/s")
        print(f"    rejected: {_status(client)}")


def _sets(stats: dict[str, dict[str, int]]) -> int:
    return stats.get("cmdstat_set", {}).get("calls", 0)


def _status(client: redis.Redis) -> object:
    (name,) = client.scan_iter("status:ingest:*")
    value = client.get(name)
    assert isinstance(value, bytes), "ingest has written no status"
    status = decode_ingest_status(value)
    return status.messages, status.messages_per_second, status.rejected, status.reconnects


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--symbols", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--per-frame", type=int, default=50)
    parser.add_argument("--steady", type=float, default=0.0)
    parser.add_argument("--rate", type=float, default=100_000)
    options = parser.parse_args()
    if options.steady:
        steady(options.symbols, options.rate, options.steady)
        return
    for _ in range(options.rounds):
        for name in ("asyncio", "legacy"):
            rate = bare(name, options.symbols, options.seconds, options.per_frame)
            print(f"bare {name:8} {rate.per_second:>10,.0f}/s {rate.cpu_us:.2f} us", flush=True)
        rate = ours(options.symbols, options.seconds, options.per_frame)
        print(f"ingest        {rate.per_second:>10,.0f}/s {rate.cpu_us:.2f} us", flush=True)


if __name__ == "__main__":
    main()
