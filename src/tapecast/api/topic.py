"""One symbol as this replica knows it: its newest tick, how long that may be believed, and who listens.

| known                          | deadline passed | market closed | state     |
| ------------------------------ | --------------- | ------------- | --------- |
| ingest refuses the symbol      | any             | any           | `refused` |
| no tick, or it was void        | any             | any           | `pending` |
| a tick                         | no              | yes           | `closed`  |
| a tick, published or `price:`  | no              | no            | `live`    |
| a tick                         | otherwise       |               | `stale`   |

The deadline is local, fed by ticks and by beats, so that a price turns stale even when Redis is gone.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

import msgspec

from tapecast.api import frames
from tapecast.api.markets import Markets
from tapecast.bus import codec
from tapecast.market import HEALTHY_STATES, FeedState, Market, SymbolState

if TYPE_CHECKING:
    from tapecast.api.view import View


class StateListener(Protocol):
    """Whoever is told of a symbol's state. Returns at once."""

    def put_state(self, symbol: str, frame: bytes) -> None:
        """The symbol's state or its reason changed."""


class TopicListener(StateListener, Protocol):
    """Whoever is told of all of a symbol's changes."""

    def ring(self, symbol: str) -> None:
        """The symbol has a new image, or none any more."""


class Versions:
    """Numbers the new images of all topics, so that one number says how much of them somebody has seen."""

    __slots__ = ("newest",)

    def __init__(self) -> None:
        # Above 0, which is how much somebody new has seen.
        self.newest = 1

    def next(self) -> int:
        """The number of one more."""
        self.newest += 1
        return self.newest


class Topic:
    """One symbol. Time comes in from outside."""

    def __init__(self, symbol: str, market: Market, ttl_s: float, versions: Versions) -> None:
        self.symbol = symbol
        self.market = market
        self._ttl_s = ttl_s
        self._versions = versions
        # Dicts for their order: the longest there is told first. Views look for new images themselves.
        self.listeners: dict[TopicListener, None] = {}
        self.views: dict[View, None] = {}
        # How many clients are behind them.
        self.clients = 0
        # Whose share of the room for symbols it takes, if anybody's.
        self.bringer = ""
        # Wanted until then though nobody listens: for `GET /prices`, which comes and goes.
        self.held_until = -math.inf
        # The newest image as clients get it, and its number; 0 while there is nothing to tell.
        self.frame = b""
        self.version = 0
        # When ingest received it, in microseconds; 0 if it is from the cache, where it may be of any age.
        self.ts_recv = 0
        # The newest tick as published, and its order.
        self.data: bytes | None = None
        self.head: codec.Head | None = None
        # Whether the tick came from the channel or from `price:`. One from `last:` alone may be of any age.
        self.is_confirmed = False
        # Whether every tick since this one would have reached us. Not after the link was lost: ingest may
        # have given the symbol up meanwhile, while its beats go on.
        self.is_followed = False
        self.deadline = -math.inf
        # Redis has answered what it holds, or a tick came before the answer.
        self.is_joined = False
        # What clients were told last, and the frame that tells it.
        self.shown: codec.SymbolStatus | None = None
        self._state_frame = b""

    def is_private(self, book: TopicListener | None, now_s: float) -> bool:
        """Whether the account's book listens and nobody else does: then strangers must not hear of it."""
        return (
            book in self.listeners
            and len(self.listeners) == 1
            and not self.views
            and self.held_until <= now_s
        )

    def take(self, data: bytes, alive_s: float | None) -> bool:
        """Hold this tick if it is newer; True if clients should hear of it. Raises msgspec.DecodeError.

        `alive_s` is when the tick was known to be current, None for one from `last:`.
        """
        head = codec.decode_head(data)
        held, previous = self.head, self.data
        if held is not None and head.order < held.order:
            return False
        if alive_s is not None:
            self.is_followed = True
            self.extend(alive_s)
        if held is not None and head.order == held.order:
            # The same tick again, read from `price:` after it was read from `last:`.
            self.is_confirmed |= alive_s is not None
            return False
        self.data, self.head, self.is_confirmed = data, head, alive_s is not None
        if head.is_void:
            # What was known never was. Its order stays: no older tick comes back.
            self.data, self.version = None, 0
            return previous is not None
        self.frame = frames.tick(data)
        is_news = previous is None or not codec.same_image(previous, data)
        if is_news:
            self.version, self.ts_recv = self._versions.next(), head.ts_recv
        return is_news

    def begin_epoch(self, epoch: int) -> None:
        """The owner's epoch is this one: a tick of a later one is none that any other must be above."""
        if self.head is not None and self.head.epoch > epoch:
            self.head = msgspec.structs.replace(self.head, epoch=epoch, seq=0)

    def extend(self, from_s: float) -> None:
        """Believe the tick for its time to live from `from_s` on; never for shorter than before."""
        self.deadline = max(self.deadline, from_s + self._ttl_s)

    def vouch(self, beat: codec.Beat, heard_s: float) -> None:
        """Let the owner's beat say that the tick is still the newest there is."""
        head = self.head
        if head is None or beat.state not in HEALTHY_STATES:
            return
        if beat.epoch != head.epoch or beat.seq > head.seq:
            return
        # A tick known only from `last:` may be older than what a live venue has said since.
        if (self.is_confirmed and self.is_followed) or beat.state is FeedState.CLOSED:
            self.extend(heard_s)

    def status(self, now_s: float, refusal: str | None, markets: Markets) -> tuple[SymbolState, str]:
        """The state and its reason."""
        if refusal is not None:
            return SymbolState.REFUSED, refusal
        if self.data is None:
            return SymbolState.PENDING, markets.trouble(self.market) or ("cancelled" if self.head else "")
        if now_s < self.deadline:
            if markets.is_closed(self.market):
                return SymbolState.CLOSED, ""
            if self.is_confirmed:
                return SymbolState.LIVE, ""
        return SymbolState.STALE, markets.trouble(self.market) or "no_update"

    def show(self, state: SymbolState, reason: str) -> None:
        """Tell the listeners of the state, if they do not know it."""
        if self.shown is not None and (self.shown.state, self.shown.reason) == (state, reason):
            return
        if state is SymbolState.REFUSED and (self.shown is None or self.shown.state is not state):
            # While it is refused its trades are missed, though the session and its beats go on: what is held
            # now must not be live again when the refusal ends. A tick that comes meanwhile may be.
            self.is_confirmed, self.deadline = False, -math.inf
        self.shown = codec.SymbolStatus(self.symbol, state, reason)
        self._state_frame = frames.event("symbol", self.shown)
        everybody: list[StateListener] = [*self.listeners, *self.views]
        for listener in everybody:
            listener.put_state(self.symbol, self._state_frame)

    def tell(self) -> None:
        """Tell the listeners, but not the views, that there is a new image, or none any more."""
        for listener in self.listeners:
            listener.ring(self.symbol)

    def introduce(self, listener: StateListener) -> None:
        """Tell this one the state that the others know."""
        if self.shown is not None:
            listener.put_state(self.symbol, self._state_frame)
