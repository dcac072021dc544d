"""Finding the highest load that held, with few trials: each costs seconds and a core."""

from __future__ import annotations

from collections.abc import Callable, Sequence


def ladder(low: int, high: int, step: float = 1.15) -> list[int]:
    """Loads from `low` to `high`, each `step` times the one before."""
    rungs = [low]
    while (rung := max(rungs[-1] + 1, round(rungs[-1] * step))) <= high:
        rungs.append(rung)
    return rungs


def highest(rungs: Sequence[int], holds: Callable[[int], bool], start: int = 0) -> int | None:
    """The highest rung that held, or None if not even the lowest did.

    From rung number `start` upwards in growing steps until one fails (or downwards until one holds), then
    by halves between the two. A load that holds is taken to hold at all that are lower.
    """
    good, bad = _bracket(rungs, holds, start)
    while bad - good > 1:
        middle = (good + bad) // 2
        if holds(rungs[middle]):
            good = middle
        else:
            bad = middle
    return rungs[good] if good >= 0 else None


def _bracket(rungs: Sequence[int], holds: Callable[[int], bool], start: int) -> tuple[int, int]:
    """The numbers of a rung that held (-1: none) and of one that did not (the length: all held)."""
    at, step = min(max(start, 0), len(rungs) - 1), 1
    if holds(rungs[at]):
        good = at
        while good < len(rungs) - 1:
            at = min(good + step, len(rungs) - 1)
            if not holds(rungs[at]):
                return good, at
            good, step = at, step * 2
        return good, len(rungs)
    bad = at
    while bad > 0:
        at = max(bad - step, 0)
        if holds(rungs[at]):
            return at, bad
        bad, step = at, step * 2
    return -1, bad
