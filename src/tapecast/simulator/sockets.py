"""uvicorn's WebSocket protocol, without access lines and with a way to drop a client that does not read.

A transport that is only closed waits for its buffer to be taken, so a client that takes nothing would hold
its socket for ever. The application finds `abort` in the connection's state.
"""

from __future__ import annotations

import logging
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState

_silent = logging.getLogger("tapecast.simulator.uvicorn")
_silent.setLevel(logging.WARNING)


class SimulatorSocket(WebSocketsSansIOProtocol):
    """One WebSocket of the simulator."""

    def __init__(
        self, config: Config, server_state: ServerState, app_state: dict[str, Any], _loop: Any = None
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        # uvicorn logs each connection, at the level at which it logs what matters.
        self.logger = self.conn.logger = _silent
        self.app_state = {**app_state, "abort": self._abort}

    def _abort(self) -> None:
        self.transport.abort()
