"""A recorded tape as feeds, one for each market on it, as if it happened now and faster or slower.

The tape starts when one of its symbols is first wanted and runs once, by one timeline for all its markets.
Venue times stay as recorded. Time passes on the tape whether somebody listens or not: who comes later, or
regains a lease, is given the newest trade and quote up to that moment and goes on from there. After the last
line the state is `closed`, reason `tape_ended`, and the last prices stand.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Iterator, Sequence
from typing import Final, Never

from tapecast.bars import Interval
from tapecast.errors import FeedFatal
from tapecast.feeds.alpaca import wire
from tapecast.feeds.alpaca.wire import Data, Reject
from tapecast.feeds.base import NO_HISTORY, BarHistory, FeedListener
from tapecast.feeds.newest import Newest
from tapecast.feeds.timeline import Timeline
from tapecast.market import Correction, FeedState, Market, Quote, Trade, market_of
from tapecast.recording import Recorded, Recording

NOT_ON_TAPE: Final = "not_on_tape"
TAPE_ENDED: Final = "tape_ended"
SLICE_S: Final = 0.004
"""How long the loop may be held up at once; what is due beyond that waits for the next turn."""
BEAT_S: Final = 1.0
"""The longest rest: a feed not heard from for four seconds counts as silent."""


class ReplayFeed:
    """One market of a tape as a `Feed`."""

    name = "replay"
    simulated = True

    def __init__(self, market: Market, recording: Recording, timeline: Timeline) -> None:
        self.market = market
        self.reconnects = 0
        self.resubscribed = 0
        self.last_heard = 0.0
        self._timeline = timeline
        self._on_tape = frozenset(s for s, its in recording.symbols.items() if its is market)
        # Lines that name no symbol are told by one feed, not by each.
        self._takes_strays = market is recording.markets[0]
        self._lines: Iterator[Recorded] = recording.read()
        # Read, and its time has not come. None before the first line and after the last.
        self._next: Recorded | None = None
        self._ended = False
        self._newest: dict[str, Newest] = {}
        self._wanted: tuple[str, ...] = ()
        self._confirmed: frozenset[str] = frozenset()
        self._nudge = asyncio.Event()

    def want(self, symbols: Sequence[str]) -> None:
        """Set the whole desired set. An empty one does not stop the tape."""
        self._wanted = tuple(symbols)
        # Who left and is back within a turn of the loop needs first values all the same.
        self._confirmed &= set(symbols)
        self._nudge.set()

    def reseed(self, symbols: Sequence[str]) -> None:
        """Ask for snapshots again: a tape has no figures of a day, so there is nothing more to say."""

    def want_bars(self, symbols: Collection[str]) -> None:
        """A tape has none."""

    async def bars(self, symbols: Sequence[str], interval: Interval, since_ns: int) -> BarHistory:
        """A tape has none. Raises FeedFatal."""
        del symbols, interval, since_ns
        raise FeedFatal(NO_HISTORY, "a tape has no bars of its own")

    async def run(self, listener: FeedListener) -> Never:
        """Play, for as long as the lease is held."""
        teller = _Teller(listener)
        listener.on_session()
        self._confirmed = frozenset()
        # What was played while nobody ran this feed is passed by first: prices never go back.
        joined = False
        while True:
            self._nudge.clear()
            self.last_heard = time.monotonic()
            rest_s = self._play(listener)
            joined = joined or rest_s > 0
            if joined:
                self._reconcile(teller)
            await self._rest(rest_s)

    def _reconcile(self, teller: _Teller) -> None:
        wanted = frozenset(self._wanted)
        granted = wanted & self._on_tape
        if granted:
            self._timeline.start()
        teller.state(*self._state())
        teller.refused(wanted - granted)
        teller.subscribed(granted)
        for symbol in granted - self._confirmed:
            if symbol in self._newest:
                teller.listener.on_snapshot(self._newest[symbol].snapshot())
        if granted != self._confirmed:
            self._confirmed = granted
            # The tape may just have started: its first line is due now.
            self._nudge.set()

    def _state(self) -> tuple[FeedState, str | None]:
        if self._ended:
            return FeedState.CLOSED, TAPE_ENDED
        return (FeedState.LIVE if self._wanted else FeedState.IDLE), None

    def _play(self, listener: FeedListener) -> float:
        """Hand over what is due; seconds until there is more, 0.0 if there is more at once."""
        until = time.monotonic() + SLICE_S
        while (line := self._next or self._read()) is not None:
            self._next = line
            due_in = self._timeline.due_in(line.ns)
            if due_in > 0:
                return due_in
            self._next = None
            self._hand_over(line.message, listener)
            if time.monotonic() > until:
                return 0.0
        return BEAT_S

    def _read(self) -> Recorded | None:
        try:
            line = next(self._lines, None)
        except OSError as error:
            raise FeedFatal("tape_unreadable", f"the tape cannot be read any more: {error}") from None
        self._ended = line is None
        return line

    def _hand_over(self, message: object, listener: FeedListener) -> None:
        if not self._is_ours(message):
            return
        data = wire.decode(message, time.time_ns() // 1000)
        if isinstance(data, Reject):
            listener.on_rejected(data)
        elif data is not None:
            self._newest.setdefault(data.symbol, Newest(data.symbol)).take(data)
            if data.symbol in self._confirmed:
                _tell(listener, data)

    def _is_ours(self, message: object) -> bool:
        symbol = message.get("S") if isinstance(message, dict) else None
        market = market_of(symbol) if isinstance(symbol, str) else None
        return market is self.market or (market is None and self._takes_strays)

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(min(seconds, BEAT_S)):
                await self._nudge.wait()
        except TimeoutError:
            pass


class _Teller:
    """Tells a listener what has changed, once."""

    def __init__(self, listener: FeedListener) -> None:
        self.listener = listener
        self._state: tuple[FeedState, str | None] | None = None
        self._refused: frozenset[str] = frozenset()
        self._subscribed: frozenset[str] = frozenset()

    def state(self, state: FeedState, reason: str | None) -> None:
        if self._state != (state, reason):
            self._state = state, reason
            self.listener.on_state(state, reason)

    def refused(self, symbols: frozenset[str]) -> None:
        if self._refused != symbols:
            self._refused = symbols
            self.listener.on_refused(dict.fromkeys(symbols, NOT_ON_TAPE))

    def subscribed(self, symbols: frozenset[str]) -> None:
        if self._subscribed != symbols:
            self._subscribed = symbols
            self.listener.on_subscribed(symbols)


def _tell(listener: FeedListener, data: Data) -> None:
    if isinstance(data, Trade):
        listener.on_trade(data)
    elif isinstance(data, Quote):
        listener.on_quote(data)
    elif isinstance(data, Correction):
        listener.on_correction(data)
    else:
        listener.on_cancel(data)


def replay_feeds(recording: Recording, speed: float) -> list[ReplayFeed]:
    """One feed for each market on the tape."""
    timeline = Timeline(recording, speed)
    return [ReplayFeed(market, recording, timeline) for market in recording.markets]
