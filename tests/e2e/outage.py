"""One outage after another in a scene, several scenes side by side, and what came of each."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from tests.e2e.outage_case import Case, is_told
from tests.e2e.outages import CROWD
from tests.e2e.page import Page
from tests.e2e.scene import PATIENCE_S, SYMBOLS, Scene, scene
from tests.stalls import stalls
from tests.support import eventually

LANES: Final = 5
"""Scenes side by side: they mostly wait."""
MOST_TRIES: Final = 3
SETTLE_S: Final = 1.0
ARRIVAL_S: Final = 5.0


@dataclass
class Run:
    """What came of a case."""

    case: Case
    # What went wrong in the drill itself: then nothing else counts.
    failure: str = "not run"
    feed: list[str] = field(default_factory=list)
    symbol: list[str] = field(default_factory=list)
    ends: int = 0
    byes: list[str] = field(default_factory=list)
    # From the heal, or from the strike of what needs none, until every symbol was live with a later trade.
    recovered_s: float = 0.0
    # The longest time without any price, from the strike on.
    silence_s: float = 0.0
    # Symbols whose newest trade never came.
    lost: list[str] = field(default_factory=list)
    # An older price after a newer one, or one shown as live that is too old.
    violations: list[str] = field(default_factory=list)
    # How often a worker came to the venue while a connection of another, or of its own, was held there.
    fights: int = 0
    # For how long the machine stood still meanwhile.
    stood_still_s: float = 0.0

    @property
    def wrongs(self) -> list[str]:
        """What is not as the case promises it."""
        if self.failure:
            return [self.failure]
        found = {
            f"the feed: {self.feed}": not is_told(self.feed, self.case.feed),
            f"the symbol: {self.symbol}": not is_told(self.symbol, self.case.symbol),
            f"live again after {self.recovered_s:.1f} s": self.recovered_s >= self.case.within_s,
            f"streams ended: {self.ends}, {self.byes}": (self.ends, self.byes) != (self.case.ends, []),
            f"lost: {self.lost}": bool(self.lost),
            f"wrong: {self.violations}": bool(self.violations),
            f"at the venue beside another: {self.fights}": (self.fights > 0) != self.case.fights,
        }
        return [what for what, is_wrong in found.items() if is_wrong]


async def run_all(cases: Sequence[Case]) -> list[Run]:
    """Each case once, in their order."""
    # What takes longest first, so that no scene is left to end alone.
    pending = deque(sorted((case for case in cases if case is not CROWD), key=lambda case: -case.lasts_s))
    runs: list[Run] = []
    tries: Counter[str] = Counter()
    await asyncio.gather(*(_lane(pending, runs, tries) for _ in range(min(LANES, len(pending)))))
    if CROWD in cases:
        await _lane(deque([CROWD]), runs, tries)
    return sorted(runs, key=lambda run: cases.index(run.case))


async def _lane(pending: deque[Case], runs: list[Run], tries: Counter[str]) -> None:
    """One after the other; a scene that did not recover is of no use to the next."""
    while pending:
        async with scene() as (where, page):
            while pending:
                run = await _run(pending.popleft(), where, page)
                tries[run.case.key] += 1
                # A machine that stood still has struck a blow of its own: then it is done once more.
                again = run.wrongs and run.stood_still_s and tries[run.case.key] < MOST_TRIES
                if again:
                    pending.append(run.case)
                else:
                    runs.append(run)
                if run.failure:
                    break


async def _run(case: Case, where: Scene, page: Page) -> Run:
    run, started = Run(case), time.monotonic()
    try:
        if case.prepare is not None:
            await case.prepare(where)
        page.begin()
        fights, began = where.fights, time.monotonic()
        await case.strike(where)
        if case.heal is not None:
            await _lasts(case.lasts_s, page)
            began = time.monotonic()
            await case.heal(where)
        await _recover(run, where, page, began)
        run.fights = where.fights - fights
        run.failure = "Traceback" if "Traceback" in where.output else ""
    except (AssertionError, TimeoutError) as error:
        run.failure = f"{error!r}\n{page.steps} {page.states} {page.checker.state} {where.output[-3000:]}"
    run.feed, run.symbol, run.ends, run.byes = page.steps, page.states, page.ends, page.byes
    run.violations = list(page.checker.violations)
    run.silence_s, run.stood_still_s = page.silence_s, stalls.lost_s(started)
    return run


async def _lasts(seconds: float, page: Page, is_over: Callable[[], bool] = lambda: False) -> None:
    """So long, or until it is over, with an eye on what the page shows meanwhile."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and not is_over():
        page.checker.look()
        await asyncio.sleep(0.05)


async def _recover(run: Run, where: Scene, page: Page, began: float) -> None:
    since_ns = time.time_ns()

    def is_well() -> bool:
        return page.is_well(since_ns)

    while True:
        await eventually(is_well, "live again", PATIENCE_S)
        run.recovered_s = stalls.ran_s(began)
        # A pulse may be left of an owner that is none any more: then it was not over yet.
        await _lasts(SETTLE_S, page, lambda: not is_well())
        if is_well():
            break
    newest = {symbol: trade.ns for symbol in SYMBOLS if (trade := where.venue.market.ledgers[symbol].trade)}
    await _lasts(ARRIVAL_S, page, lambda: all(page.traded_ns[symbol] >= ns for symbol, ns in newest.items()))
    run.lost = [symbol for symbol, ns in newest.items() if page.traded_ns[symbol] < ns]
