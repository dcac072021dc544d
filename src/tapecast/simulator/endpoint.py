"""One path of the data stream: who is connected, and who of them holds its one slot."""

from __future__ import annotations

from typing import Final

from tapecast.market import Market
from tapecast.simulator.session import Session

STOCK_PATH: Final = "/v2/iex"
CRYPTO_PATH: Final = "/v1beta3/crypto/us"
PATHS: Final = {
    STOCK_PATH: Market.US_EQUITY,
    "/v2/sip": Market.US_EQUITY,
    "/v2/delayed_sip": Market.US_EQUITY,
    "/v2/test": Market.US_EQUITY,
    "/v1beta1/boats": Market.US_EQUITY,
    "/v1beta1/overnight": Market.US_EQUITY,
    CRYPTO_PATH: Market.CRYPTO,
    "/v1beta3/crypto/us-1": Market.CRYPTO,
    "/v1beta3/crypto/eu-1": Market.CRYPTO,
}
"""Every path, and what trades on it. All stock paths show the same market, and so do all crypto paths."""


class Endpoint:
    """One path. The slot belongs to the first session that authenticates, until its connection is gone."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.market = PATHS[path]
        # WebSocket connections since the start.
        self.dials = 0
        # Every open connection, with or without the slot.
        self.sessions: set[Session] = set()
        self.holder: Session | None = None

    def claim(self, session: Session) -> bool:
        """Take the slot, if it is free."""
        if self.holder is not None:
            return False
        self.holder = session
        return True

    def leave(self, session: Session) -> None:
        """The connection is gone, and with it its hold on the slot."""
        self.sessions.discard(session)
        if self.holder is session:
            self.holder = None
