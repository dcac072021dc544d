"""Everybody is cut and comes back at once: how long until each has a price again?

What makes it fair: all connections are reset and dialled again in one loop; a client is back with its first
tick, which nchan sends from its buffer (the newest message of a channel) and the others from memory, or with
the next update. A thousand wait for an answer at any time, which fits the queue of each of these servers.
"""

from __future__ import annotations

from functools import partial

from benchmarks.config import Config
from benchmarks.load import storm
from benchmarks.processes import Failed
from benchmarks.row import Row
from benchmarks.subjects.base import Feed, Stage, Subject
from benchmarks.subjects.cached import COLLECTED, QUEUED, TAPECAST
from benchmarks.subjects.nchan import NCHAN
from benchmarks.trials import present, repeated, row, tolerant
from benchmarks.watchlists import SYMBOLS, watchlists

NAME = "{:,} are cut and reconnect: the last has a price after"
LIST = 20
FEED = Feed(SYMBOLS, 0.5)


def rows(config: Config) -> list[Row]:
    """Seconds until the last has its first tick."""
    clients = 1000 if config.quick else 5000
    name = NAME.format(clients)
    found: list[Row] = []
    for subject in present(found, config, name, "s", _subjects(config)):
        with tolerant(found, name, subject, "s"):
            found.append(row(name, subject, "s", repeated(config, subject, FEED, partial(_back, clients))))
    return found


def _subjects(config: Config) -> list[Subject]:
    return [TAPECAST, NCHAN, *([] if config.quick else [COLLECTED, QUEUED])]


def _back(clients: int, stage: Stage) -> float:
    paths = stage.paths(watchlists(clients, LIST))
    result = storm(stage.port, paths, clients, stage.pids(), warm_s=1)
    if result.back < clients:
        raise Failed(f"{result.back} of {clients} came back")
    return result.all_s
