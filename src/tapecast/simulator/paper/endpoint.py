"""The trading stream's path: any number of connections at once, all told the same."""

from __future__ import annotations

from typing import Any

from tapecast.simulator.bad import Bad
from tapecast.simulator.config import SimulatorConfig
from tapecast.simulator.gate import Gate
from tapecast.simulator.outbox import Outbox
from tapecast.simulator.paper.session import TradingSession
from tapecast.simulator.paths import TRADING_PATH


class TradingEndpoint(Gate[TradingSession]):
    """`/stream`."""

    def __init__(self) -> None:
        super().__init__(TRADING_PATH)

    def session(self, outbox: Outbox, config: SimulatorConfig) -> TradingSession:
        """A new connection's side of the protocol."""
        return TradingSession(config, outbox, self.faults)

    def spoil(self, kind: Bad) -> int:
        """Send a bad frame to everybody who listens; to how many."""
        return sum(session.spoil(kind) for session in self.sessions)

    def deliver(self, update: dict[str, Any]) -> None:
        """Tell everybody of one order event."""
        for session in self.sessions:
            session.deliver(update)
