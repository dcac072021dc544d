"""One ingest process: an owner for each of its markets, one reader of interest, one status.

It runs until it is cancelled. On the way out every owner closes its socket and then releases its lease.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Sequence
from typing import Final, Never

from tapecast import __version__
from tapecast.bars import BarCounts
from tapecast.bus import codec
from tapecast.bus.connection import Bus
from tapecast.bus.interest import InterestReader
from tapecast.bus.status import StatusWriter
from tapecast.clock import Clock
from tapecast.feeds.base import Feed
from tapecast.ingest.account import Account, AccountSource
from tapecast.ingest.counters import Counters
from tapecast.ingest.desired import HOLD_AFTER_REDIS_S, DesiredSet
from tapecast.ingest.owner import Owner
from tapecast.market import Market, market_of
from tapecast.process import process_id
from tapecast.settings import Settings

logger = logging.getLogger(__name__)

REPLAN_EVERY_S: Final = 1.0
"""A grace that ends sends no message: look once a second."""

NO_FEED: Final = "no_feed"


class Worker:
    """The parts of one ingest process."""

    def __init__(
        self,
        settings: Settings,
        bus: Bus,
        feeds: Sequence[Feed],
        account: AccountSource | None = None,
        markets: Collection[Market] = tuple(Market),
    ) -> None:
        self.id = process_id()
        self._bus = bus
        self._clock = Clock()
        self._counters = Counters()
        self._interest = codec.Interest({})
        self._position_symbols: frozenset[str] = frozenset()
        self._no_feed: dict[str, str] = {}
        self._status = StatusWriter(bus, "ingest", self.id, self.status)
        self._was_linked = False
        # Set at every change that a waiter in `settled` may look for.
        self._changed = asyncio.Event()
        self._always = {market_of(symbol) for symbol in settings.symbols}
        self._always_on = frozenset(settings.symbols)
        # What no worker has a feed for, this one or another.
        self._served = {feed.market for feed in feeds}
        self._desired: dict[Market, DesiredSet] = {}
        self.owners: dict[Market, Owner] = {}
        for feed in (feed for feed in feeds if feed.market in markets):
            always = [symbol for symbol in settings.symbols if market_of(symbol) == feed.market]
            self._desired[feed.market] = DesiredSet(settings.symbol_limit, always)
            self.owners[feed.market] = Owner(
                bus,
                feed,
                self.id,
                self._desired[feed.market],
                self._counters,
                settings.price_ttl_s,
                self._on_change,
            )
        self._account_always = settings.account_always
        self._account: Account | None = None
        if account is not None:
            self._account = Account(
                bus,
                account,
                self.id,
                on_change=self._on_change,
                on_rejected=lambda kind: self._counters.reject("account", kind),
            )
            self._account.listen(int(self._account_always))

    async def run(self) -> Never:
        """Work until cancelled. Raises StartError over another origin's keys."""
        always = self._account_always
        reader = InterestReader(self._bus, self._on_interest, self._on_link, account_always=always)
        try:
            async with asyncio.TaskGroup() as tasks:
                for owner in self.owners.values():
                    tasks.create_task(owner.run())
                if self._account is not None:
                    tasks.create_task(self._account.run())
                tasks.create_task(reader.run())
                tasks.create_task(self._replan_forever())
                tasks.create_task(self._status.run())
        finally:
            await self._status.remove()
        raise AssertionError("the parts of a worker never end by themselves")

    def _on_change(self) -> None:
        self._status.touch()
        self._changed.set()

    def _on_interest(self, interest: codec.Interest, held: frozenset[str]) -> None:
        if interest.symbols.keys() != self._interest.symbols.keys():
            # What was asked for by clients of prices may be a position's alone from now on.
            self._status.touch()
        self._interest = interest
        self._position_symbols = held
        if self._account is not None:
            self._account.listen(interest.positions + self._account_always)
        self._update()

    def _on_link(self, up: bool) -> None:
        # The first link of a new worker has lost nobody's interest: room that appears is given at once.
        if up and self._was_linked:
            now = self._clock.now()
            for desired in self._desired.values():
                desired.hold(now + HOLD_AFTER_REDIS_S)
        self._was_linked |= up

    def _update(self) -> None:
        now = self._clock.now()
        everything = dict.fromkeys(self._interest.held, 1) | self._interest.symbols
        for market, desired in self._desired.items():
            wanted = {s: n for s, n in everything.items() if market_of(s) == market}
            first = [symbol for symbol in self._position_symbols if market_of(symbol) == market]
            desired.update(wanted, now, first)
            bars = {s: lengths for s, lengths in self._interest.bars.items() if market_of(s) == market}
            self.owners[market].bars.update(bars, now)
            self.owners[market].replan()
        no_feed = {s: NO_FEED for s in everything if market_of(s) not in self._served}
        if no_feed != self._no_feed:
            self._no_feed = no_feed
            self._status.touch()

    async def _replan_forever(self) -> Never:
        while True:
            await asyncio.sleep(REPLAN_EVERY_S)
            for owner in self.owners.values():
                owner.replan()

    def status(self) -> codec.IngestStatus:
        """What this process says of itself."""
        owners = list(self.owners.values())
        refused = dict(self._no_feed)
        for owner in owners:
            refused |= owner.refused
        active = sorted(symbol for owner in owners for symbol in owner.confirmed)
        asked = self._interest.symbols.keys() | self._always_on
        return codec.IngestStatus(
            id=self.id,
            version=__version__,
            server_time=self._clock.micros(),
            feeds=[owner.pulse.status() for owner in owners],
            leases={
                owner.market: codec.LeaseStatus(owner.lease.holder, owner.lease.epoch)
                for owner in owners
                if owner.lease.valid
            },
            active_symbols=active,
            refused=refused,
            messages=self._counters.messages,
            messages_per_second=self._counters.messages_per_second(),
            newest_ts_recv=max((owner.newest_ts_recv for owner in owners), default=0),
            reconnects=sum(owner.reconnects for owner in owners),
            rejected=dict(self._counters.rejected),
            resubscribed=sum(owner.resubscribed for owner in owners),
            received=dict(self._counters.received),
            flushes=self._counters.flushes,
            account=self._account.status() if self._account is not None else None,
            private=sorted({*active, *refused} - asked),
            bars=sum((owner.bars.counts for owner in owners), BarCounts()),
        )

    async def settled(self) -> None:
        """Wait until each market has an owner, here or elsewhere, and those that are wanted a feed."""
        while not all(owner.settled(wanted=market in self._always) for market, owner in self.owners.items()):
            self._changed.clear()
            await self._changed.wait()
