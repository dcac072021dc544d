"""The search finds the highest load that holds, in few trials."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.search import highest, ladder


def test_a_ladder_grows_by_its_step() -> None:
    """Each rung is a step above the one before, and none is above the top."""
    assert ladder(10, 40, 1.5) == [10, 15, 22, 33]


def test_a_ladder_always_climbs() -> None:
    """Where a step is less than one, rungs still differ."""
    assert ladder(1, 5, 1.1) == [1, 2, 3, 4, 5]


@given(limit=st.integers(0, 2000), start=st.integers(-5, 60))
def test_the_highest_rung_that_holds_is_found(limit: int, start: int) -> None:
    """From whichever rung the search begins, it ends at the same one."""
    rungs = ladder(10, 1000, 1.2)
    expected = max((rung for rung in rungs if rung <= limit), default=None)
    assert highest(rungs, lambda rung: rung <= limit, start) == expected


def test_a_good_guess_needs_two_trials() -> None:
    """From the rung that is the limit, it and the next are tried."""
    tried: list[int] = []

    def holds(rung: int) -> bool:
        tried.append(rung)
        return rung <= 300

    assert highest(list(range(100, 1000, 100)), holds, 2) == 300
    assert tried == [300, 400]
