"""How many trades a second one venue connection becomes in Redis, beside a reader that only decodes them.

What makes it fair: the same prepared frames from the same venue, which sends as fast as it is read; both
readers have a core for themselves. Then ours at the design's fixed rate, to see that nothing piles up.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace

from benchmarks.config import Config
from benchmarks.ingest import rate
from benchmarks.ingest.frames import PER_FRAME, names
from benchmarks.ingest.processes import waited
from benchmarks.ingest.rate import Age
from benchmarks.machine import no_redis
from benchmarks.progress import say
from benchmarks.row import Row
from benchmarks.targets import OURS, Bar, judged, limited
from benchmarks.trials import figure

BARE = "websocket + msgpack reader"
RATE = "ingest into Redis, {:,} symbols: highest rate"
STEADY = "ingest at 100,000 trades/s, 10,000 symbols, {:.0f} s: {}"
SYMBOLS = 10_000
TRADES_PER_S = 100_000
STEADY_S = 60.0
MOST_AGE_S, MOST_QUEUE = 1.0, 4 * 1024 * 1024
"""The queue is flat if the kernel never holds more than so many bytes, which is half a second of trades."""
BARS = (Bar(BARE, 0.6),)


def rows(config: Config) -> list[Row]:
    """The highest rate, then the fixed one."""
    if no_redis():
        return [Row(RATE.format(SYMBOLS), OURS, None, "trades/s", note=no_redis())]
    symbols = 1_000 if config.quick else SYMBOLS
    name = RATE.format(symbols)
    found: list[Row] = []
    with _tolerant(found, name):
        found += _rates(config, name, symbols)
    # Ten thousand seeds take a minute to begin with: not in a quick run.
    if not config.quick and not config.is_late:
        with _tolerant(found, STEADY.format(STEADY_S, "newest age")):
            found += _steady(STEADY_S)
    return found


@contextmanager
def _tolerant(found: list[Row], name: str) -> Iterator[None]:
    try:
        # What it says as a program of its own is progress here.
        with redirect_stdout(sys.stderr):
            yield
    except TimeoutError as error:
        found.append(Row(name, OURS, None, "", note=f"failed: {error}"))


def _rates(config: Config, rates: str, symbols: int) -> list[Row]:
    seconds = 3.0 if config.quick else 8.0
    taken: dict[str, list[float]] = {BARE: [], OURS: []}
    for _ in range(config.runs):
        # alpaca-py reads with the `legacy` client of websockets: the limit is what that client can do.
        _take(BARE, rate.bare("legacy", symbols, seconds, PER_FRAME), taken)
        _take(OURS, rate.ours(symbols, seconds, PER_FRAME), taken)
        if config.is_late:
            break
    found = [figure(rates, name, "trades/s", values) for name, values in taken.items()]
    return judged(found, BARS)


def _take(name: str, measured: rate.Rate, taken: dict[str, list[float]]) -> None:
    taken[name].append(measured.per_second)
    say(f"    {name}: {measured.per_second:,.0f}/s, {measured.cpu_us:.2f} us of CPU each")


def _steady(seconds: float) -> list[Row]:
    with rate.ingesting(SYMBOLS, "--rate", str(TRADES_PER_S)) as (sender, _, client):
        waited(lambda: client.dbsize() > 2 * SYMBOLS, "all symbols written", 60)
        waited(lambda: '"open"' in str(client.get(f"price:{names(SYMBOLS)[-1]}")), "all seeded", 180)
        first, began = sender.lines[-1], time.monotonic()
        seen: list[Age] = []
        while time.monotonic() < began + seconds:
            time.sleep(5)
            seen.append(rate.ages(client, names(SYMBOLS), sender))
            age = seen[-1]
            say(f"    newest {age.newest:.3f} s, p99 {age.p99:.3f} s, {age.queue:,} bytes waiting")
        last = sender.lines[-1]
    sent = (last["sent"] - first["sent"]) / (last["at"] - first["at"])
    return _steady_rows(seconds, sent, seen)


def _steady_rows(seconds: float, sent: float, seen: list[Age]) -> list[Row]:
    rates = figure(STEADY.format(seconds, "taken"), OURS, "trades/s", [sent])
    note = f"over all symbols the 99th percentile was {max(age.p99 for age in seen):.2f} s"
    newest = figure(STEADY.format(seconds, "newest age"), OURS, "s", [age.newest for age in seen], note)
    queue = figure(
        STEADY.format(seconds, "waiting before ingest"), OURS, "bytes", [age.queue for age in seen]
    )
    least = 0.99 * TRADES_PER_S
    return [
        replace(rates, target=f">= {least:,.0f} trades/s", reached=sent >= least),
        limited(newest, MOST_AGE_S),
        limited(queue, MOST_QUEUE),
    ]
