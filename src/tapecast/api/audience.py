"""Every open stream of this replica: how many there are, what all of them are told, and who is cut off.

The count is what `/stream/status` adds up over the replicas, so a change is written at once.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tapecast.api import frames
from tapecast.api.client import Client
from tapecast.api.deadlines import Deadlines
from tapecast.api.dispatcher import Dispatcher
from tapecast.api.endings import AGED, DRAINING, LEFT, last_words
from tapecast.api.grant import EVERYTHING, Grant
from tapecast.api.limits import Limits
from tapecast.api.sent import Sent
from tapecast.api.tickets import EXPIRED
from tapecast.api.view import View
from tapecast.clock import Clock
from tapecast.errors import ClientError
from tapecast.settings import Settings

STALL_S: Final = 30.0
"""A client whose socket has taken nothing for so long is cut off."""

EVICTIONS: Final = ("stalled", "talks", "drained", "overdue")
"""Every reason for which a client is cut off."""

AGE_JITTER: Final = 0.2
"""Streams that began together end over the last fifth of the longest age."""

END_S: Final = 5.0
"""A client whose time is over has so long to take the last words."""

SPREAD_S: Final = 2.0
"""Streams end over so long when the server drains: who is told to come back comes back somewhere."""
SPREAD_STEP_S: Final = 0.05
AT_ONCE: Final = 25
"""So few end in one step however long it may take: a laptop's Ctrl-C waits for nothing."""


@dataclass(slots=True)
class _Seat:
    """What a client's end means to others, when that end is due and why, and why it has come."""

    on_left: Callable[[], None]
    holders: tuple[str, ...]
    due: int | None
    due_to: str
    ended: str = ""


@dataclass
class _Stall:
    """Since when a client has not taken how many bytes."""

    since: float
    untaken: int


