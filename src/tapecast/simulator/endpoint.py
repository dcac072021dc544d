"""One path of the data stream: who holds its one slot."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from tapecast.simulator.config import SimulatorConfig
from tapecast.simulator.gate import Gate, Link
from tapecast.simulator.outbox import Outbox
from tapecast.simulator.paths import PATHS
from tapecast.simulator.session import Session

__all__ = ["Endpoint", "Link"]


class Endpoint(Gate[Session]):
    """One path. The slot belongs to the first session that authenticates, until its connection is gone."""

    def __init__(
        self, path: str, listed: frozenset[str] = frozenset(), now: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(path)
        self.market = PATHS[path]
        # What `*` stands for.
        self.listed = listed
        self._now = now
        # Sessions that came while another held the slot: a client that fights itself.
        self.turned_away = 0
        self.holder: Session | None = None
        # When the slot's last holder vanished without a close frame.
        self._lost_at = -math.inf

    def session(self, outbox: Outbox, config: SimulatorConfig) -> Session:
        """A new connection's side of the protocol."""
        return Session(self.market, config, outbox, self.claim, self.faults, self.listed)

    def claim(self, session: Session) -> bool:
        """Take the slot, if it is free."""
        self.turned_away += self.holder is not None
        if self.holder is not None or self._now() < self._lost_at + self.faults.linger_s:
            return False
        self.holder, self._lost_at = session, -math.inf
        return True

    def leave(self, session: Session, *, clean: bool = True) -> None:
        """The connection is gone, and with it its hold on the slot: at once, if it said goodbye."""
        super().leave(session, clean=clean)
        self.faults.miss(session.moving, gone=True)
        if self.holder is session:
            self.holder = None
            self._lost_at = -math.inf if clean else self._now()
