"""One path of the data stream: who is connected, who holds its one slot, and what is wrong with it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from tapecast.simulator.faults import Faults
from tapecast.simulator.paths import PATHS
from tapecast.simulator.session import Session


class Link(Protocol):
    """The socket below a session, as far as faults need it."""

    def freeze(self) -> None:
        """Read and write nothing more, and keep the socket."""

    def thaw(self) -> None:
        """Go on with what was held back."""

    def abort(self) -> None:
        """Cut the socket without a close frame."""


class Endpoint:
    """One path. The slot belongs to the first session that authenticates, until its connection is gone."""

    def __init__(
        self, path: str, listed: frozenset[str] = frozenset(), now: Callable[[], float] = time.monotonic
    ) -> None:
        self.path = path
        self.market = PATHS[path]
        # What `*` stands for.
        self.listed = listed
        self.faults = Faults()
        self._now = now
        # Upgrades since the start, refused ones too.
        self.dials = 0
        # Sessions that came while another held the slot: a client that fights itself.
        self.turned_away = 0
        # Every open connection, with or without the slot.
        self.sessions: set[Session] = set()
        self.holder: Session | None = None
        self._links: set[Link] = set()
        # When the slot's last holder vanished without a close frame.
        self._lost_at = -math.inf

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

    def claim(self, session: Session) -> bool:
        """Take the slot, if it is free."""
        self.turned_away += self.holder is not None
        if self.holder is not None or self._now() < self._lost_at + self.faults.linger_s:
            return False
        self.holder, self._lost_at = session, -math.inf
        return True

    def leave(self, session: Session, *, clean: bool = True) -> None:
        """The connection is gone, and with it its hold on the slot: at once, if it said goodbye."""
        self.sessions.discard(session)
        self.faults.miss(session.moving, gone=True)
        if self.holder is session:
            self.holder = None
            self._lost_at = -math.inf if clean else self._now()

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
