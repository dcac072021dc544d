"""What the owner of a market says of its path to the venue: the feed's state, and the beat that carries it.

The beat is what lets every api tell "this symbol is quiet" from "the feed is down". It goes out each second
and at once on a change, and it calls a path healthy only if the venue was heard from in the last seconds: a
frozen venue keeps its TCP connection for minutes.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable
from typing import Final, Never

from tapecast.bus import codec
from tapecast.bus.keys import BEAT_EVERY_S
from tapecast.bus.publisher import Publisher
from tapecast.clock import Clock
from tapecast.errors import BusUnavailable
from tapecast.feeds.base import Feed
from tapecast.ingest.conflator import Conflator
from tapecast.market import HEALTHY_STATES, FeedState

logger = logging.getLogger(__name__)

HEARD_S: Final = 4.0
"""A venue not heard from for this long (two of our pings) vouches for nothing."""


class Pulse:
    """The state of one feed, with its reason and the time of its last change."""

    def __init__(self, feed: Feed, on_change: Callable[[], None], clock: Clock | None = None) -> None:
        self._feed = feed
        # Called at every change, for the process's status.
        self._on_change = on_change
        self._clock = clock or Clock()
        self._state = FeedState.STANDBY
        self._reason = ""
        self._since = self._clock.iso()
        # Why Redis refuses prices, if it does: a feed whose prices reach nobody is not live.
        self._refusal = ""
        self._now = asyncio.Event()

    @property
    def state(self) -> FeedState:
        """The feed's state; a live one that is silent, or refused by Redis, is `reconnecting`."""
        return FeedState.RECONNECTING if self._hindrance() else self._state

    @property
    def heard_ago_s(self) -> float:
        """Seconds since the venue was last heard; infinite while its path is not healthy."""
        # What Redis refuses is tried again, so this is of the venue's path alone.
        is_heard = self._state in HEALTHY_STATES and not self._silent()
        return self._clock.now() - self._feed.last_heard if is_heard else math.inf

    def _hindrance(self) -> str:
        if self._state not in HEALTHY_STATES:
            return ""
        return self._refusal or ("silent" if self._silent() else "")

    def _silent(self) -> bool:
        return self._clock.now() - self._feed.last_heard > HEARD_S

    def on_refused(self, reason: str) -> None:
        """Why Redis refuses prices, or that it does not any more."""
        if reason != self._refusal:
            self._refusal = reason
            self._now.set()
            self._on_change()

    def turn(self, state: FeedState, reason: str = "") -> None:
        """Change the state."""
        if (state, reason) == (self._state, self._reason):
            return
        logger.info("feed_state: %s", " ".join(filter(None, (self._feed.market, state, reason))))
        self._state, self._reason, self._since = state, reason, self._clock.iso()
        self._now.set()
        self._on_change()

    def status(self) -> codec.FeedStatus:
        """The feed as `/stream/status` shows it."""
        return codec.FeedStatus(
            feed=self._feed.name,
            market=self._feed.market,
            state=self.state,
            reason=self._hindrance() or self._reason,
            since=self._since,
            simulated=self._feed.simulated,
        )

    async def beat_forever(self, publisher: Publisher, conflator: Conflator) -> Never:
        """Beat every BEAT_EVERY_S and at each change. Raises LeaseLost."""
        while True:
            self._now.clear()
            try:
                await publisher.beat(self._beat(conflator))
            except BusUnavailable as error:
                logger.debug("beat_failed: %s", error)
            try:
                async with asyncio.timeout(BEAT_EVERY_S):
                    await self._now.wait()
            except TimeoutError:
                pass

    def _beat(self, conflator: Conflator) -> codec.Beat:
        status = self.status()
        return codec.Beat(
            market=status.market,
            epoch=conflator.epoch,
            seq=conflator.session_seq,
            state=status.state,
            server_time=self._clock.micros(),
            feed=status.feed,
            reason=status.reason,
            since=status.since,
            simulated=status.simulated,
            heard_ms_ago=self._heard_ms_ago(),
        )

    def _heard_ms_ago(self) -> int:
        ago_s = self.heard_ago_s
        # Of an unhealthy path nobody asks; a feed may hear something while we look.
        return 0 if math.isinf(ago_s) else max(0, round(ago_s * 1000))
