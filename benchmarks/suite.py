"""Which parts there are, and how they are run: a module for each, with `rows(config)`."""

from __future__ import annotations

import importlib
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from benchmarks.config import Config
from benchmarks.progress import say
from benchmarks.row import Row


class Part(NamedTuple):
    """One of the suite."""

    what: str
    full_s: float
    quick_s: float
    """What it usually takes on a quiet machine: its share of the time, should that become short."""

    def usual_s(self, config: Config) -> float:
        """Of this kind of run."""
        return self.quick_s if config.quick else self.full_s


PARTS = {
    "watchlists": Part(
        "every client its own list: highest load, beside nchan, polls, queues, a C loop", 640, 45
    ),
    "views": Part("20 shared lists: highest load, nchan given whole frames", 220, 26),
    "single": Part("one symbol to 1,000 and 4,000 clients: highest rate, and CPU per event", 800, 40),
    "ceiling": Part("what the load generator itself can count", 120, 8),
    "memory": Part("memory per client, at 5,000", 150, 14),
    "crowd": Part("10,000 clients, one update a second: p99", 130, 18),
    "storm": Part("5,000 are cut and reconnect", 100, 6),
    "stall": Part("a reader stalls for 10 s: what is held for it, how old it is, who else pays", 150, 26),
    "gzip": Part("shared compression off and on: bytes and CPU", 50, 9),
    "latency": Part("venue frame to client bytes, beside a bare relay", 110, 14),
    "ingest": Part("trades a second into Redis, beside a bare reader; 100,000/s for a minute", 240, 16),
    "cache": Part("what one Redis carries: ticks set and published, to 0 to 16 replicas", 50, 8),
    "curves": Part("cost as clients, symbols and views grow: the picture", 200, 42),
}
"""In the order of the design's table."""


def run(config: Config, only: Sequence[str] = ()) -> list[Row]:
    """The rows of all parts, or of these."""
    found: list[Row] = []
    left = list(only or PARTS)
    while left:
        usual = [PARTS[name].usual_s(config) for name in left]
        say(f"{left[0]}:")
        found += rows_of(left.pop(0), _within(config, usual[0] / sum(usual)))
    return found


def _within(config: Config, share: float) -> Config:
    """The same with so much of the time that is left: a part that is slow must not cost the others theirs."""
    now = time.monotonic()
    return replace(config, deadline=now + share * (config.deadline - now))


def rows_of(name: str, config: Config) -> list[Row]:
    """The rows of one part."""
    part = importlib.import_module(f"benchmarks.scenarios.{name}")
    rows: list[Row] = part.rows(config)
    return rows


def listing() -> str:
    """For `--list`."""
    width = max(map(len, PARTS))
    return "\n".join(f"{name.ljust(width)}  {part.what}" for name, part in PARTS.items())
