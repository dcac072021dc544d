"""What this replica knows of each market's path, from the beats of its owner and from their silence.

| link to Redis | last beat        | shown                                |
| ------------- | ---------------- | ------------------------------------ |
| not yet up    | none             | `connecting`                         |
| lost          | any              | `reconnecting`, `cache_unavailable`  |
| up            | never one        | `connecting`, `no_ingest`            |
| up            | over 3 s ago     | `reconnecting`, `ingest_lost`        |
| refuses us    | not fresh        | `reconnecting`, why: `cache_full`, … |
| up            | fresh            | what the beat says                   |
"""

from __future__ import annotations

from typing import Final

import msgspec

from tapecast.bus.codec import Beat, FeedStatus, decode_tick
from tapecast.bus.keys import BEAT_TTL_S
from tapecast.clock import Clock
from tapecast.market import HEALTHY_STATES, FeedState, Market

BEAT_LIMIT_S: Final = 3.0
"""Three beats missed."""
_NOT_REAL: Final = frozenset({"simulated", "replay"})


class Markets:
    """The state of every market that has a beat or that a client asked for."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._beats: dict[Market, Beat] = {}
        self._heard: dict[Market, float] = {}
        self._shown: dict[Market, FeedStatus] = {}
        # Shown to whoever connects from now on, and not yet to those who are here.
        self._untold: set[Market] = set()
        # None until the first word from the subscriber: neither lost nor known to be there.
        self.link: bool | None = None
        # Why Redis refuses our own writes, if it does: then an ingest that is silent is not to blame.
        self.refusal = ""

    def watch(self, market: Market) -> None:
        """Show this market from now on."""
        if market not in self._shown:
            self._refresh(market)
            self._untold.add(market)

    def on_beat(self, beat: Beat) -> bool:
        """Take a beat; False if it is not news: an old owner's, or one that was read before."""
        held = self._beats.get(beat.market)
        if held is not None and (beat == held or self._is_past(beat, held)):
            return False
        self._beats[beat.market] = beat
        self._heard[beat.market] = self._clock.now()
        return True

    def _is_past(self, beat: Beat, held: Beat) -> bool:
        if (beat.epoch, beat.seq) >= (held.epoch, held.seq):
            return False
        # An owner that has said nothing for so long is none. Epochs go back when a Redis whose clock was
        # ahead is emptied: what comes then would be dropped until that time has come.
        heard = self._heard.get(beat.market)
        return heard is None or self._clock.now() - heard <= BEAT_TTL_S

    def is_invented(self, market: Market, data: bytes) -> bool:
        """Whether this tick is not of the real market while its feed is: a demo's or a replay's `last:`."""
        beat = self._beats.get(market)
        try:
            return beat is not None and not beat.simulated and decode_tick(data).feed in _NOT_REAL
        except msgspec.DecodeError:
            return False

    def sweep(self) -> list[FeedStatus]:
        """The feeds that are new since the last sweep, or whose state or reason changed."""
        markets = list(self._beats | self._shown)
        news = self._untold | {market for market in markets if self._refresh(market)}
        self._untold = set()
        return [self._shown[market] for market in markets if market in news]

    def statuses(self) -> list[FeedStatus]:
        """Every feed as it was last told to clients."""
        return [self._shown[market] for market in sorted(self._shown)]

    def beat(self, market: Market) -> Beat | None:
        """The newest beat, fresh or not."""
        return self._beats.get(market)

    def heard(self, market: Market) -> float | None:
        """When the newest beat came."""
        return self._heard.get(market)

    def is_fresh(self, market: Market) -> bool:
        """Whether an owner's beat came in the last seconds."""
        heard = self._heard.get(market)
        return heard is not None and self._clock.now() - heard <= BEAT_LIMIT_S

    def is_closed(self, market: Market) -> bool:
        """Whether the owner last said that the session is closed."""
        beat = self._beats.get(market)
        return beat is not None and beat.state is FeedState.CLOSED

    def trouble(self, market: Market) -> str:
        """Why no symbol of this market can be current, or an empty string."""
        if self.link is False:
            return "cache_unavailable"
        if not self.is_fresh(market):
            return self.refusal or ("ingest_lost" if market in self._beats else self._absence())
        state = self._beats[market].state
        # An idle feed is one that has not yet heard of the symbol that is being asked for.
        return "" if state in HEALTHY_STATES or state is FeedState.IDLE else f"feed_{state}"

    def is_connected(self) -> bool:
        """Whether a real venue is connected, by a fresh beat."""
        return any(
            not beat.simulated and beat.state in HEALTHY_STATES and self.is_fresh(market)
            for market, beat in self._beats.items()
        )

    def is_simulated(self) -> bool:
        """Whether an ingest has said that its prices are not real ones."""
        return any(beat.simulated for beat in self._beats.values())

    def _absence(self) -> str:
        # In the first moments of a replica Redis has not yet answered whether there is an ingest.
        return "no_ingest" if self.link else ""

    def _refresh(self, market: Market) -> bool:
        status = self._status(market)
        shown = self._shown.get(market)
        if shown is not None and status == msgspec.structs.replace(shown, since=status.since):
            return False
        self._shown[market] = msgspec.structs.replace(status, since=status.since or self._clock.iso())
        return True

    def _status(self, market: Market) -> FeedStatus:
        beat = self._beats.get(market)
        feed, simulated = (beat.feed, beat.simulated) if beat else ("", False)
        if self.link is False:
            return FeedStatus(feed, market, FeedState.RECONNECTING, "cache_unavailable", simulated=simulated)
        if not self.is_fresh(market) and (beat is not None or self.refusal):
            why = self.refusal or "ingest_lost"
            return FeedStatus(feed, market, FeedState.RECONNECTING, why, simulated=simulated)
        if beat is None:
            return FeedStatus(feed, market, FeedState.CONNECTING, self._absence())
        return FeedStatus(feed, market, beat.state, beat.reason, beat.since, simulated)
