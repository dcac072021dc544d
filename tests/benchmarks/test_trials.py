"""Trials: a disturbed one is tried again, and a search that time cut short says so."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import msgspec
import pytest

from benchmarks.config import Config
from benchmarks.load import Result
from benchmarks.processes import Failed
from benchmarks.subjects.base import Feed, Stage, Watchlist
from benchmarks.trials import LATE, Trial, limits, load_note, row

CONFIG = Config(quick=False, runs=2, warm_s=1, measure_s=1, patience_s=1, deadline=time.monotonic() + 3600)
RESULT = Result(100, 100, 0, 0, 1.0, 1000, 1, 0.5, 0.5, 1.0, 10.0)


class Fake:
    """A server that is not there."""

    name = "fake"
    port = 0

    def missing(self) -> str:
        """Nothing."""
        return ""

    def pids(self) -> list[int]:
        """None."""
        return []

    def paths(self, lists: Sequence[Watchlist]) -> list[str]:
        """None."""
        return []

    @contextmanager
    def fed(self, feed: Feed) -> Iterator[None]:
        """At once."""
        yield

    @contextmanager
    def serving(self) -> Iterator[Stage]:
        """At once."""
        yield self


def result_of(mean: float, server_core: float = 0.5) -> Result:
    """The result with so many events for each client."""
    return msgspec.structs.replace(RESULT, client_mean=mean, server_core=server_core)


def test_each_run_has_its_limit() -> None:
    """The highest rung that held, once for each run."""
    found = limits(
        CONFIG, Fake(), [1, 2, 3, 4], 1, lambda _, rung: Trial(result_of(10 if rung <= 3 else 0), 10)
    )
    assert len(found) == 2
    assert all(trial.held and not trial.is_last for trial in found)


def test_a_disturbed_trial_is_tried_again() -> None:
    """Where others used the server's core, one failure is none."""
    tried: list[int] = []

    def attempt(_: Stage, rung: int) -> Trial:
        tried.append(rung)
        disturbed = tried.count(rung) == 1
        return Trial(result_of(1 if disturbed else 10, server_core=0.9 if disturbed else 0.5), 10)

    assert len(limits(replace(CONFIG, runs=1), Fake(), [1], 1, attempt)) == 1
    assert tried == [1, 1]


def test_a_server_that_fails_by_itself_is_not_tried_again() -> None:
    """Nobody disturbed it, and it was far off."""
    tried: list[int] = []

    def attempt(_: Stage, rung: int) -> Trial:
        tried.append(rung)
        return Trial(result_of(1), 10)

    assert limits(replace(CONFIG, runs=1), Fake(), [1], 1, attempt) == []
    assert tried == [1]


def test_no_time_is_not_a_failure() -> None:
    """Where nothing could be tried, the row says that, and not that the server did not hold."""
    late = replace(CONFIG, deadline=time.monotonic() - 1)
    with pytest.raises(Failed, match=LATE):
        limits(late, Fake(), [1, 2], 1, lambda *_: Trial(RESULT, 10))


def test_a_search_without_time_says_so() -> None:
    """Its figure may be too low; so may one that was taken beside a busy neighbour."""
    trial = Trial(result_of(10, server_core=0.9), 10, is_last=True)
    assert "cut short" in load_note([trial])
    assert "others took 40 %" in load_note([trial])
    assert load_note([Trial(RESULT, 10)]) == "load's core 0 % busy (50 % the clients)"


def test_a_row_without_a_figure_says_why() -> None:
    """A dash alone could mean anything."""
    assert row("load", Fake(), "events/s", []).note == "did not hold at the lowest load"
    assert row("load", Fake(), "events/s", [1.0, 3.0, 2.0]).value == 2.0
