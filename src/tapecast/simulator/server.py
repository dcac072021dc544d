"""The simulated Alpaca on one socket, inside the running loop: how it starts, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Final

import uvicorn

from tapecast.simulator.app import create_app
from tapecast.simulator.config import SimulatorConfig
from tapecast.simulator.sockets import SimulatorSocket
from tapecast.simulator.venue import Simulator, environment

__all__ = ["Simulator", "SimulatorConfig", "environment", "simulator"]

START_TIMEOUT_S: Final = 5.0
_EVERYWHERE: Final = "0.0.0.0"  # noqa: S104
CUT_AFTER_S: Final = 1
"""At the end, how long clients may take what they were sent before their sockets are cut."""


class _Server(uvicorn.Server):
    """uvicorn inside somebody else's process: no signal handlers, says when it is ready, and does end."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    def stop(self) -> None:
        """Shut down in order, soon."""
        self.should_exit = True

    def cut(self) -> None:
        """Drop what is still connected: a transport that is only closed may wait for ever."""
        for connection in list(self.server_state.connections):
            connection.transport.abort()


@asynccontextmanager
async def simulator(config: SimulatorConfig, sock: socket.socket) -> AsyncIterator[Simulator]:
    """A simulator that serves on a bound socket, ready when this yields and gone when it is left."""
    host, port = sock.getsockname()[:2]
    # A server may listen everywhere; a client needs one place.
    running = Simulator(config, "127.0.0.1" if host == _EVERYWHERE else host, port)
    server = _Server(
        uvicorn.Config(
            create_app(running),
            ws=SimulatorSocket,
            ws_per_message_deflate=False,
            lifespan="off",
            access_log=False,
            log_config=None,
            timeout_graceful_shutdown=CUT_AFTER_S,
        )
    )
    task = asyncio.create_task(_serve(running, server, sock), name="simulator")
    try:
        async with asyncio.timeout(START_TIMEOUT_S):
            await server.ready.wait()
        yield running
    finally:
        # What is frozen would not even hear that it is to end.
        running.thaw()
        server.stop()
        await task


async def _serve(running: Simulator, server: _Server, sock: socket.socket) -> None:
    tape = asyncio.create_task(running.run_tape(), name="tape")
    # Without its market the simulator would go on as a venue that is silent.
    tape.add_done_callback(lambda _: server.stop())
    try:
        await server.serve([sock])
    finally:
        server.cut()
        tape.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await tape
