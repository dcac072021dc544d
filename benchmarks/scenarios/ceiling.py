"""The load generator's own ceiling: what it can count of what the cheapest server there is can send.

The C loop sends it frames of one event, and of twenty. Where the other rows come near these, they show the
load's limit and not the server's.
"""

from __future__ import annotations

from functools import partial

from benchmarks.config import Config
from benchmarks.row import Row
from benchmarks.scenarios.single import attempt
from benchmarks.search import ladder
from benchmarks.subjects.sender import BATCH, CEILING_BATCHED, CEILING_SINGLE
from benchmarks.trials import limit_row, limits, present, tolerant

NAME = "the load generator's own ceiling"
CLIENTS = 1000
STARTS = {CEILING_SINGLE.name: 200, CEILING_BATCHED.name: 1800}


def rows(config: Config) -> list[Row]:
    """With frames of one event, and of twenty."""
    found: list[Row] = []
    for subject in present(found, config, NAME, "events/s", [CEILING_SINGLE, CEILING_BATCHED]):
        with tolerant(found, NAME, subject, "events/s"):
            rungs = ladder(60, 400 * BATCH, config.step(1.15, 1.4))
            trials = limits(config, subject, rungs, STARTS[subject.name], partial(attempt, config, CLIENTS))
            found.append(limit_row(NAME, subject, trials))
    return found
