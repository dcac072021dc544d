"""How the cost of an event grows with clients, with symbols, and with views: the points of the picture.

What makes it fair: every point is well below what nchan can deliver, so that cost is compared and not
collapse. Idle work counts as well: at few events a second, it is what a server costs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.config import Config
from benchmarks.progress import say
from benchmarks.row import Row
from benchmarks.subjects.base import Feed, Stage, Subject, Watchlist
from benchmarks.subjects.cached import TAPECAST
from benchmarks.subjects.nchan import NCHAN
from benchmarks.trials import LATE, counted, figure, present, tolerant
from benchmarks.watchlists import SYMBOLS, watchlists

PREFIX = "CPU per event by "
CLIENTS = "clients (each its own list of 20)"
SIZES = "symbols in a list (500 clients, each its own)"
VIEWS = "different lists (1,000 clients, 20 symbols)"


@dataclass(frozen=True)
class Point:
    """One place on a curve."""

    axis: str
    x: int
    clients: int
    lists: tuple[Watchlist, ...]
    rate: float

    @property
    def name(self) -> str:
        """As its row has it."""
        return f"{PREFIX}{self.axis}: {self.x:,}"


def points(*, quick: bool) -> Iterator[Point]:
    """All of them; 20,000 to 40,000 events a second where the clients are a thousand or more."""
    for clients in (100, 1000) if quick else (100, 500, 1000, 2000, 4000):
        yield Point(CLIENTS, clients, clients, tuple(watchlists(clients, 20)), min(10.0, 2000 / clients))
    for size in (1, 20) if quick else (1, 5, 20, 50, 100):
        yield Point(SIZES, size, 500, tuple(watchlists(500, size)), 40 / max(size, 4))
    for views in (1, 1000) if quick else (1, 10, 50, 200, 1000):
        yield Point(VIEWS, views, 1000, tuple(watchlists(views, 20)), 2)


def rows(config: Config) -> list[Row]:
    """A row for each point and server."""
    found: list[Row] = []
    whole = PREFIX + "clients, symbols and views"
    for subject in present(found, config, whole, "us", [TAPECAST, NCHAN]):
        with tolerant(found, whole, subject, "us"):
            found += _curves(config, subject)
    return found


def _curves(config: Config, subject: Subject) -> list[Row]:
    found: list[Row] = []
    with subject.serving() as stage:
        for point in points(quick=config.quick):
            if config.is_late:
                say(f"    {subject.name}: {LATE}")
                break
            with tolerant(found, point.name, subject, "us"):
                cost = _cost(config, stage, point)
                say(f"    {subject.name}, {point.axis}, {point.x:,}: {cost:.2f} us")
                found.append(figure(point.name, subject.name, "us", [cost]))
    return found


def _cost(config: Config, stage: Stage, point: Point) -> float:
    with stage.fed(Feed(SYMBOLS, point.rate)):
        return counted(config, stage, point.lists, point.clients).cpu_us
