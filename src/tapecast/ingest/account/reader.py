"""Reads the account by REST: in polls, at once when an order event tells of something, and again until both
agree. Nothing is asked while nobody listens.

The stream is a trigger and REST the truth: order events are not replayed, and carry no figures.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable
from contextlib import suppress
from typing import Never

from tapecast.bus.codec import Fields
from tapecast.clock import Clock
from tapecast.errors import FeedFatal, FeedTransient
from tapecast.ingest.account.expected import Expected, moves_position, signed
from tapecast.ingest.account.health import DIFFER, LIVE, Path, path_of
from tapecast.ingest.account.journal import Journal
from tapecast.ingest.account.orders import Orders
from tapecast.ingest.account.schedule import Schedule
from tapecast.ingest.account.source import AccountSource
from tapecast.ingest.account.timing import Timing
from tapecast.market import FeedState

logger = logging.getLogger(__name__)


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
        self._timing = timing
        self._on_path = on_path
        self._on_rejected = on_rejected
        self._expected = Expected(timing.pauses_s, timing.decided_s)
        self._differing: list[str] = []
        self._orders = Orders(timing)
        self._is_streaming = False
        # How often the stream has begun or ended, and how often it had when the last good read began.
        self._turns = 0
        self._read_at_turn = -1
        self._changed = asyncio.Event()
        schedule.hold(clock.now() + timing.stream_first_s)

    @property
    def has_caught_up(self) -> bool:
        """Whether all was read since the stream has begun: what it had missed before is known."""
        return self._is_streaming and self._read_at_turn == self._turns

    def on_stream(self, *, is_live: bool) -> None:
        """Order events come, or are missed from now on."""
        was_streaming, self._is_streaming = self._is_streaming, is_live
        self._schedule.hold(0.0)
        self._turns += is_live is not was_streaming
        if is_live and was_streaming:
            # One was not understood. A venue that goes on like that must not cost the budget.
            self._orders.ask()
            self._schedule.later(self._clock.now())
        elif is_live:
            self._orders.miss()
            self._schedule.ask(self._clock.now())
        self._changed.set()

    def on_order(self, event: Fields) -> None:
        """An order event asks for a read."""
        now = self._clock.now()
        self._expected.on_order(event, now)
        self._orders.on_order(event, now, self._journal.image.orders)
        ask = self._schedule.soon if moves_position(event) else self._schedule.later
        ask(now)
        self._ask_for_orders()
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
            if self._source.is_scarce:
                # What was asked for is due as soon as there are calls again.
                wait_s = min(wait_s, self._source.scarce_s)
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._changed.wait()

    def _wait_s(self) -> float:
        when = self._schedule.when(is_streaming=self._is_streaming, is_scarce=self._source.is_scarce)
        return when - self._clock.now()

    async def _read(self) -> None:
        now, turns = self._clock.now(), self._turns
        self._schedule.begin(now)
        # Of the question, not of the answer: it may say what was a moment before.
        as_of = self._clock.iso()
        image = self._journal.image
        question = self._orders.question(now, image.orders, is_blind=not self._is_streaming)
        positions, figures, orders = await asyncio.gather(
            self._source.positions(), self._source.figures(), self._list(question), return_exceptions=True
        )
        errors = [each for each in (positions, figures, orders) if isinstance(each, BaseException)]
        if question is not None and isinstance(orders, list):
            # Only now: positions may have taken longer, and events have come meanwhile.
            orders = self._orders.answer(question, now, orders, self._journal.image.orders)
            # First: a page that is shown positions is shown orders with them, and they would be none.
            self._journal.on_orders(orders)
        # Those of one moment, or none: the figures are made of the positions.
        if not isinstance(positions, BaseException) and not isinstance(figures, BaseException):
            self._take(*positions, figures, now, as_of)
        self._ask_for_orders()
        if not errors:
            self._read_at_turn = turns
        self._conclude(errors)

    async def _list(self, question: int | None) -> list[Fields] | None:
        if question is None:
            return None
        orders, left_out = await self._source.orders()
        self._count("order", left_out)
        return orders

    def _ask_for_orders(self) -> None:
        when = self._orders.when()
        if when < math.inf:
            self._schedule.ask(max(when, self._clock.now() + self._timing.soon_s))

    def _take(self, positions: list[Fields], left_out: int, figures: Fields, now: float, as_of: str) -> None:
        self._count("position", left_out)
        closed, before = self._expected.closed, self._journal.image
        if before.as_of and _moved(before.positions, positions) - self._expected.symbols:
            # Without a word on the stream: orders were missed there, too.
            self._orders.ask()
        self._journal.on_positions(positions, figures, as_of, is_whole=not left_out, closed=closed)
        if before.account and self._journal.image.account != before.account:
            self._orders.forget()
        pause_s = self._expected.compare(positions, now)
        if pause_s is not None:
            self._schedule.ask(self._clock.now() + pause_s)
        known, self._differing = self._differing, self._expected.differing(now)
        if self._differing and self._differing != known:
            logger.warning("positions_differ: from what fills told, for %s", self._differing)

    def _conclude(self, errors: list[BaseException]) -> None:
        for error in errors:
            if not isinstance(error, FeedFatal | FeedTransient):
                raise error
        if not errors:
            self._schedule.succeeded()
            self._on_path(DIFFER if self._differing else LIVE)
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


def _moved(known: list[Fields], found: list[Fields]) -> set[str]:
    """Whose quantity is another one."""
    before = {str(position.get("symbol")): signed(position) for position in known}
    now = {str(position.get("symbol")): signed(position) for position in found}
    return {symbol for symbol in before.keys() | now.keys() if before.get(symbol) != now.get(symbol)}
