"""One symbol, one event in a frame: nothing to coalesce, so this is the cost of a write and no more.

What makes it fair: every client of every server gets each update as one frame of one 200-byte tick. The C
loop makes its frame once and calls send() for each client; nchan is posted to; ours and sse-starlette read
Redis. CPU is compared at one load that all of them hold.
"""

from __future__ import annotations

from functools import partial

from benchmarks.config import Config
from benchmarks.row import Row
from benchmarks.search import ladder
from benchmarks.subjects.base import Feed, Stage, Subject
from benchmarks.subjects.cached import QUEUED, TAPECAST
from benchmarks.subjects.nchan import NCHAN
from benchmarks.subjects.sender import SENDER
from benchmarks.targets import Bar, judged
from benchmarks.trials import Trial, counted, limit_row, limits, present, repeated, row, tolerant

LIST = ("S00",)
EVENTS = 40_000
"""The load at which CPU is compared."""
RATE_BARS = (Bar(NCHAN.name, 1),)
CPU_BARS = (Bar(SENDER.name, 1.5, is_most=True),)


def rows(config: Config) -> list[Row]:
    """Highest rate and cost, for few clients and for many."""
    found: list[Row] = []
    for clients in (1000,) if config.quick else (1000, 4000):
        found += judged(_rates(config, clients), RATE_BARS)
        found += judged(_costs(config, clients), CPU_BARS)
    return found


def _subjects(config: Config, clients: int) -> list[Subject]:
    # A queue per client takes half of the time to find that it holds a third of the others.
    return [NCHAN, TAPECAST, SENDER, *([QUEUED] if clients <= 1000 and not config.quick else [])]


def _rates(config: Config, clients: int) -> list[Row]:
    name = f"one symbol, {clients:,} clients: highest rate"
    found: list[Row] = []
    rungs = ladder(8_000 // clients, 320_000 // clients, config.step(1.1, 1.25))
    subjects = [subject for subject in _subjects(config, clients) if subject is not QUEUED]
    for subject in present(found, config, name, "events/s", subjects):
        with tolerant(found, name, subject, "events/s"):
            trials = limits(config, subject, rungs, 110_000 // clients, partial(attempt, config, clients))
            found.append(limit_row(name, subject, trials))
    return found


def attempt(config: Config, clients: int, stage: Stage, rate: int) -> Trial:
    """One symbol at this rate, to so many clients."""
    with stage.fed(Feed(LIST, rate)):
        result = counted(config, stage, [LIST], clients)
    return Trial(result, rate)


def _costs(config: Config, clients: int) -> list[Row]:
    name = f"one symbol, {clients:,} clients: CPU per event at {EVENTS:,}/s"
    found: list[Row] = []
    for subject in present(found, config, name, "us", _subjects(config, clients)):
        with tolerant(found, name, subject, "us"):
            cost = partial(_cost, config, clients)
            costs = repeated(config, subject, Feed(LIST, EVENTS / clients), cost)
            found.append(row(name, subject, "us", costs))
    return found


def _cost(config: Config, clients: int, stage: Stage) -> float:
    return counted(config, stage, [LIST], clients).cpu_us
