"""One market's owner: waits for the lease, and while it holds it, runs the feed under it.

Everything that belongs to one ownership lives in one TaskGroup: losing the lease ends the feed (whose socket
is closed), the flusher and the beat together. On a clean end the socket is closed first and the lease
released after, so that a standby never finds the venue's slot taken.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from typing import Final, Never

from tapecast.bus.cache import read_last_ticks
from tapecast.bus.connection import Bus
from tapecast.bus.lease import HELD, Lease
from tapecast.bus.origin import last_ttl_s, mark_forever, mark_origin
from tapecast.bus.publisher import Publisher
from tapecast.errors import BusUnavailable, FeedFatal, LeaseLost
from tapecast.feeds.base import Feed, FeedListener
from tapecast.ingest.bars.keeper import Keeper
from tapecast.ingest.bars.wanted import Wanted
from tapecast.ingest.conflator import Conflator
from tapecast.ingest.counters import Counters
from tapecast.ingest.desired import DesiredSet
from tapecast.ingest.flusher import Flusher
from tapecast.ingest.pulse import Pulse
from tapecast.market import Cancel, Correction, FeedState, Market, Quote, Snapshot, Trade
from tapecast.tasks import apart

logger = logging.getLogger(__name__)

AGAIN_S: Final = 0.5
"""Between two ownerships: one that fails at once would else be taken and lost thousands of times a second."""
_ON_THE_WAY: Final = frozenset({FeedState.IDLE, FeedState.CONNECTING, FeedState.RECONNECTING})


class Owner(FeedListener):
    """One market's owner, and what its feed tells."""

    def __init__(
        self,
        bus: Bus,
        feed: Feed,
        holder: str,
        desired: DesiredSet,
        counters: Counters,
        price_ttl_s: int,
        on_change: Callable[[], None],
    ) -> None:
        self._bus = bus
        self._feed = feed
        self._desired = desired
        self._counters = counters
        self._price_ttl_s = price_ttl_s
        self._on_change = on_change  # at whatever `/stream/status` shows
        self.lease = Lease(bus, feed.market, holder)
        self.bars = Wanted()
        self._conflator: Conflator | None = None
        self._flusher: Flusher | None = None
        # The venue's final no. It outlives the lease: only a restart, with other keys, may dial again.
        self._fatal: FeedFatal | None = None
        self.pulse = Pulse(feed, on_change)
        self._replanned = asyncio.Event()
        self._refused_by_plan: dict[str, str] = {}
        self._refused_by_venue: dict[str, str] = {}
        self.confirmed: frozenset[str] = frozenset()

    @property
    def market(self) -> Market:
        """Which one."""
        return self._feed.market

    @property
    def refused(self) -> dict[str, str]:
        """Symbols that cannot be had now, each with its reason."""
        return self._refused_by_plan | self._refused_by_venue

    @property
    def newest_ts_recv(self) -> int:
        """When the newest published tick was received, in microseconds; 0 before the first."""
        return self._flusher.newest_ts_recv if self._flusher is not None else 0

    @property
    def reconnects(self) -> int:
        """How often the venue's socket was lost since the start."""
        return self._feed.reconnects

    @property
    def resubscribed(self) -> int:
        """How many symbols had gone silent and were subscribed anew."""
        return self._feed.resubscribed

    def settled(self, *, wanted: bool) -> bool:
        """Whether what the feed is now will stay for a while: another owns it, or it has found its state."""
        status = self.pulse.status()
        if status.state is FeedState.STANDBY:
            return status.reason == HELD
        return not wanted or status.state not in _ON_THE_WAY

    def replan(self) -> None:
        """Interest or time has changed: ask the feed for what is wanted now."""
        self._replanned.set()

    async def run(self) -> Never:
        """Own the market whenever the lease can be had. Raises StartError over another origin's keys."""
        while True:
            self.pulse.turn(FeedState.STANDBY)
            try:
                await self.lease.wait(lambda why: self.pulse.turn(FeedState.STANDBY, why))
                logger.info("lease_acquired: %s, epoch %d", self.market, self.lease.epoch)
                await apart(self._own())
            except* (LeaseLost, BusUnavailable) as lost:
                logger.warning("lease_lost: %s: %s", self.market, lost.exceptions[0])
            finally:
                self._conflator, self._flusher, self.confirmed = None, None, frozenset()
                # What was refused to us may well be served to the next owner.
                self._refused_by_plan, self._refused_by_venue = {}, {}
                await self.lease.release()
            await asyncio.sleep(AGAIN_S)

    async def _own(self) -> None:
        simulated, name = self._feed.simulated, self._feed.name
        await mark_origin(self._bus, self.market, simulated=simulated)
        publisher = Publisher(self._bus, self.lease, last_ttl_s(simulated=simulated))
        conflator = self._conflator = Conflator(self.lease.epoch)
        refused, times = self.pulse.on_refused, self._counters.flushes
        flusher = self._flusher = Flusher(name, conflator, publisher, self._good_for_s, None, refused, times)
        self.pulse.on_refused("")
        self.pulse.turn(FeedState.IDLE)
        keeper = Keeper(self._bus, self._feed, self.lease, self, self.bars)
        # Before the feed runs: what it delivers for a symbol without an image is dropped.
        await self._plan(conflator)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.lease.keep())
            tasks.create_task(flusher.flush_forever())
            tasks.create_task(flusher.refresh_forever())
            tasks.create_task(self.pulse.beat_forever(publisher, conflator))
            tasks.create_task(self._plan_forever(conflator))
            tasks.create_task(mark_forever(self._bus, self.market, simulated=simulated))
            tasks.create_task(keeper.run())
            tasks.create_task(self._run_feed(keeper.ear))

    def _good_for_s(self) -> float:
        return self._price_ttl_s - self.pulse.heard_ago_s

    async def _run_feed(self, ear: FeedListener) -> None:
        try:
            if self._fatal is None:
                await self._feed.run(ear)
        except FeedFatal as error:
            self._fatal = error
            # The lease and the process stay: exiting would loop on a platform that restarts it, and dial.
            logger.error("feed_failed: %s: %s; mend it and restart", self.market, error)  # noqa: TRY400 - no traceback for a bad key
        if self._fatal is not None:
            self.pulse.turn(FeedState.FAILED, self._fatal.reason)

    async def _plan_forever(self, conflator: Conflator) -> None:
        while await self._replanned.wait():
            await self._plan(conflator)

    async def _plan(self, conflator: Conflator) -> None:
        self._replanned.clear()
        await self._restore(conflator, (plan := self._desired.plan(time.monotonic())).symbols)
        self._feed.want(plan.symbols)
        self._feed.reseed(conflator.outdated_days())
        if plan.refused != self._refused_by_plan:
            self._refused_by_plan = plan.refused
            self._on_change()

    async def _restore(self, conflator: Conflator, symbols: tuple[str, ...]) -> None:
        missing, ticks = conflator.missing(symbols), []
        # Not of an invented market: a tape that is played again would show nothing before its old end.
        if missing and not self._feed.simulated:
            try:
                ticks = await read_last_ticks(self._bus, missing)
            except BusUnavailable as error:
                logger.warning("last_not_read: %s", error)
        ours = [tick for tick in ticks if tick.feed == self._feed.name]
        conflator.keep(symbols, ours)

    # FeedListener: called from the feed's reader, so each stores and returns.

    def on_session(self) -> None:
        """A new venue session begins."""
        if self._conflator is not None:
            self._conflator.on_session()

    def on_state(self, state: FeedState, reason: str | None = None) -> None:
        """The feed's path changed."""
        self.pulse.turn(state, reason or "")

    def on_trade(self, trade: Trade) -> None:
        """A print."""
        self._counters.received["trade"] += 1
        if self._conflator is not None:
            self._conflator.on_trade(trade)

    def on_quote(self, quote: Quote) -> None:
        """A quote."""
        self._counters.received["quote"] += 1
        if self._conflator is not None:
            self._conflator.on_quote(quote)

    def on_data(self, data: Sequence[Trade | Quote]) -> None:
        """A frame of them."""
        self._counters.receive(data)
        if self._conflator is not None:
            self._conflator.on_data(data)

    def on_correction(self, correction: Correction) -> None:
        """A print was wrong."""
        self._counters.received["correction"] += 1
        if self._conflator is not None:
            self._conflator.on_correction(correction)

    def on_cancel(self, cancel: Cancel) -> None:
        """A print is void."""
        self._counters.received["cancel"] += 1
        if self._conflator is not None:
            self._conflator.on_cancel(cancel)

    def on_snapshot(self, snapshot: Snapshot) -> None:
        """A REST seed."""
        self._counters.received["snapshot"] += 1
        if self._conflator is not None:
            self._conflator.on_snapshot(snapshot)

    def on_subscribed(self, symbols: frozenset[str]) -> None:
        """The venue's own word on what is subscribed."""
        self.confirmed = symbols
        if self._conflator is not None:
            self._conflator.on_subscribed(symbols)
        self._on_change()

    def on_refused(self, refused: dict[str, str]) -> None:
        """The venue's refusals."""
        self._refused_by_venue = dict(refused)
        self._on_change()

    def is_owner(self) -> bool:
        """Whether the connection is ours still."""
        return self.lease.valid

    def on_rejected(self, kind: str) -> None:
        """A message without sense."""
        if self._counters.reject(self.market, kind):
            self._on_change()
