"""The status board: what every process says of itself, added up for `/stream/status`.

Feeds are told from this replica's own view of the beats, so that a dead ingest shows in three seconds and not
when its status expires.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import islice
from typing import Final

import msgspec

from tapecast import __version__
from tapecast.api import frames
from tapecast.api.account.upkeep import AccountFeed
from tapecast.api.mailbox import Mailbox
from tapecast.api.markets import Markets
from tapecast.api.view import View
from tapecast.bus.codec import FeedStatus, IngestStatus, LeaseStatus, ReplicaStatus
from tapecast.bus.keys import STATUS_TTL_S
from tapecast.clock import Clock
from tapecast.market import market_of

TELL_EVERY_S: Final = 15.0
REFUSED_SHOWN: Final = 200
"""Anybody may ask for the status, and anybody can make up thousands of symbols."""


class Report(msgspec.Struct, frozen=True):
    """The JSON of `/stream/status`."""

    alpaca_connected: bool
    active_symbols: list[str]
    stream_count: int
    feeds: list[FeedStatus]
    lease: dict[str, LeaseStatus]
    # Neither names what only the account's positions want. At most REFUSED_SHOWN; and how many there are.
    refused: dict[str, str]
    refused_count: int
    messages_per_second: float
    newest_tick_age_s: float | None
    reconnects: int
    # Symbols that had gone silent and were subscribed anew.
    resubscribed: int
    # Messages of the venue that made no sense, by kind.
    rejected: dict[str, int]
    replicas: int
    # Processes whose clock is more than two seconds from Redis's, and by how many it is ahead.
    clock_offset_s: dict[str, int]
    version: str
    # As its `feed` event; left out while this replica has no way to know.
    account: AccountFeed | msgspec.UnsetType = msgspec.UNSET


class StatusBoard:
    """Statuses by process, each believed until its own deadline on our clock."""

    def __init__(
        self,
        replica: str,
        clock: Clock,
        markets: Markets,
        count: Callable[[], int],
        account: Callable[[], AccountFeed | None] = lambda: None,
    ) -> None:
        self._replica = replica
        self._clock = clock
        self._markets = markets
        # How many streams this replica has open.
        self._count = count
        # How the account stands, if this replica knows.
        self._account = account
        self._ingests: dict[str, tuple[float, IngestStatus]] = {}
        self._replicas: dict[str, tuple[float, ReplicaStatus]] = {}
        # Our own, as our status's writer has measured it.
        self._clock_offset_s = 0
        # Seconds from writing our own status to hearing it: what a word needs through Redis and our loop.
        self.lag_s: float | None = None
        self._heard_own = 0
        # Receive time of the newest tick that passed through here, in microseconds.
        self.newest_ts_recv = 0
        # All symbols that a venue refuses, each with its reason; and those that strangers may be told of.
        self.refused: dict[str, str] = {}
        self.refused_told: dict[str, str] = {}
        self._readers: set[View] = set()
        self._told: Report | None = None
        self._next_tell = 0.0

    def on_ingest(self, status: IngestStatus) -> None:
        """Take what an ingest process says."""
        if status.gone:
            self._ingests.pop(status.id, None)
        else:
            self._ingests[status.id] = (self._clock.now() + STATUS_TTL_S, status)
        self._sum_refused()

    def on_replica(self, status: ReplicaStatus) -> None:
        """Take what another replica says. Of itself each knows better than what it wrote."""
        if status.gone:
            self._replicas.pop(status.id, None)
        elif status.id == self._replica:
            self._clock_offset_s = status.clock_offset_s
            self._hear_own(status.server_time)
        else:
            self._replicas[status.id] = (self._clock.now() + STATUS_TTL_S, status)

    def own_status(self) -> ReplicaStatus:
        """What this replica writes of itself."""
        return ReplicaStatus(self._replica, __version__, self._clock.micros(), self._count())

    def _hear_own(self, written: int) -> None:
        # After a lost link it is read once more, and old by then.
        if written > self._heard_own:
            self._heard_own = written
            self.lag_s = max(0.0, (self._clock.micros() - written) / 1_000_000)

    def report(self) -> Report:
        """All of it, added up."""
        ingests = self.ingests()
        replicas = [status for _, status in self._replicas.values()]
        return Report(
            alpaca_connected=self._markets.is_connected(),
            active_symbols=self._active(ingests),
            stream_count=self._count() + sum(status.stream_count for status in replicas),
            feeds=self._markets.statuses(),
            lease=_leases(ingests),
            refused=dict(islice(self.refused_told.items(), REFUSED_SHOWN)),
            refused_count=len(self.refused_told),
            messages_per_second=round(sum((status.messages_per_second for status in ingests), 0.0), 1),
            newest_tick_age_s=self._newest_age(ingests),
            reconnects=sum(status.reconnects for status in ingests),
            resubscribed=sum(status.resubscribed for status in ingests),
            rejected=_rejected(ingests),
            replicas=1 + len(replicas),
            clock_offset_s={process: offset_s for process, offset_s in self.clocks().items() if offset_s},
            version=__version__,
            account=self._account() or msgspec.UNSET,
        )

    def leases(self) -> dict[str, LeaseStatus]:
        """Who owns each market."""
        return _leases(self.ingests())

    def __contains__(self, view: View) -> bool:
        return view in self._readers

    def add(self, view: View) -> None:
        """Send `status` events to this view from now on."""
        self._readers.add(view)

    def remove(self, view: View) -> None:
        """Stop it, if it was there."""
        self._readers.discard(view)

    def introduce(self, mailbox: Mailbox) -> None:
        """Tell a new client how things stand."""
        mailbox.put_event("status", frames.event("status", self.report()))

    def sweep(self) -> None:
        """Forget processes that fell silent; tell the readers on a change and every fifteen seconds."""
        now = self._clock.now()
        expired = [key for key, (deadline, _) in self._ingests.items() if deadline <= now]
        for key in expired:
            del self._ingests[key]
        if expired:
            self._sum_refused()
        for key in [key for key, (deadline, _) in self._replicas.items() if deadline <= now]:
            del self._replicas[key]
        if self._readers:
            self._tell(now)

    def _tell(self, now: float) -> None:
        report = self.report()
        # Rates and ages change all the time: they are news only every fifteen seconds.
        steady = msgspec.structs.replace(report, messages_per_second=0.0, newest_tick_age_s=None)
        if steady.account is not msgspec.UNSET:
            account = msgspec.structs.replace(steady.account, as_of="")
            steady = msgspec.structs.replace(steady, account=account)
        if steady == self._told and now < self._next_tell:
            return
        self._told, self._next_tell = steady, now + TELL_EVERY_S
        frame = frames.event("status", report)
        for view in self._readers:
            view.put_event("status", frame)

    def _sum_refused(self) -> None:
        self.refused, self.refused_told = {}, {}
        for status in self.ingests():
            refused = {s: reason for s, reason in status.refused.items() if self._speaks_for(status, s)}
            self.refused |= refused
            self.refused_told |= {s: reason for s, reason in refused.items() if s not in status.private}

    def ingests(self) -> list[IngestStatus]:
        """What each ingest process said last."""
        return [status for _, status in self._ingests.values()]

    def _active(self, ingests: list[IngestStatus]) -> list[str]:
        named = {(s, each.id) for each in ingests for s in each.active_symbols if self._speaks_for(each, s)}
        private = {(s, each.id) for each in ingests for s in each.private}
        return sorted({symbol for symbol, _ in named - private})

    def _speaks_for(self, status: IngestStatus, symbol: str) -> bool:
        # Only the owner of a market knows; a standby or a killed owner may still say what was true of itself.
        lease = _leases(self.ingests()).get(market_of(symbol) or "")
        return lease is None or lease.holder == status.id

    def clocks(self) -> dict[str, int]:
        """By how many seconds each process's clock is ahead of Redis's."""
        clocks = {status.id: status.clock_offset_s for status in self.ingests()}
        clocks |= {status.id: status.clock_offset_s for _, status in self._replicas.values()}
        clocks[self._replica] = self._clock_offset_s
        return dict(sorted(clocks.items()))

    def _newest_age(self, ingests: list[IngestStatus]) -> float | None:
        newest = max([self.newest_ts_recv, *(status.newest_ts_recv for status in ingests)])
        if newest == 0:
            return None
        return max(0.0, round((self._clock.micros() - newest) / 1_000_000, 3))


def _rejected(ingests: list[IngestStatus]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for status in ingests:
        total.update(status.rejected)
    # In a fixed order, whichever ingest was heard first.
    return dict(sorted(total.items()))


def _leases(ingests: list[IngestStatus]) -> dict[str, LeaseStatus]:
    newest: dict[str, LeaseStatus] = {}
    for status in ingests:
        for market, lease in status.leases.items():
            # A killed owner's status outlives it for some seconds; the fence tells who came later.
            if market not in newest or lease.epoch > newest[market].epoch:
                newest[market] = lease
    return newest
