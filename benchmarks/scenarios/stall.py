"""A reader that stalls: how much is kept for it, how old is what it gets then, and who else pays?

What makes it fair: three clients stop reading while twenty read on, all on one list of 20 symbols with 50
updates a second each. The stalled ones have ordinary receive buffers, the same for every server; what waits
in those is the client's own and is not held against the server. "Held by the server" is all that comes before
the first event younger than a second, less that; or the server's send queue, if that is more.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import replace

from benchmarks.config import Config
from benchmarks.load import Result, Stalled, trial
from benchmarks.progress import say
from benchmarks.row import Row
from benchmarks.subjects.base import Feed, Stage, Subject
from benchmarks.subjects.cached import QUEUED, TAPECAST
from benchmarks.subjects.nchan import NCHAN
from benchmarks.targets import OURS, limited
from benchmarks.trials import present, row, tolerant
from benchmarks.watchlists import SYMBOLS

LIST = SYMBOLS[:20]
FEED = Feed(LIST, 50)
"""A thousand updates a second on one stream."""
STALLED, OTHERS = 3, 20
HELD = "stalled {:g} s at 1,000 updates/s: held by the server"
AGE = "stalled {:g} s: age of the first event after the 64 KiB that may be in flight"
P99 = "stalled {:g} s: p99 of the others"
MOST_HELD_KIB, MOST_AGE_S = 64.0, 1.0
UNHARMED, SLACK_MS = 1.5, 2.0
TARGET = f"<= {UNHARMED:g}x calm, or {SLACK_MS:g} ms more"
"""The others' p99 may be so much above what it is when nobody stalls, and so many milliseconds."""


def rows(config: Config) -> list[Row]:
    """Three figures for each server."""
    stall_s = 5.0 if config.quick else 10.0
    subjects: list[Subject] = [TAPECAST, NCHAN] if config.quick else [TAPECAST, NCHAN, QUEUED]
    name = HELD.format(stall_s)
    found: list[Row] = []
    for subject in present(found, config, name, "KiB", subjects):
        with tolerant(found, name, subject, "KiB"):
            found += _measured(config, subject, stall_s)
    return found


def _measured(config: Config, subject: Subject, stall_s: float) -> list[Row]:
    stalled: list[Stalled] = []
    harmed: list[float] = []
    calm: list[float] = []
    for _ in range(min(2, config.runs)):
        with subject.serving() as stage, stage.fed(FEED):
            calm.append(_trial(stage, 0, measure=config.measure_s).p99_ms)
            result = _trial(stage, STALLED, stall=stall_s, stall_clients=STALLED)
        harmed.append(result.p99_ms)
        stalled += result.stalled
        held = max(map(held_kib, result.stalled))
        say(f"    {subject.name}: {held:.0f} KiB held, p99 {result.p99_ms:.1f} ms")
        if config.is_late:
            break
    return _rows(subject, stall_s, stalled, harmed, statistics.median(calm))


def _trial(stage: Stage, stalled: int, **options: float) -> Result:
    return trial(stage.port, stage.paths([LIST]), OTHERS + stalled, stage.pids(), None, warm=1.0, **options)


def _rows(
    subject: Subject, stall_s: float, stalled: Sequence[Stalled], harmed: Sequence[float], calm: float
) -> list[Row]:
    back = [one for one in stalled if one.open and one.drained]
    gone = len(stalled) - len(back)
    cut = f"{gone} of {len(stalled)} were cut off" if gone else ""
    held = row(HELD.format(stall_s), subject, "KiB", [held_kib(one) for one in stalled], cut)
    oldest = f"the oldest in flight was {max((one.oldest_s for one in stalled), default=0):.1f} s old"
    age = row(AGE.format(stall_s), subject, "s", [one.drained_age_s for one in back], oldest)
    p99 = row(P99.format(stall_s), subject, "ms", harmed, f"{calm:.1f} ms when nobody stalls")
    if subject.name != OURS:
        return [held, age, p99]
    return [limited(held, MOST_HELD_KIB), limited(age, MOST_AGE_S), unharmed(p99, calm)]


def unharmed(p99: Row, calm: float) -> Row:
    """The row with its target: as it is when nobody stalls, or a little above."""
    if p99.value is None:
        return replace(p99, target=TARGET)
    most = max(UNHARMED * calm, calm + SLACK_MS)
    ratio = f"{p99.value / calm:.2f}x calm" if calm else ""
    return replace(p99, target=TARGET, ratio=ratio, reached=p99.value <= most)


def held_kib(one: Stalled) -> float:
    """What came out of the server before anything fresh, or what its send queue held, if that is more."""
    return max(one.stale_bytes - one.unread, one.server_queue, 0) / 1024
