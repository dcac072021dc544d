"""Running a measurement several times: searches, repetitions, and rows that say why a figure is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TypeVar

from benchmarks.config import Config
from benchmarks.load import Result, trial
from benchmarks.machine import no_compiler
from benchmarks.processes import Failed
from benchmarks.progress import say, told
from benchmarks.row import Row
from benchmarks.search import highest
from benchmarks.stats import summary
from benchmarks.subjects.base import Feed, Stage, Subject, Watchlist

T = TypeVar("T")

NEARLY = 0.9
"""So much arrived of a load that failed: it may have been a matter of luck, so it is tried again."""
DISTURBED = 0.1
"""Other programs took so much of the server's core: a load that failed then is tried again too."""
TRIES = 3
LATE = "left out: the time of the run was used up"


@dataclass(frozen=True)
class Trial:
    """One load on one stage."""

    result: Result
    offered: float
    """Events a second and client."""
    least: float = 0.0
    """For a server that conflates by design: the share of `offered` that it has to deliver."""
    is_last: bool = False
    """The search had no time to try more: the server may hold more than this."""

    @property
    def arrived(self) -> float:
        """The share that came."""
        return self.result.arrived(self.offered)

    @property
    def held(self) -> bool:
        """Whether the server kept up."""
        if not self.least:
            return self.result.held(self.offered)
        return self.result.connected == self.result.clients and self.arrived >= self.least


Attempt = Callable[[Stage, int], Trial]


def counted(
    config: Config, stage: Stage, lists: Sequence[Watchlist], clients: int, **options: float | str
) -> Result:
    """What so many clients get of these lists while the stage is fed. Raises Failed."""
    times = {"warm": config.warm_s, "measure": config.measure_s, "patience": config.patience_s}
    return trial(stage.port, stage.paths(lists), clients, stage.pids(), None, **times, **options)


def limits(
    config: Config, subject: Subject, rungs: Sequence[int], start: int, attempt: Attempt
) -> list[Trial]:
    """For each run, on a fresh server, the trial at the highest rung that held. Raises Failed."""
    found = []
    at = min(range(len(rungs)), key=lambda number: abs(rungs[number] - start))
    for _ in range(config.runs):
        with subject.serving() as stage:
            held: dict[int, Trial] = {}
            best = highest(rungs, _Holds(config, subject.name, stage, attempt, held), at)
        if best is None and config.is_late:
            break
        if best is None:
            say(f"    {subject.name}: not even {rungs[0]} held")
        else:
            found.append(replace(held[best], is_last=config.is_late))
            at = rungs.index(best)
        if config.is_late:
            break
    if not found and config.is_late:
        raise Failed(LATE)
    return found


@dataclass(frozen=True)
class _Holds:
    """Whether a rung holds, asked of the server itself."""

    config: Config
    name: str
    stage: Stage
    attempt: Attempt
    held: dict[int, Trial]

    def __call__(self, rung: int) -> bool:
        for _ in range(TRIES):
            if self.config.is_late:
                return False
            tried = self.attempt(self.stage, rung)
            told(self.name, f"{rung:,}", tried.result, held=tried.held)
            if tried.held:
                self.held[rung] = tried
                return True
            if tried.arrived < NEARLY and tried.result.neighbours < DISTURBED:
                break
        return False


def repeated(config: Config, subject: Subject, feed: Feed, attempt: Callable[[Stage], float]) -> list[float]:
    """The figure of each run, each on a fresh server, told as it comes. Raises Failed."""

    def told_figure(stage: Stage) -> float:
        value = attempt(stage)
        say(f"    {subject.name}: {value:,.2f}")
        return value

    return runs_of(config, subject, feed, told_figure)


def runs_of(config: Config, subject: Subject, feed: Feed, attempt: Callable[[Stage], T]) -> list[T]:
    """What each run gave, each on a fresh server. Raises Failed."""
    found = []
    for _ in range(config.runs):
        with subject.serving() as stage, stage.fed(feed):
            found.append(attempt(stage))
        if config.is_late:
            break
    return found


def row(name: str, subject: Subject, unit: str, values: Sequence[float], note: str = "") -> Row:
    """The median and the range."""
    return figure(
        name, subject.name, unit, values, note or ("" if values else "did not hold at the lowest load")
    )


def limit_row(name: str, subject: Subject, trials: Sequence[Trial], note: str = "") -> Row:
    """The same of a search, with how busy the load's core was."""
    note = "; ".join(part for part in (note, load_note(trials)) if part)
    found = row(name, subject, "events/s", [trial.result.rate for trial in trials], note)
    return replace(found, is_cut=any(trial.is_last for trial in trials))


def figure(name: str, subject: str, unit: str, values: Sequence[float], note: str = "") -> Row:
    """The same for what is not a subject."""
    of_all = summary(values)
    if of_all is None:
        return Row(name, subject, None, unit, note=note)
    return Row(name, subject, of_all.median, unit, range=of_all.range, runs=len(values), note=note)


def load_note(trials: Sequence[Trial]) -> str:
    """How busy the other core was: where it is near 100 %, the figure is the load's limit."""
    if not trials:
        return ""
    busiest = max(trial.result.load_core for trial in trials)
    clients = max(trial.result.load_cpu_s / trial.result.seconds for trial in trials)
    note = f"load's core {100 * busiest:.0f} % busy ({100 * clients:.0f} % the clients)"
    if trials[-1].is_last:
        note += "; the search was cut short"
    neighbours = max(trial.result.neighbours for trial in trials)
    # Said in the table: a figure that was taken on a busy machine must not pass for the server's best.
    return f"{note}; others took {100 * neighbours:.0f} % of the server's" if neighbours > DISTURBED else note


@contextmanager
def tolerant(rows: list[Row], name: str, subject: Subject, unit: str) -> Iterator[None]:
    """A server that does not start, or breaks, costs its own row and no more."""
    try:
        yield
    except Failed as error:
        say(f"    {subject.name}: {error}")
        rows.append(Row(name, subject.name, None, unit, note=_why_failed(error)))


def _why_failed(error: Failed) -> str:
    return LATE if str(error) == LATE else f"failed: {error.last_line[:120]}"


def present(
    rows: list[Row], config: Config, name: str, unit: str, subjects: Sequence[Subject]
) -> Iterator[Subject]:
    """Those of the subjects that can be measured; a row for each that cannot."""
    for subject in subjects:
        why = no_compiler() or subject.missing() or (LATE if config.is_late else "")
        if why:
            rows.append(Row(name, subject.name, None, unit, note=why))
        else:
            say(f"  {name}: {subject.name}")
            yield subject
