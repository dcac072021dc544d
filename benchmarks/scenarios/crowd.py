"""Ten thousand clients, one update a second each: how late is the last to hear?

What makes it fair: all clients follow one symbol, so each server has one 200-byte frame to write ten thousand
times, and each client's age is counted from when the tick was made.
"""

from __future__ import annotations

from functools import partial

from benchmarks.config import Config
from benchmarks.load import trial
from benchmarks.processes import Failed
from benchmarks.row import Row
from benchmarks.subjects.base import Feed, Stage, Subject
from benchmarks.subjects.cached import COLLECTED, TAPECAST
from benchmarks.subjects.nchan import NCHAN
from benchmarks.targets import Bar, judged
from benchmarks.trials import present, repeated, row, tolerant

NAME = "10,000 clients, one update a second each: p99"
CLIENTS = 10_000
BARS = (Bar(NCHAN.name, 1.5, is_most=True),)
ONE = ("S00",)
ARRIVES = 0.9
"""With five updates in the window, one more or less of them is at its edge."""


def rows(config: Config) -> list[Row]:
    """The 99th percentile of the age."""
    found: list[Row] = []
    for subject in present(found, config, NAME, "ms", _subjects(config)):
        with tolerant(found, NAME, subject, "ms"):
            ages = repeated(config, subject, Feed(ONE, 1), partial(_p99, 3 if config.quick else 6))
            found.append(row(NAME, subject, "ms", ages))
    return judged(found, BARS)


def _subjects(config: Config) -> list[Subject]:
    return [TAPECAST, NCHAN, *([] if config.quick else [COLLECTED])]


def _p99(measure_s: float, stage: Stage) -> float:
    paths = stage.paths([ONE])
    options = {"warm": 2.0, "measure": measure_s, "grace": 1.0, "patience": 40.0}
    result = trial(stage.port, paths, CLIENTS, stage.pids(), None, **options)
    if result.connected < CLIENTS or result.arrived(1) < ARRIVES:
        raise Failed(f"{result.connected} of {CLIENTS} clients, {result.arrived(1):.0%} of the events")
    return result.p99_ms
