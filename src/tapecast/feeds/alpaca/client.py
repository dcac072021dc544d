"""The feed: one supervised connection to one endpoint, held only while somebody wants a symbol.

    idle ──want──> connecting ──served──> live | closed ──nobody wants──> idle
                        └──fails──> reconnecting(reason) <──fails──┘
                                         └── a wait, a dial, served ──> live | closed

A fatal failure (402, 409, ...) leaves `run` as FeedFatal after one dial. Every other is retried inside.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Never

from tapecast.bars import Interval
from tapecast.errors import FeedTransient
from tapecast.feeds.alpaca.comparer import Comparer
from tapecast.feeds.alpaca.connection import Connection
from tapecast.feeds.alpaca.endpoint import Endpoint
from tapecast.feeds.alpaca.hours import Hours
from tapecast.feeds.alpaca.limits import Delays, Limits
from tapecast.feeds.alpaca.live import LiveSession
from tapecast.feeds.alpaca.path import VenuePath
from tapecast.feeds.alpaca.rest import AlpacaRest
from tapecast.feeds.alpaca.seeder import Seeder
from tapecast.feeds.alpaca.seen import Seen
from tapecast.feeds.alpaca.subscriptions import Subscriptions
from tapecast.feeds.alpaca.together import together
from tapecast.feeds.base import BarHistory, FeedListener
from tapecast.market import Market, Snapshot

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Run:
    """What belongs to one call of `run`, from taking the lease over to giving it up."""

    listener: FeedListener
    rest: AlpacaRest
    path: VenuePath
    delays: Delays
    hours: Hours | None


class AlpacaFeed:
    """One endpoint of Alpaca as a `Feed`."""

    def __init__(
        self,
        endpoint: Endpoint,
        subscriptions: Subscriptions,
        open_rest: Callable[[], AlpacaRest],
        limits: Limits,
    ) -> None:
        self.market = endpoint.market
        self.name = endpoint.name
        self.simulated = endpoint.name == "simulated"
        # Sessions that were opened because the one before was lost.
        self.reconnects = 0
        self.resubscribed = 0
        self.last_heard = 0.0
        self._endpoint = endpoint
        self._subscriptions = subscriptions
        # A client for each run: it is bound to the run's event loop and closed with it.
        self._open_rest = open_rest
        self._limits = limits
        # Of the session that is open now, or of the last one, which nobody runs any more.
        self._seeder: Seeder | None = None
        # Of the present run.
        self._rest: AlpacaRest | None = None
        # The three sides of `want`: whoever waits for a first symbol, for none, for any change.
        self._wanted = asyncio.Event()
        self._unwanted = asyncio.Event()
        self._nudge = asyncio.Event()

    def want(self, symbols: Sequence[str]) -> None:
        """Set the whole desired set, most important first. An empty one closes the socket."""
        self._subscriptions.want(symbols)
        now, before = (self._wanted, self._unwanted) if symbols else (self._unwanted, self._wanted)
        now.set()
        before.clear()
        self._nudge.set()

    def reseed(self, symbols: Sequence[str]) -> None:
        """Ask for REST snapshots of these confirmed symbols again."""
        if self._seeder is not None:
            self._seeder.again(symbols)

    def want_bars(self, symbols: Collection[str]) -> None:
        """Set of which symbols the venue's own minutes are wanted too."""
        # Of options the stream has none (410).
        if self.market is not Market.US_OPTION and self._subscriptions.want_bars(symbols):
            self._nudge.set()

    async def bars(self, symbols: Sequence[str], interval: Interval, since_ns: int) -> BarHistory:
        """The venue's bars of these symbols. Raises FeedError."""
        if self._rest is None:
            raise FeedTransient("idle", "nobody runs this feed")
        return await self._rest.bars(symbols, interval, since_ns)

    async def run(self, listener: FeedListener) -> Never:
        """Hold the connection for as long as symbols are wanted. Cancelling closes the socket."""
        async with self._open_rest() as rest:
            self._rest = rest
            path = VenuePath(listener)
            hours = Hours(rest.clock, path.market_is, self._limits) if self._endpoint.has_hours else None
            run = _Run(listener, rest, path, Delays(self._limits), hours)
            parts = [self._supervise(run)]
            if hours is not None:
                parts.append(hours.follow())
            await together(*parts)
        raise AssertionError("the supervisor never ends by itself")

    async def _supervise(self, run: _Run) -> None:
        lost = False
        while True:
            if not self._subscriptions.desired:
                run.path.idle()
                run.listener.on_refused({})
            await self._wanted.wait()
            run.path.dialling()
            if run.hours is not None:
                await run.hours.first()
            try:
                await self._hold(run, after_loss=lost)
                lost = False
            except FeedTransient as failure:
                lost = True
                run.path.lost(failure.reason)
                delay = run.delays.after(failure)
                logger.warning("feed_lost: %s: %s; next dial in %.1f s", self.market, failure, delay)
                await asyncio.sleep(delay)

    async def _hold(self, run: _Run, *, after_loss: bool) -> None:
        connection = Connection(self._endpoint.stream(), self._limits, self._hear)
        try:
            await connection.open()
            self.reconnects += after_loss
            await self._serve(run, connection)
        finally:
            await connection.close(politely=run.listener.is_owner())

    async def _serve(self, run: _Run, connection: Connection) -> None:
        seen = Seen()

        def on_snapshot(snapshot: Snapshot) -> None:
            seen.on_snapshot(snapshot)
            run.listener.on_snapshot(snapshot)

        def on_confirmed(symbols: frozenset[str]) -> None:
            seen.confirm(symbols)
            seeder.confirm(symbols)

        seeder = self._seeder = Seeder(run.rest, on_snapshot, self._limits)
        comparer = Comparer(
            run.rest, seen, self._limits,
            is_open=lambda: run.path.is_open, on_snapshot=on_snapshot, on_silent=self._renew,
        )  # fmt: skip
        self._subscriptions.reset()
        run.listener.on_session()
        session = LiveSession(
            connection,
            self._subscriptions,
            run.listener,
            self._limits,
            nudge=self._nudge,
            seen=seen,
            on_confirmed=on_confirmed,
            on_served=run.path.live,
        )
        began = time.monotonic()
        try:
            await together(
                session.read(),
                session.reconcile(),
                session.ping(time.monotonic, lambda: self.last_heard),
                seeder.run(),
                comparer.run(),
                self._until_unwanted(),
            )
        finally:
            # Not at its first answer: a venue that accepts, confirms and drops us would be hammered.
            if seen.messages or time.monotonic() - began >= self._limits.proven_s:
                run.delays.reset()
            # With the socket went every subscription.
            if self._subscriptions.confirmed:
                run.listener.on_subscribed(frozenset())

    def _renew(self, symbols: list[str]) -> None:
        self.resubscribed += len(symbols)
        self._subscriptions.renew(symbols)
        self._nudge.set()

    async def _until_unwanted(self) -> None:
        # An event that was set wakes its waiters even if it was cleared again: a page that is reloaded must
        # not cost the connection.
        while self._subscriptions.desired:
            await self._unwanted.wait()

    def _hear(self) -> None:
        self.last_heard = time.monotonic()
