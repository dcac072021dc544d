"""One path that WebSockets come to: who is connected, and what is wrong with it."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar

from tapecast.simulator.config import SimulatorConfig
from tapecast.simulator.faults import Faults
from tapecast.simulator.outbox import Outbox


class Link(Protocol):
    """The socket below a session, as far as faults need it."""

    def freeze(self) -> None:
        """Read and write nothing more, and keep the socket."""

    def thaw(self) -> None:
        """Go on with what was held back."""

    def abort(self) -> None:
        """Cut the socket without a close frame."""


class Conversation(Protocol):
    """One connection's side of a protocol."""

    outbox: Outbox
    authenticated: bool
    ended: asyncio.Event

    def welcome(self) -> None:
        """Speak first, if that is how it begins."""

    def log_in(self, key: object, secret: object) -> None:
        """Authenticate by the headers of the upgrade."""

    def receive(self, payload: bytes | str) -> None:
        """Take one message of the client and put the reply into the outbox."""

    def expire(self) -> None:
        """No authentication came in time."""

    def fail(self, code: int) -> None:
        """Meet an error of the venue's own making."""


S = TypeVar("S", bound=Conversation)


class Gate(ABC, Generic[S]):
    """One path."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.faults = Faults()
        # Upgrades since the start, refused ones too.
        self.dials = 0
        # Every open connection.
        self.sessions: set[S] = set()
        self._links: set[Link] = set()

    @abstractmethod
    def session(self, outbox: Outbox, config: SimulatorConfig) -> S:
        """A new connection's side of the protocol."""

    @contextmanager
    def dialled(self, link: Link) -> Iterator[None]:
        """A socket that asks for the path, from its upgrade to its end."""
        self.dials += 1
        self._links.add(link)
        if self.faults.frozen:
            link.freeze()
        try:
            yield
        finally:
            self._links.discard(link)

    def leave(self, session: S, *, clean: bool = True) -> None:
        """The connection is gone; `clean`: it said goodbye."""
        del clean
        self.sessions.discard(session)

    def freeze(self) -> None:
        """Let nothing in or out; a socket that comes now hangs without an answer."""
        if not self.faults.frozen:
            self.faults.flowing.clear()
            for link in self._links:
                link.freeze()

    def thaw(self) -> None:
        """Let everything go on, with what was held back in both directions."""
        if self.faults.frozen:
            self.faults.flowing.set()
            for link in self._links:
                link.thaw()

    def drop(self) -> None:
        """Cut every socket without a close frame."""
        for link in list(self._links):
            link.abort()
