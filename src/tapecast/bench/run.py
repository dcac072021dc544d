"""A run from its first question to its figures: look, open, measure, leave.

Every phase has an end of its own, and whoever sets `stop` ends the one that is under way: what was measured
so far is the result.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Final, TypeVar

from tapecast import process
from tapecast.bench.crowd import Crowd
from tapecast.bench.found import Found, look
from tapecast.bench.gaps import Gaps
from tapecast.bench.listener import Listener
from tapecast.bench.plan import Plan
from tapecast.bench.progress import Progress, shown
from tapecast.bench.result import Received, Result, Streams, histogram, latency, states
from tapecast.bench.strain import Strain
from tapecast.bench.tally import Tally
from tapecast.bench.wire import DIAL_S, Dialler
from tapecast.errors import SettingsError

T = TypeVar("T")

LOOK_S: Final = 0.25
SPARE_FILES: Final = 64
"""For whatever else a process has open."""


def require_files(streams: int) -> None:
    """Raise SettingsError if this process may not have so many connections."""
    wanted = streams + SPARE_FILES
    allowed = process.allow_files(wanted)
    if allowed < wanted:
        raise SettingsError(
            f"--streams: this system lets a process have {allowed:,} files and sockets; "
            f"raise that (ulimit -n {wanted}), or take at most {max(0, allowed - SPARE_FILES):,} streams"
        )


class Run:
    """One of them."""

    def __init__(self, plan: Plan, say: Callable[[str], None], progress: Progress) -> None:
        self._plan = plan
        self._say = say
        self._progress = progress
        self._dialler = Dialler(plan.target)
        self._tally = Tally(plan.every)
        self._crowd = Crowd(plan, self._dialler, self._tally)
        self._gaps = Gaps(plan.interval_ms)
        self._strain = Strain()
        self._now = self._tally.clock.now

    async def go(self, stop: asyncio.Event) -> Result | None:
        """All phases; None if it was stopped before there was a stream. Raises Unreachable."""
        begun = await unless(stop, self._begin())
        if begun is None:
            return None
        found, scout = begun
        async with asyncio.TaskGroup() as tasks:
            parts = [tasks.create_task(part) for part in (self._crowd.run(scout), self._strain.watch())]
            await self._ramp(stop)
            measured_s = await self._measure(stop)
            result = self._result(found, measured_s, cut_short=stop.is_set())
            for part in parts:
                part.cancel()
        return result

    async def _begin(self) -> tuple[Found, Listener]:
        found = await look(self._dialler, self._plan)
        self._say(f"{self._plan.target}: {found.words()}")
        self._say(self._plan.words())
        return found, await self._crowd.scout()

    async def _ramp(self, stop: asyncio.Event) -> None:
        """Until each stream is open or refused, or should be."""
        crowd, streams = self._crowd, self._plan.streams
        until = self._now() + self._plan.ramp_s + 2 * DIAL_S
        while (settled := crowd.settled) < streams and self._now() < until and not stop.is_set():
            self._progress.show("opening", settled, streams, f"{crowd.open:,} open")
            await pause(stop)
        self._progress.show("opening", streams, streams, f"{crowd.open:,} open")

    async def _measure(self, stop: asyncio.Event) -> float:
        """For the planned time; returns the seconds that it was."""
        plan, tally = self._plan, self._tally
        tally.begin()
        self._strain.begin()
        begun = self._now()
        while (passed := self._now() - begun) < plan.seconds and not stop.is_set():
            self._gaps.look(self._now(), tally.newest, self._crowd.listeners())
            detail = f"{self._crowd.open:,} open, {tally.prices:,} prices"
            self._progress.show("measuring", passed, plan.seconds, detail)
            await pause(stop, min(LOOK_S, plan.seconds - passed))
        return passed

    def _result(self, found: Found, measured_s: float, *, cut_short: bool) -> Result:
        """The figures; nothing is counted any more, and everybody leaves."""
        tally, plan, seconds = self._tally, self._plan, max(measured_s, 1e-9)
        load, open_at_end = self._strain.load(), self._crowd.open
        tally.end()
        self._crowd.leave()
        offset_s = tally.offset.seconds
        return Result(
            target=str(plan.target),
            server=found.words(),
            symbols=states(plan.symbols, self._crowd.seats),
            streams=self._streams(open_at_end, cut_short=cut_short),
            measured_s=round(measured_s, 3),
            cut_short=cut_short,
            received=Received(
                tally.prices, tally.others, tally.bytes, tally.prices / seconds, tally.bytes / seconds
            ),
            connect=tally.connects.spread(),
            first_price=tally.first_prices.spread(),
            latency=latency(tally.ages, offset_s),
            latency_of_one_in=plan.every,
            latency_min_ms=round(1000 * (tally.ages.least + offset_s), 3) if tally.ages.count else None,
            histogram=histogram(tally.ages, offset_s),
            interval_ms=plan.interval_ms or 0,
            clock=tally.offset.finding(),
            load=load,
        )

    def _streams(self, open_at_end: int, *, cut_short: bool) -> Streams:
        seats, tally = self._crowd.seats, self._tally
        opened = [seat for seat in seats if seat.was_open]
        refused = dict(tally.refused)
        if not cut_short and (late := sum(not seat.is_settled for seat in seats)):
            refused["not_in_time"] = late
        return Streams(
            wanted=len(seats),
            opened=len(opened),
            open_at_end=open_at_end,
            refused=refused,
            lost=dict(tally.lost),
            reasons=dict(tally.words),
            reconnected=tally.reconnected,
            without_price=sum(not seat.was_served for seat in opened),
            gaps=self._gaps.count,
            longest_gap_s=round(self._gaps.longest_s, 3),
            disorder=tally.disorder,
            unreadable=tally.unreadable,
        )


async def pause(stop: asyncio.Event, seconds: float = LOOK_S) -> None:
    """So long, or until `stop` is set."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()


async def unless(stop: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """The result of `work`; None if `stop` is set before it is there."""
    task, stopped = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else None
    finally:
        task.cancel()
        stopped.cancel()
        await asyncio.wait({task, stopped})


def bench(plan: Plan, say: Callable[[str], None], *, is_terminal: bool) -> Result | None:
    """Run it in this process, on a loop of its own. Raises SettingsError or Unreachable."""
    require_files(plan.streams)
    process.spare_collections()
    results: list[Result | None] = []
    with shown(say, is_terminal=is_terminal) as progress:

        async def main(stop: asyncio.Event) -> None:
            results.append(await Run(plan, say, progress).go(stop))

        process.run(main)
    return results[0]
