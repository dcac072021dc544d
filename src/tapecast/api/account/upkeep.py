"""Whether the account is kept up to date, by what its ingest says and by its silence.

| link to Redis | last change heard                      | shown                                |
| ------------- | -------------------------------------- | ------------------------------------ |
| lost          | any                                    | `reconnecting`, `cache_unavailable`  |
| up            | less than 12 s ago                     | what the image says                  |
| up            | before the first reader came, 6 s ago  | `connecting`: it is being read       |
| up            | none for 12 s, though somebody listens | `reconnecting`, `ingest_silent`      |
| refuses us    | likewise                               | `reconnecting`, why: `cache_full`, … |
"""

from __future__ import annotations

import math
from typing import Final

import msgspec

from tapecast.api.account.holding import micros
from tapecast.api.markets import Markets
from tapecast.bus.codec import AccountImage
from tapecast.bus.keys import ACCOUNT_SILENT_S, ACCOUNT_TOUCH_S
from tapecast.clock import Clock
from tapecast.market import FeedState

TOUCHED_S: Final = ACCOUNT_TOUCH_S + 1.0
"""Who listens for another api has a change published this often: what is younger is kept up to date."""
ALPACA: Final = "alpaca"
SIMULATED: Final = "simulated"
_UNKEPT: Final = frozenset({FeedState.IDLE, FeedState.STANDBY})
"""What an ingest says that does not keep the account now. To who listens here it is about to."""


class AccountFeed(msgspec.Struct, frozen=True, omit_defaults=True):
    """The `feed` event of the account. `since` and `as_of` are RFC 3339."""

    feed: str
    market: str
    state: FeedState
    reason: str = ""
    since: str = ""
    as_of: str = ""
    simulated: bool = False


class Upkeep:
    """Hears changes and readers, and says how things stand."""

    def __init__(self, clock: Clock, markets: Markets) -> None:
        self._clock = clock
        # For the link to Redis, which is theirs too.
        self._markets = markets
        self._image: AccountImage | None = None
        self._heard = -math.inf
        # Since when somebody has listened here over a link that is up; infinite while nobody does.
        self._asked = math.inf
        self._shown: AccountFeed | None = None
        self._was_linked = True

    def hear(self, image: AccountImage, age_s: float) -> None:
        """The account as it was so long ago."""
        self._image = image
        self._heard = max(self._heard, self._clock.now() - age_s)

    def ask(self, *, is_read: bool) -> None:
        """Somebody listens here now, or nobody any more."""
        self._asked = self._clock.now() if is_read else math.inf

    def status(self) -> AccountFeed:
        """How things stand; `since` is when they began to."""
        state, reason, since = self._judged()
        image, shown = self._image, self._shown
        if shown is not None and (shown.state, shown.reason) == (state, reason):
            since = since or shown.since
        as_of = image.as_of if image is not None else ""
        # Before anything is read of it: where the prices are invented the account is.
        simulated = image.simulated if image is not None else self._markets.is_simulated()
        feed = SIMULATED if simulated else ALPACA
        self._shown = AccountFeed(
            feed, "account", state, reason, since or self._clock.iso(), as_of, simulated
        )
        return self._shown

    def known(self) -> AccountFeed | None:
        """The same, or None if nobody here listens and nobody is heard: then it is not known."""
        is_known = self._asked < math.inf or self._clock.now() - self._heard <= TOUCHED_S
        return self.status() if is_known else None

    def age_s(self) -> float | None:
        """For how long the account has not been read, if it ever was."""
        read_us = micros(self._image.as_of) if self._image is not None else 0
        return max(0.0, (self._clock.micros() - read_us) / 1_000_000) if read_us else None

    def _judged(self) -> tuple[FeedState, str, str]:
        image, now = self._image, self._clock.now()
        was_linked, self._was_linked = self._was_linked, self._markets.link is not False
        if not self._was_linked:
            return FeedState.RECONNECTING, "cache_unavailable", ""
        if not was_linked:
            # Nobody could be heard meanwhile.
            self._asked = max(self._asked, now)
        limit_s = ACCOUNT_SILENT_S if self._heard >= self._asked else TOUCHED_S
        if image is not None and now - self._heard <= limit_s:
            if image.state in _UNKEPT:
                return FeedState.CONNECTING, "", ""
            return image.state, image.reason, image.since
        if now - max(self._heard, self._asked) > ACCOUNT_SILENT_S:
            return FeedState.RECONNECTING, self._markets.refusal or "ingest_silent", ""
        return FeedState.CONNECTING, "", ""
