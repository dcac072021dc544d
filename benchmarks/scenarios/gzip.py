"""Shared compression: what gzip saves on the wire and what it costs, on the same shared views.

What makes it fair: the same ticks at the same pace with and without. Prices, sizes and times walk as a
market's do (`ticks.py`), since constant ones would compress to nothing. Compressed bodies are not looked into
by the load, so both figures are held against the ticks that were published for these clients.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from benchmarks.config import Config
from benchmarks.processes import Failed
from benchmarks.progress import say
from benchmarks.row import Row
from benchmarks.scenarios.views import FEED, LIST, RATE, VIEWS
from benchmarks.subjects.base import Stage
from benchmarks.subjects.cached import TAPECAST
from benchmarks.trials import counted, figure, present, runs_of, tolerant

CLIENTS = 1000
OFFERED = CLIENTS * LIST * RATE
BYTES = "20 shared views, 1,000 clients, gzip off and on: bytes per event"
CPU = "20 shared views, 1,000 clients, gzip off and on: CPU per event"
HEADERS = {"off": "", "on": "Accept-Encoding: gzip"}


class Cost(NamedTuple):
    """Of one event that was offered to one client."""

    bytes: float
    cpu_us: float


def rows(config: Config) -> list[Row]:
    """Bytes and processor time."""
    found: list[Row] = []
    for subject in present(found, config, BYTES, "B", [TAPECAST]):
        for kind, header in HEADERS.items():
            with tolerant(found, BYTES, subject, "B"):
                costs = runs_of(config, subject, FEED, partial(_cost, config, header))
                name = f"{subject.name}, gzip {kind}"
                say(f"    {name}: {costs[-1].bytes:.0f} bytes, {costs[-1].cpu_us:.2f} us")
                found.append(figure(BYTES, name, "B", [cost.bytes for cost in costs]))
                found.append(figure(CPU, name, "us", [cost.cpu_us for cost in costs]))
    return found


def _cost(config: Config, header: str, stage: Stage) -> Cost:
    result = counted(config, stage, VIEWS, CLIENTS, header=header, raw=1)
    if result.connected < CLIENTS:
        raise Failed(f"{result.connected} of {CLIENTS} clients connected")
    events = OFFERED * result.seconds
    return Cost(result.bytes / events, result.server_cpu_s / events * 1e6)
