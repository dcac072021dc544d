"""Every client its own list: how many events a second, all still current, come out of one core?

What makes it fair:
- All get the same lists of 20 out of 100 symbols, ticks of the same 200 bytes, and the same schedule: each
  symbol 10 times a second, one symbol after the other, so that no burst rewards who coalesces.
- Each server has one process (nginx: one worker) on one core, and takes its updates in there too: nginx
  parses 1,000 posts a second, the others read as many messages from Redis.
- What counts for all is a tick that was made in the window and came within half a second of its end.
- A poll skips updates by design. It is held to nine tenths of its own schedule instead (it sleeps between two
  reads, so it never keeps all of it), and every tick that it does deliver counts.
- The C loop sends one event in each write and has no lists: it is what the kernel takes for that, and no
  server. Who puts several events in a write can be above it.
"""

from __future__ import annotations

from functools import partial

from benchmarks.config import Config
from benchmarks.row import Row
from benchmarks.search import ladder
from benchmarks.subjects.absent import absent
from benchmarks.subjects.base import Feed, Stage, Subject
from benchmarks.subjects.cached import POLL, QUEUED, TAPECAST
from benchmarks.subjects.nchan import NCHAN
from benchmarks.subjects.sender import SENDER
from benchmarks.targets import Bar, judged
from benchmarks.trials import Trial, counted, limit_row, limits, present, tolerant
from benchmarks.watchlists import SYMBOLS, watchlists

NAME = "watchlists, all distinct: highest load"
LIST = 20
RATE = 10.0
MOST_CLIENTS = 9_000
POLLS_A_SECOND = 4
SUBJECTS: dict[str, tuple[Subject, int, float]] = {
    # With a first guess of how many clients it holds, and the share of the updates that it must deliver if
    # that is not 99 %.
    subject.name: (subject, start, least)
    for subject, start, least in (
        (NCHAN, 380, 0.0),
        (TAPECAST, 4000, 0.0),
        (POLL, 560, 0.9 * POLLS_A_SECOND / RATE),
        (SENDER, 1140, 0.0),
        (QUEUED, 320, 0.0),
    )
}
BARS = (Bar(NCHAN.name, 10), Bar(POLL.name, 40))


def rows(config: Config) -> list[Row]:
    """Highest load that held, in events a second."""
    found: list[Row] = []
    for subject in present(found, config, NAME, "events/s", _subjects(config)):
        with tolerant(found, NAME, subject, "events/s"):
            found.append(_measured(config, subject))
    return judged(found + absent(NAME, "events/s"), BARS)


def _subjects(config: Config) -> list[Subject]:
    # A quick run has time for those that a target is held against.
    return [NCHAN, POLL, TAPECAST] if config.quick else [subject for subject, _, _ in SUBJECTS.values()]


def _measured(config: Config, subject: Subject) -> Row:
    _, start, least = SUBJECTS[subject.name]
    rungs = ladder(20, MOST_CLIENTS, config.step(1.05, 1.25))
    trials = limits(config, subject, rungs, start, partial(_attempt, config, subject, least))
    return limit_row(NAME, subject, trials, f"{trials[-1].result.clients:,} clients" if trials else "")


def _attempt(config: Config, subject: Subject, least: float, stage: Stage, clients: int) -> Trial:
    # One frame for everybody, as often as each client's list has an update.
    feed = Feed(SYMBOLS[:1], LIST * RATE) if subject is SENDER else Feed(SYMBOLS, RATE)
    with stage.fed(feed):
        result = counted(config, stage, watchlists(clients, LIST), clients)
    return Trial(result, RATE * LIST, least)
