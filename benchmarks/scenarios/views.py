"""Twenty lists shared by all clients, so that a frame is made once and written many times.

What makes it fair: nchan, which cannot coalesce, is handed frames that hold the newest tick of each of a
view's 20 symbols, 10 times a second, evenly spread over the views; each tick in them was made at that moment.
Ours gets single ticks from Redis and makes its frames itself, so its ages have the waiting in them and
nchan's do not. Both deliver 200 ticks a second to each client.
"""

from __future__ import annotations

from functools import partial

from benchmarks.config import Config
from benchmarks.row import Row
from benchmarks.search import ladder
from benchmarks.subjects.base import Feed, Stage, Subject
from benchmarks.subjects.cached import TAPECAST
from benchmarks.subjects.nchan import NCHAN
from benchmarks.targets import Bar, judged
from benchmarks.trials import Trial, counted, limit_row, limits, present, tolerant
from benchmarks.watchlists import SYMBOLS, watchlists

NAME = "watchlists, 20 shared views: highest load"
LIST = 20
RATE = 10.0
VIEWS = tuple(watchlists(20, LIST))
MOST_CLIENTS = 12_000
BARS = (Bar(NCHAN.name, 1),)
FEED = Feed(SYMBOLS, RATE, VIEWS)


def rows(config: Config) -> list[Row]:
    """Highest load that held, in events a second."""
    found: list[Row] = []
    for subject in present(found, config, NAME, "events/s", [NCHAN, TAPECAST]):
        with tolerant(found, NAME, subject, "events/s"):
            found.append(_measured(config, subject))
    return judged(found, BARS)


def _measured(config: Config, subject: Subject) -> Row:
    rungs = ladder(500, MOST_CLIENTS, config.step(1.1, 1.25))
    trials = limits(config, subject, rungs, 6000, partial(_attempt, config))
    most = "; the most that was tried" if trials and trials[-1].result.clients == rungs[-1] else ""
    return limit_row(NAME, subject, trials, f"{trials[-1].result.clients:,} clients{most}" if trials else "")


def _attempt(config: Config, stage: Stage, clients: int) -> Trial:
    with stage.fed(FEED):
        result = counted(config, stage, VIEWS, clients)
    return Trial(result, RATE * LIST)
