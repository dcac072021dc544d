"""The account's owner: while somebody listens and this process holds the lease, it follows the account.

    idle ──listened──> standby ──lease──> connecting ──read, streaming──> live
      ^                                      └──fails──> reconnecting(reason) | failed(auth_failed)
      └── nobody listens for a while ──────────────────────────┘

Losing the lease ends all parts together and cuts the socket off. On a clean end the socket is closed first
and the lease released after.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Never

from tapecast.bus import codec
from tapecast.bus.connection import Bus
from tapecast.bus.lease import Lease
from tapecast.clock import Clock
from tapecast.errors import BusUnavailable, FeedFatal, LeaseLost
from tapecast.ingest.account.health import CONNECTING, DIFFER, LIVE, LOST, Health, Path, path_of
from tapecast.ingest.account.journal import Journal
from tapecast.ingest.account.reader import Reader
from tapecast.ingest.account.schedule import Schedule
from tapecast.ingest.account.source import AccountSource
from tapecast.ingest.account.timing import Timing
from tapecast.market import FeedState
from tapecast.tasks import apart

logger = logging.getLogger(__name__)


class Account:
    """Implements AccountListener."""

    def __init__(
        self,
        bus: Bus,
        source: AccountSource,
        holder: str,
        *,
        on_change: Callable[[], None] = lambda: None,
        on_rejected: Callable[[str], object] = lambda _: None,
        clock: Clock | None = None,
        timing: Timing | None = None,
    ) -> None:
        self.lease = Lease(bus, "account", holder)
        self._bus = bus
        self._source = source
        # At whatever the process's status shows.
        self._on_change = on_change
        self._on_rejected = on_rejected
        self._clock = clock or Clock()
        self._timing = timing or Timing()
        self._listeners = 0
        self._listened = asyncio.Event()
        self._unlistened = asyncio.Event()
        self._unlistened.set()
        self._schedule = Schedule(self._timing)
        self._health = Health()
        self._journal: Journal | None = None
        self._reader: Reader | None = None
        self._order_events = 0
        self._said = Path(FeedState.IDLE)
        self._since = self._clock.iso()

    def listen(self, listeners: int) -> None:
        """Set how many clients, over all replicas, listen to positions."""
        on, off = (self._listened, self._unlistened) if listeners else (self._unlistened, self._listened)
        on.set()
        off.clear()
        if listeners > self._listeners and self._journal is not None:
            # Whoever has come waits for a word that what he was shown is kept up to date.
            self._journal.touch()
        self._listeners = listeners

    def status(self) -> codec.AccountStatus:
        """What the process's status says of it."""
        return codec.AccountStatus(
            state=self._said.state,
            reason=self._said.reason,
            since=self._since,
            simulated=self._source.simulated,
            calls=self._source.calls,
            limited=self._source.limited,
            reconnects=self._source.reconnects,
            order_events=self._order_events,
        )

    async def run(self) -> Never:
        """Serve whenever somebody listens. Raises StartError over a real account's image."""
        while True:
            await self._listened.wait()
            try:
                self._say(Path(FeedState.STANDBY))
                await self.lease.wait(lambda why: self._say(Path(FeedState.STANDBY, why)))
                await apart(self._own())
            except* (LeaseLost, BusUnavailable) as lost:
                logger.warning("lease_lost: account: %s", lost.exceptions[0])
            finally:
                self._journal, self._reader = None, None
                await self.lease.release()
            if not self._listened.is_set():
                self._say(Path(FeedState.IDLE))
            await asyncio.sleep(self._timing.again_s)

    async def _own(self) -> None:
        if not self._listened.is_set():
            return
        logger.info("lease_acquired: account, epoch %d", self.lease.epoch)
        source, clock, timing = self._source, self._clock, self._timing
        journal = Journal(self._bus, self.lease, clock, timing, simulated=source.simulated)
        await journal.begin()
        self._journal = journal
        self._health.stream = CONNECTING
        if self._health.rest in (LIVE, DIFFER):
            self._health.rest = CONNECTING
        self._tell()
        reader = self._reader = Reader(
            source, journal, self._schedule, clock, timing,
            on_path=self._on_rest, on_rejected=self._on_rejected,
        )  # fmt: skip
        async with asyncio.TaskGroup() as tasks:
            works = (self.lease.keep(), journal.write_forever(), self._follow(), reader.run(self._listened))
            parts = [tasks.create_task(work) for work in works]
            await self._until_deserted()
            for part in parts:
                part.cancel()
        journal.turn(FeedState.IDLE, "")
        await journal.flush()

    async def _until_deserted(self) -> None:
        while True:
            await self._unlistened.wait()
            try:
                async with asyncio.timeout(self._timing.linger_s):
                    await self._listened.wait()
            except TimeoutError:
                return

    async def _follow(self) -> Never:
        while True:
            try:
                await self._source.run(self)
            except FeedFatal as error:
                self._turn_stream(path_of(error))
                logger.error("account_failed: %s; mend it and restart", error)  # noqa: TRY400 - no traceback for a bad key
            await asyncio.sleep(self._timing.failed_s)

    def _on_rest(self, path: Path) -> None:
        self._health.rest = path
        if self._reader is not None and self._reader.has_caught_up:
            self._health.stream = LIVE
        self._tell()

    def _turn_stream(self, path: Path) -> None:
        # Events were missed until now: what they have changed is read before all is called live.
        if path is not LIVE:
            self._health.stream = path
        self._tell()
        if self._reader is not None:
            self._reader.on_stream(is_live=path is LIVE)

    def _tell(self) -> None:
        self._say(self._health.worst)
        if self._journal is not None:
            self._journal.turn(*self._said)

    def _say(self, path: Path) -> None:
        if path != self._said:
            self._said, self._since = path, self._clock.iso()
            logger.info("account_state: %s", " ".join(filter(None, path)))
            self._on_change()

    # AccountListener: called from the stream's reader, so each stores and returns.

    def on_order(self, event: codec.Fields) -> None:
        """An order event."""
        self._order_events += 1
        if self._journal is not None and self._reader is not None:
            self._journal.on_order(event)
            self._reader.on_order(event)

    def on_stream(self, *, is_live: bool) -> None:
        """Order events come from now on, or do not any more."""
        self._turn_stream(LIVE if is_live else LOST)

    def on_rejected(self, kind: str) -> None:
        """A message without sense."""
        self._on_rejected(kind)

    def is_owner(self) -> bool:
        """Whether the connection is ours still."""
        return self.lease.valid
