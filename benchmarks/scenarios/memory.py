"""What one more client costs: memory of the server's processes, and of the kernel.

What makes it fair: the same lists, one update a symbol every four seconds, so that nothing is held back for
a slow client, and all of it delivered. Each server has served 50 clients before, so that what it loads once
is not counted. Memory is the proportional set size of all its processes, without libraries: what nginx's
worker shares with its master counts once, and nchan's shared memory as far as it is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from benchmarks.config import Config
from benchmarks.load import trial
from benchmarks.machine import kernel_kib
from benchmarks.processes import Failed, memory_kib
from benchmarks.row import Row
from benchmarks.subjects.base import Feed, Stage, Subject
from benchmarks.subjects.cached import QUEUED, TAPECAST
from benchmarks.subjects.nchan import NCHAN
from benchmarks.targets import Bar, judged
from benchmarks.trials import present, row, runs_of, tolerant
from benchmarks.watchlists import SYMBOLS, watchlists

NAME = "memory per client, {:,} clients with lists of 20"
BARS = (Bar(NCHAN.name, 1.2, is_most=True),)
LIST, RATE = 20, 0.25
MEASURE_S = 4.0
"""Each symbol once."""
ARRIVES = 0.9


class Grown(NamedTuple):
    """In thousands of bytes per client."""

    user: float
    kernel: float


def rows(config: Config) -> list[Row]:
    """User memory, held against the target, and the kernel's."""
    clients = 1000 if config.quick else 5000
    name = NAME.format(clients)
    found: list[Row] = []
    for subject in present(found, config, name, "KB", [TAPECAST, NCHAN, *([] if config.quick else [QUEUED])]):
        with tolerant(found, name, subject, "KB"):
            found += _measured(config, name, subject, clients)
    return judged([row for row in found if row.name == name], BARS) + [
        row for row in found if row.name != name
    ]


def _measured(config: Config, name: str, subject: Subject, clients: int) -> list[Row]:
    grown = runs_of(config, subject, Feed(SYMBOLS, RATE), partial(_grown, clients))
    both_ends = "slab growth, server's and client's end together"
    return [
        row(name, subject, "KB", [each.user for each in grown], "without libraries"),
        row(f"{name}: the kernel's", subject, "KB", [each.kernel for each in grown], both_ends),
    ]


def _grown(clients: int, stage: Stage) -> Grown:
    paths = stage.paths(watchlists(clients, LIST))
    trial(stage.port, paths, 50, warm=0.5, measure=0.5)
    before = _sizes(stage)
    after: list[tuple[int, int]] = []

    def weigh(phase: str) -> None:
        if phase == "end":
            after.append(_sizes(stage))

    result = trial(stage.port, paths, clients, (), weigh, warm=2, measure=MEASURE_S, patience=40)
    # A client that is not served costs little.
    if result.connected < clients or result.arrived(LIST * RATE) < ARRIVES:
        raise Failed(
            f"{result.connected} of {clients} clients, {result.arrived(LIST * RATE):.0%} of the events"
        )
    return Grown(*_per_client(before, after[0], clients))


def _sizes(stage: Stage) -> tuple[int, int]:
    return memory_kib(stage.pids()), kernel_kib()


def _per_client(before: Sequence[int], after: Sequence[int], clients: int) -> list[float]:
    return [(late - early) * 1.024 / clients for early, late in zip(before, after, strict=True)]
