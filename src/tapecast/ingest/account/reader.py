"""Reads the account by REST: in polls, at once when an order event tells of something, and again until both
agree. Nothing is asked while nobody listens.

The stream is a trigger and REST the truth: order events are not replayed, and carry no figures.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Never

from tapecast.bus.account import with_order
from tapecast.bus.codec import Fields
from tapecast.clock import Clock
from tapecast.errors import FeedFatal, FeedTransient
from tapecast.ingest.account.expected import Expected, moves_position
from tapecast.ingest.account.health import LIVE, Path, path_of
from tapecast.ingest.account.journal import Journal
from tapecast.ingest.account.schedule import Schedule
from tapecast.ingest.account.source import AccountSource
from tapecast.ingest.account.timing import Timing
from tapecast.market import FeedState

logger = logging.getLogger(__name__)

MEANWHILE: Final = 500
"""Order events during one read; the oldest are in the list that it brings."""


class Reader:
    """Of one ownership."""

    def __init__(
        self,
        source: AccountSource,
        journal: Journal,
        schedule: Schedule,
        clock: Clock,
        timing: Timing,
        *,
        on_path: Callable[[Path], None],
        on_rejected: Callable[[str], object],
    ) -> None:
        self._source = source
        self._journal = journal
        self._schedule = schedule
        self._clock = clock
        self._on_path = on_path
        self._on_rejected = on_rejected
        self._expected = Expected(timing.pauses_s)
        self._is_streaming = False
        # Orders are read when events of theirs may have been missed.
        self._orders_due = True
        # Order events that came while orders were being read: the list may be from before them.
        self._meanwhile: deque[Fields] = deque(maxlen=MEANWHILE)
        self._changed = asyncio.Event()
        schedule.hold(clock.now() + timing.stream_first_s)

    def on_stream(self, *, is_live: bool) -> None:
        """Order events come, or are missed from now on."""
        was_streaming, self._is_streaming = self._is_streaming, is_live
        self._schedule.hold(0.0)
        self._orders_due |= is_live
        if is_live and was_streaming:
            # One was not understood. A venue that goes on like that must not cost the budget.
            self._schedule.later(self._clock.now())
        elif is_live:
            self._schedule.ask(self._clock.now())
        self._changed.set()

    def on_order(self, event: Fields) -> None:
        """An order event asks for a read."""
        self._expected.on_order(event)
        self._meanwhile.append(event)
        ask = self._schedule.soon if moves_position(event) else self._schedule.later
        ask(self._clock.now())
        self._changed.set()

    async def run(self, listened: asyncio.Event) -> Never:
        """Read whenever it is due and somebody listens."""
        while True:
            await listened.wait()
            wait_s = self._wait_s()
            if wait_s <= 0:
                await self._read()
                continue
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._changed.wait()

    def _wait_s(self) -> float:
        when = self._schedule.when(is_streaming=self._is_streaming, is_scarce=self._source.is_scarce)
        return when - self._clock.now()

    async def _read(self) -> None:
        self._schedule.begin(self._clock.now())
        # Of the question, not of the answer: it may say what was a moment before.
        as_of = self._clock.iso()
        self._meanwhile.clear()
        positions, figures, orders = await asyncio.gather(
            self._source.positions(), self._source.figures(), self._orders(), return_exceptions=True
        )
        errors = [each for each in (positions, figures, orders) if isinstance(each, BaseException)]
        # Those of one moment, or none: the figures are made of the positions.
        if not isinstance(positions, BaseException) and not isinstance(figures, BaseException):
            self._take(*positions, figures, as_of)
        if isinstance(orders, list):
            self._orders_due = False
            self._journal.on_orders(orders)
        self._conclude(errors)

    async def _orders(self) -> list[Fields] | None:
        if not self._orders_due:
            return None
        orders, left_out = await self._source.orders()
        self._count("order", left_out)
        for event in self._meanwhile:
            orders = with_order(orders, event)
        return orders

    def _take(self, positions: list[Fields], left_out: int, figures: Fields, as_of: str) -> None:
        self._count("position", left_out)
        self._journal.on_positions(positions, figures, as_of, is_whole=not left_out)
        pause_s = self._expected.compare(positions)
        if pause_s is not None:
            self._schedule.ask(self._clock.now() + pause_s)
        elif self._expected.symbols:
            logger.warning("positions_differ: from what fills told, for %s", self._expected.symbols)
            self._expected.give_up()

    def _conclude(self, errors: list[BaseException]) -> None:
        for error in errors:
            if not isinstance(error, FeedFatal | FeedTransient):
                raise error
        if not errors:
            self._schedule.succeeded()
            self._on_path(LIVE)
            return
        failures = [error for error in errors if isinstance(error, FeedFatal | FeedTransient)]
        worst = next((each for each in failures if isinstance(each, FeedFatal)), failures[0])
        path = path_of(worst)
        self._schedule.failed(worst, self._clock.now(), is_final=path.state is FeedState.FAILED)
        self._on_path(path)
        logger.warning("positions_not_read: %s", worst)

    def _count(self, kind: str, number: int) -> None:
        for _ in range(number):
            self._on_rejected(kind)
