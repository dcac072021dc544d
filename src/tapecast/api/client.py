"""One open stream: a line, and while it is not in step with its view a mailbox of its own.

A new client begins behind, with everything that is known in its mailbox, and gets it in pieces as its socket
takes them; one whose socket is full falls behind. Its mailbox holds the newest of each symbol, so whenever it
can take something again, that is current.
"""

from __future__ import annotations

import math
from typing import Protocol

from tapecast.api.dispatcher import Dispatcher, Place
from tapecast.api.line import Line, chunk
from tapecast.api.mailbox import Part
from tapecast.api.view import View


class ClientListener(Protocol):
    """The audience, as a client uses it."""

    def on_blocked(self, client: Client) -> None:
        """The client's socket is full."""

    def on_drained(self, client: Client) -> None:
        """It has taken everything."""

    def on_lost(self, client: Client) -> None:
        """The client is gone."""


class Client:
    """A client of a view."""

    # Catching up is never put off.
    fullness = 1.0

    __slots__ = ("_dispatcher", "_last", "_listener", "due", "line", "mailbox", "place", "view")

    def __init__(self, view: View, line: Line, dispatcher: Dispatcher, listener: ClientListener) -> None:
        self.view = view
        self.line = line
        self._dispatcher = dispatcher
        self._listener = listener
        # Its last words, once the end has come.
        self._last: bytes | None = None
        # NOTHING while it is in step.
        self.mailbox = view.mailbox.new()
        self.place: int = Place.IDLE
        # Ticks alone do not go out before; the first image goes at once.
        self.due = -math.inf

    def wake(self) -> None:
        """Something was put into its mailbox."""
        if not self.line.blocked and self.place != Place.QUEUED:
            self._dispatcher.queue(self)

    def end(self, frame: bytes, now: float) -> None:
        """Send what waits, then these last words, and close. Whoever takes nothing is left to be cut off."""
        self._last = frame
        self.flush(now)

    # The dispatcher's side.

    def flush(self, now: float) -> float:
        """Write what may go now, for as long as the socket takes it; returns when the rest may go."""
        if self.line.blocked:
            # To come again when the socket has drained.
            return math.inf
        may_tick = self._may_tick(now)
        while not self.line.blocked and (part := self.mailbox.take(ticks=may_tick)):
            data = chunk(self._encoded(part))
            self.line.write(data)
            self.view.sent.add(len(data), part, 1)
            if may_tick and self.view.interval_s and part.ticks:
                self.due = now + self.view.interval_s
        if not self.line.blocked and self.mailbox.is_empty:
            if self._last is not None:
                self._close(self._last)
                return math.inf
            self.view.catch_up(self, now)
        if self.line.blocked or self.due <= now or not self.mailbox.is_holding:
            # To come again when it has drained, when there is something new, or with the others.
            return math.inf
        return self.due

    def _close(self, frame: bytes) -> None:
        encoding = self.view.encoding
        self.line.end(chunk(encoding.encode(frame, is_cheap=False) + encoding.tail))

    def _may_tick(self, now: float) -> bool:
        if self._last is not None:
            # No interval outlasts the stream.
            return True
        # With an interval it goes out with the others, if they are to go: so it gets in step with them.
        return now >= self.due and (self.due == -math.inf or not self._has_company)

    @property
    def _has_company(self) -> bool:
        # Where all have fallen behind nobody writes for the view: what it holds would be waited for in vain.
        return bool(self.view.in_step) and self.view.mailbox.is_holding

    def _encoded(self, part: Part) -> bytes:
        return self.view.encoding.encode(b"".join(part.frames()), is_cheap=not self._dispatcher.is_busy)

    # The line's side.

    def on_blocked(self) -> None:
        """The kernel did not take everything."""
        self._listener.on_blocked(self)

    def on_drained(self) -> None:
        """What is newest by now may go."""
        self._listener.on_drained(self)
        if (not self.mailbox.is_empty or self._last is not None) and self.place != Place.QUEUED:
            self._dispatcher.queue(self)

    def on_lost(self) -> None:
        """Leave the view: from here on nobody writes."""
        self.view.leave(self)
        self._listener.on_lost(self)
