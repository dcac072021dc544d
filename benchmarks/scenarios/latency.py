"""How long from the venue's frame to the clients' bytes, beside a bare relay of the same frames.

What makes it fair: the same venue, Redis and clients take turns with both within one run; both have two
processes on one core. The relay neither decodes nor keeps anything (see `benchmarks/ingest/relay.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from benchmarks.config import Config
from benchmarks.ingest import latency
from benchmarks.ingest.latency import Latency
from benchmarks.machine import cores, no_redis
from benchmarks.processes import on_core
from benchmarks.progress import say
from benchmarks.row import Row
from benchmarks.targets import OURS, Bar, judged
from benchmarks.trials import LATE, figure

RELAY = "bare relay"
NAME = "venue frame to client bytes, 100 clients, 30 symbols, 1,000/s: {}"
MOST = {"p50": 2.0, "p99": 3.0}


def rows(config: Config) -> list[Row]:
    """p50 and p99 of both."""
    why = no_redis() or (LATE if config.is_late else "")
    if why:
        return [Row(NAME.format(part), OURS, None, "ms", note=why) for part in MOST]
    taken = _taken(config)
    return [row for part in MOST for row in _rows(part, taken)]


def _taken(config: Config) -> dict[str, list[Latency]]:
    sources: dict[str, Callable[[float], Latency]] = {RELAY: latency.bare, OURS: latency.ours}
    taken: dict[str, list[Latency]] = {name: [] for name in sources}
    for _ in range(config.runs):
        for name, measure in sources.items():
            # The clients are threads of this program here: they share the load's core.
            with on_core(cores()[1]):
                taken[name].append(measure(2.0 if config.quick else 6.0))
            say(f"    {name}: p50 {taken[name][-1].p50:.2f} ms, p99 {taken[name][-1].p99:.2f} ms")
        if config.is_late:
            break
    return taken


def _rows(part: str, taken: dict[str, list[Latency]]) -> Sequence[Row]:
    name = NAME.format(part)
    found = [
        figure(name, subject, "ms", [getattr(each, part) for each in runs]) for subject, runs in taken.items()
    ]
    return judged(found, (Bar(RELAY, MOST[part], is_most=True),))
