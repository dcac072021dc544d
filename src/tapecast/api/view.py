"""What clients see that asked for the same: one mailbox, one frame, and the very same bytes to each.

    in step   the client has got all that the view has sent, and gets the next frame with the others
    behind    it is new, or its socket did not take everything: it has a mailbox of its own (`client.py`),
              in which the newest replaces what it missed, until it is in step again

So a client costs the others nothing, and a frame is made once however many get it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from tapecast.api.dispatcher import Dispatcher, Place
from tapecast.api.encoding import Encoding
from tapecast.api.line import chunk
from tapecast.api.mailbox import NOTHING, ORDERS_WAITING, Mailbox, Part
from tapecast.api.sent import Sent
from tapecast.api.topic import Topic, Versions

if TYPE_CHECKING:
    from tapecast.api.client import Client

SHARED: Final = 4
"""From so many clients on compressing a frame costs less than sending it plain to each."""


class View:
    """The clients of one ask. `interval_s`: least time between two frames that carry ticks alone."""

    __slots__ = (
        "_dispatcher",
        "behind",
        "due",
        "encoding",
        "fullness",
        "heartbeat_due",
        "in_step",
        "interval_s",
        "mailbox",
        "place",
        "sent",
        "symbols",
    )  # fmt: skip

    def __init__(
        self,
        symbols: tuple[str, ...],
        interval_s: float,
        encoding: Encoding,
        dispatcher: Dispatcher,
        sent: Sent,
    ) -> None:
        self.symbols = symbols
        self.interval_s = interval_s
        self.encoding = encoding
        self._dispatcher = dispatcher
        # Of no topics, until `show`.
        self.mailbox = Mailbox({}, Versions())
        # Dicts for their order.
        self.in_step: dict[Client, None] = {}
        self.behind: dict[Client, None] = {}
        self.place: int = Place.IDLE
        # The share of its symbols in what was sent last.
        self.fullness = 0.0
        # Ticks alone do not go out before.
        self.due = -math.inf
        self.heartbeat_due = -math.inf
        # What all views have sent.
        self.sent = sent

    def __len__(self) -> int:
        return len(self.in_step) + len(self.behind)

    def show(self, topics: Mapping[str, Topic], versions: Versions) -> None:
        """Begin, with what is new from now on: each client is introduced by itself."""
        self.mailbox = Mailbox(topics, versions, versions.newest)

    # What the hub says. Each returns at once.

    def put_event(self, key: str, frame: bytes) -> None:
        """An event for all of them."""
        self.mailbox.put_event(key, frame)
        for client in self.behind:
            client.mailbox.put_event(key, frame)
            client.wake()
        if self.place != Place.QUEUED:
            self._dispatcher.queue(self)

    def put_orders(self, frame: bytes) -> None:
        """All orders of the account, read anew."""
        self._put(lambda mailbox: mailbox.put_orders(frame))

    def put_order(self, number: int, frame: bytes, orders: Callable[[], bytes]) -> None:
        """An order event. Who takes everything gets each of them, however many come at once."""
        if len(self.mailbox.events) >= ORDERS_WAITING:
            # Prices have a time of their own.
            while part := self.mailbox.take(ticks=False):
                self._send(part)
        self._put(lambda mailbox: mailbox.put_order(number, frame, orders))

    def _put(self, put: Callable[[Mailbox], None]) -> None:
        put(self.mailbox)
        for client in self.behind:
            put(client.mailbox)
            client.wake()
        if self.place != Place.QUEUED:
            self._dispatcher.queue(self)

    def put_state(self, symbol: str, frame: bytes) -> None:
        """A symbol's state or its reason changed."""
        self.mailbox.put_state(symbol, frame)
        for client in self.behind:
            client.mailbox.put_state(symbol, frame)
            client.wake()
        if self.place != Place.QUEUED:
            self._dispatcher.queue(self)

    def put_position(self, symbol: str, frame: bytes) -> None:
        """A position has a new price."""
        self.mailbox.put_position(symbol, frame)
        for client in self.behind:
            client.mailbox.put_position(symbol, frame)
        self.ring()

    def drop_position(self, symbol: str) -> None:
        """Forget the waiting position in `symbol`: something newer has said it all."""
        self.mailbox.positions.pop(symbol, None)
        for client in self.behind:
            client.mailbox.positions.pop(symbol, None)

    def ring(self) -> None:
        """There is something to take."""
        if self.place == Place.IDLE:
            self._dispatcher.queue(self)
        for client in self.behind:
            if client.place == Place.IDLE:
                client.wake()

    # The dispatcher's side.

    def flush(self, now: float) -> float:
        """Write what may go now to everybody in step; returns when the rest may go."""
        may_tick = now >= self.due
        ticks = 0
        while part := self.mailbox.take(ticks=may_tick):
            self._send(part)
            ticks += part.ticks
            if part.ticks and may_tick and self.interval_s:
                # Before the next part: who falls behind there has got this one.
                self.due = now + self.interval_s
        self.fullness = min(1.0, ticks / (len(self.symbols) or 1))
        for client in [*self.behind]:
            again = client.flush(now)
            if again != math.inf and client.place == Place.IDLE:
                self._dispatcher.hold(client, again)
        if may_tick or not len(self) or not self.mailbox.is_holding:
            return math.inf
        return self.due

    def release(self) -> None:
        """Let go what an interval holds back."""
        senders: list[View | Client] = [self, *self.behind]
        for sender in senders:
            sender.due = -math.inf
            if sender.place != Place.QUEUED:
                self._dispatcher.queue(sender)

    def _send(self, part: Part) -> None:
        if not self.in_step:
            return
        is_cheap = len(self.in_step) >= SHARED or not self._dispatcher.is_busy
        data = chunk(self.encoding.encode(b"".join(part.frames()), is_cheap=is_cheap))
        fell: list[Client] = []
        for client in self.in_step:
            line = client.line
            if line.blocked:
                fell.append(client)
            else:
                line.write(data)
        for client in fell:
            self._leave_behind(client, part)
        self.sent.add(len(data), part, len(self.in_step))

    def _leave_behind(self, client: Client, missed: Part) -> None:
        del self.in_step[client]
        self.behind[client] = None
        client.mailbox = self.mailbox.before(missed)
        # Its last frame was theirs.
        client.due = self.due

    # The clients' side.

    def join(self, client: Client) -> None:
        """One more, with its first image in its mailbox."""
        self.behind[client] = None

    def leave(self, client: Client) -> None:
        """One less."""
        self.in_step.pop(client, None)
        self.behind.pop(client, None)

    def catch_up(self, client: Client, now: float) -> None:
        """A client with nothing left to send is in step if the others have nothing either.

        Not yet if its interval ends after theirs: they would have to wait for it. It gets in step when it
        goes out with them.
        """
        delays_nobody = not self.in_step or client.due <= max(self.due, now)
        if client in self.behind and self.mailbox.is_empty and delays_nobody:
            del self.behind[client]
            self.in_step[client] = None
            client.mailbox = NOTHING
            self.due = max(self.due, client.due)
