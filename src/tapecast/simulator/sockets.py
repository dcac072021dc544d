"""uvicorn's WebSocket protocol, without access lines, and with a way to cut a client and one to freeze it.

A transport that is only closed waits for its buffer to be taken, so a client that takes nothing would hold
its socket for ever. The application finds the protocol itself as `link` in the connection's state.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, cast

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
        self.app_state = {**app_state, "link": self}
        # The transport says that it is full, apart from whether we are frozen.
        self._full = False

    @property
    def said_goodbye(self) -> bool:
        """Whether either side sent a close frame."""
        return self.conn.close_rcvd is not None or self.conn.close_sent is not None

    def abort(self) -> None:
        """Cut the socket, frozen or not."""
        self.transport.abort()

    def freeze(self) -> None:
        """Read and write nothing more: no data, no pong, no close, no answer to the upgrade."""
        if self.transport.is_closing():
            return
        self.stop_keepalive()
        self.transport = cast("asyncio.Transport", _Ice(self.transport))
        self.writable.clear()

    def thaw(self) -> None:
        """Send what was held back, then hear what the client said meanwhile: perhaps that it is gone."""
        ice = cast("_Ice | asyncio.Transport", self.transport)
        if not isinstance(ice, _Ice):
            return
        self.transport = ice.melt()
        if not self._full:
            self.writable.set()
        if self.handshake_complete and not self.close_sent:
            self.start_keepalive()

    def pause_writing(self) -> None:
        """The transport is full."""
        self._full = True
        super().pause_writing()

    def resume_writing(self) -> None:
        """The transport takes more; who is frozen does not."""
        self._full = False
        if not isinstance(self.transport, _Ice):
            super().resume_writing()


class _Ice:
    """Stands in for a transport and keeps what it is asked to do.

    Bounded: `send` waits while we are frozen, so that at most one message and a close frame are held back;
    and what is not read gets no answer.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._held: list[bytes] = []
        self._closing = False
        self._reads = transport.is_reading()
        transport.pause_reading()

    def write(self, data: bytes) -> None:
        self._held.append(data)

    def close(self) -> None:
        self._closing = True

    def is_closing(self) -> bool:
        return self._closing or self._transport.is_closing()

    def abort(self) -> None:
        self._transport.abort()

    def pause_reading(self) -> None:
        self._reads = False

    def resume_reading(self) -> None:
        self._reads = True

    def melt(self) -> asyncio.Transport:
        """The transport again, with everything done that it was asked."""
        if not self._transport.is_closing():
            self._transport.write(b"".join(self._held))
            if self._closing:
                self._transport.close()
            elif self._reads:
                self._transport.resume_reading()
        return self._transport
