"""Every open stream of this replica: how many there are, and what all of them are told.

The count is what `/stream/status` adds up over the replicas, so a change is written at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tapecast.api import frames
from tapecast.api.mailbox import Mailbox
from tapecast.clock import Clock

DRAINING = ("draining", "the server is restarting; come back")


class Audience:
    """The mailboxes of the open streams."""

    def __init__(self, clock: Clock, keepalive_s: float, on_change: Callable[[], None]) -> None:
        self._clock = clock
        self._keepalive_s = keepalive_s
        self._on_change = on_change
        self._next_heartbeat = clock.now() + keepalive_s
        self._mailboxes: set[Mailbox] = set()
        self.is_draining = False

    def __len__(self) -> int:
        return len(self._mailboxes)

    @contextmanager
    def seat(self, mailbox: Mailbox) -> Iterator[None]:
        """Count this stream for as long as it is open."""
        self._mailboxes.add(mailbox)
        self._on_change()
        if self.is_draining:
            mailbox.end(frames.bye(*DRAINING))
        try:
            yield
        finally:
            self._mailboxes.discard(mailbox)
            self._on_change()

    def tell(self, key: str, frame: bytes) -> None:
        """One shared frame for everybody."""
        for mailbox in self._mailboxes:
            mailbox.put_event(key, frame)

    def sweep(self) -> None:
        """The heartbeat, when it is due. It is an event, since pages cannot see comments."""
        now = self._clock.now()
        if now >= self._next_heartbeat:
            self._next_heartbeat = now + self._keepalive_s
            self.tell("heartbeat", frames.event("heartbeat", {"server_time": self._clock.micros()}))

    def drain(self) -> None:
        """End every stream, and whichever opens from now on. Each gets its own delay to come back after."""
        self.is_draining = True
        for mailbox in self._mailboxes:
            mailbox.end(frames.bye(*DRAINING))
