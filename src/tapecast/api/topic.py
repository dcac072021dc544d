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
from typing import Protocol

from tapecast.api import frames
from tapecast.api.markets import Markets
from tapecast.bus import codec
from tapecast.market import HEALTHY_STATES, FeedState, Market, SymbolState


class TopicListener(Protocol):
    """Whoever is told of a symbol's changes. Each returns at once."""

    def put_state(self, symbol: str, frame: bytes) -> None:
        """The symbol's state or its reason changed."""

    def put_tick(self, symbol: str, frame: bytes) -> None:
        """The symbol has a new image."""

    def drop_tick(self, symbol: str) -> None:
        """The symbol's image was void: one that still waits must not go out."""


class Topic:
    """One symbol. Time comes in from outside."""

    def __init__(self, symbol: str, market: Market, ttl_s: float) -> None:
        self.symbol = symbol
        self.market = market
        self._ttl_s = ttl_s
        # A dict for its order: the longest listener is told first.
        self.listeners: dict[TopicListener, None] = {}
        # How many clients are behind them.
        self.clients = 0
        # Wanted until then though nobody listens: for `GET /prices`, which comes and goes.
        self.held_until = -math.inf
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
        # What clients were told last, and the frames that tell it.
        self.shown: codec.SymbolStatus | None = None
        self._state_frame = b""
        self._tick_frame: bytes | None = None

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
        self._tick_frame = None
        if head.is_void:
            # What was known never was. Its order stays: no older tick comes back.
            self.data = None
            return previous is not None
        return previous is None or not codec.same_image(previous, data)

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
        for listener in self.listeners:
            listener.put_state(self.symbol, self._state_frame)

    def tell(self) -> None:
        """Tell the listeners of the newest tick, or that what they were told never was."""
        if self.data is None:
            for listener in self.listeners:
                listener.drop_tick(self.symbol)
            return
        frame = self._frame(self.data)
        for listener in self.listeners:
            listener.put_tick(self.symbol, frame)

    def introduce(self, listener: TopicListener) -> None:
        """Tell this one all that the others know."""
        if self.shown is not None:
            listener.put_state(self.symbol, self._state_frame)
            if self.data is not None:
                listener.put_tick(self.symbol, self._frame(self.data))

    def _frame(self, data: bytes) -> bytes:
        # Made once for each tick, and only if somebody gets it.
        if self._tick_frame is None:
            self._tick_frame = frames.tick(data)
        return self._tick_frame