class Audience:
    """The clients of the open streams, and the views that they share."""

    def __init__(
        self, settings: Settings, dispatcher: Dispatcher, clock: Clock, on_change: Callable[[], None]
    ) -> None:
        self._keepalive_s = settings.keepalive_s
        self._max_age_s = settings.max_stream_age_s or math.inf
        self._dispatcher = dispatcher
        self._clock = clock
        self._on_change = on_change
        self._clients: dict[Client, _Seat] = {}
        self._deadlines: Deadlines[Client] = Deadlines(clock.now())
        self._stalls: dict[Client, _Stall] = {}
        self._emptied = asyncio.Event()
        self.is_draining = False
        self.limits = Limits(settings, clock)
        # Streams since the start: begun, ended in order by ENDINGS, and cut off by EVICTIONS.
        self.opened = 0
        self.ended: Counter[str] = Counter()
        self.evicted: Counter[str] = Counter()
        self.sent = Sent()
        # New images times those who listen to the symbol.
        self.offered = 0

    def __len__(self) -> int:
        return len(self._clients)

    @property
    def views(self) -> int:
        """How many different views there are."""
        return len(self._dispatcher.views)

    @property
    def blocked(self) -> int:
        """How many clients have not taken everything that was written to them."""
        return len(self._stalls)

    def require_open(self) -> None:
        """Raises ClientError while the server drains: another replica can serve this client."""
        if self.is_draining:
            raise ClientError(503, *DRAINING, retry_after=2)

    def require_seat(self, holders: tuple[str, ...] = ()) -> None:
        """Raises ClientError also if this client, or anybody, has as many streams as there may be."""
        self.require_open()
        self.limits.require(holders)

    def open(self, view: View) -> None:
        """Tell this view what everybody is told."""
        view.heartbeat_due = self._clock.now() + self._keepalive_s
        self._dispatcher.views[view] = None

    def close(self, view: View) -> None:
        """Nobody is left in this view."""
        self._dispatcher.views.pop(view, None)
        self._dispatcher.forget(view)

    def seat(self, client: Client, on_left: Callable[[], None], grant: Grant = EVERYTHING) -> None:
        """Count this client until it is gone, whichever way; then call `on_left`, once."""
        age_s = self._max_age_s * random.uniform(1 - AGE_JITTER, 1)
        right_s = grant.expires_s - self._clock.wall()
        due = self._deadlines.add(client, self._clock.now() + min(age_s, right_s))
        due_to = EXPIRED[0] if right_s < age_s else AGED[0]
        self._clients[client] = _Seat(on_left, grant.holders, due, due_to)
        self.opened += 1
        self.limits.enter(grant.holders)
        self._emptied.clear()
        self._on_change()
        client.line.listen(client)
        if client.line.blocked:
            # Not even the head has gone out. Nothing is written now that could block the line once more.
            self.on_blocked(client)

    def tell(self, key: str, frame: bytes) -> None:
        """One shared frame for everybody."""
        for view in self._dispatcher.views:
            view.put_event(key, frame)

    def sweep(self) -> None:
        """What is due: heartbeats, the end of old streams, and of those that take nothing."""
        now = self._clock.now()
        self._beat(now)
        self._end_old(now)
        for client, stall in list(self._stalls.items()):
            untaken = client.line.untaken
            if untaken != stall.untaken:
                stall.since, stall.untaken = now, untaken
            elif now - stall.since >= STALL_S:
                client.line.abort("stalled")

    def _beat(self, now: float) -> None:
        # An event, since pages cannot see comments. Each view in its own time: all at once would be a burst.
        frame = b""
        for view in self._dispatcher.views:
            if now >= view.heartbeat_due:
                view.heartbeat_due = now + self._keepalive_s
                frame = frame or frames.event("heartbeat", {"server_time": self._clock.micros()})
                view.put_event("heartbeat", frame)

    # The end.

    def _end_old(self, now: float) -> None:
        for client in self._deadlines.due(now):
            seat = self._clients[client]
            if seat.ended:
                # It reads, and so slowly that it would go on for as long as it likes.
                client.line.abort("overdue")
                continue
            seat.ended, seat.due = seat.due_to, self._deadlines.add(client, now + END_S)
            client.end(last_words(seat.ended), now)

    async def drain(self) -> None:
        """Let nobody in any more, and end every stream, many of them over a while.

        Each gets its own delay to come back after.
        """
        self.is_draining = True
        left = list(self._clients)
        at_once = max(AT_ONCE, math.ceil(len(left) * SPREAD_STEP_S / SPREAD_S))
        while left:
            now, left = left[:at_once], left[at_once:]
            self._dismiss([client for client in now if client in self._clients])
            if left:
                await asyncio.sleep(SPREAD_STEP_S)
        self._check_empty()

    def _dismiss(self, clients: list[Client]) -> None:
        for view in {client.view: None for client in clients}:
            view.release()
        self._dispatcher.flush()
        for client in clients:
            self.dismiss(client)

    def dismiss(self, client: Client) -> None:
        """End this stream, since the server drains."""
        self._clients[client].ended = DRAINING[0]
        client.end(last_words(DRAINING[0]), self._clock.now())

    async def leave(self, within_s: float) -> None:
        """Wait for the last client to be gone, and cut off who is not within this time."""
        try:
            async with asyncio.timeout(within_s):
                await self._emptied.wait()
        except TimeoutError:
            for client in list(self._clients):
                client.line.abort("drained")
            # The aborted ones are told of it at the next turn of the loop.
            await self._emptied.wait()

    def _check_empty(self) -> None:
        if self.is_draining and not self._clients:
            self._emptied.set()

    # The clients' side.

    def on_blocked(self, client: Client) -> None:
        """From here on it has to take something, or it is cut off."""
        self._stalls[client] = _Stall(self._clock.now(), client.line.untaken)

    def on_drained(self, client: Client) -> None:
        """It has taken everything."""
        self._stalls.pop(client, None)

    def on_lost(self, client: Client) -> None:
        """It is gone."""
        self._stalls.pop(client, None)
        self._dispatcher.forget(client)
        seat = self._clients.pop(client, None)
        if seat is None:
            return
        self._deadlines.discard(client, seat.due)
        self.limits.leave(seat.holders)
        if client.line.reason:
            self.evicted[client.line.reason] += 1
        else:
            self.ended[seat.ended or LEFT] += 1
        seat.on_left()
        self._on_change()
        self._check_empty()
